"""A driver with noise on its controls: laps that show the way back as well as the way.

The noise lasts: each control wanders about what the driver does (an Ornstein-Uhlenbeck process). Noise that is new at
every step would be gone before the car has moved: what steering adds up to over a second is what takes it off its line.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ac_gym.drivers.base import Driver
from ac_gym.task import Telemetry

_SHARES = np.array([1.0, 5.0, 5.0])  # steering moves by tenths over a lap, pedals from end to end
_AXES = len(_SHARES)
_LASTS = 0.6  # s, in which the noise falls to 1/e of itself


class Noisy(Driver):
    """What `driver` does, plus noise of standard deviation `sigma` on steering and five times that on the pedals.

    `control_rate`: calls a second, Hz.
    """

    def __init__(self, driver: Driver, sigma: float, seed: int = 0, *, control_rate: float = 25.0) -> None:
        self._driver, self._rng = driver, np.random.default_rng(seed)
        self._kept = math.exp(-1.0 / (_LASTS * control_rate))
        self._new = sigma * _SHARES * math.sqrt(1.0 - self._kept**2)
        self._noise: NDArray[np.float64] | None = None

    def __call__(self, telemetry: Telemetry) -> NDArray[np.float32]:
        controls = self._driver(telemetry)
        if self._noise is None:
            self._noise = np.zeros((len(controls), _AXES))
        self._noise = self._kept * self._noise + self._new * self._rng.normal(size=self._noise.shape)
        controls[:, :_AXES] = np.clip(controls[:, :_AXES] + self._noise, -1.0, 1.0)
        return controls
