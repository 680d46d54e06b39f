"""Saved runs: whole or not there, and resumed where they were."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch
from toys import point_vector

from algorithms.checkpoint import (
    TRAINING_STATE,
    load_networks,
    load_training,
    save_networks,
    save_training,
    write_atomically,
)  # fmt: skip
from algorithms.errors import UserError
from algorithms.loop import LoopSettings, Progress, train
from algorithms.replay import Replay
from algorithms.sac import SAC, SACSettings

SMALL = SACSettings(policy_hidden_units=(16,), q_hidden_units=(16,))


def _run(seed: int = 0) -> tuple[SAC, Replay, Progress]:
    agent, replay = SAC(1, 1, SMALL, seed=seed), Replay(2000, 4, 1, 1, gamma=0.9, nstep=3, seed=seed)
    settings = LoopSettings(num_steps=300, start_steps=50, batch_size=16, update_interval=4, seed=seed)
    return agent, replay, train(point_vector(4), agent, replay, settings)


def _empty() -> tuple[SAC, Replay, Progress]:
    return SAC(1, 1, SMALL, seed=9), Replay(2000, 4, 1, 1, gamma=0.9, nstep=3, seed=9), Progress()


def test_resumed_training_continues_identically(tmp_path: Path) -> None:
    agent, replay, progress = _run()
    save_training(tmp_path, agent, replay, progress, {"note": 1.5})
    drawn = torch.rand(2), np.random.rand(2), random.random()
    replay.end_episodes()
    other, memory, counters = _empty()
    assert load_training(tmp_path, other, memory, counters) == {"note": 1.5}

    assert counters == progress
    assert torch.equal(torch.rand(2), drawn[0])
    assert np.array_equal(np.random.rand(2), drawn[1])
    assert random.random() == drawn[2]
    settings = LoopSettings(num_steps=600, start_steps=50, batch_size=16, update_interval=4)
    train(point_vector(4), agent, replay, settings, progress=progress)
    train(point_vector(4), other, memory, settings, progress=counters)
    assert list(counters.returns) == list(progress.returns)
    for key, value in agent.critic.state_dict().items():
        assert torch.equal(value, other.critic.state_dict()[key])


def test_networks_load_with_weights_only_in_the_reference_files(tmp_path: Path) -> None:
    agent = SAC(5, 2, SMALL)
    folder = save_networks(agent, tmp_path / "model" / "final")
    assert sorted(path.name for path in folder.iterdir()) == [
        "online_q_net.pth", "policy.npz", "policy_net.pth", "target_q_net.pth"
    ]  # fmt: skip
    state = torch.load(folder / "policy_net.pth", weights_only=True)
    assert list(state)[:2] == ["net.0.weight", "net.0.bias"]
    other = SAC(5, 2, SMALL, seed=1)
    load_networks(folder, other.modules())
    assert torch.equal(other.critic.weights[0], agent.critic.weights[0])


def test_saving_again_replaces_the_folder(tmp_path: Path) -> None:
    for seed in (0, 1):
        save_networks(SAC(5, 2, SMALL, seed=seed), tmp_path / "best")
    assert [path.name for path in tmp_path.iterdir()] == ["best"]
    state = torch.load(tmp_path / "best" / "policy_net.pth", weights_only=True)
    assert torch.equal(state["net.0.weight"], SAC(5, 2, SMALL, seed=1).policy.state_dict()["net.0.weight"])


def test_networks_of_another_size_are_one_clear_line(tmp_path: Path) -> None:
    folder = save_networks(SAC(5, 2, SMALL), tmp_path / "final")
    with pytest.raises(
        UserError, match=r"policy_net\.pth does not fit.*it has layers of 5-16-4, this run of 7-16-4"
    ) as error:
        load_networks(folder, SAC(7, 2, SMALL).modules())
    assert "\n" not in str(error.value)
    with pytest.raises(UserError, match="no policy_net"):
        load_networks(tmp_path, SAC(5, 2, SMALL).modules())


def test_nothing_to_resume_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing to resume"):
        load_training(tmp_path, *_empty())


def test_failed_write_leaves_the_old_file_and_no_scraps(tmp_path: Path) -> None:
    path = tmp_path / "state"
    write_atomically(path, lambda partial: partial.write_text("old") and None)

    def fail(partial: Path) -> None:
        partial.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, fail)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_process_killed_in_the_middle_of_a_write_leaves_the_last_whole_state(tmp_path: Path) -> None:
    agent, replay, progress = _run()
    save_training(tmp_path, agent, replay, progress, {"whole": True})
    program = textwrap.dedent("""
        import os, signal, sys
        from pathlib import Path
        from algorithms.checkpoint import TRAINING_STATE, write_atomically

        def half(partial):
            partial.write_bytes(b"half a state")
            os.kill(os.getpid(), signal.SIGKILL)

        write_atomically(Path(sys.argv[1]) / TRAINING_STATE, half)
    """)
    killed = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )
    assert killed.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 2  # the whole state and the scrap
    assert load_training(tmp_path, *_empty()) == {"whole": True}
    assert (tmp_path / TRAINING_STATE).is_file()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_run_killed_at_any_point_of_saving_shows_whole_checkpoints_only(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    found = subprocess.run(
        [sys.executable, str(root / "tests" / "algorithms" / "crash_points.py"), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    points = [line.split() for line in found.stdout.splitlines()]
    assert len(points) > 20
    assert [point[3] for point in points] == ["killed"] * (len(points) - 1) + ["survived"]
    versions = [int(point[2]) for point in points]
    assert versions == sorted(versions)  # first always the old one, then always the new one
    assert {int(point[1]) for point in points} == {0, 1, 2}  # 0: killed between the renames, and mended
