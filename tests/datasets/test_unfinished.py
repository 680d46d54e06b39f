"""Recordings that a kill broke off are named, with what mends them, and not left out in silence."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from ac_gym.cli.main import app
from ac_gym.datasets import Recording, recording_files
from ac_gym.datasets.own import write_own
from ac_gym.errors import RecordingError
from ac_gym.recording.repair import repair
from ac_gym.recording.schema import Header, schema
from ac_gym.recording.table_file import TableFile


def _broken_off(folder: Path, name: str = "01_telemetry") -> Path:
    """What a kill leaves of a recording: rows in its journal."""
    layout = schema(Header(source="plugin", rate=25.0))
    table = TableFile(folder / f"{name}.parquet", layout)
    table.write(np.zeros((3, len(layout))))
    table._write_journal()
    table.abandon()
    return folder / f"{name}.parquet"


def test_a_folder_of_broken_off_recordings_says_what_to_do(tmp_path: Path) -> None:
    _broken_off(tmp_path / "s")
    for command in (["laps", str(tmp_path)], ["convert", str(tmp_path), "--to", "csv", "-o", str(tmp_path / "out")]):
        with pytest.raises(RecordingError, match=f"01_telemetry.parquet; .*`ac-gym record repair {tmp_path}`"):
            CliRunner().invoke(app, command, catch_exceptions=False)
    repair(tmp_path)
    assert recording_files(tmp_path) == [tmp_path / "s" / "01_telemetry.parquet"]


def test_beside_whole_ones_it_is_named(drive: Recording, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    whole = write_own(tmp_path / "drive.parquet", drive)
    _broken_off(tmp_path)
    _broken_off(tmp_path, "01_pictures")
    with caplog.at_level(logging.WARNING):
        assert recording_files(tmp_path) == [whole]
    (told,) = caplog.messages
    assert f"not finished: 01_telemetry.parquet; what was broken off, `ac-gym record repair {tmp_path}`" in told


@pytest.mark.parametrize("named", ["01_telemetry.parquet", "01_telemetry.parquet.part", "01_telemetry.journal"])
def test_a_file_of_it_that_is_named_says_what_to_do(tmp_path: Path, named: str) -> None:
    _broken_off(tmp_path)
    journal = tmp_path / "01_telemetry.journal"
    with pytest.raises(RecordingError, match=f"not finished: 01_telemetry.parquet; .*record repair {journal}`"):
        recording_files(tmp_path / named)
    repair(journal)
    assert recording_files(tmp_path / "01_telemetry.parquet") == [tmp_path / "01_telemetry.parquet"]
