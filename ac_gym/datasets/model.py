"""What a data set is made of: recorded drives as frames, and what is wrong with their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ac_gym import channels
from ac_gym.constants import BRAKE_GAMMA, FULL_STEER_DEG
from ac_gym.errors import RecordingError

AT = {name: columns.start for name, columns in channels.COLUMNS.items()}
"""Channel name -> its first column of a frame"""

_CONTROLLED = ("steer_angle", "throttle", "brake")  # channels that controls show in
_SHOWN = 12  # runs of row numbers that a message lists


@dataclass(frozen=True)
class Flaw:
    """Something wrong with some rows or pictures of a recording; they are kept, and named here."""

    what: str
    rows: tuple[int, ...]
    """0-based; none: all of them"""
    kind: str = "row"

    def __str__(self) -> str:
        if not self.rows:
            return self.what
        listed = runs(self.rows)
        more = f" and {len(listed) - _SHOWN} more places" if len(listed) > _SHOWN else ""
        return f"{self.kind}{'s' * (len(self.rows) > 1)} {', '.join(listed[:_SHOWN])}{more}: {self.what}"


@dataclass(frozen=True)
class Recording:
    """One drive: frames at equal times, each with the controls that led to it."""

    name: str
    frames: NDArray[np.float64]
    """(T, `channels.WIDTH`); 0 where `known` is False, NaN where a number is missing in a row"""
    known: NDArray[np.bool_]
    """(`channels.WIDTH`,): the columns that were recorded"""
    rate: float
    """rows a second [Hz]"""
    controls: NDArray[np.float32] | None = None
    """(T, 4) steering, throttle, brake on -1..1, gear request; None where they were not recorded"""
    track: str = ""
    car: str = ""
    static: Mapping[str, Any] = field(default_factory=dict)
    """what the game's plugin answers to `get_static_info`, as far as it was kept"""
    flaws: tuple[Flaw, ...] = ()

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, channel: str) -> NDArray[np.float64]:
        """(T,) or (T, size): a view."""
        columns = channels.COLUMNS[channel]
        return self.frames[:, columns.start] if columns.stop - columns.start == 1 else self.frames[:, columns]

    @cached_property
    def laps(self) -> tuple[RecordedLap, ...]:
        """The drive cut where the lap counter moves or the lap's clock begins anew, in driving order."""
        moved = (np.diff(self["lap_count"]) != 0) | (np.diff(self["current_time"]) < 0)
        cuts = [0, *(np.flatnonzero(moved) + 1).tolist(), len(self)]
        return tuple(_lap(self, first, stop) for first, stop in pairwise(cuts) if stop > first)


@dataclass(frozen=True)
class RecordedLap:
    """Rows `first` up to `stop` of a recording: one lap or what there is of it."""

    recording: Recording
    number: int
    first: int
    stop: int
    time_s: float
    """NaN for a lap that was not driven from line to line"""
    clean: bool
    """never more than two tyres out"""

    def __getitem__(self, channel: str) -> NDArray[np.float64]:
        return self.recording[channel][self.first : self.stop]


def _lap(recording: Recording, first: int, stop: int) -> RecordedLap:
    """A lap has a time if the row after it has the next lap count and its clock."""
    rows = slice(first, stop)
    counted = stop < len(recording) and recording["lap_count"][stop] > recording["lap_count"][first]
    time_ms = recording["last_lap_time"][stop] if counted else np.nan
    clean = bool((recording["tyres_out"][rows] <= 2).all())
    number = int(np.nan_to_num(recording["lap_count"][first])) + 1
    return RecordedLap(recording, number, first, stop, time_ms / 1000.0 if time_ms > 0 else np.nan, clean)


def controls_from_frames(frames: NDArray[np.float64], *, brake_gamma: float = BRAKE_GAMMA) -> NDArray[np.float32]:
    """Controls (T, 4) that show in the telemetry (T, WIDTH): the steering map and the brake map backwards.

    The steering axis is 1 at 450 degrees; the game brakes with the pedal (0..1) to the power of `brake_gamma`.
    """
    controls = np.zeros((len(frames), 4), np.float32)
    controls[:, 0] = np.clip(frames[:, AT["steer_angle"]] / FULL_STEER_DEG, -1.0, 1.0)
    controls[:, 1] = 2.0 * np.clip(frames[:, AT["throttle"]], 0.0, 1.0) - 1.0
    controls[:, 2] = 2.0 * np.clip(frames[:, AT["brake"]], 0.0, 1.0) ** (1.0 / brake_gamma) - 1.0
    return controls


def tells_controls(recording: Recording) -> bool:
    """Whether the controls were recorded, or show in the telemetry."""
    return recording.controls is not None or all(recording.known[AT[name]] for name in _CONTROLLED)


def controls_of(recording: Recording, *, brake_gamma: float = BRAKE_GAMMA) -> NDArray[np.float32]:
    """The recorded controls (T, 4); from the telemetry where they were not recorded.

    RecordingError where that does not tell them either (`tells_controls`).
    """
    if recording.controls is not None:
        return recording.controls
    if not tells_controls(recording):
        raise RecordingError(f"{recording.name}: no controls were recorded, nor {', '.join(_CONTROLLED)} to tell them")
    return controls_from_frames(recording.frames, brake_gamma=brake_gamma)


def flaws_of(frames: NDArray[np.float64], known: NDArray[np.bool_], rate: float) -> tuple[Flaw, ...]:
    """What is wrong with rows: numbers missing, the clock standing, going backwards or leaping."""
    found = []
    for channel in channels.CHANNELS:
        columns = channels.COLUMNS[channel.name]
        values = frames[:, columns]
        bad = ~np.isfinite(values).all(axis=1) if known[columns].any() else np.zeros(len(frames), bool)
        if bad.any():
            found.append(Flaw(f"{channel.name} is not a number", tuple(np.flatnonzero(bad))))
    if known[AT["timestamp_ac"]]:
        step = np.diff(frames[:, AT["timestamp_ac"]])
        backwards, leaps = np.flatnonzero(step <= 0.0) + 1, np.flatnonzero(step > 1.5 / rate) + 1
        if len(backwards):
            found.append(Flaw("the clock does not go forwards", tuple(backwards)))
        if len(leaps):
            found.append(Flaw(f"more than 1.5 periods of {rate:g} Hz after the row before", tuple(leaps)))
    return tuple(found)


def rate_of(frames: NDArray[np.float64], known: NDArray[np.bool_], default: float = 25.0) -> float:
    """Rows a second, from the world's clock or, without it, the lap's."""
    for name, unit in (("timestamp_ac", 1.0), ("current_time", 1000.0)):
        if known[AT[name]] and len(frames) > 2:
            steps = np.diff(frames[:, AT[name]])
            steps = steps[steps > 0.0]
            if len(steps):
                return round(unit / float(np.median(steps)), 3)
    return default


def nearest(times: NDArray[np.float64], moments: NDArray[np.float64] | float) -> NDArray[np.int64]:
    """Which of the rising `times` (T,), of which there are some, is nearest to each moment; of two the earlier."""
    after = np.minimum(np.searchsorted(times, moments), len(times) - 1)
    before = np.maximum(after - 1, 0)
    return np.where(moments - times[before] <= times[after] - moments, before, after)


def runs(rows: Sequence[int]) -> list[str]:
    """`[3, 4, 5, 9]` as `["3-5", "9"]`."""
    found: list[list[int]] = []
    for row in rows:
        if found and row == found[-1][1] + 1:
            found[-1][1] = row
        else:
            found.append([int(row), int(row)])
    return [str(a) if a == b else f"{a}-{b}" for a, b in found]


def stem(path: Path) -> str:
    """A recording's name: the file's, without the ending that the reference project gives its states."""
    return path.stem.removesuffix("_states")
