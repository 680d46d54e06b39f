"""What a driver is that needs no learning."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from ac_gym.task import Telemetry


class Driver(ABC):
    """Drives by all that is known of the cars rather than by an agent's observations, with absolute controls."""

    @abstractmethod
    def __call__(self, telemetry: Telemetry) -> NDArray[np.float32]:
        """Controls (N, 4) for the cars' present frames: steering, throttle, brake on -1..1, gear request."""
