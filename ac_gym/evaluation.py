"""Driving whole laps, recording them and taking their times."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from ac_gym.car import Car
from ac_gym.drivers.base import Driver
from ac_gym.envs import AssettoCorsaVectorEnv
from ac_gym.errors import ConfigError
from ac_gym.task import Ending, Telemetry
from ac_gym.track import Track
from ac_gym.track.speed import SpeedProfile

Policy = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Observations (N, obs_dim) -> actions (N, action_dim)"""

_PATIENCE = 2.5  # a car that needs this many limit laps for one lap is told to stop
_CLOCK_ROUNDING_MS = 1.5  # the lap clock counts whole milliseconds


@dataclass(frozen=True)
class Lap:
    """One lap from line to line; `first`, `last`: its rows in the stint's telemetry."""

    car: int
    number: int
    time_s: float
    clean: bool
    """never more than two tyres out"""
    out_lap: bool
    """begun from a standing start shortly before the line"""
    first: int
    last: int


@dataclass(frozen=True)
class Stint:
    """What one car drove; arrays have a row for the start and one for each control step."""

    telemetry: Telemetry
    time_s: NDArray[np.float64]
    """since the start"""
    reward: NDArray[np.float64]
    laps: tuple[Lap, ...]
    ending: str
    """name of the `ac_gym.task.Ending`"""


@dataclass(frozen=True)
class Trace:
    """Some rows of a stint, in driving order on one lap: the lap shown in reports."""

    telemetry: Telemetry
    time_s: NDArray[np.float64]
    """since the lap began at the line"""
    distance_m: NDArray[np.float64]
    """along the centre line, without a jump at the line"""
    lap: Lap | None
    """None: a lap that was not finished"""


@dataclass(frozen=True)
class Evaluation:
    """All that was driven, and how good it was."""

    track: Track
    car: Car
    profile: SpeedProfile
    """the limit"""
    control_rate: float
    stints: tuple[Stint, ...]

    @property
    def laps(self) -> tuple[Lap, ...]:
        return tuple(lap for stint in self.stints for lap in stint.laps)

    @cached_property
    def best(self) -> Lap | None:
        """The fastest clean lap."""
        return min((lap for lap in self.laps if lap.clean), key=lambda lap: lap.time_s, default=None)

    @property
    def best_s(self) -> float:
        """Time of the fastest clean lap, NaN without one."""
        return self.best.time_s if self.best else math.nan

    @property
    def limit_s(self) -> float:
        return self.profile.lap_time_s

    @property
    def gap(self) -> float:
        """How much slower the best clean lap is than the limit, as a share of it; NaN without one."""
        return self.best_s / self.limit_s - 1.0

    @property
    def clean_rate(self) -> float:
        """Share of the laps begun that were finished clean."""
        broken = sum(stint.ending != "lap_limit" for stint in self.stints)
        return sum(lap.clean for lap in self.laps) / max(len(self.laps) + broken, 1)

    def shown(self) -> Trace:
        """The lap to look at: the best clean one; else the fastest; else the longest stretch of an unfinished one."""
        lap = self.best or min(self.laps, key=lambda lap: lap.time_s, default=None)
        if lap is not None:
            return self.trace(lap)
        car = max(range(len(self.stints)), key=lambda i: len(self.stints[i].time_s))
        s = self.stints[car].telemetry["s"]
        crossed = np.flatnonzero(np.abs(np.diff(s)) > 0.5 * self.track.length_m)
        return self._trace(car, int(crossed[-1]) + 1 if len(crossed) else 0, len(s) - 1, None)

    def trace(self, lap: Lap) -> Trace:
        """What was driven in a lap."""
        return self._trace(lap.car, lap.first, lap.last, lap)

    def figures(self) -> dict[str, float]:
        """For loggers; lap times only where there are clean laps."""
        figures = {
            "eval/laps": float(len(self.laps)),
            "eval/clean_laps": float(sum(lap.clean for lap in self.laps)),
            "eval/clean_rate": self.clean_rate,
            "eval/return": float(np.mean([stint.reward.sum() for stint in self.stints])),
        }
        return figures | ({"eval/best_lap_s": self.best_s, "eval/gap_to_limit": self.gap} if self.best else {})

    def as_dict(self) -> dict[str, Any]:
        """Everything but the telemetry, for JSON."""
        return {
            "track": self.track.name,
            "car": self.car.name,
            "limit_lap_s": round(self.limit_s, 3),
            "best_lap_s": self.best.time_s if self.best else None,
            "gap_to_limit": round(self.gap, 5) if self.best else None,
            "clean_rate": round(self.clean_rate, 4),
            "laps": [
                {"car": lap.car, "lap": lap.number, "time_s": lap.time_s, "clean": lap.clean, "out_lap": lap.out_lap}
                for lap in self.laps
            ],
            "stints": [
                {
                    "car": car,
                    "ending": s.ending,
                    "time_s": float(s.time_s[-1]),
                    "return": round(float(s.reward.sum()), 3),
                }
                for car, s in enumerate(self.stints)
            ],
        }

    def summary(self) -> str:
        """A line for each lap and one for the whole."""
        lines = [
            f"{f'car {lap.car} ' if len(self.stints) > 1 else ''}lap {lap.number}: {lap.time_s:.3f} s"
            f"{'' if lap.clean else ', not clean'}{', out lap' if lap.out_lap else ''}"
            for lap in self.laps
        ]
        return "\n".join([*lines, self.verdict()])

    def verdict(self) -> str:
        """The best lap against the limit, and why driving ended before all laps were driven."""
        endings = [stint.ending.replace("_", " ") for stint in self.stints if stint.ending != "lap_limit"]
        ended = f"; ended by: {', '.join(endings)}" if endings else ""
        if self.best is None:
            return f"no clean lap (the limit is {self.limit_s:.2f} s){ended}"
        over = f"{100 * self.gap:.1f} % over the limit of {self.limit_s:.2f} s"
        return f"best clean lap {self.best_s:.3f} s, {over}; {100 * self.clean_rate:.0f} % of laps clean{ended}"

    def _trace(self, car: int, first: int, last: int, lap: Lap | None) -> Trace:
        stint = self.stints[car]
        rows = slice(first, last + 1)
        seconds = stint.time_s[rows] - stint.time_s[first] + stint.telemetry["current_time"][first] / 1000.0
        distance_m = np.unwrap(stint.telemetry["s"][rows], period=self.track.length_m)
        if lap is not None and distance_m[0] > 0.5 * self.track.length_m:
            distance_m -= self.track.length_m  # clock and position may differ by a millimetre about the line
        return Trace(_rows(stint.telemetry, rows), seconds, distance_m, lap)


def drive_laps(
    policy: Policy | Driver,
    *,
    track: str | Path,
    car: str | Path,
    laps: int = 4,
    start: str = "line",
    seed: int = 0,
    num_envs: int = 1,
    watch: Callable[[Telemetry], None] | None = None,
    **env_settings: Any,
) -> Evaluation:
    """Drive `laps` laps with each of `num_envs` cars at once, from the hotlap start or, `start="random"`, anywhere.

    The first lap from the standing start is the out lap and counts. `policy` sees observations, or is a
    `ac_gym.drivers.Driver`, which sees telemetry; `watch` is called with it after every step. Laps and time are
    limited here, whatever the settings say: a car much slower than the limit is stopped.
    """
    if laps < 1:
        raise ConfigError(f"an evaluation needs at least 1 lap, not {laps}")
    if isinstance(policy, Driver):
        env_settings["use_relative_actions"] = False
    env = AssettoCorsaVectorEnv(
        num_envs,
        **{**env_settings, "max_laps_number": laps, "max_episode_py_time": None},
        track=track, car=car, start=start, autoreset_mode=AutoresetMode.DISABLED,
    )  # fmt: skip
    world, telemetry = env.session.world, env.telemetry
    recorders = [_Recorder(i, start == "line", world.control_rate) for i in range(num_envs)]
    act = _actor(policy, telemetry, env.session.task.action_size)
    observation, _ = env.reset(seed=seed)
    running = list(recorders)
    for recorder in running:
        recorder.add(telemetry, 0.0)
    while running:
        observation, reward, terminated, truncated, info = env.step(act(observation))
        ended = np.logical_or(terminated, truncated)
        if watch is not None:
            watch(telemetry)
        for recorder in running:
            i = recorder.car
            recorder.add(telemetry, float(reward[i]), float(info["lap_time"][i]), bool(info["lap_valid"][i]))
            if ended[i]:
                recorder.ending = Ending(int(info["end_reason"][i]))
            elif recorder.lap_s > _PATIENCE * world.profile.lap_time_s:
                recorder.ending = Ending.TIME_LIMIT
        running = [recorder for recorder in running if recorder.ending is Ending.DRIVING]
    stints = tuple(recorder.stint() for recorder in recorders)
    env.close()
    return Evaluation(world.track, world.car, world.profile, world.control_rate, stints)


def _actor(policy: Policy | Driver, telemetry: Telemetry, action_size: int) -> Policy:
    """Actions for observations, whatever the policy looks at."""
    if isinstance(policy, Driver):
        driver = policy
        return lambda _: driver(telemetry)[:, :action_size]
    return policy


class _Recorder:
    """Collects the stint of one car."""

    def __init__(self, car: int, standing: bool, control_rate: float) -> None:
        self.car, self._standing, self._rate = car, standing, control_rate
        self.ending = Ending.DRIVING
        self._rows: list[tuple[NDArray[Any], ...]] = []
        self._rewards: list[float] = []
        self._laps: list[Lap] = []
        self._clock_ms = -math.inf
        self._lap_row = 0

    @property
    def lap_s(self) -> float:
        """Time since the line was crossed, or since the start."""
        return (len(self._rows) - self._lap_row) / self._rate

    def add(self, telemetry: Telemetry, reward: float, lap_time_s: float = math.nan, clean: bool = False) -> None:
        """One row; `lap_time_s` if a lap was finished on the way to it."""
        row, clock_ms = len(self._rows), float(telemetry["current_time"][self.car])
        self._rows.append(tuple(array[self.car].copy() for array in _arrays(telemetry)))
        self._rewards.append(reward)
        if math.isfinite(lap_time_s):
            number = len(self._laps) + 1
            out_lap = self._standing and number == 1
            self._laps.append(Lap(self.car, number, lap_time_s, clean, out_lap, self._lap_row, row - 1))
        if clock_ms < self._clock_ms + 1000.0 / self._rate - _CLOCK_ROUNDING_MS:
            self._lap_row = row  # the lap clock began anew: the line was crossed on the way to this row
        self._clock_ms = clock_ms

    def stint(self) -> Stint:
        columns = (np.stack(column) for column in zip(*self._rows, strict=True))
        time_s = np.arange(len(self._rows)) / self._rate
        return Stint(Telemetry(*columns), time_s, np.array(self._rewards), tuple(self._laps), self.ending.name.lower())


def _arrays(telemetry: Telemetry) -> tuple[NDArray[Any], ...]:
    return telemetry.frames, telemetry.situations, telemetry.actions, telemetry.controls


def _rows(telemetry: Telemetry, rows: slice) -> Telemetry:
    return Telemetry(*(array[rows] for array in _arrays(telemetry)))
