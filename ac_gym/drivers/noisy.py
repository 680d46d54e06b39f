"""A driver with noise on its controls: laps that show the way back as well as the way."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ac_gym.drivers.base import Driver
from ac_gym.task import Telemetry

_AXES = 3


class Noisy(Driver):
    """What `driver` does, plus normal noise of standard deviation `sigma` on steering, throttle and brake."""

    def __init__(self, driver: Driver, sigma: float, seed: int = 0) -> None:
        self._driver, self._sigma, self._rng = driver, sigma, np.random.default_rng(seed)

    def __call__(self, telemetry: Telemetry) -> NDArray[np.float32]:
        controls = self._driver(telemetry)
        noise = self._sigma * self._rng.normal(size=(len(controls), _AXES))
        controls[:, :_AXES] = np.clip(controls[:, :_AXES] + noise, -1.0, 1.0)
        return controls
