"""A driver that now and then goes slowly for a moment: laps that show how to get going again.

Noise on the controls (`noisy`) takes a car off its line, not far off its speed. Who has only seen a corner taken at its
speed does not know what to do there at half of that; a clone that lifts by mistake then rolls to a stop.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ac_gym.drivers.base import Driver
from ac_gym.task import Telemetry

SLOW_PACE = 0.15
"""of a line follower that is `slow`: two fifths of the speed in corners"""
_LASTS_S = 1.0, 6.0


class Lapsing(Driver):
    """`driver`, and in its place for 1 to 6 s, `lapses` times a minute of each car, `slow`.

    `control_rate`: calls a second, Hz.
    """

    def __init__(
        self, driver: Driver, slow: Driver, lapses: float, seed: int = 0, *, control_rate: float = 25.0
    ) -> None:
        self._driver, self._slow, self._rng = driver, slow, np.random.default_rng(seed)
        self._step, self._chance = 1.0 / control_rate, lapses / (60.0 * control_rate)
        self._left: NDArray[np.float64] | None = None

    def __call__(self, telemetry: Telemetry) -> NDArray[np.float32]:
        controls, slow = self._driver(telemetry), self._slow(telemetry)
        count = len(controls)
        if self._left is None:
            self._left = np.zeros(count)
        begins = (self._left <= 0.0) & (self._rng.random(count) < self._chance)
        self._left = np.where(begins, self._rng.uniform(*_LASTS_S, count), self._left - self._step)
        return np.where((self._left > 0.0)[:, None], slow, controls)
