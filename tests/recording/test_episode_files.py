"""`record=` of the environments: every episode or lap whole, equal to what was driven, and nobody's drive disturbed."""

from __future__ import annotations

import itertools
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ac_gym.drivers import LineFollower
from ac_gym.envs import AssettoCorsaEnv, AssettoCorsaVectorEnv
from ac_gym.errors import ConfigError, RecordingError, UnknownNameError
from ac_gym.recording.episodes import RecordSettings
from ac_gym.recording.reading import Recorded, read_recording
from ac_gym.recording.schema import CONTROLS, channel_of, frames_of

TRACK = "indianapolis_sp"


def files(folder: Path) -> list[Recorded]:
    return [read_recording(path) for path in sorted(folder.glob("*.parquet"))]


def numbers(recorded: Recorded, *names: str) -> np.ndarray:
    return np.column_stack([recorded.table.column(name).to_numpy(zero_copy_only=False) for name in names])


def drive(env: AssettoCorsaEnv, steps: int) -> list[dict[str, Any]]:
    """What the environment said of one episode, a step a time; the first is its start."""
    env.reset(seed=3)
    seen: list[dict[str, Any]] = [{"frame": env.telemetry.frames[0].copy()}]
    rng = np.random.default_rng(0)
    for _ in range(steps):
        action = rng.uniform(-0.3, 0.3, 3).astype(np.float32)
        _, reward, terminated, truncated, _ = env.step(action)
        controls = env.telemetry["controls"][0].copy()
        seen.append(
            {"frame": env.telemetry.frames[0].copy(), "action": action, "reward": reward, "controls": controls,
             "end": terminated or truncated}
        )  # fmt: skip
        if terminated or truncated:
            break
    return seen


def test_an_episode_is_recorded_as_it_was_driven(tmp_path: Path) -> None:
    env = AssettoCorsaEnv(TRACK, record=tmp_path, max_episode_py_time=2.0)
    seen = drive(env, 100)
    env.close()
    (recorded,) = files(tmp_path)
    assert np.array_equal(frames_of(recorded.table), [each["frame"] for each in seen])
    assert np.array_equal(numbers(recorded, "reward")[1:, 0], [each["reward"] for each in seen[1:]])
    assert np.array_equal(numbers(recorded, *CONTROLS)[1:], [each["controls"] for each in seen[1:]])
    actions = numbers(recorded, "action_0", "action_1", "action_2")
    assert np.array_equal(actions[1:], [each["action"] for each in seen[1:]])
    assert np.isnan(actions[0]).all()
    assert np.isnan(numbers(recorded, "reward", *CONTROLS)[0]).all()
    ended = numbers(recorded, "terminated") | numbers(recorded, "truncated")
    assert ended[:, 0].tolist() == [False] * (len(seen) - 1) + [True]
    header = recorded.header
    assert (header.source, header.track, header.rate) == ("simulated", TRACK, 25.0)
    assert header.notes["task"]["max_episode_py_time"] == 2.0
    assert (header.end["reason"], header.end["rows"]) == ("ended", len(seen))


def test_recording_changes_nothing_about_the_drive(tmp_path: Path) -> None:
    plain, recorded = AssettoCorsaEnv(TRACK), AssettoCorsaEnv(TRACK, record=tmp_path)
    for one, other in zip(drive(plain, 40), drive(recorded, 40), strict=True):
        assert np.array_equal(one["frame"], other["frame"])
    plain.close()
    recorded.close()


def test_each_episode_has_a_file_also_those_cut_short_by_a_reset(tmp_path: Path) -> None:
    env = AssettoCorsaEnv(TRACK, record=tmp_path)
    for steps in (5, 3):
        env.reset(seed=steps)
        for _ in range(steps):
            env.step(np.zeros(3, np.float32))
    env.close()
    lengths = [each.table.num_rows for each in files(tmp_path)]
    assert lengths == [6, 4]
    assert [each.header.end["reason"] for each in files(tmp_path)] == ["reset", "closed"]
    assert [each.table.column("episode")[0].as_py() for each in files(tmp_path)] == [0, 1]
    again = AssettoCorsaEnv(TRACK, record=tmp_path)  # numbers go on
    drive(again, 2)
    again.close()
    assert len(files(tmp_path)) == 3


def test_a_start_of_ones_own_is_the_first_row(tmp_path: Path) -> None:
    env = AssettoCorsaEnv(TRACK, record=tmp_path)
    env.reset(options={"s": 500.0, "speed": 12.0})
    start = env.telemetry.frames[0].copy()
    env.step(np.zeros(3, np.float32))
    env.close()
    assert np.array_equal(frames_of(files(tmp_path)[0].table)[0], start)


def test_laps_have_files_that_join(tmp_path: Path) -> None:
    env = AssettoCorsaEnv(TRACK, record=RecordSettings(tmp_path, each="lap"), start="line")
    driver = LineFollower(env.session.world.track, env.session.world.car, pace=0.9)
    env.reset(options={"s": env.session.world.track.length_m - 400.0, "speed": 30.0})
    laps = 0
    while laps < 2:
        action = env.session.task.actions_for(driver(env.telemetry))[0]
        *_, info = env.step(action)
        laps += "lap_time" in info
    env.close()
    recorded = files(tmp_path)
    assert [each.header.end["reason"] for each in recorded[:2]] == ["lap", "lap"]
    for one, other in itertools.pairwise(recorded):
        assert np.array_equal(frames_of(one.table)[-1], frames_of(other.table)[0])
    counts = [channel_of(each.table, "lap_count") for each in recorded]
    assert all((np.diff(count)[:-1] == 0).all() for count in counts)
    assert np.isfinite(numbers(recorded[0], "reward")[-1]).all()
    assert np.isnan(numbers(recorded[1], "reward")[0]).all()


@pytest.mark.parametrize("mode", ["next_step", "same_step"])
def test_chosen_cars_of_a_batch(tmp_path: Path, mode: str) -> None:
    chosen = (1, 3)
    env = AssettoCorsaVectorEnv(
        4, TRACK, autoreset_mode=mode, record=RecordSettings(tmp_path, cars=chosen), max_episode_py_time=0.6
    )
    env.reset(seed=1)
    frames = {car: [env.telemetry.frames[car].copy()] for car in chosen}
    ends = dict.fromkeys(chosen, 0)
    for _ in range(40):
        *_, terminated, truncated, _ = env.step(np.zeros((4, 3), np.float32))
        for car in chosen:
            frames[car].append(env.telemetry.frames[car].copy())
            ends[car] += bool(terminated[car] or truncated[car])
    env.close()
    for car in chosen:
        mine = [each for each in files(tmp_path) if each.header.notes["car"] == car]
        assert len(mine) - ends[car] in (0, 1)
        assert [each.table.column("episode")[0].as_py() for each in mine] == list(range(len(mine)))
        assert all((numbers(each, "car") == car).all() for each in mine)
        recorded = np.concatenate([frames_of(each.table) for each in mine])
        seen = {each.tobytes() for each in frames[car]}
        if mode == "next_step":
            assert np.array_equal(recorded, frames[car][: len(recorded)])
        else:  # the last frame of an episode is replaced before the step returns
            assert sum(each.tobytes() not in seen for each in recorded) == ends[car]
    assert not any("car0" in name or "car2" in name for name in os.listdir(tmp_path))


def test_what_cannot_be_recorded_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordingError, match="cannot be recorded to"):
        AssettoCorsaEnv(TRACK, record=tmp_path / "file")
    with pytest.raises(ConfigError, match=r"among 0\.\.0"):
        AssettoCorsaEnv(TRACK, record=RecordSettings(tmp_path, cars=(1,)))
    with pytest.raises(UnknownNameError, match="lap"):
        RecordSettings(tmp_path, each="laps")


BROKEN_OFF = """
import signal, sys, threading, time
from ac_gym.envs import AssettoCorsaEnv
from ac_gym.recording.table_file import TableFile
complete = TableFile.close

def close(table, end):
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
    time.sleep(0.3)
    complete(table, end)

TableFile.close = close
env = AssettoCorsaEnv(sys.argv[1], record=sys.argv[2])
env.reset()
env.step([0.0, 0.0, 0.0])
env.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs pthread_kill")
def test_ctrl_c_while_files_are_completed_leaves_them_complete(tmp_path: Path) -> None:
    command = [sys.executable, "-c", BROKEN_OFF, TRACK, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "KeyboardInterrupt" in done.stderr
    (recorded,) = files(tmp_path)
    assert (recorded.table.num_rows, recorded.header.end["reason"]) == (2, "closed")
    assert len(os.listdir(tmp_path)) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="needs RLIMIT_FSIZE")
def test_a_full_disk_does_not_end_the_drive(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    import resource
    import signal

    env = AssettoCorsaEnv(TRACK, record=tmp_path, enable_out_of_track_termination=False)
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
        with caplog.at_level(logging.ERROR, "ac_gym.recording"):
            for _ in range(2):
                assert len(drive(env, 400)) > 300
            with pytest.raises(RecordingError, match="cannot be written to any more"):
                env.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert sum("recording ended" in record.message for record in caplog.records) == 1
