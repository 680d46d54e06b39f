"""A growing table: what is in it when it is closed, killed, full, or unwritable."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ac_gym.errors import RecordingError
from ac_gym.recording.reading import read_header, read_recording
from ac_gym.recording.repair import repair
from ac_gym.recording.schema import METADATA_KEY, Header, column
from ac_gym.recording.table_file import TableFile, journal_path, unfinished_path

SCHEMA = pa.schema(
    [("time", pa.float64()), ("gear", pa.int8()), ("steer", pa.float32()), ("valid", pa.bool_())],
    metadata={METADATA_KEY: Header(source="test").encode()},
)


def rows(start: int, count: int) -> np.ndarray:
    number = np.arange(start, start + count)
    return np.column_stack([number / 10, number % 7, np.float32(number / 3), number % 2]).astype(np.float64)


def content(path: Path) -> np.ndarray:
    table = read_recording(path).table
    return np.column_stack([table.column(name).cast(pa.float64()).to_numpy() for name in SCHEMA.names])


def test_rows_come_back_equal_in_row_groups(tmp_path: Path) -> None:
    file = TableFile(tmp_path / "deep" / "a.parquet", SCHEMA, group_rows=10)
    for start in range(0, 35, 7):
        file.write(rows(start, 7))
        file.flush_when_due()
    file.close({"reason": "stopped"})
    assert np.array_equal(content(file.path), rows(0, 35))
    assert read_recording(file.path).table.schema.equals(SCHEMA, check_metadata=False)
    assert pq.ParquetFile(file.path).num_row_groups == 4
    assert read_header(file.path).end == {"rows": 35, "reason": "stopped"}
    assert os.listdir(file.path.parent) == ["a.parquet"]


def test_an_existing_recording_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"precious")
    with pytest.raises(RecordingError, match="exists"):
        TableFile(tmp_path / "a.parquet", SCHEMA)
    assert (tmp_path / "a.parquet").read_bytes() == b"precious"


def test_a_place_that_cannot_be_written_to_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordingError, match=r"a\.parquet: cannot be recorded to"):
        TableFile(tmp_path / "file" / "a.parquet", SCHEMA)


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """Left by a process that wrote 25 rows, in groups of 10, and was killed."""
    program = f"""
import os, signal, sys, time
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from test_table_file import *
from ac_gym.recording import table_file
table_file.JOURNAL_EVERY = 0.0
file = TableFile(Path({str(tmp_path / "a.parquet")!r}), SCHEMA, group_rows=10)
for start in range(0, 25, 5):
    file.write(rows(start, 5))
    file.flush_when_due()
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", program], timeout=60, check=False)
    assert journal_path(tmp_path / "a.parquet").exists()
    return tmp_path / "a.parquet"


def test_after_a_kill_everything_is_recovered(killed: Path) -> None:
    with pytest.raises(RecordingError, match="record repair"):
        read_recording(killed)
    (done,) = repair(killed.parent)
    assert (done.path, done.rows, done.cut) == (killed, 25, 0)
    assert np.array_equal(content(killed), rows(0, 25))
    assert read_header(killed).end["repaired"] is True
    assert read_header(killed).source == "test"
    assert os.listdir(killed.parent) == ["a.parquet"]


@pytest.mark.parametrize("lost", [1, 100, 400])
def test_a_torn_end_costs_the_batches_that_it_tore(killed: Path, lost: int) -> None:
    journal = journal_path(killed)
    os.truncate(journal, journal.stat().st_size - lost)
    (done,) = repair(journal)
    assert done.cut > 0
    assert 0 < done.rows < 25
    assert done.rows % 5 == 0
    assert np.array_equal(content(killed), rows(0, done.rows))


def test_a_journal_without_a_row_is_told(killed: Path) -> None:
    os.truncate(journal_path(killed), 20)
    (done,) = repair(killed.parent)
    assert (done.rows, done.cut) == (0, 20)


def test_what_is_being_recorded_is_left_alone(tmp_path: Path) -> None:
    file = TableFile(tmp_path / "a.parquet", SCHEMA)
    file.write(rows(0, 3))
    assert repair(tmp_path) == []
    with pytest.raises(RecordingError, match="being recorded"):
        repair(journal_path(file.path))
    file.close({})
    assert len(content(file.path)) == 3


def test_repairing_nothing(tmp_path: Path) -> None:
    assert repair(tmp_path) == []
    with pytest.raises(RecordingError, match="no such"):
        repair(tmp_path / "absent")


def test_a_killed_end_leaves_one_file(tmp_path: Path) -> None:
    file = TableFile(tmp_path / "a.parquet", SCHEMA)
    file.write(rows(0, 3))
    file.close({})
    journal_path(file.path).write_bytes(b"left over")
    repair(tmp_path)
    assert os.listdir(tmp_path) == ["a.parquet"]
    assert len(content(file.path)) == 3


def test_a_truncated_file_is_one_clear_line(tmp_path: Path) -> None:
    file = TableFile(tmp_path / "a.parquet", SCHEMA)
    file.write(rows(0, 3000))
    file.close({})
    os.truncate(file.path, file.path.stat().st_size // 2)
    with pytest.raises(RecordingError, match="cut short"):
        read_recording(file.path)


def test_rows_reach_the_journal_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    file = TableFile(tmp_path / "a.parquet", SCHEMA)
    size = journal_path(file.path).stat().st_size
    file.write(rows(0, 3))
    file.flush_when_due()
    assert journal_path(file.path).stat().st_size == size
    now[0] += 0.6
    file.flush_when_due()
    assert journal_path(file.path).stat().st_size > size
    file.abandon()
    assert repair(tmp_path)[0].rows == 3


def test_what_a_column_cannot_hold_is_null_in_the_file_and_after_a_repair(tmp_path: Path) -> None:
    wanted = rows(0, 50)
    wanted[::3, 1], wanted[1::4, 3], wanted[20:, 1], wanted[:, 2] = np.nan, np.nan, 1000.0, np.nan
    expected = pa.Table.from_arrays(
        [column(v, f.type) for v, f in zip(wanted.T.copy(), SCHEMA, strict=True)], SCHEMA.names
    )
    for name in ("closed", "abandoned"):
        file = TableFile(tmp_path / f"{name}.parquet", SCHEMA, group_rows=16)
        file.write(wanted)
        file.close({}) if name == "closed" else file.abandon()
    repair(tmp_path)
    closed, repaired = (read_recording(tmp_path / f"{name}.parquet").table for name in ("closed", "abandoned"))
    closed.validate(full=True)
    assert str(closed.to_pydict()) == str(expected.to_pydict())
    assert str(repaired.to_pydict()) == str(expected.slice(0, 48).to_pydict())


def test_a_finished_group_is_written_once_and_survives_without_its_rows_in_the_journal(tmp_path: Path) -> None:
    file = TableFile(tmp_path / "a.parquet", SCHEMA, group_rows=1000)
    file.write(rows(0, 3000))
    assert file.safe == 3000
    assert journal_path(file.path).stat().st_size < 8000
    assert unfinished_path(file.path).stat().st_size > 3000 * 15
    file.abandon()
    assert repair(tmp_path)[0].rows == 3000
    assert np.array_equal(content(file.path), rows(0, 3000))


def test_groups_that_the_file_lacks_are_told_and_the_others_kept(tmp_path: Path) -> None:
    file = TableFile(tmp_path / "a.parquet", SCHEMA, group_rows=10)
    file.write(rows(0, 30))
    file.abandon()
    os.truncate(unfinished_path(file.path), 700)
    (done,) = repair(tmp_path)
    assert 0 < done.rows < 30
    assert done.cut > 0
    assert np.array_equal(content(file.path), rows(0, done.rows))
