"""What was done in each frame of a video, of whatever tells it.

- the collector's `inputs.csv` and the logger's CSV: by the number of the frame;
- a recording: by time. Exactly, where the recorder made the video too (its index of pictures lies beside it) or had OBS
  make it (the recording knows when that began); else from the first row on, shifted by an offset.

Steering is the axis, -1..1, as drivers put it out: 1 is `FULL_STEER_DEG`.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ac_gym.car import load_car
from ac_gym.constants import FULL_STEER_DEG
from ac_gym.datasets.columns import parquet, read_columns
from ac_gym.datasets.model import AT, Flaw, Recording, controls_of
from ac_gym.datasets.own import is_own
from ac_gym.datasets.reading import PICTURE_INDEX, read_recordings
from ac_gym.errors import ConfigError, RecordingError
from ac_gym.recording.logs import INPUTS_COLUMNS, LOGGER_COLUMNS, MPH, NEAR, inputs_row

_TELEMETRY, _INPUTS, _VIDEO = "_telemetry.parquet", "_inputs.csv", "_video"
_SHOWN = ("throttle", "brake", "speed")

Cells = Sequence[str]
"""In the order of INPUTS_COLUMNS"""


class Labels(Protocol):
    """The labels of one video."""

    @property
    def notes(self) -> tuple[str, ...]:
        """How frames find their telemetry."""

    @property
    def flaws(self) -> tuple[Flaw, ...]:
        """Of the telemetry."""

    def at(self, number: int, time_s: float) -> Cells | None:
        """Of frame `number`, `time_s` after the first; None where nothing tells what was done."""

    def beyond(self, frames: int) -> tuple[int, ...]:
        """Numbers of frames that are told of, of a video that has only so many."""


def labels_for(video: Path, telemetry: Path, *, offset_s: float = 0.0, car: str = "") -> Labels:
    """The labels of `video` from `telemetry`; RecordingError where they cannot be had.

    `offset_s`: the recording's clock less the video's, for a recording. `car`: whose steering lock the collector's
    steering is a share of, where no recording beside it tells.
    """
    if not math.isfinite(offset_s):
        raise ConfigError(f"the offset must be a number of seconds, is {offset_s}")
    if telemetry.suffix.lower() != ".csv" or not (header := _header(telemetry)):
        return _by_time(video, telemetry, offset_s)
    if "Frame" not in header and header != LOGGER_COLUMNS:
        return _by_time(video, telemetry, offset_s)
    if offset_s:
        raise ConfigError(f"{telemetry} is matched by the number of the frame: there is no clock to shift by an offset")
    return _collectors(telemetry, car) if "Frame" in header else _loggers(telemetry, video)


# --- by number --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _ByNumber:
    cells: Mapping[int, Cells]
    """without a Timestamp, that is the frame's own"""
    notes: tuple[str, ...]
    flaws: tuple[Flaw, ...]

    def at(self, number: int, time_s: float) -> Cells | None:
        cells = self.cells.get(number)
        return cells if cells is None or cells[0] else (f"{time_s:.6f}", *cells[1:])

    def beyond(self, frames: int) -> tuple[int, ...]:
        return tuple(sorted(number for number in self.cells if number >= frames))


def _collectors(path: Path, car: str) -> _ByNumber:
    """`inputs.csv`: each frame's row as it is, but for the steering."""
    rows = _rows(path, INPUTS_COLUMNS)
    lock = _lock(path, car)
    found: dict[int, Cells] = {}
    bad, twice = [], []
    for number, row in enumerate(rows):
        cells = [row[name] or "" for name in INPUTS_COLUMNS]
        try:
            values = [float(cell) for cell in cells]
            frame = int(values[1])
            if not np.isfinite(values).all() or frame != values[1] or frame < 0:
                raise ValueError
        except ValueError:
            bad.append(number)
            continue
        if frame in found:
            twice.append(number)
            continue
        if lock:
            cells[2] = f"{values[2] * lock / FULL_STEER_DEG:.6f}"
        found[frame] = cells
    flaws = _unread(bad) + (Flaw("its frame has a row already: the first is kept", tuple(twice)),) * bool(twice)
    steering = f"shares of {lock:g} degrees" if lock else "as it is, since no car tells its lock"
    return _ByNumber(found, (f"frames are matched by number; steering is {steering}",), flaws)


def _lock(path: Path, car: str) -> float:
    """Degrees of the steering wheel that the collector's 1 is; 0: not known."""
    if car:
        return load_car(car).values["steering_lock_deg"]
    beside = path.with_name(path.name.removesuffix(_INPUTS) + _TELEMETRY)
    if not path.name.endswith(_INPUTS) or not beside.is_file():
        return 0.0
    with parquet(beside):
        from ac_gym.recording.reading import read_header

        return read_header(beside).steering_lock_deg


def _loggers(path: Path, video: Path) -> _ByNumber:
    """The logger's CSV: its lines that name the video are its frames, one after the other."""
    found: dict[int, Cells] = {}
    bad: list[int] = []
    frame = 0
    for number, row in enumerate(_rows(path, LOGGER_COLUMNS)):
        if row["image"] != video.name:
            continue
        try:
            names = ("steer_angle_deg", "gas", "brake", "speed_mph")
            steer, throttle, brake, speed = (float(row[name]) for name in names)
            if not np.isfinite([steer, throttle, brake, speed]).all():
                raise ValueError
            steering = min(max(steer / FULL_STEER_DEG, -1.0), 1.0)
            found[frame] = ("", *inputs_row(0.0, frame, steering, throttle, brake, speed / MPH)[1:])
        except (TypeError, ValueError):
            bad.append(number)
        frame += 1
    if not frame:
        raise RecordingError(f"{path}: no line of it names {video.name}; a recording (.parquet) is matched by time")
    return _ByNumber(found, ("frames are matched by the order of the logger's lines",), _unread(bad))


def _unread(rows: Sequence[int]) -> tuple[Flaw, ...]:
    return (Flaw("a cell is not a number, or is not there", tuple(rows)),) if rows else ()


def _header(path: Path) -> tuple[str, ...]:
    return tuple(_table(path)[0])


def _rows(path: Path, needed: Sequence[str]) -> list[dict[str, Any]]:
    header, rows = _table(path)
    if missing := [name for name in needed if name not in header]:
        raise RecordingError(f"{path}: has no column {', '.join(missing)}; it needs {','.join(needed)}")
    return rows


def _table(path: Path) -> tuple[list[str], list[dict[str, Any]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            return list(rows.fieldnames or ()), list(rows)
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror or error}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise RecordingError(f"{path}: not CSV in UTF-8 ({error})") from None


# --- by time ----------------------------------------------------------------------------------------------------------
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


class _ByTime:
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

    def at(self, number: int, time_s: float) -> Cells | None:
        """Of the row nearest in time, if one is near and no number is missing in it."""
        pictures = self._clock.pictures
        if pictures is not None and number >= len(pictures):
            return None
        time = float(self._clock.began + time_s if pictures is None else pictures[number]) + self._offset
        after = int(np.searchsorted(self._times, time))
        near = [at for at in (after - 1, after) if 0 <= at < len(self._times)]
        if not near:
            return None
        at = min(near, key=lambda index: abs(self._times[index] - time))
        values = self._values[self._order[at]]
        if abs(self._times[at] - time) > self._reach or not np.isfinite(values).all():
            return None
        return inputs_row(time + self._zero, number, *map(float, values))

    def beyond(self, frames: int) -> tuple[int, ...]:
        return () if self._clock.pictures is None else tuple(range(frames, len(self._clock.pictures)))


def _by_time(video: Path, telemetry: Path, offset_s: float) -> _ByTime:
    found = read_recordings(telemetry)
    if len(found) != 1:
        raise RecordingError(f"{telemetry}: {len(found)} drives in one file; a video shows one")
    (recording,) = found
    own = telemetry.suffix.lower() == ".parquet" and is_own(telemetry)
    return _ByTime(recording, _own_clock(video, telemetry, recording) if own else _world_clock(recording), offset_s)


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
