"""How a host is doing: frames, their cost, and how fast the game's clock runs."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

_WINDOW_S = 1.0


@dataclass(frozen=True)
class HostStatus:
    """A look at a running host; rates and costs are those of the last second or so."""

    frames: int
    game_time: float
    """s since the session began"""
    speed: float
    """game seconds a second"""
    frame_rate: float
    """frames a second"""
    frame_ms: float
    """mean cost of a frame, apps included"""
    longest_ms: float
    overruns: int
    """frames so far that were not done in time"""
    app_errors: int


class Meter:
    """Fed with the cost of each frame; the figures are NaN for the first second."""

    def __init__(self, frame_s: float) -> None:
        self._frame_s = frame_s
        self.speed = self.frame_rate = self.mean_ms = self.longest_ms = math.nan
        self.frames = self._frames = 0
        self._spent = self._longest = 0.0
        self._since = time.perf_counter()

    def frame(self, began: float, ended: float) -> None:
        """A frame's work lasted from `began` to `ended`, s of perf_counter."""
        self.frames += 1
        self._frames += 1
        self._spent += ended - began
        self._longest = max(self._longest, ended - began)
        if (elapsed := ended - self._since) >= _WINDOW_S:
            self.frame_rate = self._frames / elapsed
            self.speed = self.frame_rate * self._frame_s
            self.mean_ms, self.longest_ms = 1000.0 * self._spent / self._frames, 1000.0 * self._longest
            self._since, self._frames, self._spent, self._longest = ended, 0, 0.0, 0.0
