"""How good a driver is, by a fixed protocol that can be cited.

A car starts standing before the line, or flying: on the racing line, somewhere on the lap. What it drives until it has
finished its first lap is the out lap and not counted; the laps after it are. Seeds are fixed. A lap is clean if never
more than two tyres were out. What was asked for and not finished, whatever the reason, is not clean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ac_gym.drivers.base import Driver
from ac_gym.errors import ConfigError
from ac_gym.evaluation import Evaluation, Lap, Policy, drive_laps
from ac_gym.published import published_laps
from ac_gym.statistics import interquartile_mean, share_interval

FLYING_SPEED = (0.6, 0.8)  # of the limit profile where a flying start begins
_VARIED = ("grip", "chassis_mass")


@dataclass(frozen=True)
class Protocol:
    """What is driven."""

    laps: int = 3
    """counted laps of each car"""
    standing: int = 1
    """cars that start from the hotlap start; alike unless `vary` is set"""
    flying: int = 8
    """cars that start on the racing line, somewhere on the lap"""
    vary: float = 0.0
    """grip and mass of each car are drawn within this share of what its file says"""
    seed: int = 0


@dataclass(frozen=True)
class Attempts:
    """Laps of one kind of start."""

    evaluation: Evaluation
    asked: int
    """laps that should have been driven"""

    @property
    def counted(self) -> tuple[Lap, ...]:
        """Without out laps: after a flying start near the line, too, the first lap begins below its speed."""
        return tuple(lap for lap in self.evaluation.laps if lap.number > 1)

    @cached_property
    def times_s(self) -> NDArray[np.float64]:
        """Times of the clean laps."""
        return np.array([lap.time_s for lap in self.counted if lap.clean])

    def scores(self, car: int) -> NDArray[np.float64]:
        """For each lap asked of one car the limit's time over its own, 0 where it was not clean or not finished."""
        per_car = self.asked // len(self.evaluation.stints)
        clean = [self.evaluation.limit_s / lap.time_s for lap in self.counted if lap.clean and lap.car == car]
        return np.array(clean + [0.0] * (per_car - len(clean)))

    def figures(self) -> dict[str, Any]:
        """For tables and JSON; None where there is no clean lap."""
        times = self.times_s
        low, high = share_interval(len(times), self.asked)
        found: dict[str, Any] = {
            "asked": self.asked,
            "finished": len(self.counted),
            "clean": len(times),
            "clean_rate": len(times) / self.asked,
            "clean_rate_95": [low, high],
        }
        names = ("best_s", "median_s", "mean_s", "iqm_s", "std_s")
        values = (
            (times.min(), np.median(times), times.mean(), interquartile_mean(times), times.std(ddof=len(times) > 1))
            if len(times)
            else [None] * len(names)
        )
        found |= {n: None if v is None else round(float(v), 4) for n, v in zip(names, values, strict=True)}
        found["lap_times_s"] = [float(time) for time in times]
        found["endings"] = [stint.ending for stint in self.evaluation.stints]
        return found


@dataclass(frozen=True)
class Assessment:
    """One driver: a run of training, or the line follower."""

    label: str
    """drivers of one label are compared as one"""
    source: str
    protocol: Protocol
    attempts: Mapping[str, Attempts]
    """by kind of start: `standing`, `flying`"""

    @property
    def evaluation(self) -> Evaluation:
        return next(iter(self.attempts.values())).evaluation

    @cached_property
    def published(self) -> Mapping[str, float]:
        """Laps of others on the track, s."""
        return published_laps(self.evaluation.track.name, self.evaluation.car.name)

    @property
    def best_s(self) -> float | None:
        """The fastest clean lap of any start, out laps apart."""
        times = np.concatenate([attempts.times_s for attempts in self.attempts.values()])
        return float(times.min()) if len(times) else None

    def references(self) -> dict[str, float]:
        """The limit and the published laps, s."""
        return {"limit": self.evaluation.limit_s, **self.published}

    def gaps(self) -> dict[str, float]:
        """How much slower the best clean lap is than each of the references, as a share; empty without one."""
        best = self.best_s
        return {} if best is None else {name: best / time - 1.0 for name, time in self.references().items()}

    def scores(self) -> list[NDArray[np.float64]]:
        """Scores of each car of every kind of start: the units that vary within a run."""
        return [a.scores(car) for a in self.attempts.values() for car in range(len(a.evaluation.stints))]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "label": self.label,
            "source": self.source,
            "track": self.evaluation.track.name,
            "car": self.evaluation.car.name,
            "protocol": vars(self.protocol),
            "references_s": {name: round(time, 3) for name, time in self.references().items()},
            "best_s": self.best_s,
            "gap_of_best": {name: round(gap, 5) for name, gap in self.gaps().items()},
            **{kind: attempts.figures() for kind, attempts in self.attempts.items()},
        }


def assess(
    policy: Policy | Driver,
    settings: Mapping[str, Any],
    protocol: Protocol | None = None,
    label: str = "driver",
    source: str = "",
) -> Assessment:
    """Drive `policy` by the protocol; `settings` are keywords of the environments, as the driver learned with."""
    p = protocol or Protocol()
    if p.laps < 1 or p.standing < 0 or p.flying < 0 or p.standing + p.flying < 1:
        raise ConfigError("an evaluation needs at least one lap of at least one car")
    if not 0.0 <= p.vary < 0.5:
        raise ConfigError(f"cars can be varied by 0 to 0.5, not by {p.vary:g}")
    randomise = {name: (1.0 - p.vary, 1.0 + p.vary) for name in _VARIED} if p.vary else {}
    common = {**settings, "laps": p.laps + 1, "seed": p.seed, "randomise": randomise}
    attempts = {}
    if p.standing:
        driven = drive_laps(policy, **{**common, "start": "line", "num_envs": p.standing})
        attempts["standing"] = Attempts(driven, p.laps * p.standing)
    if p.flying:
        start = {
            "start": "random", "start_speed": FLYING_SPEED, "start_offset": 0.0, "start_heading": 0.0,
            "start_standing": 0.0,
        }  # fmt: skip
        driven = drive_laps(policy, **{**common, **start, "num_envs": p.flying})
        attempts["flying"] = Attempts(driven, p.laps * p.flying)
    return Assessment(label, source, p, attempts)
