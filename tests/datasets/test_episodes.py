"""Recordings as episodes of the task: the steps that were driven, cut where rows are missing, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ac_gym.car import load_car
from ac_gym.datasets import Recording, demonstrations
from ac_gym.datasets.demonstrations import record_demonstrations
from ac_gym.datasets.episodes import Episode, channels_looked_at, left_out, read_episodes, rebuild
from ac_gym.datasets.listing import Listed, listed_files, read_list, write_list
from ac_gym.datasets.model import AT
from ac_gym.datasets.own import read_own, write_own
from ac_gym.errors import ConfigError, RecordingError
from ac_gym.task import Task, TaskSettings
from ac_gym.track import load_track
from ac_gym.worlds import RecordedWorld


def _one(recording: Recording, settings: TaskSettings | None = None) -> Episode:
    (episode,) = rebuild([recording], settings)
    return episode


def test_an_episode_is_the_drive_as_the_task_sees_it(drive: Recording) -> None:
    world = RecordedWorld(load_track("monza"), load_car("bmw_z4_gt3"), [drive.frames])
    assert drive.controls is not None
    replay = Task(world).replay(drive.frames, drive.controls)
    episode = _one(drive)
    assert len(episode) == len(drive) - 1
    np.testing.assert_array_equal(episode.observations, replay.observation)
    np.testing.assert_array_equal(episode.actions, replay.telemetry.actions[1:])
    np.testing.assert_array_equal(episode.rewards, replay.reward[1:])
    np.testing.assert_array_equal(np.flatnonzero(episode.truncated), [len(episode) - 1])
    assert not episode.terminated.any()


def test_reading_only_what_the_task_looks_at_changes_nothing(drive: Recording, tmp_path: Path) -> None:
    settings = TaskSettings(
        use_obs_extra=True, obs_extra={"wheel_load": 1e4, "heading_error": 0.1}, use_target_speed=True
    )
    path = write_own(tmp_path / "drive.parquet", drive)
    (part,) = read_own(path, channels_looked_at(settings))
    assert part.known.sum() < 40
    (episode,) = read_episodes([path], settings)
    whole = _one(drive, settings)
    np.testing.assert_array_equal(episode.observations, whole.observations)
    np.testing.assert_array_equal(episode.rewards, whole.rewards)


def test_many_recordings_are_rebuilt_as_each_alone(drive: Recording) -> None:
    later = replace(drive, name="later", frames=drive.frames[100:], controls=drive.controls[100:])  # type: ignore[index]
    both = list(rebuild([drive, later]))
    for found, recording in zip(both, (drive, later), strict=True):
        np.testing.assert_array_equal(found.observations, _one(recording).observations)
        np.testing.assert_array_equal(found.rewards, _one(recording).rewards)


def test_a_drive_is_cut_where_numbers_are_missing_the_clock_leaps_or_the_car_is_moved(drive: Recording) -> None:
    frames = drive.frames.copy()
    frames[50, AT["rpm"]] = np.nan
    frames[120:, AT["timestamp_ac"]] += 5.0
    frames[200:, AT["world_position"]] += 100.0
    flawed = replace(drive, frames=frames)
    assert [len(episode) for episode in rebuild([flawed])] == [49, 68, 79, 50]
    assert str(left_out(flawed)) == "row 50: left out of the episodes, since numbers or neighbours are missing"
    assert left_out(drive) is None


def test_numbers_that_the_task_does_not_look_at_may_be_missing(drive: Recording) -> None:
    frames = drive.frames.copy()
    frames[50, AT["fuel"]] = np.nan
    np.testing.assert_array_equal(_one(replace(drive, frames=frames)).observations, _one(drive).observations)


def test_out_of_track_is_terminal_and_the_drive_goes_on(drive: Recording) -> None:
    frames = drive.frames.copy()
    frames[60:63, AT["tyres_out"]] = 4.0
    episode = _one(replace(drive, frames=frames))
    np.testing.assert_array_equal(np.flatnonzero(episode.terminated), [59, 60, 61])
    assert len(episode) == len(drive) - 1


def test_without_recorded_controls_they_come_from_the_telemetry(drive: Recording) -> None:
    found, recorded = _one(replace(drive, controls=None)), _one(drive)
    close = np.abs(found.actions - recorded.actions) < 0.02
    assert close[10:, 1:].mean() > 0.95  # pedals; the steering of the simulator follows with a delay


def test_a_recording_at_another_rate_is_thinned_or_refused(drive: Recording) -> None:
    assert len(_one(replace(drive, rate=50.0))) == len(drive) // 2
    with pytest.raises(RecordingError, match="gives no 25 Hz"):
        list(rebuild([replace(drive, rate=10.0)]))


def test_recordings_that_do_not_belong_are_refused(drive: Recording) -> None:
    unknown = drive.known.copy()
    unknown[AT["yaw"]] = False
    moved = drive.frames.copy()
    moved[:, AT["world_position"]] += 5000.0
    for recording, words in (
        (replace(drive, track=""), "does not tell its track"),
        (replace(drive, track="monzzza"), "did you mean monza"),
        (replace(drive, known=unknown), "needs yaw"),
        (replace(drive, frames=moved), "another circuit of that name"),
    ):
        with pytest.raises(RecordingError, match=words):
            list(rebuild([recording]))


def test_a_list_names_the_folders(drive: Recording, tmp_path: Path) -> None:
    human = Listed("monza", "bmw_z4_gt3", "20240313_OP", {"type": "human"})
    robot = Listed("monza", "dallara_f317", "robot", {"type": "sac"})
    write_list(tmp_path / "laps.yaml", [human])
    write_list(tmp_path / "laps.yaml", [robot])
    assert read_list(tmp_path / "laps.yaml") == [human, robot]
    file = write_own(human.folder(tmp_path) / "a.parquet", drive)
    assert file == tmp_path / "monza" / "bmw_z4_gt3" / "20240313_OP" / "laps" / "a.parquet"
    assert listed_files(tmp_path, car="bmw_z4_gt3") == listed_files(tmp_path, type="human") == [file]
    with pytest.raises(RecordingError, match="lists no laps of monza, type: nobody"):
        listed_files(tmp_path, track="monza", type="nobody")
    with pytest.raises(RecordingError, match=r"robot.*no such file or folder"):
        listed_files(tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("monza: 3", "expected a mapping of cars"), ("- a", "expected a mapping of tracks"), ("a: [", "not valid YAML"),
        ("monza:\n  car: 5", "expected a list"), ("monza:\n  car:\n  - {id: ../../etc}", "cannot be the name"),
        ("monza:\n  car:\n  - {type: human}", "cannot be the name"), ("!!python/name:os.system a", "not valid YAML"),
    ],
)  # fmt: skip
def test_lists_of_another_form(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "laps.yaml").write_text(text)
    with pytest.raises(RecordingError, match=words):
        read_list(tmp_path / "laps.yaml")


def test_demonstrations_are_a_data_set(tmp_path: Path) -> None:
    """Indianapolis is short and simple."""
    driven = record_demonstrations(
        tmp_path, track="indianapolis_sp", car="dallara_f317", laps=1, paces=(0.8, 0.9), noise=(0.0, 0.1)
    )
    assert [one.listed.id for one in driven] == [
        "follower_pace80_noise0", "follower_pace80_noise10", "follower_pace90_noise0", "follower_pace90_noise10",
    ]  # fmt: skip
    slow, fast = driven[0], driven[2]
    assert slow.laps == slow.clean_laps == fast.laps == 1
    assert fast.best_s < slow.best_s
    episodes = list(read_episodes(listed_files(tmp_path, pace=0.8)))
    assert [len(episode) for episode in episodes] == [driven[0].steps, driven[1].steps]
    assert episodes[0].rewards.mean() > 0.3
    with pytest.raises(ConfigError, match="pace must be within"):
        record_demonstrations(tmp_path, paces=(2.0,))


def test_demonstrations_repeat(tmp_path: Path) -> None:
    options = {
        "track": "indianapolis_sp",
        "car": "dallara_f317",
        "laps": 1,
        "paces": (0.8,),
        "noise": (0.2,),
        "seed": 3,
    }
    a, b = (record_demonstrations(tmp_path / name, **options)[0].files[0] for name in "ab")  # type: ignore[arg-type]
    np.testing.assert_array_equal(read_own(a)[0].frames, read_own(b)[0].frames)


SHORT = {"track": "indianapolis_sp", "car": "dallara_f317", "laps": 1, "paces": (0.8, 0.95), "noise": (0.0,)}


def test_demonstrations_are_not_overwritten(tmp_path: Path) -> None:
    """The same seed is refused before anybody drives; another one adds laps of the same drivers."""
    (first, _) = record_demonstrations(tmp_path, **SHORT)
    before = first.files[0].read_bytes()
    steps: list[int] = []
    with pytest.raises(RecordingError, match=r"seed0.parquet exists: take another seed"):
        record_demonstrations(tmp_path, **SHORT, watch=lambda step, most: steps.append(step))
    assert steps == []
    record_demonstrations(tmp_path, **SHORT, seed=1)
    assert first.files[0].read_bytes() == before
    assert len(listed_files(tmp_path, pace=0.8)) == 2
    with pytest.raises(ConfigError, match="twice"):
        record_demonstrations(tmp_path / "new", **{**SHORT, "paces": (0.8, 0.8)})


def test_a_drivers_laps_are_written_when_they_are_done(tmp_path: Path) -> None:
    """What a kill leaves: the list and the files of those who have arrived, while others still drive."""
    listed: list[int] = []

    def watch(step: int, most: int) -> None:
        if (tmp_path / "laps.yaml").exists():
            listed.append(sum(len(read_own(file)) for file in listed_files(tmp_path)))

    record_demonstrations(tmp_path, **SHORT, watch=watch)
    assert listed[0] == 1
    assert listed[-1] == 2


def test_an_interrupted_demonstration_keeps_what_was_driven(tmp_path: Path) -> None:
    def watch(step: int, most: int) -> None:
        if step == 120:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record_demonstrations(tmp_path, **SHORT, watch=watch)
    assert [len(read_own(file)[0]) for file in listed_files(tmp_path)] == [121, 121]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", ["write_own", "write_list"])
def test_an_interruption_while_laps_are_written_loses_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    """Of the driver who arrived, and of the one who still drives."""
    real: Callable[..., object] = getattr(demonstrations, step)

    def interrupted(*args: object) -> None:
        monkeypatch.setattr(demonstrations, step, real)
        if after:
            real(*args)
        raise KeyboardInterrupt

    monkeypatch.setattr(demonstrations, step, interrupted)
    with pytest.raises(KeyboardInterrupt):
        record_demonstrations(tmp_path, **SHORT)
    assert len(listed_files(tmp_path, pace=0.8)) == len(listed_files(tmp_path, pace=0.95)) == 1


def test_a_list_that_is_broken_is_told_before_anybody_drives(tmp_path: Path) -> None:
    (tmp_path / "laps.yaml").write_text("a: [")
    steps: list[int] = []
    with pytest.raises(RecordingError, match=r"laps.yaml: not valid YAML"):
        record_demonstrations(tmp_path, **SHORT, watch=lambda step, most: steps.append(step))
    assert steps == []
    assert [path.name for path in tmp_path.iterdir()] == ["laps.yaml"]


def test_a_driver_who_cannot_be_written_costs_no_other(tmp_path: Path) -> None:
    """Told beside what ended the driving, when the others are written."""

    def blocked(step: int, most: int) -> None:
        if step == 1:
            slow.parent.mkdir(parents=True)
            slow.write_text("in the way of a folder")
        if step == 120:
            raise KeyboardInterrupt

    slow = tmp_path / "indianapolis_sp" / "dallara_f317" / "follower_pace80_noise0"
    with pytest.raises(KeyboardInterrupt) as told:
        record_demonstrations(tmp_path, **SHORT, watch=blocked)
    assert ["seed0.parquet: cannot be written" in note for note in told.value.__notes__] == [True]
    (fast,) = listed_files(tmp_path)
    assert "pace95" in fast.name
    assert len(read_own(fast)[0]) == 121
