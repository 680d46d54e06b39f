"""Keeps a rate on an absolute schedule: lateness does not add up, and turns that were missed are left out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from ac_gym.errors import ConfigError

LAP_RATE = 50.0
"""looks a second that laps are judged from at the least, however few snapshots are wanted"""


def check_rate(rate: float, most: float) -> float:
    """`rate` if it is 1 to `most` a second; ConfigError otherwise."""
    if not 1.0 <= rate <= most:
        raise ConfigError(f"the rate must be 1 to {most:g} a second, is {rate:g}")
    return rate


class Beat:
    """Turns at `rate` a second, each of `looks` looks, so that there are at least LAP_RATE looks a second."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.perf_counter) -> None:
        self.looks = max(1, math.ceil(LAP_RATE / rate))
        self._period = 1.0 / (rate * self.looks)
        self._clock = clock
        self._began = clock()
        self._count = 0
        self.missed = 0
        """turns so far that were left out"""

    def wait_s(self) -> float:
        """s until the next look; 0 if it is due."""
        return max(0.0, self._began + (self._count + 1) * self._period - self._clock())

    def next(self) -> bool:
        """Counts the look that is due, and those that were missed; whether a turn is up."""
        turn_before = self._count // self.looks
        due = int((self._clock() - self._began) / self._period)
        self._count = max(self._count + 1, due)
        turns = self._count // self.looks - turn_before
        self.missed += max(turns - 1, 0)
        return turns > 0
