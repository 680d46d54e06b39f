"""Ahead of or behind the best lap, as the game's performance meter shows it."""

from __future__ import annotations

import math
from array import array

import numpy as np


class LapDelta:
    """Fed with each state; the best valid lap driven so far is the reference."""

    def __init__(self) -> None:
        self.delta = 0.0
        """s behind the best lap at this place; negative is ahead, 0 before there is a lap to compare with"""
        self.rate = 0.0
        """change of `delta`, s a second; negative is gaining"""
        self._reference: tuple[np.ndarray, np.ndarray] | None = None
        self._best = math.inf
        self._laps = -1
        self._valid = True
        self._places, self._times = array("d"), array("d")

    def update(self, laps: int, place: float, lap_time: float, last_lap: float, valid: bool) -> None:
        """`laps` completed, `place` 0..1 along the lap, time in this lap (s), time of the last lap (s), whether this
        lap is valid so far."""
        if laps != self._laps:
            self._begin_lap(laps, last_lap)
        self._valid = self._valid and valid
        if not self._times or (place > self._places[-1] and lap_time > self._times[-1]):
            before = self._times[-1] if self._times else lap_time
            self._places.append(place)
            self._times.append(lap_time)
            self._compare(place, lap_time, lap_time - before)

    def _begin_lap(self, laps: int, last_lap: float) -> None:
        whole = self._laps >= 0 and laps == self._laps + 1 and len(self._times) > 2 and self._places[0] < 0.1
        if whole and self._valid and 0.0 < last_lap < self._best:
            self._best = last_lap
            self._reference = np.array(self._places), np.array(self._times)
        self._laps, self._valid, self.delta, self.rate = laps, True, 0.0, 0.0
        self._places, self._times = array("d"), array("d")

    def _compare(self, place: float, lap_time: float, step: float) -> None:
        if self._reference is None:
            return
        before, self.delta = self.delta, lap_time - float(np.interp(place, *self._reference))
        self.rate = (self.delta - before) / step if step > 0.0 and len(self._times) > 2 else 0.0
