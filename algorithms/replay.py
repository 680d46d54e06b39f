"""Replay memory for n-step learning over a vector environment.

One tape per environment: a row holds an observation and the action, reward and flags of the step taken from it, and the
next row holds the next observation. An episode of L steps takes L + 1 rows, the last being its final observation. So
each observation is stored once (half the memory of (s, a, r, s') tuples, which for 125 numbers is what fills a small
machine), terminated and truncated stay apart, and n-step windows are put together when sampled: `gamma` and `nstep` may
change between runs, and a window cannot cross an episode's end or the write position by construction. Pictures, too,
are stored once each: a stack of the last few is put together in the same way, and repeats an episode's first picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor

from algorithms.errors import UserError
from algorithms.observations import Observation, Seen, Shape, mapped
from algorithms.tapes import Tape, tape_of

T = TypeVar("T", bound=Seen)

_STEP, _TERMINATED, _TRUNCATED, _FINAL = 0, 1, 2, 3  # what a row's step led to; _FINAL rows have no step


@dataclass(frozen=True)
class Batch(Generic[T]):
    """obs (B, ...), action (B, A), reward (B,) of the window, discount (B,), next_obs (B, ...).

    All float32, but pictures, which are uint8 (B, stack, H, W, C). The first `shown` rows are somebody else's driving.
    """

    obs: T
    action: Tensor
    reward: Tensor
    discount: Tensor
    next_obs: T
    shown: int = 0

    def to(self, device: torch.device) -> Batch[T]:
        """The same batch on `device`."""
        parts = {name: mapped(lambda x: x.to(device, non_blocking=True), getattr(self, name)) for name in COLUMNS}
        return replace(self, **parts)


COLUMNS = tuple(f.name for f in fields(Batch) if f.name != "shown")


class Replay:
    """Ring memory of `capacity` rows in all, uniform sampling over the steps it holds."""

    def __init__(
        self,
        capacity: int,
        num_envs: int,
        obs_shape: Shape,
        action_dim: int,
        gamma: float = 0.99,
        nstep: int = 1,
        seed: int = 0,
    ) -> None:
        parts = obs_shape if isinstance(obs_shape, Mapping) else {"": obs_shape}
        self._stack = max(1 if isinstance(part, int) else part[0] for part in parts.values())
        rows = max(capacity // num_envs, nstep + 1 + self._stack)
        self.num_envs, self.rows, self.nstep = num_envs, rows, nstep
        self._gammas = gamma ** np.arange(nstep + 1)
        self._obs: Any = mapped(lambda shape: tape_of(shape, rows, num_envs), obs_shape)  # a tape, or tapes by name
        self._action = np.zeros((rows, num_envs, action_dim), np.float32)
        self._reward = np.zeros((rows, num_envs), np.float32)
        self._kind = np.full((rows, num_envs), _FINAL, np.uint8)
        self._head = np.zeros(num_envs, np.int64)  # the row that waits for its step
        self._filled = np.zeros(num_envs, np.int64)  # rows before the head that hold something whole
        self._most = rows - self._stack  # the oldest rows but these are only seen in the stacks of later ones
        self._rng = np.random.default_rng(seed)

    def __len__(self) -> int:
        """Rows held, final observations included."""
        return int(self._filled.sum())

    def add(
        self,
        envs: np.ndarray,
        obs: Observation,
        action: np.ndarray,
        reward: np.ndarray,
        terminated: np.ndarray,
        truncated: np.ndarray,
        next_obs: Observation,
    ) -> None:
        """Store one step of each of `envs` (K,) distinct indices; the other arrays have K rows.

        `next_obs` is the observation that the step led to, at an episode's end the final one, not that of the reset.
        """
        head = self._head[envs]
        following = (head + 1) % self.rows
        ended = terminated | truncated
        mapped(lambda tape, rows: tape.write(head, envs, rows), self._obs, obs)
        self._action[head, envs] = action
        self._reward[head, envs] = reward
        self._kind[head, envs] = np.where(terminated, _TERMINATED, np.where(truncated, _TRUNCATED, _STEP))
        mapped(lambda tape, rows: tape.write(following, envs, rows), self._obs, next_obs)
        self._kind[following, envs] = _FINAL
        self._head[envs] = np.where(ended, (head + 2) % self.rows, following)
        self._filled[envs] = np.minimum(self._filled[envs] + 1 + ended, self._most)

    def add_episode(
        self,
        env: int,
        obs: Observation,
        action: np.ndarray,
        reward: np.ndarray,
        terminated: np.ndarray,
    ) -> None:
        """Store a whole episode of T steps as one of `env`; `obs` has T + 1 rows, the other arrays T.

        A step may be terminal in the middle of it: windows end there. At its end the episode is truncated, unless it
        terminated. Of one longer than the memory the last steps are kept.
        """
        steps = min(len(reward), self._most - 1)
        row = (self._head[env] + np.arange(steps + 1)) % self.rows
        mapped(lambda tape, rows: tape.write(row, np.full(len(row), env), rows[-len(row) :]), self._obs, obs)
        self._action[row[:-1], env] = action[-steps:]
        self._reward[row[:-1], env] = reward[-steps:]
        self._kind[row[:-1], env] = np.where(terminated[-steps:], _TERMINATED, _STEP)
        if not terminated[-1]:
            self._kind[row[-2], env] = _TRUNCATED
        self._kind[row[-1], env] = _FINAL
        self._head[env] = (row[-1] + 1) % self.rows
        self._filled[env] = min(self._filled[env] + steps + 1, self._most)

    def end_episodes(self) -> None:
        """Truncate what is under way, as when the environment is reset from outside."""
        before = (self._head - 1) % self.rows
        envs = np.flatnonzero((self._filled > 0) & (self._kind[before, np.arange(self.num_envs)] == _STEP))
        self._kind[before[envs], envs] = _TRUNCATED
        self._head[envs] = (self._head[envs] + 1) % self.rows
        self._filled[envs] = np.minimum(self._filled[envs] + 1, self._most)

    def sample(self, batch_size: int) -> Batch[Any]:
        """`batch_size` windows of up to `nstep` steps, each start drawn uniformly, with replacement."""
        env, row = self._draw(batch_size)
        reward, discount, row_n = self._windows(env, row)
        return Batch(
            obs=self._read(env, row),
            action=torch.from_numpy(self._action[row, env]),
            reward=torch.from_numpy(reward),
            discount=torch.from_numpy(discount),
            next_obs=self._read(env, row_n),
        )

    def _read(self, env: np.ndarray, row: np.ndarray) -> Any:
        """The observations of those rows, each with the rows before it in its episode that its stack needs."""
        stack = [row]
        for _ in range(self._stack - 1):
            before = (stack[0] - 1) % self.rows
            stack.insert(0, np.where(self._kind[before, env] == _FINAL, stack[0], before))
        rows = np.stack(stack)
        return mapped(lambda tape: tape.read(rows, env), self._obs)

    def _draw(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Starts (env, row), uniform over the rows that hold a step: rows without one are drawn again."""
        ends = np.cumsum(self._filled)
        if ends[-1] == 0:
            raise ValueError("cannot sample from an empty replay memory")
        env, row = np.empty(n, np.int64), np.empty(n, np.int64)
        missing = np.arange(n)
        while missing.size:
            flat = self._rng.integers(ends[-1], size=missing.size)
            e = np.searchsorted(ends, flat, side="right")
            age = ends[e] - flat  # 1 is the newest row before the head
            env[missing], row[missing] = e, (self._head[e] - age) % self.rows
            missing = missing[self._kind[row[missing], env[missing]] == _FINAL]
        return env, row

    def _windows(self, env: np.ndarray, row: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return, discount and last row of the window from each start.

        R = sum_{i<k} gamma^i r_i over k = min(nstep, steps to the episode's end, steps to the write position); the
        bootstrap's discount is gamma^k, also where the episode was truncated, and 0 where it terminated.
        """
        reward = self._reward[row, env].astype(np.float64)
        kind = self._kind[row, env]
        steps = np.ones(len(env), np.int64)
        last = row
        for i in range(1, self.nstep):
            following = (row + i) % self.rows
            going = (kind == _STEP) & (steps == i) & (following != self._head[env])
            last = np.where(going, following, last)
            kind = np.where(going, self._kind[following, env], kind)
            reward += np.where(going, self._gammas[i] * self._reward[following, env], 0.0)
            steps += going
        discount = np.where(kind == _TERMINATED, 0.0, self._gammas[steps])
        return reward.astype(np.float32), discount.astype(np.float32), (last + 1) % self.rows

    @property
    def random_state(self) -> dict[str, Any]:
        """State of the generator that draws the batches."""
        return dict(self._rng.bit_generator.state)

    @random_state.setter
    def random_state(self, state: dict[str, Any]) -> None:
        self._rng.bit_generator.state = state

    def _arrays(self) -> dict[str, np.ndarray]:
        """What rows consist of, by the names of the saved state."""
        tapes: Mapping[str, Tape] = self._obs if isinstance(self._obs, Mapping) else {"": self._obs}
        seen = {f"obs_{name}" if name else "obs": tape.data for name, tape in tapes.items()}
        return seen | {"action": self._action, "reward": self._reward, "kind": self._kind}

    def state_dict(self) -> dict[str, Any]:
        """The rows in use and the random state; arrays are views, to be written out before the next `add`."""
        used = int(min(self.rows, self._filled.max() + 1 + self._stack))
        return {name: array[:used] for name, array in self._arrays().items()} | {
            "head": self._head,
            "filled": self._filled,
            "rows": self.rows,
            "rng": self.random_state,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what `state_dict` gave; the memory must have the same shape."""
        if "guide" in state["rng"]:
            raise UserError("the saved run learned with demonstrations: resume it with them")
        for name, array in self._arrays().items():
            if name not in state:
                raise UserError("the saved run saw other observations: resume with the settings of the saved run")
            if state["rows"] != self.rows or state[name].shape[1:] != array.shape[1:]:
                raise UserError(
                    f"the saved replay memory has {state['rows']} rows for each of {len(state['head'])} environments, "
                    f"this one {self.rows} for {self.num_envs}, or they saw other observations: resume with the "
                    "settings of the saved run"
                )
        for name, array in self._arrays().items():
            array[: len(state[name])] = state[name]
        self._head[:], self._filled[:] = state["head"], state["filled"]
        self.random_state = state["rng"]
