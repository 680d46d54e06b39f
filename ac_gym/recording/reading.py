"""Opening what was recorded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ac_gym.errors import RecordingError
from ac_gym.recording.schema import END_KEY, Header
from ac_gym.recording.table_file import journal_path


@dataclass(frozen=True)
class Recorded:
    """A recording, read."""

    path: Path
    header: Header
    """with `end`"""
    table: pa.Table


def read_header(path: str | Path) -> Header:
    """What a recording says of itself, without its rows."""
    return _header(_open(Path(path)), Path(path))


def read_recording(path: str | Path, columns: Sequence[str] | None = None) -> Recorded:
    """The rows of a recording, or some columns of them; see `ac_gym.recording.schema`.

    Raises RecordingError for a file that is not there, is damaged, is not a recording, or lacks a column.
    """
    path = Path(path)
    file = _open(path)
    header = _header(file, path)
    if columns is not None and (missing := sorted(set(columns) - set(file.schema_arrow.names))):
        raise RecordingError(f"{path}: has no column {', '.join(missing)}")
    try:
        return Recorded(path, header, file.read(None if columns is None else list(columns)))
    except (pa.ArrowException, OSError) as error:
        raise RecordingError(f"{path}: is damaged ({_first_line(error)})") from error


def _open(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except FileNotFoundError:
        hint = f"; `ac-gym record repair {path.parent}` makes it of {journal_path(path).name}"
        raise RecordingError(f"{path}: no such file{hint if journal_path(path).exists() else ''}") from None
    except (pa.ArrowException, OSError) as error:
        raise RecordingError(f"{path}: is no Parquet file, or was cut short ({_first_line(error)})") from error


def _header(file: pq.ParquetFile, path: Path) -> Header:
    header = Header.decode(file.schema_arrow.metadata, str(path))
    try:
        end = dict(json.loads((file.metadata.metadata or {}).get(END_KEY, b"{}")))
    except (ValueError, TypeError) as error:
        raise RecordingError(f"{path}: its end record is damaged ({error})") from error
    return replace(header, end=end)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
