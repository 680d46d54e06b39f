"""A table on disk that grows: one Parquet file when it is done, and until then a journal that a kill leaves readable.

A Parquet file cannot be read before its footer is written, its last bytes. So there are two: `NAME.parquet.part`,
the Parquet file in the making, in row groups, and `NAME.journal`, an Arrow IPC stream. Rows that wait half a second for
their row group to be full go to the journal as a batch; a row group that is written leaves an empty batch there, whose
metadata (`GROUP_KEY`) tells where it is. At the end the first file gets its name and the second is removed; after a
kill -9 both have every row but those of the last half second, and the footer (`ac_gym.recording.repair`). Room for that
is taken on the disk before rows are said to be safe, so that a full disk does not prevent it.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ac_gym.errors import RecordingError
from ac_gym.recording.parquet_format import MAGIC, Group, column_bytes, footer, room_for
from ac_gym.recording.schema import END_KEY, column

GROUP_ROWS = 8192
"""rows in a row group"""
JOURNAL_EVERY = 0.5
"""s until rows are in the journal"""
GROUP_KEY = b"group"
"""of a batch's metadata in the journal: all rows before it are in the Parquet file, the last of them in this row group
(JSON: `rows`, `start`, `sizes`)"""

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

    def __init__(self, path: Path, schema: pa.Schema, groups: Sequence[Group] = ()) -> None:
        """`groups` are in the unfinished file already: it goes on after them."""
        self.path, self.groups = path, list(groups)
        self._schema, self._room = schema, 0
        self._file = open(unfinished_path(path), "r+b" if groups else "wb", buffering=0)  # noqa: SIM115
        if not groups:
            self._write(MAGIC)

    @property
    def rows(self) -> int:
        """Rows so far."""
        return sum(group.rows for group in self.groups)

    @property
    def end(self) -> int:
        """Bytes so far."""
        return self.groups[-1].end if self.groups else len(MAGIC)

    def reserve(self, rows: int) -> None:
        """Takes the room on the disk that a group of so many rows and the footer need, where the system can."""
        room = self.end + room_for(self._schema, rows, len(self.groups) + 1)
        if room > self._room and hasattr(os, "posix_fallocate"):
            os.posix_fallocate(self._file.fileno(), 0, room)
            self._room = room

    def write_group(self, rows: pa.RecordBatch) -> Group:
        """One row group."""
        columns = [column_bytes(values) for values in rows.columns]
        sizes = tuple(len(head) + values.nbytes for head, values in columns)
        group = Group(self._schema, len(rows), self.end, sizes)
        self._file.seek(group.start)
        for head, values in columns:
            self._write(head)
            self._write(values.data)
        self.groups.append(group)
        return group

    def close(self, end: Mapping[str, Any]) -> None:
        """Writes what is known at the end only, and gives the file its name."""
        known = {END_KEY: json.dumps({"rows": self.rows, **end}).encode()}
        self._file.seek(self.end)
        self._write(footer(self._schema, self.groups, known))
        self._file.truncate()
        self._file.close()
        os.replace(unfinished_path(self.path), self.path)

    def abandon(self) -> None:
        """Leaves what there is; its groups, if they were kept, can be gone on with."""
        self._file.close()

    def _write(self, data: bytes | memoryview) -> None:
        left = memoryview(data).cast("B") if len(data) else b""
        while left:  # a disk that is nearly full takes less than it is given
            left = left[self._file.write(left) :]


class TableFile:
    """A table that grows by rows of numbers; for one thread.

    `group_rows` rows are kept in memory, as float64.
    """

    def __init__(self, path: Path, schema: pa.Schema, *, group_rows: int = GROUP_ROWS) -> None:
        """Raises RecordingError where the file cannot be made, or exists."""
        self.path = path
        self.safe = 0
        """rows that a kill does not cost"""
        self._schema = schema
        self._nothing = pa.RecordBatch.from_pylist([], schema)
        self._columns = np.empty((len(schema), group_rows))
        self._filled = self._journaled = 0
        self._torn = False  # the journal ends in a batch that is not whole
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

    def rescue(self) -> int:
        """After a failure, perhaps of another file: rows that wait become safe if they can; how many are safe now."""
        if not self._torn:
            with contextlib.suppress(OSError):
                self._write_journal()
        return self.safe

    def abandon(self) -> None:
        """After a failure: both files stay as they are, for `repair`."""
        self._parquet.abandon()
        with contextlib.suppress(OSError):  # such as a disk that is still full
            self._close_journal()

    def _close_journal(self) -> None:
        self._lock.close()
        self._file.close()

    def _end_group(self) -> None:
        if self._filled:
            self._parquet.reserve(self._filled)
            group = self._parquet.write_group(self._batch(0))
            known = {"rows": group.rows, "start": group.start, "sizes": group.sizes}
            self._add_to_journal(self._nothing, {GROUP_KEY: json.dumps(known)})
            self.safe += self._filled - self._journaled
            self._filled = self._journaled = 0

    def _write_journal(self) -> None:
        self._due = time.monotonic() + JOURNAL_EVERY
        if self._journaled < self._filled:
            self._parquet.reserve(self._filled)
            self._add_to_journal(self._batch(self._journaled))
            self.safe += self._filled - self._journaled
            self._journaled = self._filled

    def _add_to_journal(self, batch: pa.RecordBatch, known: Mapping[bytes, str] | None = None) -> None:
        self._torn = True
        self._journal.write_batch(batch, custom_metadata=known)
        self._torn = False

    def _batch(self, start: int) -> pa.RecordBatch:
        """The rows from `start` on; floats are views, so they must be written before the next row comes."""
        values = self._columns[:, start : self._filled]
        arrays = [column(each, f.type) for each, f in zip(values, self._schema, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)
