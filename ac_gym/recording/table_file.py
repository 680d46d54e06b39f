"""A table on disk that grows: one Parquet file when it is done, and until then a journal that a kill leaves readable.

A Parquet file cannot be read before its last bytes are written, so rows go to two files: `NAME.parquet.part`, the
Parquet file in the making, in row groups, and `NAME.journal`, an Arrow IPC stream, whose batches are complete one by
one, within half a second of their rows. At the end the first gets its name and the second is removed; after a kill -9
the second has every row but those of the last half second (`ac_gym.recording.repair`). Dictionaries, statistics and
compression are left out: they cost most of the time and save next to nothing on physical quantities.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ac_gym.errors import RecordingError
from ac_gym.recording.schema import END_KEY, column

GROUP_ROWS = 8192
"""rows in a row group"""
JOURNAL_EVERY = 0.5
"""s until rows are in the journal"""

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

Rows = NDArray[np.float64]


def journal_path(path: Path) -> Path:
    """The journal beside the Parquet file that it is to become."""
    return path.with_suffix(".journal")


def unfinished_path(path: Path) -> Path:
    """The Parquet file in the making."""
    return path.with_name(path.name + ".part")


def in_use(path: Path) -> bool:
    """Whether a recorder that is alive holds this file (`hold`); never known on Windows."""
    if fcntl is None:
        return False
    with open(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def hold(file: IO[Any]) -> None:
    """Says that this file is being recorded to, until it is closed or the process ends."""
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class ParquetFile:
    """A Parquet file in the making, under a temporary name until it is closed."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path, self.rows = path, 0
        self._file = pa.OSFile(str(unfinished_path(path)), "wb")
        self._writer = pq.ParquetWriter(
            self._file, schema, use_dictionary=False, compression="none", write_statistics=False
        )

    def write_group(self, rows: pa.RecordBatch | pa.Table) -> None:
        """One row group; nothing, of no rows."""
        table = rows if isinstance(rows, pa.Table) else pa.Table.from_batches([rows])
        if not len(table):
            return
        self._writer.write_table(table, row_group_size=len(table))
        self.rows += len(table)

    def close(self, end: Mapping[str, Any]) -> None:
        """Writes what is known at the end only, and gives the file its name."""
        self._writer.add_key_value_metadata({END_KEY.decode(): json.dumps({"rows": self.rows, **end})})
        self._writer.close()
        self._file.close()
        os.replace(unfinished_path(self.path), self.path)

    def abandon(self) -> None:
        """Removes what there is."""
        self._writer.is_open = False  # else its end would write the rest of a file that nobody wants
        with contextlib.suppress(OSError):
            self._file.close()
        unfinished_path(self.path).unlink(missing_ok=True)


class TableFile:
    """A table that grows by rows of numbers; for one thread.

    `group_rows` rows are kept in memory, as float64.
    """

    def __init__(self, path: Path, schema: pa.Schema, *, group_rows: int = GROUP_ROWS) -> None:
        """Raises RecordingError where the file cannot be made, or exists."""
        self.path = path
        self.safe = 0
        """rows that are in the journal"""
        self._schema = schema
        self._columns = np.empty((len(schema), group_rows))
        self._filled = self._journaled = 0
        self._due = time.monotonic() + JOURNAL_EVERY
        if path.exists() or journal_path(path).exists():
            raise RecordingError(f"{path} exists; choose another name, or move it away")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            journal_path(path).touch(exist_ok=False)
            self._lock = open(journal_path(path), "rb")  # noqa: SIM115 - closed with the journal
            hold(self._lock)
            self._file = pa.OSFile(str(journal_path(path)), "wb")  # its writes are whole, and reach the system at once
            self._journal = pa.ipc.new_stream(self._file, schema)
            self._parquet = ParquetFile(path, schema)
        except OSError as error:
            raise RecordingError(f"{path}: cannot be recorded to ({error.strerror or error})") from error

    def write(self, rows: Rows) -> None:
        """Rows (N, columns of the schema), all as float64, which has room for float32, counts and flags."""
        room = self._columns.shape[1]
        while len(rows):
            taken = rows[: room - self._filled]
            self._columns[:, self._filled : self._filled + len(taken)] = taken.T
            self._filled += len(taken)
            rows = rows[len(taken) :]
            if self._filled == room:
                self._end_group()

    def flush_when_due(self) -> None:
        """Called now and then: rows that have waited long enough go to the journal."""
        if time.monotonic() >= self._due:
            self._write_journal()

    def close(self, end: Mapping[str, Any]) -> None:
        """The file is complete and has its name; `end` is kept in it."""
        self._end_group()
        self._parquet.close(end)
        self._journal.close()
        self._close_journal()
        journal_path(self.path).unlink()

    def abandon(self) -> None:
        """After a failure: the journal keeps the rows, the space of the unfinished Parquet file is given back."""
        self._parquet.abandon()
        with contextlib.suppress(OSError):  # such as a disk that is still full
            self._close_journal()

    def _close_journal(self) -> None:
        self._lock.close()
        self._file.close()

    def _end_group(self) -> None:
        if self._filled:
            self._write_journal()
            self._parquet.write_group(self._batch(0))
            self._filled = self._journaled = 0

    def _write_journal(self) -> None:
        self._due = time.monotonic() + JOURNAL_EVERY
        if self._journaled < self._filled:
            self._journal.write_batch(self._batch(self._journaled))
            self.safe += self._filled - self._journaled
            self._journaled = self._filled

    def _batch(self, start: int) -> pa.RecordBatch:
        """The rows from `start` on; floats are views, so they must be written before the next row comes."""
        values = self._columns[:, start : self._filled]
        arrays = [column(each, f.type) for each, f in zip(values, self._schema, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)
