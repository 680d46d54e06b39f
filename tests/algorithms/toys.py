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


class DotEnv(gymnasium.Env):
    """Bring a bright dot to the middle column of a dark picture (16, 16, 1): the action is its speed; 15 steps."""

    observation_space = gymnasium.spaces.Box(0, 255, (16, 16, 1), np.uint8)
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float32)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict]:
        super().reset(seed=seed)
        self._x, self._row, self._t = float(self.np_random.uniform(-1, 1)), int(self.np_random.integers(2, 13)), 0
        return self._picture(), {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict]:
        self._x = float(np.clip(self._x + 0.4 * action[0], -1, 1))
        self._t += 1
        return self._picture(), -abs(self._x), False, self._t >= 15, {}

    def _picture(self) -> np.ndarray:
        picture = np.full((16, 16, 1), 30, np.uint8)
        column = round(7 + 6.5 * self._x)
        picture[self._row : self._row + 2, max(column, 0) : column + 3] = 230
        return picture


class BothEnv(gymnasium.Wrapper):
    """A picture with numbers beside it: how many steps were driven, and twice that."""

    def __init__(self, env: gymnasium.Env) -> None:
        super().__init__(env)
        numbers = gymnasium.spaces.Box(-np.inf, np.inf, (2,), np.float64)
        self.observation_space = gymnasium.spaces.Dict({"vector": numbers, "pixels": env.observation_space})

    def reset(self, **kwargs: Any) -> tuple[dict[str, np.ndarray], dict]:
        self._t = 0
        picture, info = self.env.reset(**kwargs)
        return self._both(picture), info

    def step(self, action: np.ndarray) -> tuple[dict[str, np.ndarray], Any, bool, bool, dict]:
        self._t += 1
        picture, *rest = self.env.step(action)
        return self._both(picture), *rest

    def _both(self, picture: np.ndarray) -> dict[str, np.ndarray]:
        return {"vector": np.array([self._t, 2.0 * self._t]), "pixels": picture}


class NoiseEnv(gymnasium.Env):
    """Pictures (5, 4, 2) of noise, none like another; episodes of 2 to 9 steps end in either way."""

    observation_space = gymnasium.spaces.Box(0, 255, (5, 4, 2), np.uint8)
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float32)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict]:
        super().reset(seed=seed)
        self._left = int(self.np_random.integers(2, 10))
        return self._picture(), {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict]:
        self._left -= 1
        ended, terminal = self._left == 0, bool(self.np_random.integers(2))
        return self._picture(), float(self._left), ended and terminal, ended and not terminal, {}

    def _picture(self) -> np.ndarray:
        return self.np_random.integers(0, 256, (5, 4, 2), np.uint8)
