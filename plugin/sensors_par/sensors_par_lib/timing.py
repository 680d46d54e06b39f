"""Clocks of the app: when something is due, how long a frame takes, how often things happen."""

import threading
import time


class Ticker(object):
    """Due `rate` times a second of game time, at the frame nearest to that."""

    def __init__(self, rate):
        self._period = 1.0 / rate
        self._elapsed = 0.0

    def due(self, delta):
        """Once a frame of `delta` s: 50 frames a second make every second one due at 25 Hz, 25 make every one."""
        self._elapsed += delta
        if self._elapsed < self._period - 0.5 * delta:
            return False
        self._elapsed = min(self._elapsed - self._period, 0.5 * delta)
        return True


class Meter(object):
    """Over the last second or so: frames a second, mean and longest time of a frame in us, events a second.

    Any thread may `count`; the totals are in `totals`.
    """

    WINDOW = 1.0  # s

    def __init__(self):
        self._lock = threading.Lock()
        self._started = time.perf_counter()
        self._frames = 0
        self._spent = self._longest = 0.0
        self._before = {}
        self.totals = {}
        self.rates = {}
        self.frames = 0
        self.frame_rate = self.mean_us = self.max_us = 0.0

    def count(self, event):
        with self._lock:
            self.totals[event] = self.totals.get(event, 0) + 1

    def frame(self, began, ended):
        """A frame's work lasted from `began` to `ended`, s of perf_counter."""
        spent = ended - began
        self.frames += 1
        self._frames += 1
        self._spent += spent
        self._longest = max(self._longest, spent)
        if ended - self._started >= self.WINDOW:
            self._publish(ended)

    def _publish(self, now):
        elapsed = now - self._started
        with self._lock:
            totals = dict(self.totals)
        self.rates = {event: (totals[event] - self._before.get(event, 0)) / elapsed for event in totals}
        self.frame_rate = self._frames / elapsed
        self.mean_us, self.max_us = 1e6 * self._spent / self._frames, 1e6 * self._longest
        self._before, self._started = totals, now
        self._frames, self._spent, self._longest = 0, 0.0, 0.0


class RunningClock(object):
    """Seconds that stand still while the game draws no frames: nobody is to blame for silence in a loading screen."""

    LONGEST_FRAME = 0.1

    def __init__(self):
        self._last = time.monotonic()
        self.now = 0.0

    def frame(self):
        now = time.monotonic()
        self.now += min(now - self._last, self.LONGEST_FRAME)
        self._last = now
