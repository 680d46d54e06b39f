"""Counting laps from the infos of the vector environment."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np


class LapBook:
    """Laps completed, clean laps and the best clean lap time of all cars so far."""

    def __init__(self, limit_s: float, laps: int = 0, clean: int = 0, best_s: float = math.inf) -> None:
        self.limit_s, self.laps, self.clean, self.best_s = limit_s, laps, clean, best_s

    def add(self, infos: Mapping[str, Any]) -> None:
        """The infos of one step: `lap_time` (N,) s, NaN where none was completed, and `lap_valid` (N,)."""
        times = np.asarray(infos["lap_time"])
        completed = np.isfinite(times)
        if not completed.any():
            return
        clean = times[completed & np.asarray(infos["lap_valid"])]
        self.laps += int(completed.sum())
        self.clean += len(clean)
        self.best_s = min(self.best_s, clean.min(initial=math.inf))

    def gap(self) -> float:
        """How much slower the best clean lap is than the limit, as a share of it; infinite before there is one."""
        return self.best_s / self.limit_s - 1.0

    def figures(self) -> dict[str, float]:
        """For loggers."""
        best = {"laps/best_s": self.best_s, "laps/gap_to_limit": self.gap()} if self.clean else {}
        return {"laps/completed": self.laps, "laps/clean": self.clean, **best}

    def texts(self) -> dict[str, str]:
        """For the progress line."""
        best = {"best lap": f"{self.best_s:.2f} s", "to limit": f"+{100 * self.gap():.1f} %"} if self.clean else {}
        return {"laps": f"{self.clean:,} clean of {self.laps:,}", **best}

    def state(self) -> dict[str, float]:
        """Keywords that make the same book again."""
        return {"laps": self.laps, "clean": self.clean, "best_s": self.best_s}
