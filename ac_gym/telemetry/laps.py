"""What the pages do not say about a lap: whether it is valid, and how far ahead of the best one it is."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

_NEAR_LINE = 0.02  # a lap is known whole when it was seen from before this position to beyond 1 - this
_LEAP = 0.05  # no car gets this far along between two looks
_KEPT = 100
_STEP = 1e-4  # of the lap between two points that are kept


class Lap(NamedTuple):
    """A lap that was completed."""

    number: int
    ms: int
    valid: bool


class LapWatch:
    """Follows the laps of one session, look by look."""

    def __init__(self) -> None:
        self.finished: list[Lap] = []
        """those that were seen to end, the last _KEPT of them"""
        self.valid = True
        """False from three tyres out until the lap ends."""
        self.delta_s: float | None = None
        """s behind (+) or ahead of (-) the best valid lap that was seen whole; None while there is none"""
        self._completed = self._ms = 0
        self._lap = _Trace()
        self._best: _Trace | None = None

    def update(self, *, completed: int, ms: int, last_ms: int, position: float, tyres_out: int) -> None:
        """Takes the counts, times (ms) and position (0..1 along the lap) of a look."""
        if completed < self._completed:
            self._best = None  # another session
            self.finished.clear()
        if completed != self._completed or ms < self._ms:  # the clock runs back only where a lap begins
            if completed == self._completed + 1:
                self._finish(last_ms)
            self.valid = True
            self._lap = _Trace()
        self._completed, self._ms = completed, ms
        self.valid = self.valid and tyres_out <= 2
        self._lap.add(position, ms)
        self.delta_s = self._delta(position, ms)

    def _finish(self, last_ms: int) -> None:
        lap = self._lap
        if last_ms > 0:
            self.finished = [*self.finished[1 - _KEPT :], Lap(self._completed + 1, last_ms, self.valid)]
        faster = self._best is None or last_ms < self._best.ms[-1]
        if self.valid and lap.whole and last_ms > 0 and faster:
            lap.add_end(last_ms)
            self._best = lap

    def _delta(self, position: float, ms: int) -> float | None:
        if self._best is None or (position > 0.5 and ms < 1000):  # the clock began anew just before the line
            return None
        return (ms - self._best.time_at(position)) / 1000.0


class _Trace:
    """Positions and times of a lap, both rising."""

    def __init__(self) -> None:
        self.positions: list[float] = [0.0]
        self.ms: list[float] = [0.0]
        self._torn = False

    def add(self, position: float, ms: int) -> None:
        ahead = position - self.positions[-1]
        if abs(ahead) > _LEAP:
            # Position and clock begin anew within a few looks of one another; any other leap is a car put elsewhere.
            clock_first = len(self.ms) == 1 and position > 1.0 - _NEAR_LINE
            position_first = position < _NEAR_LINE and self.positions[-1] > 1.0 - _NEAR_LINE
            self._torn = self._torn or not (clock_first or position_first)
        elif ahead >= _STEP and ms > self.ms[-1]:
            self.positions.append(position)
            self.ms.append(ms)

    @property
    def whole(self) -> bool:
        return not self._torn and self.positions[-1] > 1.0 - _NEAR_LINE

    def add_end(self, ms: int) -> None:
        self.positions.append(1.0)
        self.ms.append(ms)

    def time_at(self, position: float) -> float:
        """ms at a position, between the points that were seen"""
        after = min(max(bisect_right(self.positions, position), 1), len(self.positions) - 1)
        x0, x1 = self.positions[after - 1], self.positions[after]
        share = (position - x0) / (x1 - x0) if x1 > x0 else 0.0
        return self.ms[after - 1] + share * (self.ms[after] - self.ms[after - 1])
