"""Labels of frames by their number: of the collector's `inputs.csv`, and of the logger's CSV."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ac_gym.car import load_car
from ac_gym.constants import FULL_STEER_DEG
from ac_gym.datasets.columns import parquet
from ac_gym.datasets.model import Flaw
from ac_gym.errors import RecordingError
from ac_gym.recording.logs import INPUTS_COLUMNS, LOGGER_COLUMNS, MPH, inputs_row

_TELEMETRY, _INPUTS = "_telemetry.parquet", "_inputs.csv"

_Cells = Sequence[str]
"""In the order of INPUTS_COLUMNS"""


@dataclass(frozen=True)
class NumberedLabels:
    """`Labels` of a table with a row a frame."""

    cells: Mapping[int, _Cells]
    """without a Timestamp, that is the frame's own"""
    notes: tuple[str, ...]
    flaws: tuple[Flaw, ...]

    def at(self, number: int, time_s: float) -> _Cells | None:
        cells = self.cells.get(number)
        return cells if cells is None or cells[0] else (f"{time_s:.6f}", *cells[1:])

    def beyond(self, frames: int) -> tuple[int, ...]:
        return tuple(sorted(number for number in self.cells if number >= frames))


def labels_by_number(video: Path, path: Path, car: str) -> NumberedLabels | None:
    """Of a CSV file that tells of frames; None for any other. `car` as of `labels_for`."""
    header, rows = _table(path)
    if "Frame" in header:
        if missing := [name for name in INPUTS_COLUMNS if name not in header]:
            raise RecordingError(f"{path}: has no column {', '.join(missing)}; it needs {','.join(INPUTS_COLUMNS)}")
        return _collectors(path, rows, car)
    return _loggers(path, rows, video) if tuple(header) == LOGGER_COLUMNS else None


def _collectors(path: Path, rows: list[dict[str, Any]], car: str) -> NumberedLabels:
    """`inputs.csv`: each frame's row as it is, but for the steering."""
    lock = _lock(path, car)
    found: dict[int, _Cells] = {}
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
    return NumberedLabels(found, (f"frames are matched by number; steering is {steering}",), flaws)


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


def _loggers(path: Path, rows: list[dict[str, Any]], video: Path) -> NumberedLabels:
    """The logger's CSV: its lines that name the video are its frames, one after the other."""
    found: dict[int, _Cells] = {}
    bad: list[int] = []
    frame = 0
    for number, row in enumerate(rows):
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
    return NumberedLabels(found, ("frames are matched by the order of the logger's lines",), _unread(bad))


def _unread(rows: Sequence[int]) -> tuple[Flaw, ...]:
    return (Flaw("a cell is not a number, or is not there", tuple(rows)),) if rows else ()


def _table(path: Path) -> tuple[list[str], list[dict[str, Any]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            return list(rows.fieldnames or ()), list(rows)
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror or error}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise RecordingError(f"{path}: not CSV in UTF-8 ({error})") from None
