"""The reference project's keys as columns of a frame, and back: the channel table, turned on its side once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ac_gym import channels
from ac_gym.errors import RecordingError

CONTROL_KEYS = ("current_action_abs_0", "current_action_abs_1", "current_action_abs_2")
"""Absolute steering, throttle and brake on -1..1 that led to a state"""

Column = Callable[[str, int], NDArray[np.float64] | None]
"""Key and size -> numbers (T, size), or None where there is no such key"""


@dataclass(frozen=True)
class WireKey:
    """A key with the columns of a frame that it carries."""

    key: str
    columns: slice

    @property
    def size(self) -> int:
        return self.columns.stop - self.columns.start


def _keys() -> tuple[WireKey, ...]:
    found = []
    for channel in channels.CHANNELS:
        start = channels.COLUMNS[channel.name].start
        for group in channel.wire:
            size = channel.size // len(group)
            found += [WireKey(key, slice(start + i * size, start + (i + 1) * size)) for i, key in enumerate(group)]
    return tuple(found)


ALL_KEYS = _keys()
"""Every key of a state (90)"""

_GROUPS = tuple(
    [tuple(key for key in ALL_KEYS if key.key in group) for group in channel.wire] for channel in channels.CHANNELS
)


def keys_of(only: Collection[str] | None) -> tuple[WireKey, ...]:
    """The keys that carry the named channels, or all; of keys that carry the same, the first group only."""
    first = zip(channels.CHANNELS, _GROUPS, strict=True)
    if only is None:
        return ALL_KEYS
    return tuple(key for channel, groups in first if channel.name in only for key in (groups[0] if groups else ()))


def frames_from(column: Column, rows: int, name: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Frames (rows, WIDTH) from named columns, and which columns of a frame (WIDTH,) there were.

    A channel that two groups of keys carry is read from the first that is there. RecordingError where there is no key
    at all.
    """
    frames = np.zeros((rows, channels.WIDTH))
    known = np.zeros(channels.WIDTH, bool)
    for groups in _GROUPS:
        for group in groups:
            for key in group:
                if (values := column(key.key, key.size)) is not None:
                    frames[:, key.columns], known[key.columns] = values, True
            if group and known[group[0].columns].any():
                break
    if not known.any():
        raise RecordingError(f"{name}: no column of it is a telemetry key such as world_position_x or speed")
    return frames, known


def columns_from(frames: NDArray[np.float64], known: NDArray[np.bool_]) -> Mapping[str, NDArray[np.float64]]:
    """Key -> numbers (T,), or (T, size) for a key that carries a list; the keys of what is known."""
    found: dict[str, NDArray[np.float64]] = {}
    for key in ALL_KEYS:
        if known[key.columns].all():
            values = frames[:, key.columns]
            found[key.key] = values[:, 0] if key.size == 1 else values
    return found
