"""Recordings as CSV: a first line `# {...}` about the drive, a header `speed [m/s],...`, a line a row.

Numbers are written so that reading them gives the same again. Read are files with the names of our columns or the
reference project's keys, with or without units; a cell that is no number, or that is not there, is NaN and is reported.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ac_gym import channels
from ac_gym.datasets.model import Flaw, Recording, flaws_of, rate_of, stem
from ac_gym.datasets.whole import new_file
from ac_gym.datasets.wire import ALL_KEYS, CONTROL_KEYS, frames_from
from ac_gym.errors import RecordingError
from ac_gym.recording.columns import CHANNEL_COLUMNS, CHANNEL_UNITS, CONTROLS
from ac_gym.recording.logs import LOGGER_COLUMNS

MAX_BYTES = 1 << 30


def write_csv(path: Path, recording: Recording) -> Path:
    """Writes the columns that are known, and the controls, into a new file."""
    known = np.flatnonzero(recording.known)
    header = [f"{CHANNEL_COLUMNS[index]} [{CHANNEL_UNITS[index]}]" for index in known]
    columns: list[Iterable[Any]] = [_tidy(recording.frames[:, index]) for index in known]
    if recording.controls is not None:
        header += [f"{name} [-1..1]" for name in CONTROLS]
        columns += [_tidy(values) for values in recording.controls.T]
    about = {"track": recording.track, "car": recording.car, "rate": recording.rate, "static_info": recording.static}
    with new_file(path) as unfinished, unfinished.open("w", newline="", encoding="utf-8") as file:
        file.write(f"# {json.dumps(about)}\n")
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(zip(*columns, strict=True))
    return path


def _tidy(values: NDArray[Any]) -> list[Any]:
    """Shortest texts that mean the same numbers; whole numbers without a point."""
    numbers = values.tolist() if values.dtype == np.float64 else [float(str(value)) for value in values]
    return [int(value) if value.is_integer() and abs(value) < 2**53 else value for value in numbers]


def read_csv(path: Path) -> Recording:
    """A recording from CSV; RecordingError where no column of it is telemetry."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise RecordingError(f"{path}: larger than {MAX_BYTES >> 20} MiB")
        with path.open(newline="", encoding="utf-8-sig") as file:
            about, lines = _about(file)
            header, numbers, flaws = _table(csv.reader(lines), path)
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror or error}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise RecordingError(f"{path}: not CSV in UTF-8 ({error})") from None
    if tuple(header) == LOGGER_COLUMNS:
        raise RecordingError(
            f"{path}: the logger's CSV tells neither place nor clock: take the recording beside it (.parquet); for "
            "`--to pictures` it tells the labels of its video"
        )
    at = {name: index for index, name in enumerate(header)}
    frames, known = _frames(at, numbers, path)
    names = CONTROLS if CONTROLS[0] in at else CONTROL_KEYS
    controls = None
    if all(name in at for name in names):
        controls = np.zeros((len(numbers), 4), np.float32)
        controls[:, : len(names)] = numbers[:, [at[name] for name in names]]
    rate = about.get("rate")
    rate = float(rate) if isinstance(rate, int | float) and 0 < rate < math.inf else rate_of(frames, known)
    static = about.get("static_info")
    recording = Recording(
        stem(path), frames, known, rate, controls, str(about.get("track", "")), str(about.get("car", "")),
        static if isinstance(static, dict) else {},
    )  # fmt: skip
    return replace(recording, flaws=flaws + flaws_of(frames, known, rate))


def _about(file: Iterator[str]) -> tuple[dict[str, Any], Iterator[str]]:
    """What the first line says, and the lines of the table."""
    first = next(file, "")
    if not first.startswith("#"):
        return {}, iter([first, *file])
    try:
        about = json.loads(first[1:])
    except ValueError:
        about = {}
    return (about if isinstance(about, dict) else {}), file


def _table(rows: Iterator[list[str]], path: Path) -> tuple[list[str], NDArray[np.float64], tuple[Flaw, ...]]:
    """Names without units, numbers (T, columns), and the rows that are not as they should be."""
    header = [name.split(" [")[0].strip() for name in next(rows, [])]
    if not any(header):
        raise RecordingError(f"{path}: empty, or without a line of column names")
    if len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise RecordingError(f"{path}: column {twice!r} is there more than once")
    lines = [row for row in rows if row]
    short = tuple(number for number, row in enumerate(lines) if len(row) != len(header))
    unread: list[int] = []
    numbers = np.full((len(lines), len(header)), np.nan)
    for number, row in enumerate(lines):
        try:
            numbers[number] = row
        except ValueError:
            numbers[number] = [_number(cell) for cell in [*row, *[""] * len(header)][: len(header)]]
            unread.append(number)
    flaws = [Flaw(f"has not {len(header)} cells", short)] if short else []
    if wrong := tuple(sorted(set(unread) - set(short))):
        flaws.append(Flaw("a cell is not a number", wrong))
    return header, numbers, tuple(flaws)


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return {"TRUE": 1.0, "FALSE": 0.0}.get(cell.strip().upper(), np.nan)


def _frames(
    at: dict[str, int], numbers: NDArray[np.float64], path: Path
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    own = CHANNEL_COLUMNS
    if sum(key.key in at for key in ALL_KEYS) > sum(name in at for name in own):  # some names are the same
        return frames_from(
            lambda key, size: numbers[:, at[key], None] if key in at and size == 1 else None, len(numbers), str(path)
        )
    frames, known = np.zeros((len(numbers), channels.WIDTH)), np.zeros(channels.WIDTH, bool)
    for index, name in enumerate(own):
        if name in at:
            frames[:, index], known[index] = numbers[:, at[name]], True
    if not known.any():
        raise RecordingError(f"{path}: none of its columns ({', '.join(list(at)[:5])}, ...) is telemetry; see docs")
    return frames, known
