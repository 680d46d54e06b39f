"""Lines for the game's py_log.txt: any thread may write, the main thread hands them to the game."""

import collections
import time

_KEPT = 200


class Log(object):
    """`last` is the newest line, for the window."""

    def __init__(self, ac):
        self._ac = ac
        self._lines = collections.deque(maxlen=_KEPT)
        self._told = {}
        self.last = ""

    def __call__(self, text):
        self._lines.append(text)
        self.last = text

    def limited(self, subject, text):
        """At most one line a second on a subject, so that nobody can fill the disk from outside."""
        now = time.monotonic()
        if now - self._told.get(subject, now - 2.0) >= 1.0:
            self._told[subject] = now
            self(text)

    def flush(self):
        """Main thread only."""
        while self._lines:
            self._ac.log("sensors_par: " + self._lines.popleft())
