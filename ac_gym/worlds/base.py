"""What every World offers: it takes controls and gives telemetry frames; it knows nothing of rewards."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ac_gym import _core
from ac_gym.car import Car
from ac_gym.track import Track

Mask = NDArray[np.uint8]


class World(Protocol):
    """A place where `count` cars drive; `frames` always holds their latest telemetry."""

    count: int
    track: Track
    car: Car
    native_track: _core.Track
    control_rate: float
    """control steps a second, Hz"""
    frames: NDArray[np.float64]
    """(count, channels.WIDTH): see `ac_gym.channels`; overwritten by each reset and step"""

    def seed(self, seed: int) -> None:
        """Restart the random numbers of all cars."""

    def reset(self, mask: Mask | None = None) -> None:
        """Put the cars whose mask is not 0 (all, if None) on their start."""

    def step(self, controls: NDArray[np.float32], mask: Mask | None = None) -> None:
        """Drive one control step with `controls` (count, 4): steer, throttle, brake on -1..1 (pedals: -1 is up), gear
        request -1, 0, +1. Cars whose mask is not 0 are put on their start instead."""

    def close(self) -> None:
        """Let go of what the world holds."""
