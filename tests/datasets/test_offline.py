"""What a data set has of a track and car, as a learner's episodes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ac_gym.car import load_car
from ac_gym.channels import COLUMNS
from ac_gym.datasets import Recording
from ac_gym.datasets.episodes import Episode, rebuild
from ac_gym.datasets.listing import Listed, write_list
from ac_gym.datasets.offline import recorded_laps
from ac_gym.datasets.own import write_own
from ac_gym.datasets.reference import write_states_parquet
from ac_gym.errors import RecordingError
from ac_gym.task import TaskSettings
from ac_gym.track import load_track


def _laps(dataset: Path, settings: TaskSettings | None = None) -> list[Episode]:
    track, car = load_track("monza"), load_car("bmw_z4_gt3")  # now, as what is compared: other tests change the cache
    return list(recorded_laps(dataset, track, car, settings or TaskSettings()))


@pytest.fixture
def listed(drive: Recording, tmp_path: Path) -> Path:
    """A data set of two drivers here, one in our files and one in the reference's, and one on another track."""
    own, theirs = Listed("monza", "bmw_z4_gt3", "own"), Listed("monza", "bmw_z4_gt3", "theirs")
    elsewhere = Listed("imola", "bmw_z4_gt3", "own")
    write_own(own.folder(tmp_path) / "a.parquet", drive)
    theirs.folder(tmp_path).mkdir(parents=True)
    write_states_parquet(theirs.folder(tmp_path) / "b_states.parquet", drive)
    write_list(tmp_path / "laps.yaml", [own, theirs, elsewhere])
    return tmp_path


def test_laps_of_a_list_are_those_of_this_track_and_car(drive: Recording, listed: Path) -> None:
    settings = TaskSettings(gap_const=6.0)
    (wanted,) = rebuild([drive], settings)
    for dataset in (listed, listed / "laps.yaml"):
        ours, theirs = _laps(dataset, settings)
        np.testing.assert_array_equal(ours.observations, wanted.observations)
        np.testing.assert_array_equal(ours.rewards, wanted.rewards)
        np.testing.assert_allclose(theirs.actions, wanted.actions, atol=1e-5)


def test_laps_of_a_folder_are_those_that_tell_no_other_place(drive: Recording, tmp_path: Path) -> None:
    write_own(tmp_path / "here.parquet", drive)
    write_own(tmp_path / "untold.parquet", replace(drive, track="", car=""))
    write_own(tmp_path / "there.parquet", replace(drive, track="imola"))
    assert [lap.name for lap in _laps(tmp_path)] == ["here", "untold"]
    assert [lap.name for lap in _laps(tmp_path / "here.parquet")] == ["here"]


def test_what_is_missing_is_one_clear_line(drive: Recording, tmp_path: Path) -> None:
    def said(dataset: Path, settings: TaskSettings | None = None) -> str:
        with pytest.raises(RecordingError) as error:
            _laps(dataset, settings)
        assert "\n" not in str(error.value)
        return str(error.value)

    assert "no such file" in said(tmp_path / "nowhere")
    assert "no such file" in said(tmp_path / "nowhere.yaml").lower()
    write_list(tmp_path / "laps.yaml", [Listed("imola", "bmw_z4_gt3", "me")])
    assert "lists no laps of monza, bmw_z4_gt3" in said(tmp_path)
    elsewhere = write_own(tmp_path / "x.parquet", replace(drive, track="imola"))
    assert "no laps of monza, bmw_z4_gt3 in it, only of imola, bmw_z4_gt3" in said(elsewhere)
    slow = write_own(tmp_path / "slow.parquet", replace(drive, rate=10.0))
    assert "recorded at 10 Hz, which gives no 25 Hz" in said(slow)
    known = drive.known.copy()
    known[COLUMNS["wheel_load"]] = False
    part = write_own(tmp_path / "part.parquet", replace(drive, known=known))
    wanted = TaskSettings(use_obs_extra=True, obs_extra={"wheel_load": 1e-4})
    assert "the task needs wheel_load, which it does not have" in said(part, wanted)
