"""What every World offers: it takes controls and gives telemetry frames; it knows nothing of rewards."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ac_gym import _core
from ac_gym.car import Car
from ac_gym.track import SpeedProfile, Track

Mask = NDArray[np.uint8]


class World(Protocol):
    """A place where `count` cars drive; `frames` always holds their latest telemetry."""

    count: int
    track: Track
    car: Car
    profile: SpeedProfile
    """the car's quasi-steady-state limit on the racing line"""
    native_track: _core.Track
    control_rate: float
    """control steps a second, Hz"""
    threads: int
    """that share the cars"""
    frames: NDArray[np.float64]
    """(count, channels.WIDTH): see `ac_gym.channels`; overwritten by each reset and step"""

    @property
    def state_time(self) -> float | None:
        """When `frames` came, s of time.perf_counter; None where time stands still between steps."""

    def seed(self, seed: int) -> None:
        """Restart the random numbers of all cars."""

    def reset(self, mask: Mask | None = None) -> None:
        """Put the cars whose mask is not 0 (all, if None) on their start."""

    def step(self, controls: NDArray[np.float32], mask: Mask | None = None) -> None:
        """Drive one control step with `controls` (count, 4): steer, throttle, brake on -1..1 (pedals: -1 is up), gear
        request -1, 0, +1. Cars whose mask is not 0 are put on their start instead. The same as `send`, `receive`."""

    def send(self, controls: NDArray[np.float32], mask: Mask | None = None) -> None:
        """Begin a control step; where the cars drive in real time, they do so from here on. The arrays must stay as
        they are until `receive`."""

    def receive(self) -> None:
        """End the control step that `send` began: wait for its frames."""

    def place(self, car: int, s: float, offset: float = 0.0, heading: float = 0.0, speed: float = 0.0) -> None:
        """Put one car at centre-line position `s` (m), `offset` (m, + left), `heading` to the road (rad), `speed`
        (m/s); ConfigError where the world cannot."""

    def info(self) -> dict[str, float]:
        """What the world reports of itself beside telemetry, such as lost packets; goes into the environments' info."""

    def report(self) -> str:
        """The same in words, for the end of a run; empty where there is nothing to say."""

    def close(self) -> None:
        """Let go of what the world holds."""
