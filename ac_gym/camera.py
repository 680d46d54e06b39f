"""The simulator's camera: pictures from telemetry frames, many at a time, straight into uint8 arrays.

A picture needs a track, a car's size and a frame (where the car is and which way it points), so it can be taken of the
simulated world, of a recorded lap and of the running game alike. The same frame gives the same bytes, whatever the
number of threads and whatever else is drawn with it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ac_gym import _core, channels
from ac_gym.car import Car, envelope
from ac_gym.errors import ConfigError, UnknownNameError
from ac_gym.track import Track, speed_profile
from ac_gym.track.native import native_track

COLORS = ("rgb", "gray")
_MOST_PIXELS = 8192  # a side


@dataclass(frozen=True)
class View:
    """How a camera is fixed to its car: a pinhole camera that looks along the car's middle."""

    forward: float
    """eye ahead of the centre of gravity [m]"""
    up: float
    """eye over the road [m]"""
    pitch: float
    """degrees that it looks up, -90..90; -90 looks straight down, the car's heading up in the picture"""
    fov: float
    """angle between the top and the bottom of the picture [deg]"""
    rise: float = 0.0
    """how much higher the eye is for each m/s of speed [m]"""
    axis: float = 0.5
    """where the optical axis meets the picture: share of its height, from above"""
    shake: float = 0.0
    """share of the body's pitch and roll on its springs that the camera takes part in; it always leans with the road"""
    own_car: bool = False
    """the car that carries the camera is in the picture"""


VIEWS: Mapping[str, View] = MappingProxyType(
    {
        "cockpit": View(forward=0.1, up=1.12, pitch=-5.0, fov=66.0, shake=0.6),
        "chase": View(forward=-7.2, up=2.7, pitch=-9.0, fov=54.0, own_car=True),
        "top": View(forward=0.0, up=58.0, pitch=-90.0, fov=40.0, rise=0.82, axis=0.66, own_car=True),
    }
)
"""The views that have a name."""


class Scene(Protocol):
    """What a camera stands in; every World is one, `scene_of` makes others."""

    @property
    def track(self) -> Track: ...

    @property
    def car(self) -> Car: ...

    @property
    def native_track(self) -> _core.Track: ...


class Camera:
    """Takes pictures of `size` (width, height) pixels: (N, height, width, 3), or (N, height, width, 1) in gray.

    `view`: `cockpit`, `chase`, `top`, or a `View` of your own. `bonnet`: the front of the car in the cockpit view.
    `racing_line`: drawn on the road, red where the limit lap brakes, green where it accelerates. `threads`: that share
    the pictures of a call; 0 for all cores. ConfigError, UnknownNameError for what cannot be.
    """

    def __init__(
        self,
        scene: Scene,
        *,
        view: str | View = "cockpit",
        size: tuple[int, int] = (640, 480),
        color: str = "rgb",
        bonnet: bool = False,
        racing_line: bool = False,
        threads: int = 1,
    ) -> None:
        if color not in COLORS:
            raise UnknownNameError("color", color, COLORS)
        if isinstance(view, str) and view not in VIEWS:
            raise UnknownNameError("view", view, VIEWS)
        self.view = VIEWS[view] if isinstance(view, str) else view
        self.width, self.height = checked_size(size)
        self.color = color
        settings = _core.CameraSettings()
        settings.width, settings.height, settings.gray = self.width, self.height, color == "gray"
        settings.view = _native_view(self.view)
        settings.own_car, settings.bonnet, settings.racing_line = self.view.own_car, bonnet, racing_line
        figures = scene.car.values
        middle = figures["chassis_wheelbase"] * (0.5 - figures["chassis_front_weight"])
        settings.set_car(figures["chassis_length"], figures["chassis_width"], middle)
        self._camera = _core.Camera(scene.native_track, settings, threads or os.cpu_count() or 1)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of a picture."""
        return self.height, self.width, 1 if self.color == "gray" else 3

    def draw(
        self,
        frames: NDArray[np.float64],
        out: NDArray[np.uint8] | None = None,
        *,
        others: NDArray[np.float64] | None = None,
    ) -> NDArray[np.uint8]:
        """A picture for each of the frames (N, channels.WIDTH): `out`, or a new array (N, height, width, channels).

        `others` (M, channels.WIDTH): frames of the cars that are to be seen; one at the very place of the car that
        carries the camera is that car, so `others=frames` lets N cars see each other. The pictures of `out` may lie
        apart, each in one piece. ValueError for other shapes, and for a frame whose position is not finite.
        """
        frames = np.ascontiguousarray(frames, np.float64)
        if frames.ndim != 2 or frames.shape[1] != channels.WIDTH:
            raise ValueError(f"frames must have shape (N, {channels.WIDTH}), have {frames.shape}")
        if others is not None:
            others = np.ascontiguousarray(others, np.float64)
            if others.ndim != 2 or others.shape[1] != channels.WIDTH:
                raise ValueError(f"others must have shape (M, {channels.WIDTH}), have {others.shape}")
        wanted = (len(frames), *self.shape)
        if out is None:
            out = np.empty(wanted, np.uint8)
        elif out.dtype != np.uint8 or out.shape != wanted:
            raise ValueError(f"out must be uint8 of shape {wanted}, is {out.dtype} of shape {out.shape}")
        elif not out.flags.writeable:
            raise ValueError("out must be writable")
        self._camera.draw(frames, others, out)
        return out


def scene_of(track: Track, car: Car) -> Scene:
    """A scene for laps that come from no world, such as recorded ones."""
    return _Scene(track, car, native_track(track, speed_profile(track, envelope(car)).speed))


@dataclass(frozen=True)
class _Scene:
    track: Track
    car: Car
    native_track: _core.Track


def checked_size(size: tuple[int, int]) -> tuple[int, int]:
    """Width and height of a picture that can be."""
    try:
        width, height = (int(n) for n in size)
    except (TypeError, ValueError):
        raise ConfigError(f"the size of a picture is (width, height), not {size!r}") from None
    if not (1 <= width <= _MOST_PIXELS and 1 <= height <= _MOST_PIXELS):
        raise ConfigError(f"a picture has 1 to {_MOST_PIXELS} pixels a side, not {width} x {height}")
    return width, height


def _native_view(view: View) -> _core.View:
    for name, low, high in (
        ("forward", -1000.0, 1000.0), ("up", 0.1, 5000.0), ("rise", 0.0, 100.0), ("pitch", -90.0, 90.0),
        ("fov", 1.0, 150.0), ("axis", -2.0, 3.0), ("shake", 0.0, 2.0),
    ):  # fmt: skip
        if not low <= (value := getattr(view, name)) <= high:
            raise ConfigError(f"View.{name} must be {low:g} to {high:g}, is {value:g}")
    native = _core.View()
    native.forward, native.up, native.rise = view.forward, view.up, view.rise
    native.pitch, native.fov = math.radians(view.pitch), math.radians(view.fov)
    native.axis, native.shake = view.axis, view.shake
    return native
