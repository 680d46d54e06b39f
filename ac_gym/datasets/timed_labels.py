"""Labels of frames by time, of a recording.

Exactly, where the recorder made the video too (its index of pictures lies beside it) or had OBS make it (the recording
knows when that began); else from the first row on, shifted by an offset.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

import numpy as np
from numpy.typing import NDArray

from ac_gym.datasets.columns import parquet, read_columns
from ac_gym.datasets.model import AT, Recording, controls_of, nearest
from ac_gym.datasets.own import is_own
from ac_gym.datasets.reading import PICTURE_INDEX, read_recordings
from ac_gym.errors import RecordingError
from ac_gym.recording.logs import NEAR, inputs_row

_VIDEO = "_video"
_SHOWN = ("throttle", "brake", "speed")


@dataclass(frozen=True)
class _Clock:
    """Where the frames of a video are among the rows of a recording."""

    rows: NDArray[np.float64]
    """(T,) s of each row"""
    note: str
    pictures: NDArray[np.float64] | None = None
    """(P,) s of each frame, on the same clock, where that is known"""
    began: float = 0.0
    """s of the video's first frame, else"""
    to_unix: float = 0.0
    """Unix time less this clock; 0: not known"""


class TimedLabels:
    """`Labels` of the rows of a recording."""

    def __init__(self, recording: Recording, clock: _Clock, offset_s: float) -> None:
        self.notes: tuple[str, ...] = (clock.note,)
        self.flaws = recording.flaws
        self._clock, self._offset = clock, offset_s
        self._values = _values(recording)
        finite = np.flatnonzero(np.isfinite(clock.rows))
        self._order = finite[np.argsort(clock.rows[finite], kind="stable")]
        self._times = clock.rows[self._order]
        self._reach = NEAR / recording.rate
        self._zero = clock.to_unix or -float(clock.rows[0] if len(clock.rows) else 0.0)

    def at(self, number: int, time_s: float) -> Sequence[str] | None:
        """INPUTS_COLUMNS of the row nearest in time; None where that is too far away, or lacks a number."""
        pictures = self._clock.pictures
        if not len(self._times) or (pictures is not None and number >= len(pictures)):
            return None
        time = float(self._clock.began + time_s if pictures is None else pictures[number]) + self._offset
        at = int(nearest(self._times, time))
        values = self._values[self._order[at]]
        if abs(self._times[at] - time) > self._reach or not np.isfinite(values).all():
            return None
        return inputs_row(time + self._zero, number, *map(float, values))

    def beyond(self, frames: int) -> tuple[int, ...]:
        return () if self._clock.pictures is None else tuple(range(frames, len(self._clock.pictures)))


def labels_by_time(video: Path, telemetry: Path, offset_s: float) -> TimedLabels:
    """Of a recording of one drive; `offset_s` as of `labels_for`."""
    found = read_recordings(telemetry)
    if len(found) != 1:
        raise RecordingError(f"{telemetry}: {len(found)} drives in one file; a video shows one")
    (recording,) = found
    own = telemetry.suffix.lower() == ".parquet" and is_own(telemetry)
    return TimedLabels(recording, _own_clock(video, telemetry, recording) if own else _world_clock(recording), offset_s)


def _values(recording: Recording) -> NDArray[np.float64]:
    """(T, 4) steering, throttle, brake, speed in m/s; RecordingError for a recording that does not have them."""
    if missing := [name for name in _SHOWN if not recording.known[AT[name]]]:
        raise RecordingError(f"{recording.name}: labels need {', '.join(missing)}, which it does not have")
    return np.column_stack([controls_of(recording)[:, 0], *(recording[name] for name in _SHOWN)])


def _world_clock(recording: Recording) -> _Clock:
    """Time since the first row, by the world's clock."""
    known = recording.known[AT["timestamp_ac"]] and len(recording)
    rows = recording["timestamp_ac"] if known else np.arange(len(recording)) / recording.rate
    began = float(rows[0]) if len(rows) else 0.0
    return _Clock(rows, "frames are matched by the time since the first row", began=began)


def _own_clock(video: Path, telemetry: Path, recording: Recording) -> _Clock:
    """The recorder's clock, on which its pictures are, and OBS's video, and the world unless that was simulated."""
    with parquet(telemetry):
        from ac_gym.recording.reading import read_header

        header = read_header(telemetry)
    rows = read_columns(telemetry, {"time": 1}).columns["time"][:, 0]
    unix = header.clock_offset
    index = video.with_name(f"{video.stem.removesuffix(_VIDEO)}{PICTURE_INDEX}")
    if index.is_file() and (pictures := read_columns(index, {"time": 1}).columns.get("time")) is not None:
        return _Clock(rows, f"frames are matched by {index.name}", pictures=pictures[:, 0], to_unix=unix)
    if not len(rows):
        return _world_clock(recording)
    obs = [note["obs"] for note in (header.notes, header.end) if "began" in (note.get("obs") or {})]
    if not obs:
        simulated = header.source == "simulated"
        since = "frames are matched by the time since the first row"
        return _world_clock(recording) if simulated else _Clock(rows, since, began=rows[0], to_unix=unix)
    best = min(obs, key=lambda note: note["uncertainty"])
    began, told = float(best["began"]), f"OBS's clock (to {1000 * best['uncertainty']:.1f} ms)"
    if video.name in {PureWindowsPath(note.get("path", "")).name for note in obs}:
        return _Clock(rows, f"frames are matched by {told}", began=began, to_unix=unix)
    remark = f"if this is the video that OBS made with it, it needs --offset {began - rows[0]:.3f}, by {told}"
    since = f"frames are matched by the time since the first row; {remark}"
    return _Clock(rows, since, began=rows[0], to_unix=unix)
