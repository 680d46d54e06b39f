"""Minari opens what we write."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ac_gym.datasets import Recording
from ac_gym.datasets.convert import convert_to_minari
from ac_gym.datasets.episodes import rebuild
from ac_gym.datasets.model import AT
from ac_gym.datasets.own import write_own
from ac_gym.errors import RecordingError

minari = pytest.importorskip("minari")


def test_minari_opens_it(drive: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = drive.frames.copy()
    frames[60:63, AT["tyres_out"]] = 4.0
    left_road = replace(drive, name="left", frames=frames)
    files = [write_own(tmp_path / "in" / f"{one.name}.parquet", one) for one in (drive, left_road)]
    done = convert_to_minari(files, "monza/test-v0", folder=tmp_path / "minari")
    assert done.notes == ("left: 2 steps out of track after the one that left it",)

    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "minari"))
    dataset = minari.load_dataset("monza/test-v0")
    whole, after = rebuild([drive, left_road])
    assert dataset.total_episodes == 3
    assert dataset.total_steps == 250 + 60 + 188
    first, left, back = dataset.iterate_episodes([0, 1, 2])
    np.testing.assert_array_equal(first.observations, whole.observations)
    np.testing.assert_array_equal(first.actions, whole.actions)
    np.testing.assert_array_equal(first.rewards, whole.rewards)
    assert first.truncations[-1]
    assert not first.terminations.any()
    assert left.terminations[-1]
    assert not left.truncations.any()
    np.testing.assert_array_equal(back.observations, after.observations[62:])
    assert dataset.observation_space.shape == (125,)
    assert dataset.action_space.shape == (3,)


def test_a_name_that_is_taken_or_is_none(drive: Recording, tmp_path: Path) -> None:
    files = [write_own(tmp_path / "drive.parquet", drive)]
    convert_to_minari(files, "monza/test-v0", folder=tmp_path / "minari")
    for name in ("monza/test-v0", "no version"):
        with pytest.raises(RecordingError, match=name):
            convert_to_minari(files, name, folder=tmp_path / "minari")


def test_a_name_that_only_minari_refuses_leaves_nothing(drive: Recording, tmp_path: Path) -> None:
    """Its namespaces have two letters at least."""
    file = write_own(tmp_path / "drive.parquet", drive)
    with pytest.raises(RecordingError, match="m/laps-v0: Malformed"):
        convert_to_minari([file], "m/laps-v0", folder=tmp_path / "minari")
    assert not (tmp_path / "minari").exists()


@pytest.mark.parametrize("name", ["datasets", "monza/laps", "monza/laps-v", "laps v0", "mon.za/laps-v0", ""])
def test_a_name_without_a_version_is_one_clear_line(drive: Recording, tmp_path: Path, name: str) -> None:
    file = write_own(tmp_path / "drive.parquet", drive)
    with pytest.raises(RecordingError, match="ends in its version") as error:
        convert_to_minari([file], name, folder=tmp_path / "minari")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "minari").exists()
