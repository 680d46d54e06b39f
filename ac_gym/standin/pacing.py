"""When the next frame is drawn: real time, a multiple of it, or as soon as the driver has answered."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Protocol

from ac_gym.standin.joystick import VirtualJoystick

_SPIN_S = 0.0003  # a sleep ends this much late, often enough
_FORGET_S = 0.25  # a delay longer than this is not made up for
_LOOK_S = 0.002
_SEARCH_PATIENCE_S = 0.5
_SEARCH_CYCLES = 10  # a driver who answers at random is not searched for longer


class Pacing(Protocol):
    """Told when the apps begin a frame, asked to wait after it."""

    overruns: int
    """frames that were not done in time"""

    def frame_begins(self) -> None: ...
    def wait(self) -> None: ...


class FreeRunning:
    """Never waits."""

    overruns = 0

    def frame_begins(self) -> None:
        """Nothing depends on it."""

    def wait(self) -> None:
        """Not at all."""


class Steady:
    """A frame every `period` s of an absolute schedule, so that delays do not add up."""

    def __init__(self, period: float) -> None:
        self._period = period
        self._due = math.nan
        self.overruns = 0

    def frame_begins(self) -> None:
        """The schedule does not depend on it."""

    def wait(self) -> None:
        now = time.perf_counter()
        if not now - self._due < _FORGET_S:
            self.overruns += not math.isnan(self._due)
            self._due = now
        self._due += self._period
        if now > self._due:
            self.overruns += 1
        else:
            _sleep_until(self._due)


class LockStep:
    """As fast as the driver answers: every `cycle` frames the app sends a state, and this waits for its answer.

    Which frames those are is found by watching the joystick: after each frame the host waits a little, until it was
    written in two frames `cycle` apart and not between. A driver who lets two states pass without an answer, `patience`
    s each, is taken to be gone; while nobody drives, frames keep real time.

    `meanwhile` is called every few ms of waiting, so that apps are not cut off; it says whether to wait no longer.
    """

    def __init__(
        self,
        joystick: VirtualJoystick,
        cycle: int,
        period: float,
        patience: float,
        meanwhile: Callable[[], bool] = lambda: False,
    ) -> None:
        self._joystick, self._cycle, self._patience = joystick, cycle, patience
        self._meanwhile = meanwhile
        self._idle = Steady(period)
        self._driving = False
        self._begin_search()
        self._frame = self._missed = 0
        self._before = self._seen = joystick.writes
        self.overruns = 0

    def frame_begins(self) -> None:
        self._frame += 1
        self._before = self._joystick.writes

    def wait(self) -> None:
        if not self._driving and self._joystick.writes != self._seen:
            self._driving = True
            self._begin_search()
        self._seen = self._joystick.writes
        if not self._driving:
            self._idle.wait()
        elif self._phase is None:
            self._search()
        elif self._frame % self._cycle == self._phase:
            self._expect(self._patience)
            if self._missed > 1:
                self._driving = False

    def _begin_search(self) -> None:
        self._phase: int | None = None
        self._answered: int | None = None
        self._searched = self._missed = 0

    def _search(self) -> None:
        self._searched += 1
        if self._expect(min(self._patience, _SEARCH_PATIENCE_S)):
            regular = self._answered is not None and self._frame - self._answered == self._cycle
            if regular or self._searched > _SEARCH_CYCLES * self._cycle:
                self._phase = self._frame % self._cycle
            self._answered = self._frame
        elif self._missed > 2 * self._cycle:
            self._driving = False

    def _expect(self, seconds: float) -> bool:
        """Waits for the joystick to be written since the frame began; whether it was."""
        given_up = time.perf_counter() + seconds
        while not (written := self._joystick.wait_for_write(self._before, min(_LOOK_S, seconds))):
            if self._meanwhile():
                return False
            if time.perf_counter() >= given_up:
                break
        self._missed = 0 if written else self._missed + 1
        if self._phase is not None:
            self.overruns += not written
        self._seen = self._joystick.writes
        return written


def _sleep_until(moment: float) -> None:
    remaining = moment - time.perf_counter()
    if remaining > _SPIN_S:
        time.sleep(remaining - _SPIN_S)
    while time.perf_counter() < moment:
        time.sleep(0.0)  # lets other threads, the servers', have the interpreter
