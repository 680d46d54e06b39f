"""The training loop of an off-policy agent on a Gymnasium environment, single or vector.

`env_steps` counts steps of single environments: one step of a vector of 64 is 64 of them (fewer where NEXT_STEP
autoreset spends one on a reset). The learner makes `env_steps / update_interval` updates once `start_steps` have been
collected.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import gymnasium
import numpy as np
import torch
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv

from algorithms.errors import UserError
from algorithms.interrupts import StopRequest
from algorithms.observations import Observation, copied, mapped, rows
from algorithms.replay import Batch, Replay

_SPARE_SHARE = 0.75  # of a real-time step may go into learning: the rest is for acting, and for what takes longer once


class Agent(Protocol):
    """What the loop asks of a learner."""

    def act(self, obs: Observation, deterministic: bool = False) -> np.ndarray: ...
    def update(self, batch: Batch) -> Mapping[str, Any]: ...
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state: dict[str, Any]) -> None: ...
    def modules(self) -> Mapping[str, torch.nn.Module]: ...


@dataclass(frozen=True)
class LoopSettings:
    """When things happen, in env_steps unless said otherwise; 0 means never."""

    num_steps: int = 1_000_000
    start_steps: int = 2000
    batch_size: int = 256
    update_interval: float = 1.0
    log_interval: int = 500  # updates
    eval_interval: int = 0
    checkpoint_freq: int = 200_000
    max_minutes: float = 0.0
    seed: int = 0
    real_time: float = 0.0  # s a step of an env that goes on by itself: learn while it does; 0: it waits for us
    evaluates_env: bool = False  # evaluations drive the training env: its episodes end there


@dataclass
class Progress:
    """How far a run has come; saved with it."""

    env_steps: int = 0
    updates: int = 0
    episodes: int = 0
    elapsed_s: float = 0.0
    update_debt: float = 0.0
    pretraining: int = 0  # updates before the first step: who made some does not begin with random actions
    best_return: float = -math.inf
    returns: deque[float] = field(default_factory=lambda: deque(maxlen=100))
    lengths: deque[int] = field(default_factory=lambda: deque(maxlen=100))

    def mean_return(self) -> float:
        """Mean return of the last 100 episodes, NaN before the first has ended."""
        return float(np.mean(self.returns)) if self.returns else math.nan

    def state_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"returns": list(self.returns), "lengths": list(self.lengths)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what `state_dict` gave."""
        for name, value in state.items():
            setattr(self, name, deque(value, maxlen=100) if name in ("returns", "lengths") else value)


@dataclass(frozen=True)
class StepRecord:
    """One step of the vector env as callbacks see it; arrays have N rows."""

    live: np.ndarray  # False where the step only reset the environment
    reward: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    infos: Mapping[str, Any]  # of the step itself; at a SAME_STEP reset its end is in `final_info`
    ended: np.ndarray  # indices of episodes that ended
    ended_returns: np.ndarray
    ended_lengths: np.ndarray


class Callback:
    """Hooks of the loop; the base class does nothing."""

    def on_step(self, progress: Progress, step: StepRecord) -> None:
        """After each step of the vector env."""

    def on_log(self, progress: Progress, metrics: Mapping[str, float]) -> None:
        """Every `log_interval` updates, with the learner's latest figures."""

    def on_evaluate(self, progress: Progress) -> None:
        """Every `eval_interval` steps."""

    def on_checkpoint(self, progress: Progress) -> None:
        """Every `checkpoint_freq` steps."""

    def on_end(self, progress: Progress, reason: str) -> None:
        """Once, whatever ended the run: `num_steps`, `max_minutes` or `interrupted`."""


def train(
    env: gymnasium.Env | VectorEnv,
    agent: Agent,
    replay: Replay,
    settings: LoopSettings,
    callbacks: Sequence[Callback] = (),
    progress: Progress | None = None,
) -> Progress:
    """Collect, store, learn until the steps or the minutes are used up or the user interrupts; returns the counters."""
    s, p = settings, progress or Progress()
    venv = _as_vector(env)
    if s.real_time and not hasattr(venv, "send"):
        raise UserError("real_time needs an environment whose steps have two halves, send and receive")
    collector = _Collector(venv, agent.act, replay, s.seed + p.env_steps, p)
    every_log = _Every(s.log_interval, p.updates)
    every_eval = _Every(s.eval_interval, p.env_steps)
    every_checkpoint = _Every(s.checkpoint_freq, p.env_steps)
    started = time.monotonic() - p.elapsed_s
    reason = "num_steps"
    with StopRequest() as stop:

        def learn() -> None:
            """Work off the updates that are due; in real time, as many as fit into the step."""
            spare = _Spare(s.real_time)
            while p.update_debt >= 1.0 and not stop and spare.another():
                metrics = agent.update(replay.sample(s.batch_size))
                p.updates += 1
                p.update_debt -= 1.0
                if every_log.due(p.updates):
                    p.elapsed_s = time.monotonic() - started
                    values = {name: float(value) for name, value in metrics.items()}
                    for callback in callbacks:
                        callback.on_log(p, values)

        while p.env_steps < s.num_steps:
            random = p.env_steps < s.start_steps and not p.pretraining
            step = collector.step(random, meanwhile=learn if s.real_time else None)
            for callback in callbacks:
                callback.on_step(p, step)

            if p.env_steps >= s.start_steps:
                p.update_debt += float(step.live.sum()) / s.update_interval
            if not s.real_time:
                learn()

            p.elapsed_s = time.monotonic() - started
            if every_eval.due(p.env_steps):
                for callback in callbacks:
                    callback.on_evaluate(p)
                if s.evaluates_env:
                    replay.end_episodes()
                    collector.restart()
            if every_checkpoint.due(p.env_steps):
                for callback in callbacks:
                    callback.on_checkpoint(p)
            if stop:
                reason = "interrupted"
                break
            if s.max_minutes and p.elapsed_s >= 60.0 * s.max_minutes:
                reason = "max_minutes"
                break
    for callback in callbacks:
        callback.on_end(p, reason)
    return p


def collect(
    env: VectorEnv, act: Callable[[Any], np.ndarray], replay: Replay, steps: int, seed: int = 0
) -> Iterator[int]:
    """Store `steps` steps of a policy, obs (N, obs_dim) -> actions (N, action_dim) in -1..1; yields the count."""
    progress = Progress()
    collector = _Collector(env, act, replay, seed, progress)
    while progress.env_steps < steps:
        collector.step(random=False)
        yield progress.env_steps


class _Every:
    """True once each time the count passes a multiple of `interval`; never for 0."""

    def __init__(self, interval: int, count: int = 0) -> None:
        self._interval = interval
        self._passed = count // interval if interval else 0

    def due(self, count: int) -> bool:
        if not self._interval or count // self._interval == self._passed:
            return False
        self._passed = count // self._interval
        return True


class _Spare:
    """Whether another update fits into what is left of a real-time step; always, where `step_s` is 0."""

    def __init__(self, step_s: float) -> None:
        self._end = time.monotonic() + _SPARE_SHARE * step_s if step_s else math.inf
        self._began = math.nan

    def another(self) -> bool:
        """Ask before each update: the last one tells how long the next takes."""
        now = time.monotonic()
        took = 0.0 if math.isnan(self._began) else now - self._began
        self._began = now
        return now + took <= self._end


class _Collector:
    """Steps the vector env and stores what happened, whatever its autoreset mode."""

    def __init__(
        self, env: VectorEnv, act: Callable[[Any], np.ndarray], replay: Replay, seed: int, progress: Progress
    ) -> None:
        self._env, self._act, self._replay, self._progress = env, act, replay, progress
        self._mode = _autoreset_mode(env)
        self._rng = np.random.default_rng(seed)
        space = env.single_action_space
        assert isinstance(space, gymnasium.spaces.Box)
        self._low, self._high = space.low.astype(np.float32), space.high.astype(np.float32)
        self.restart(seed)

    def restart(self, seed: int | None = None) -> None:
        """Begin new episodes everywhere."""
        obs, _ = self._env.reset(seed=seed)
        self._obs = copied(obs)  # an env may hand out the same buffer again
        n = self._env.num_envs
        self._resetting = np.zeros(n, bool)
        self._returns, self._lengths = np.zeros(n), np.zeros(n, np.int64)

    def step(self, random: bool, meanwhile: Callable[[], None] | None = None) -> StepRecord:
        """One step of all environments; `meanwhile` runs between the halves of it (`env.send`, `env.receive`)."""
        n = self._env.num_envs
        if random:
            action = self._rng.uniform(-1.0, 1.0, (n, *self._low.shape)).astype(np.float32)
        else:
            action = self._act(self._obs)
        scaled = self._low + 0.5 * (action + 1.0) * (self._high - self._low)
        if meanwhile is None:
            result, reward, terminated, truncated, infos = self._env.step(scaled)
        else:
            halves: Any = self._env
            halves.send(scaled)
            meanwhile()
            result, reward, terminated, truncated, infos = halves.receive()
        next_obs = copied(result)
        live = ~self._resetting
        done = (terminated | truncated) & live

        reached = _with_final(next_obs, infos, done) if self._mode is AutoresetMode.SAME_STEP else next_obs
        k = np.flatnonzero(live)
        self._replay.add(k, rows(self._obs, k), action[k], reward[k], terminated[k], truncated[k], rows(reached, k))
        self._obs = next_obs
        if self._mode is AutoresetMode.NEXT_STEP:
            self._resetting = done
        return self._record(live, done, reward, terminated, truncated, infos)

    def _record(
        self, live: np.ndarray, done: np.ndarray, reward: np.ndarray, terminated: np.ndarray, truncated: np.ndarray,
        infos: Mapping[str, Any],
    ) -> StepRecord:  # fmt: skip
        self._returns += np.where(live, reward, 0.0)
        self._lengths += live
        ended = np.flatnonzero(done)
        record = StepRecord(
            live, reward, terminated, truncated, infos, ended, self._returns[ended], self._lengths[ended]
        )
        p = self._progress
        p.env_steps += int(live.sum())
        p.episodes += len(ended)
        p.returns.extend(record.ended_returns.tolist())
        p.lengths.extend(record.ended_lengths.tolist())
        self._returns[ended], self._lengths[ended] = 0.0, 0
        return record


def _with_final(next_obs: Observation, infos: Mapping[str, Any], done: np.ndarray) -> Observation:
    """`next_obs` with the final observation in the rows of finished episodes."""
    if not done.any():
        return next_obs
    reached = copied(next_obs)
    final = infos["final_obs"]  # (N, ...) by name or not, or an object array with None in the other rows
    for i in np.flatnonzero(done):
        ended = rows(final, i) if isinstance(final, Mapping) else final[i]
        mapped(lambda array, value, i=i: array.__setitem__(i, value), reached, ended)
    return reached


def _as_vector(env: gymnasium.Env | VectorEnv) -> VectorEnv:
    return env if isinstance(env, VectorEnv) else SyncVectorEnv([lambda: env])


def _autoreset_mode(env: VectorEnv) -> AutoresetMode:
    mode = AutoresetMode(env.metadata.get("autoreset_mode", AutoresetMode.NEXT_STEP))
    if mode is AutoresetMode.DISABLED:
        raise UserError("the training loop needs an environment that resets itself: autoreset_mode NEXT_STEP")
    return mode
