"""The loop: what it stores, how often it learns, that it learns, and that it ends when it should."""

from __future__ import annotations

import math
import os
import signal
import time

import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode
from toys import HalvedVector, PointEnv, counting_vector, point_vector

from algorithms.loop import Callback, LoopSettings, Progress, StepRecord, train
from algorithms.replay import Batch, Replay
from algorithms.sac import SAC, SACSettings

SMALL = SACSettings(
    policy_hidden_units=(32, 32), q_hidden_units=(32, 32), policy_lr=3e-3, q_lr=3e-3, entropy_lr=3e-3, initial_alpha=0.1
)


class Idle:
    """An agent that does nothing and counts its updates."""

    def __init__(self) -> None:
        self.updates = 0

    def act(self, obs: np.ndarray, deterministic: bool = False) -> np.ndarray:
        return np.zeros((len(obs), 1), np.float32)

    def update(self, batch: Batch) -> dict[str, float]:
        self.updates += 1
        return {"loss": 0.0}

    def state_dict(self) -> dict:
        return {}

    def load_state_dict(self, state: dict) -> None: ...

    def modules(self) -> dict:
        return {}


def _stored(mode: AutoresetMode) -> tuple[set[tuple[float, ...]], Progress]:
    replay = Replay(10_000, 4, 3, 1, gamma=0.5, nstep=1)
    progress = train(counting_vector(4, mode), Idle(), replay, LoopSettings(num_steps=200, start_steps=1000))
    b = replay.sample(20_000)
    rows = torch.cat((b.obs, b.reward[:, None], b.discount[:, None], b.next_obs), 1)
    return {tuple(row) for row in rows.tolist()}, progress


def test_both_autoreset_modes_store_the_same_true_transitions() -> None:
    after_reset, progress_a = _stored(AutoresetMode.NEXT_STEP)
    at_once, progress_b = _stored(AutoresetMode.SAME_STEP)
    for stored in (after_reset, at_once):
        for number, episode, t, reward, discount, *following in stored:
            assert following == [number, episode, t + 1]  # never a step from the end of one episode into the next
            assert reward == 10 * episode + t + 1
            terminal = number % 2 == 1 and t + 1 == 3 + number
            assert discount == (0.0 if terminal else 0.5)
    # The same number of steps of each environment up to the shorter of the two runs.
    common = {row for row in at_once if row[1] < 6}
    assert common == {row for row in after_reset if row[1] < 6}
    assert progress_a.env_steps == pytest.approx(200, abs=3)
    assert progress_b.env_steps == 200
    assert set(progress_a.lengths) <= {3, 4, 5, 6}


def test_disabled_autoreset_is_refused() -> None:
    env = counting_vector(1, AutoresetMode.NEXT_STEP)
    env.metadata = {**env.metadata, "autoreset_mode": AutoresetMode.DISABLED}
    with pytest.raises(ValueError, match="resets itself"):
        train(env, Idle(), Replay(100, 1, 3, 1), LoopSettings())


@pytest.mark.parametrize(("interval", "updates"), [(1.0, 900), (4.0, 225), (0.5, 1800)])
def test_update_interval_counts_steps_of_single_environments(interval: float, updates: int) -> None:
    agent = Idle()
    settings = LoopSettings(num_steps=1000, start_steps=100, update_interval=interval, batch_size=2)
    progress = train(point_vector(4), agent, Replay(2000, 4, 1, 1), settings)
    assert agent.updates == progress.updates == pytest.approx(updates, abs=4 / interval)


def test_hooks_come_at_their_intervals() -> None:
    calls: dict[str, list[int]] = {"log": [], "evaluate": [], "checkpoint": [], "end": []}

    class Recorder(Callback):
        def on_log(self, progress: Progress, metrics: dict[str, float]) -> None:
            calls["log"].append(progress.updates)

        def on_evaluate(self, progress: Progress) -> None:
            calls["evaluate"].append(progress.env_steps)

        def on_checkpoint(self, progress: Progress) -> None:
            calls["checkpoint"].append(progress.env_steps)

        def on_end(self, progress: Progress, reason: str) -> None:
            calls["end"].append(progress.env_steps)
            assert reason == "num_steps"

    settings = LoopSettings(
        num_steps=400, start_steps=0, batch_size=2, log_interval=100, eval_interval=150, checkpoint_freq=200
    )
    train(PointEnv(), Idle(), Replay(1000, 1, 1, 1), settings, [Recorder()])
    assert calls == {"log": [100, 200, 300, 400], "evaluate": [150, 300], "checkpoint": [200, 400], "end": [400]}


def test_minutes_end_a_run() -> None:
    started = time.monotonic()
    train(PointEnv(), Idle(), Replay(1000, 1, 1, 1), LoopSettings(num_steps=10**9, max_minutes=0.3 / 60))
    assert time.monotonic() - started < 5.0


def test_interrupt_ends_the_run_between_two_steps() -> None:
    reasons = []

    class Interrupter(Callback):
        def on_step(self, progress: Progress, step: StepRecord) -> None:
            if progress.env_steps == 50:
                os.kill(os.getpid(), signal.SIGINT)

        def on_end(self, progress: Progress, reason: str) -> None:
            reasons.append(reason)

    handler = signal.getsignal(signal.SIGINT)
    progress = train(PointEnv(), Idle(), Replay(1000, 1, 1, 1), LoopSettings(num_steps=10**6), [Interrupter()])
    assert reasons == ["interrupted"]
    assert progress.env_steps == 50
    assert signal.getsignal(signal.SIGINT) is handler


def test_in_real_time_it_learns_between_the_halves_of_a_step() -> None:
    env = HalvedVector(1)

    class Noting(Idle):
        def update(self, batch: Batch) -> dict[str, float]:
            env.calls.append("update")
            return super().update(batch)

    settings = LoopSettings(num_steps=200, start_steps=10, batch_size=2, real_time=0.5)
    train(env, Noting(), Replay(2000, 1, 1, 1), settings)
    halves = "".join(name[0] for name in env.calls)  # s, u, r
    assert halves.replace("u", "") == "sr" * (len(halves.replace("u", "")) // 2)
    assert "rus" not in halves  # never while the car waits for its next action
    assert halves.count("u") == pytest.approx(190, abs=1)


def test_updates_that_do_not_fit_into_a_step_wait_for_the_next() -> None:
    class Slow(Idle):
        def update(self, batch: Batch) -> dict[str, float]:
            time.sleep(0.02)
            return super().update(batch)

    env, agent = HalvedVector(1), Slow()
    settings = LoopSettings(num_steps=30, start_steps=0, batch_size=2, update_interval=0.1, real_time=0.04)
    progress = train(env, agent, Replay(2000, 1, 1, 1), settings)
    assert 25 <= agent.updates <= 60  # one or two a step, although ten are due
    assert progress.update_debt == pytest.approx(300 - agent.updates, abs=11)


def test_an_evaluation_in_the_training_environment_cuts_its_episodes() -> None:
    env = point_vector(2)
    seen = []

    class Driver(Callback):
        def on_evaluate(self, progress: Progress) -> None:
            env.reset(seed=7)
            seen.append(progress.env_steps)

    replay = Replay(2000, 2, 1, 1, gamma=1.0, nstep=30)
    settings = LoopSettings(num_steps=60, start_steps=0, batch_size=2, eval_interval=26, evaluates_env=True)
    progress = train(env, Idle(), replay, settings, [Driver()])
    assert seen == [26, 52]
    assert list(progress.lengths) == []  # no episode came to its own end after 20 steps
    b = replay.sample(4000)
    lengths = (b.reward / -b.obs[:, 0].abs().clamp_min(1e-6)).round()  # idle: every step of a window pays -|x|
    assert lengths.max() == 13
    assert torch.equal(b.obs, b.next_obs)  # no window runs from one episode into another


def _run(seed: int, steps: int = 600) -> tuple[SAC, Progress]:
    agent = SAC(1, 1, SMALL, seed=seed)
    replay = Replay(5000, 4, 1, 1, gamma=0.95, nstep=2, seed=seed)
    settings = LoopSettings(num_steps=steps, start_steps=200, batch_size=32, update_interval=2, seed=seed)
    return agent, train(point_vector(4), agent, replay, settings)


def test_seeded_runs_are_equal_bit_for_bit() -> None:
    (a, run_a), (b, run_b), (c, _) = _run(1), _run(1), _run(2)
    assert list(run_a.returns) == list(run_b.returns)
    for key, value in a.critic.state_dict().items():
        assert torch.equal(value, b.critic.state_dict()[key])
    assert not torch.equal(a.policy.weights[0], c.policy.weights[0])


def test_a_point_learns_to_go_to_its_target() -> None:
    agent = SAC(1, 1, SMALL, seed=0)
    replay = Replay(20_000, 8, 1, 1, gamma=0.9, nstep=3)
    settings = LoopSettings(num_steps=12_000, start_steps=500, batch_size=64, update_interval=8)
    progress = train(point_vector(8), agent, replay, settings)
    assert progress.updates < 1500
    env, total = PointEnv(), 0.0
    for seed in range(20):
        obs, _ = env.reset(seed=seed)
        truncated = False
        while not truncated:
            obs, reward, _, truncated, _ = env.step(0.5 * agent.act(obs[None], deterministic=True)[0])
            total += reward / 20
    assert total > -1.5  # the best is about -0.3, random actions give about -8
    assert math.isfinite(progress.mean_return())
