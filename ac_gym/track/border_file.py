"""Borders as a CSV file, in the columns that assetto_corsa_gym uses.

A row a point of the line, in the wire frame, m: `left_border_x, left_border_y, right_border_x, right_border_y, pos_x,
pos_y`, and where they are known `height` (m) and `bank_deg` (+ where the road falls to the left).
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from ac_gym.errors import InvalidTrackError
from ac_gym.track.border_checks import MAX_POINTS
from ac_gym.track.borders import Borders
from ac_gym.track.model import Array

BORDER_COLUMNS = ("left_border_x", "left_border_y", "right_border_x", "right_border_y")
LINE_COLUMNS = ("pos_x", "pos_y")
_OPTIONAL = ("height", "bank_deg")
MAX_BYTES = 64 << 20


def read_borders(path: str | Path, line: str | Path | None = None) -> Borders:
    """The borders in a CSV file; its racing line may be in a file of its own, with the columns pos_x and pos_y."""
    path = Path(path)
    table = _columns(path, BORDER_COLUMNS if line else BORDER_COLUMNS + LINE_COLUMNS)
    driven = table if line is None else _columns(Path(line), LINE_COLUMNS)
    left, right = (np.column_stack([table[f"{side}_border_{axis}"] for axis in "xy"]) for side in ("left", "right"))
    points = np.column_stack([driven["pos_x"], driven["pos_y"]])
    if len(points) != len(left):
        raise InvalidTrackError(f"{path}: {len(left)} rows, but {line} has {len(points)}; each row is one place")
    bank = table.get("bank_deg")
    return Borders(left, right, points, table.get("height"), None if bank is None else np.radians(bank))


def write_borders(path: str | Path, borders: Borders) -> None:
    """Writes the CSV file that `read_borders` reads."""
    columns = [borders.left, borders.right, borders.line]
    names = [*BORDER_COLUMNS, *LINE_COLUMNS]
    if borders.height is not None:
        columns.append(borders.height[:, None])
        names.append("height")
    if borders.bank is not None:
        columns.append(np.degrees(borders.bank)[:, None])
        names.append("bank_deg")
    with Path(path).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows([[f"{value:.4f}" for value in row] for row in np.hstack(columns)])


def _columns(path: Path, wanted: Sequence[str]) -> dict[str, Array]:
    """The wanted and the optional columns of a CSV file with a header."""
    rows = iter(csv_rows(path))
    header = [name.strip() for name in next(rows, (1, []))[1]]
    if missing := [name for name in wanted if name not in header]:
        hint = "; give the racing line's file with --line" if set(missing) == set(LINE_COLUMNS) else ""
        raise InvalidTrackError(f"{path}: no column {', '.join(missing)}{hint}")
    taken = [name for name in header if name in (*wanted, *_OPTIONAL)]
    at = [header.index(name) for name in taken]
    values = []
    for number, row in rows:
        if not any(map(str.strip, row)):
            continue
        if len(row) != len(header):
            raise InvalidTrackError(f"{path} line {number}: {len(row)} fields, the header has {len(header)}")
        values.append(numbers(path, number, [row[k] for k in at], taken))
    return dict(zip(taken, np.array(values, dtype=np.float64).reshape(-1, len(taken)).T, strict=True))


def numbers(path: Path, number: int, texts: Sequence[str], names: Iterable[str]) -> list[float]:
    """The fields `names` of a line; InvalidTrackError for one that is no finite number."""
    values = []
    for name, text in zip(names, [*texts, "", "", ""], strict=False):
        try:
            values.append(float(text))
        except ValueError:
            values.append(math.nan)
        if not math.isfinite(values[-1]):
            raise InvalidTrackError(f"{path} line {number}: {name} is {text.strip()!r}, not a number")
    return values


def csv_rows(path: Path) -> list[tuple[int, list[str]]]:
    """Line numbers and fields of a CSV file of bounded size."""
    found: list[tuple[int, list[str]]] = []
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InvalidTrackError(f"{path}: larger than {MAX_BYTES >> 20} MiB, so no list of borders")
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            for row in reader:
                if len(found) > MAX_POINTS:
                    raise InvalidTrackError(f"{path}: more than {MAX_POINTS} lines")
                found.append((reader.line_num, row))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidTrackError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    return found
