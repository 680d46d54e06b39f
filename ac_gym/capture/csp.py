"""Textures of the running game that Custom Shaders Patch (CSP) shares with OBS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ac_gym import _core
from ac_gym.capture.conversion import one_line_errors
from ac_gym.capture.native import NativeSource
from ac_gym.errors import CaptureError, ConfigError

MIN_BUILD = 2503
"""CSP 0.1.80-preview348, the first that shares textures; what `ext_patchVersionCode` tells in the game"""
UPDATE = f"update it to 0.1.80-preview348 (build {MIN_BUILD}) or later"
MIN_SIDE, MAX_SIDE = 32, 2048
FLAGS = {"unavailable": 1, "transparent": 2, "srgb": 4, "monochrome": 8, "hdr": 16, "user size": 128, "our size": 256}


@dataclass(frozen=True)
class CspSettings:
    """What only the source `csp` can be told."""

    texture_size: tuple[int, int] | None = None
    """(width, height) that the game shall draw the texture at, 32 to 2048 each, where it lets the reader choose"""
    draws: Literal[1, 2] = 2
    """frames that the game draws until a wait for a new one ends: with 2 it was begun after the call; with 1 it may
    have been begun before, and comes one of the game's frames earlier"""
    build: int | None = None
    """the game's CSP build, where it is known (the plugin's `hello` tells it): one that is too old is said at once"""

    def __post_init__(self) -> None:
        size = self.texture_size
        if size is not None and (len(size) != 2 or min(size) < MIN_SIDE or max(size) > MAX_SIDE):
            raise ConfigError(f"texture_size {size}: a width and a height of {MIN_SIDE} to {MAX_SIDE} pixels")
        if self.draws not in (1, 2):
            raise ConfigError(f"draws {self.draws}: 1 or 2 frames")


def open_csp(name: str, target: _core.PictureTarget, settings: CspSettings) -> NativeSource:
    """The texture of that name ("Group: Title", or the title alone)."""
    if settings.build is not None and settings.build < MIN_BUILD:
        raise CaptureError(f"Custom Shaders Patch of build {settings.build} shares no textures; {UPDATE}")
    width, height = settings.texture_size or (0, 0)
    with one_line_errors():
        source = _core.PictureSource.csp(name, (int(width), int(height)), settings.draws)
    return NativeSource(source, target, name, FLAGS)
