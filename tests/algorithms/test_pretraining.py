"""Recorded episodes in a replay memory, and learning from them before the first step."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from toys import point_vector

from algorithms.checkpoint import load_training, save_training
from algorithms.guided import GuidedReplay, remember
from algorithms.loop import LoopSettings, Progress, train
from algorithms.pretraining import pretrain
from algorithms.replay import Replay
from algorithms.sac import SAC, SACSettings

SMALL = SACSettings(policy_hidden_units=(16,), q_hidden_units=(16,))


@dataclass
class Episode:
    """Observation t is `first + t`, the action of step t as well, its reward 1."""

    observations: np.ndarray
    actions: np.ndarray
    rewards: np.ndarray
    terminated: np.ndarray

    @classmethod
    def of(cls, first: int, steps: int, terminal: tuple[int, ...] = ()) -> Episode:
        numbers = np.arange(first, first + steps + 1, dtype=np.float32)[:, None]
        return cls(numbers, numbers[:-1], np.ones(steps), np.isin(np.arange(steps), terminal))


def _steps(replay: Replay) -> dict[int, tuple[float, float, float]]:
    """First observation of a window -> its return, discount and last observation."""
    batch = replay.sample(5000)
    torch.testing.assert_close(batch.action, batch.obs)
    rows = zip(batch.obs[:, 0], batch.reward, batch.discount, batch.next_obs[:, 0], strict=True)
    return {int(obs): (float(reward), float(discount), float(last)) for obs, reward, discount, last in rows}


def test_windows_of_recorded_episodes_end_with_them_and_with_terminal_steps_inside() -> None:
    replay = Replay(100, 2, 1, 1, gamma=0.5, nstep=2)
    remember(replay, [Episode.of(10, 4), Episode.of(20, 3, terminal=(1,)), Episode.of(30, 2, terminal=(1,))])
    assert _steps(replay) == {
        10: (1.5, 0.25, 12.0), 11: (1.5, 0.25, 13.0), 12: (1.5, 0.25, 14.0), 13: (1.0, 0.5, 14.0),
        20: (1.5, 0.0, 22.0), 21: (1.0, 0.0, 22.0), 22: (1.0, 0.5, 23.0),
        30: (1.5, 0.0, 32.0), 31: (1.0, 0.0, 32.0),
    }  # fmt: skip


def test_a_memory_of_just_that_size_holds_all_of_a_guide() -> None:
    replay = Replay(4 + 5 + 3 + 1, 1, 1, 1)
    remember(replay, [Episode.of(10, 3), Episode.of(20, 4), Episode.of(30, 2)])
    assert set(_steps(replay)) == {10, 11, 12, 20, 21, 22, 23, 30, 31}


def test_a_full_memory_keeps_the_last_steps() -> None:
    replay = Replay(8, 1, 1, 1)
    remember(replay, [Episode.of(100, 3), Episode.of(10, 50)])
    assert set(_steps(replay)) == set(range(54, 60))
    remember(replay, [Episode.of(0, 3)])
    assert set(_steps(replay)) == {0, 1, 2, 58, 59}


def test_pictures_of_recorded_episodes_are_stacked() -> None:
    replay = Replay(50, 1, (2, 1, 1, 1), 1)
    numbers = np.arange(5, dtype=np.uint8)
    stacks = np.stack([np.maximum(numbers, 1) - 1, numbers], axis=1)[..., None, None, None]
    replay.add_episode(0, stacks, np.zeros((4, 1)), np.zeros(4), np.zeros(4, bool))
    found = {tuple(stack.flatten().tolist()) for stack in replay.sample(200).obs}
    assert found == {(0, 0), (0, 1), (1, 2), (2, 3)}


def _guided() -> tuple[SAC, GuidedReplay, Progress]:
    guide = Replay(400, 1, 1, 1, seed=3)
    remember(guide, [Episode.of(0, 100)])
    return SAC(1, 1, SMALL), GuidedReplay(500, 2, 1, 1, guide=guide), Progress()


def _pretrain(run: Path, agent: SAC, replay: GuidedReplay, progress: Progress, updates: int) -> list[int]:
    def save() -> None:
        save_training(run, agent, replay, progress, {})

    done = pretrain(agent, replay.guide, progress, updates=updates, batch_size=8, save_interval=10, save=save)
    return list(done)


def test_pretraining_goes_on_where_it_was_saved_as_if_it_had_not_stopped(tmp_path: Path) -> None:
    whole = _guided()
    assert _pretrain(tmp_path / "whole", *whole, updates=25) == list(range(1, 26))
    _pretrain(tmp_path / "part", *_guided(), updates=10)
    resumed = _guided()
    load_training(tmp_path / "part", *resumed)
    assert _pretrain(tmp_path / "part", *resumed, updates=25) == list(range(11, 26))
    for a, b in zip(whole[0].policy.parameters(), resumed[0].policy.parameters(), strict=True):
        assert torch.equal(a, b)
    assert _pretrain(tmp_path / "part", *resumed, updates=25) == []


@pytest.mark.skipif(not hasattr(signal, "raise_signal") or os.name == "nt", reason="no signals like these here")
def test_interrupted_pretraining_is_saved(tmp_path: Path) -> None:
    agent, replay, progress = _guided()
    done = pretrain(
        agent, replay.guide, progress, updates=1000, batch_size=8,
        save=lambda: save_training(tmp_path, agent, replay, progress, {}),
    )  # fmt: skip
    assert [next(done) for _ in range(7)][-1] == 7
    signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        next(done)
    resumed = _guided()
    load_training(tmp_path, *resumed)
    assert resumed[2].pretraining == 7


@pytest.mark.parametrize(("pretraining", "asked"), [(0, 0), (1, 20)])
def test_only_who_learned_nothing_begins_with_random_actions(pretraining: int, asked: int) -> None:
    class Asked(SAC):
        times = 0

        def act(self, obs: np.ndarray, deterministic: bool = False) -> np.ndarray:
            self.times += 1
            return super().act(obs, deterministic)

    agent = Asked(1, 1, SMALL)
    settings = LoopSettings(num_steps=40, start_steps=40, batch_size=4)
    train(point_vector(2), agent, Replay(100, 2, 1, 1), settings, progress=Progress(pretraining=pretraining))
    assert agent.times == asked
