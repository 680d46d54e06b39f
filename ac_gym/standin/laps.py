"""The ego's laps as the game counts them: putting the car back on the road does not begin a new session."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ac_gym.channels import COLUMNS

_AT = {name: columns.start for name, columns in COLUMNS.items()}


class LapCounter:
    """Turns the simulator's lap channels, which begin anew wherever a car is put, into those of a whole session."""

    def __init__(self, frame_ms: float) -> None:
        self._frame_ms = frame_ms
        self.begin()

    def begin(self) -> None:
        """A new session: the car stands or rolls somewhere, its first lap is not timed until it crosses the line."""
        self.count, self.last_ms, self.best_ms, self.last_valid = 0, 0.0, 0.0, False
        self.spoiled = False
        self.splits: list[int] = []
        self.last_splits: list[int] = []
        self._timed = False
        self._distance_before = self._ms_before = 0.0
        self._ms = self._raw_ms = self._distance = 0.0
        self._sector = 0

    def car_was_moved(self) -> None:
        """The car is put elsewhere within its lap, which counts no more as clean; the clock runs on."""
        self.spoiled = True
        self._ms_before, self._distance_before = self._ms, self._distance
        self._raw_ms = 0.0

    def update(self, frame: NDArray[np.float64]) -> None:
        """Takes the next frame (WIDTH,) of the simulator and writes the session's figures into it."""
        raw_ms = frame[_AT["current_time"]]
        crossed = raw_ms < self._raw_ms
        sector = int(frame[_AT["sector"]])
        if crossed or sector > self._sector:
            self.splits.append(round(frame[_AT["last_sector_time"]]))
        if crossed:
            self._finish_lap(frame, self._ms_before + self._raw_ms + self._frame_ms - raw_ms)
        self._raw_ms, self._sector = raw_ms, sector
        self._ms = self._ms_before + raw_ms
        self._distance = self._distance_before + frame[_AT["distance_travelled"]]
        if frame[_AT["lap_invalidated"]]:
            self.spoiled = True
        self._write(frame)

    def _finish_lap(self, frame: NDArray[np.float64], ms: float) -> None:
        if self._timed:
            whole = self._ms_before == 0.0
            self.count += 1
            self.last_ms = frame[_AT["last_lap_time"]] if whole else round(ms)
            self.last_valid = not self.spoiled and bool(frame[_AT["last_lap_valid"]])
            if self.last_valid and (self.best_ms == 0.0 or self.last_ms < self.best_ms):
                self.best_ms = self.last_ms
            self.last_splits = self.splits
        self._timed = True
        self.splits = []
        self._ms_before, self.spoiled = 0.0, False

    def _write(self, frame: NDArray[np.float64]) -> None:
        frame[_AT["completed_laps"]] = frame[_AT["lap_count"]] = self.count
        frame[_AT["current_time"]] = self._ms
        frame[_AT["last_lap_time"]], frame[_AT["best_lap_time"]] = self.last_ms, self.best_ms
        frame[_AT["last_lap_valid"]], frame[_AT["lap_invalidated"]] = self.last_valid, self.spoiled
        frame[_AT["distance_travelled"]] = self._distance
