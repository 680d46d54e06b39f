"""Written, read again: equal numbers, names and rates, format by format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from ac_gym import channels
from ac_gym.datasets import Recording, read_recordings
from ac_gym.datasets.convert import convert_files
from ac_gym.datasets.csv_table import write_csv
from ac_gym.datasets.episodes import rebuild
from ac_gym.datasets.model import AT, controls_from_frames
from ac_gym.datasets.motec import write_motec
from ac_gym.datasets.own import write_own
from ac_gym.datasets.reference import write_states_parquet
from ac_gym.errors import RecordingError


def _read(path: Path) -> Recording:
    (recording,) = read_recordings(path)
    return recording


def _assert_same(found: Recording, drive: Recording) -> None:
    np.testing.assert_array_equal(found.frames, drive.frames)
    np.testing.assert_array_equal(found.known, drive.known)
    assert found.controls is not None
    np.testing.assert_array_equal(found.controls, drive.controls)
    assert (found.name, found.track, found.car, found.rate) == (drive.name, drive.track, drive.car, drive.rate)
    assert found.static == drive.static
    assert found.flaws == ()


def test_our_parquet(drive: Recording, tmp_path: Path) -> None:
    path = write_own(tmp_path / "drive.parquet", drive)
    _assert_same(_read(path), drive)
    field = pq.read_schema(path).field("slip_angle_fl")
    assert field.metadata[b"unit"] == b"deg"


def test_csv(drive: Recording, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "drive.csv", drive)
    _assert_same(_read(path), drive)
    assert "steer_angle [deg]" in path.read_text().splitlines()[1]


def test_reference_parquet_holds_all_that_the_wire_has(drive: Recording, tmp_path: Path) -> None:
    path, static = write_states_parquet(tmp_path / "drive_states.parquet", drive)
    found = _read(path)
    on_wire = np.zeros(channels.WIDTH, bool)
    for channel in channels.CHANNELS:
        on_wire[channels.COLUMNS[channel.name]] = bool(channel.wire)
    np.testing.assert_array_equal(found.known, on_wire)
    np.testing.assert_array_equal(found.frames[:, on_wire], drive.frames[:, on_wire])
    assert found.controls is not None
    assert drive.controls is not None
    np.testing.assert_array_equal(found.controls[:, :3], drive.controls[:, :3])
    assert (found.track, found.car, found.rate) == ("monza", "bmw_z4_gt3", 25.0)
    types = pq.read_schema(path)
    assert str(types.field("actualGear").type) == "int64"
    assert str(types.field("Mz").type.value_type) == "double"
    assert {key for key in channels.WIRE_KEYS} <= set(types.names)
    assert static.name == "static_info.json"


def test_the_reference_gets_what_its_task_derives(drive: Recording, tmp_path: Path) -> None:
    source = write_own(tmp_path / "drive.parquet", drive)
    (done,) = convert_files([source], "reference", tmp_path / "out")
    table = pq.read_table(done.paths[0])
    (episode,) = rebuild([drive])
    assert done.notes == ()
    np.testing.assert_array_equal(table["reward"].to_numpy()[1:], episode.rewards)
    np.testing.assert_array_equal(table["actions_0"].to_numpy()[1:], episode.actions[:, 0])
    np.testing.assert_allclose(np.stack(table["sensors"].to_pylist()), 200.0 * episode.observations[:, 14:25])
    np.testing.assert_allclose(table["gap"].to_numpy(), 10.0 * episode.observations[:, 1], atol=1e-5)
    assert not np.any(table["done"])
    assert _read(done.paths[0]).flaws == ()

    elsewhere = write_own(tmp_path / "b.parquet", replace(drive, track="nowhere"))
    (done,) = convert_files([elsewhere], "reference", tmp_path / "out")
    assert "unknown track 'nowhere'" in done.notes[0]
    assert "gap" not in pq.read_schema(done.paths[0]).names


def test_motec_holds_float32(drive: Recording, tmp_path: Path) -> None:
    path, beacons = write_motec(tmp_path / "drive.ld", drive)
    found = _read(path)
    np.testing.assert_array_equal(found.known, drive.known)
    clock = AT["timestamp_ac"]
    expected = drive.frames.copy()
    expected[:, clock] -= expected[0, clock]
    np.testing.assert_allclose(found.frames, expected, rtol=2e-7, atol=1e-6)
    np.testing.assert_array_equal(found.controls, drive.controls)
    assert (found.track, found.car, found.rate) == ("monza", "bmw_z4_gt3", 25.0)
    assert "Beacons" in beacons.read_text()


def test_motec_back_to_parquet_is_stable(drive: Recording, tmp_path: Path) -> None:
    """The second time nothing is lost: float32 is float32."""
    first = _read(write_motec(tmp_path / "a.ld", drive)[0])
    again = _read(write_motec(tmp_path / "b.ld", first)[0])
    np.testing.assert_allclose(again.frames, first.frames, rtol=2e-7)


def test_columns_that_are_not_known_are_not_invented(drive: Recording, tmp_path: Path) -> None:
    known = drive.known.copy()
    known[channels.COLUMNS["fuel"]] = known[AT["slip_angle"] + 1] = False
    frames = np.where(known, drive.frames, 0.0)
    part = replace(drive, known=known, frames=frames)
    for path in (write_own(tmp_path / "a.parquet", part), write_csv(tmp_path / "a.csv", part)):
        found = _read(path)
        np.testing.assert_array_equal(found.known, known)
        np.testing.assert_array_equal(found.frames, frames)


def test_missing_numbers_are_kept_and_named(drive: Recording, tmp_path: Path) -> None:
    frames = drive.frames.copy()
    frames[[7, 8, 20], AT["speed"]] = np.nan
    frames[3, AT["gear"]] = np.nan  # an integer column
    flawed = replace(drive, frames=frames)
    paths = [write_own(tmp_path / "a.parquet", flawed), write_csv(tmp_path / "a.csv", flawed)]
    paths += write_states_parquet(tmp_path / "a_states.parquet", flawed)[:1]
    for path in paths:
        found = _read(path)
        said = [str(flaw) for flaw in found.flaws]
        assert "rows 7-8, 20: speed is not a number" in said
        assert "row 3: gear is not a number" in said
        assert np.isnan(found["speed"][[7, 8, 20]]).all()
        assert len(found) == len(drive)


def test_a_clock_that_goes_backwards_or_leaps_is_named(drive: Recording, tmp_path: Path) -> None:
    frames = drive.frames.copy()
    frames[100:, AT["timestamp_ac"]] -= 1.0
    frames[150:, AT["timestamp_ac"]] += 3.0
    found = _read(write_own(tmp_path / "a.parquet", replace(drive, frames=frames)))
    assert [str(flaw) for flaw in found.flaws] == [
        "row 100: the clock does not go forwards",
        "row 150: more than 1.5 periods of 25 Hz after the row before",
    ]


def test_controls_show_in_the_telemetry(drive: Recording) -> None:
    """What the simulator applied tells the controls back; the steering column needs a step to follow."""
    assert drive.controls is not None
    found = controls_from_frames(drive.frames)
    np.testing.assert_allclose(found[5:, 1:3], drive.controls[5:, 1:3], atol=2e-3)


def test_existing_files_are_not_overwritten(drive: Recording, tmp_path: Path) -> None:
    source = write_own(tmp_path / "in" / "drive.parquet", drive)
    assert len(list(convert_files([source], "csv", tmp_path / "out"))) == 1
    with pytest.raises(RecordingError, match="exists"):
        list(convert_files([source], "csv", tmp_path / "out"))


def test_fewer_rows_a_second(drive: Recording, tmp_path: Path) -> None:
    source = write_own(tmp_path / "drive.parquet", drive)
    (done,) = convert_files([source], "parquet", tmp_path / "out", rate=12.5)
    found = _read(done.paths[0])
    np.testing.assert_array_equal(found.frames, drive.frames[::2])
    assert found.rate == 12.5
    assert done.notes == ("one row of 2 is kept: 25 to 12.5 Hz",)
    with pytest.raises(RecordingError, match="gives no 50 Hz"):
        list(convert_files([source], "parquet", tmp_path / "out2", rate=50.0))
