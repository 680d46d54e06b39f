"""Driving a policy for whole laps and taking its times."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ac_gym.envs import AssettoCorsaVectorEnv
from ac_gym.task import Ending

Policy = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Observations (N, obs_dim) -> actions (N, action_dim)"""


@dataclass(frozen=True)
class Lap:
    """One completed lap."""

    episode: int
    time_s: float
    clean: bool


@dataclass(frozen=True)
class EvaluationResult:
    """What was driven: all completed laps, and why and where each episode ended."""

    laps: tuple[Lap, ...]
    endings: tuple[str, ...]
    returns: tuple[float, ...]
    limit_s: float

    @property
    def clean_times(self) -> list[float]:
        return [lap.time_s for lap in self.laps if lap.clean]

    @property
    def best_s(self) -> float:
        """Best clean lap, NaN without one."""
        return min(self.clean_times, default=math.nan)

    @property
    def gap(self) -> float:
        """How much slower than the limit that is, as a share."""
        return self.best_s / self.limit_s - 1.0

    def figures(self) -> dict[str, float]:
        """For loggers; the lap times only where there are clean laps."""
        figures = {
            "eval/laps": float(len(self.laps)),
            "eval/clean_laps": float(len(self.clean_times)),
            "eval/return": float(np.mean(self.returns)),
        }
        if self.clean_times:
            figures |= {"eval/best_lap_s": self.best_s, "eval/gap_to_limit": self.gap}
        return figures


def drive_laps(
    policy: Policy, env_kwargs: Mapping[str, Any], laps: int, episodes: int = 1, seed: int = 0
) -> EvaluationResult:
    """Drive `laps` laps, the out lap included, in each of `episodes` from the standing start, all at the same time."""
    env = AssettoCorsaVectorEnv(episodes, **{**env_kwargs, "start": "line", "max_laps_number": None})
    driven: list[Lap] = []
    running = np.ones(episodes, bool)
    endings = ["laps driven"] * episodes
    returns = np.zeros(episodes)
    obs, _ = env.reset(seed=seed)
    first = env.telemetry["lap_count"].copy()
    while running.any():
        obs, reward, terminated, truncated, info = env.step(policy(obs))
        returns += np.where(running, reward, 0.0)
        for i in np.flatnonzero(running & np.isfinite(info["lap_time"])):
            driven.append(Lap(int(i), float(info["lap_time"][i]), bool(info["lap_valid"][i])))
        ended = np.asarray(terminated, bool) | np.asarray(truncated, bool)
        for i in np.flatnonzero(running & ended):
            endings[i] = Ending(int(info["end_reason"][i])).name.lower()
        running &= ~ended & (info["lap_count"] - first < laps)
    limit_s = env.session.world.profile.lap_time_s
    env.close()
    return EvaluationResult(tuple(driven), tuple(endings), tuple(returns.tolist()), limit_s)
