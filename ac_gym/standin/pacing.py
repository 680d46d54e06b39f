"""When the next frame is drawn: real time, a multiple of it, or as soon as the driver has answered."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Protocol

from ac_gym.standin.joystick import VirtualJoystick

_SPIN_S = 0.0003  # a sleep ends this much late, often enough
_FORGET_S = 0.25  # a delay longer than this is not made up for
_LOOK_S = 0.002
_LONG_S = 0.2  # a sleep longer than this ends when the host is stopped


class Pacing(Protocol):
    """Told when the apps begin a frame, asked to wait after it."""

    overruns: int
    """frames that were not done in time"""

    @property
    def frames_a_state(self) -> int | None:
        """Frames from one state to the next, where time stands still until the state is answered; else None."""

    def frame_begins(self) -> None: ...
    def wait(self) -> None: ...


class FreeRunning:
    """Never waits."""

    overruns = 0
    frames_a_state = 1

    def frame_begins(self) -> None:
        """Nothing depends on it."""

    def wait(self) -> None:
        """Not at all."""


class Steady:
    """A frame every `period` s of an absolute schedule, so that delays do not add up; until `stopping`."""

    frames_a_state = None

    def __init__(self, period: float, stopping: threading.Event | None = None) -> None:
        self._period, self._stopping = period, stopping or threading.Event()
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
        elif now + _LONG_S > self._due or not self._stopping.wait(self._due - _LONG_S / 2.0 - now):
            _sleep_until(self._due)


class LockStep:
    """As fast as the driver answers: every `cycle` frames the app sends a state, and this waits for its answer.

    Those are the frames whose number, from the first on, is a multiple of `cycle`: the app counts game time as the
    host does. A driver who lets two states pass without an answer, `patience` s each, is taken to be gone; while
    nobody drives, frames keep real time.

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
        self._joystick, self.frames_a_state, self._patience = joystick, cycle, patience
        self._meanwhile = meanwhile
        self._idle = Steady(period)
        self._driving = False
        self._frame = self._missed = 0
        self._before = self._seen = joystick.writes
        self.overruns = 0

    def frame_begins(self) -> None:
        self._frame += 1
        self._before = self._joystick.writes

    def wait(self) -> None:
        if not self._driving and self._joystick.writes != self._seen:
            self._driving, self._missed = True, 0
        self._seen = self._joystick.writes
        if not self._driving:
            self._idle.wait()
        elif self._frame % self.frames_a_state == 0:
            answered = self._expect()
            self._missed = 0 if answered else self._missed + 1
            self.overruns += not answered
            self._driving = self._missed < 2

    def _expect(self) -> bool:
        """Waits for the joystick to be written since the frame began; whether it was."""
        given_up = time.perf_counter() + self._patience
        while not (written := self._joystick.wait_for_write(self._before, min(_LOOK_S, self._patience))):
            if self._meanwhile() or time.perf_counter() >= given_up:
                break
        self._seen = self._joystick.writes
        return written


def _sleep_until(moment: float) -> None:
    remaining = moment - time.perf_counter()
    if remaining > _SPIN_S:
        time.sleep(remaining - _SPIN_S)
    while time.perf_counter() < moment:
        time.sleep(0.0)  # lets other threads, the servers', have the interpreter
