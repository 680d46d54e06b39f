"""Small environments for the tests of the loop."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv


class PointEnv(gymnasium.Env):
    """Move a point on [-1, 1] to 0: action is the velocity, reward -|x|; ends after 20 steps (truncated)."""

    observation_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float32)
    action_space = gymnasium.spaces.Box(-0.5, 0.5, (1,), np.float32)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict]:
        super().reset(seed=seed)
        self._x, self._t = float(self.np_random.uniform(-1, 1)), 0
        return np.array([self._x], np.float32), {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict]:
        self._x = float(np.clip(self._x + action[0], -1, 1))
        self._t += 1
        return np.array([self._x], np.float32), -abs(self._x), False, self._t >= 20, {}


class CountingEnv(gymnasium.Env):
    """Observation (id, episode, t); `id` odd terminates after 3 + id steps, even truncates; reward 10 * episode + t."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (3,), np.float32)
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float32)

    def __init__(self, number: int) -> None:
        self._number, self._episode = number, -1

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict]:
        super().reset(seed=seed)
        self._episode, self._t = self._episode + 1, 0
        return self._obs(), {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict]:
        self._t += 1
        ended = self._t >= 3 + self._number
        odd = self._number % 2 == 1
        return self._obs(), 10.0 * self._episode + self._t, ended and odd, ended and not odd, {}

    def _obs(self) -> np.ndarray:
        return np.array([self._number, self._episode, self._t], np.float32)


def counting_vector(n: int, mode: AutoresetMode) -> SyncVectorEnv:
    return SyncVectorEnv([lambda i=i: CountingEnv(i) for i in range(n)], autoreset_mode=mode)


def point_vector(n: int) -> SyncVectorEnv:
    return SyncVectorEnv([PointEnv for _ in range(n)])


class HalvedVector(SyncVectorEnv):
    """Steps in two halves, as an environment of real time does; `calls` tells their order."""

    def __init__(self, n: int) -> None:
        super().__init__([PointEnv for _ in range(n)])
        self.calls: list[str] = []

    def send(self, actions: np.ndarray) -> None:
        self.calls.append("send")
        self._sent = actions

    def receive(self) -> tuple:
        self.calls.append("receive")
        return super().step(self._sent)
