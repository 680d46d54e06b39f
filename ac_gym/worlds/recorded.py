"""Recorded drives as a World: what was driven is driven again, whatever the controls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ac_gym import channels
from ac_gym.car import Car, envelope
from ac_gym.errors import ConfigError
from ac_gym.track import Track, speed_profile
from ac_gym.track.native import native_track
from ac_gym.worlds.base import Mask


class RecordedWorld:
    """Car k drives what the k-th recording holds, row by row, and stays on its last row.

    `ac_gym.task.Task` turns it into observations and rewards like any other world, step by step, or all of it at once:
    `task.replay(world.recorded, controls, world.starts)`.
    """

    threads = 1
    state_time = None

    def __init__(
        self, track: Track, car: Car, recordings: Sequence[NDArray[np.float64]], *, control_rate: float = 25.0
    ) -> None:
        """`recordings`: frames (T_k, `channels.WIDTH`) each."""
        lengths = [len(frames) for frames in recordings]
        if not lengths or min(lengths) < 1:
            raise ConfigError("a recorded world needs recordings of at least one row each")
        if any(frames.ndim != 2 or frames.shape[1] != channels.WIDTH for frames in recordings):
            raise ConfigError(f"recordings must be arrays of frames (T, {channels.WIDTH})")
        self.track, self.car, self.count, self.control_rate = track, car, len(lengths), control_rate
        self.profile = speed_profile(track, envelope(car))
        self.native_track = native_track(track, self.profile.speed)
        self.recorded = np.concatenate(recordings, dtype=np.float64)
        """(T, WIDTH): all recordings, one after another"""
        self._ends = np.cumsum(lengths) - 1
        self.starts = self._ends + 1 - lengths
        """(count,) rows where they begin"""
        self._rows = self.starts.copy()
        self.frames: NDArray[np.float64] = self.recorded[self._rows]

    @property
    def ended(self) -> NDArray[np.bool_]:
        """(count,): the car is on its last row."""
        return self._rows == self._ends

    def seed(self, seed: int) -> None:
        """Nothing is random."""

    def reset(self, mask: Mask | None = None) -> None:
        cars = slice(None) if mask is None else mask != 0
        self._rows[cars] = self.starts[cars]
        self.frames[:] = self.recorded[self._rows]

    def step(self, controls: NDArray[np.float32], mask: Mask | None = None) -> None:
        self._rows = np.minimum(self._rows + 1, self._ends)
        self.reset(np.zeros(self.count, np.uint8) if mask is None else mask)

    def send(self, controls: NDArray[np.float32], mask: Mask | None = None) -> None:
        self._mask = mask

    def receive(self) -> None:
        self.step(np.empty(0, np.float32), self._mask)

    def place(self, car: int, s: float, offset: float = 0.0, heading: float = 0.0, speed: float = 0.0) -> None:
        raise ConfigError("a recorded car cannot be put anywhere: it drives where it was driven")

    def info(self) -> dict[str, float]:
        return {}

    def report(self) -> str:
        return ""

    def close(self) -> None:
        """Nothing to let go of."""
