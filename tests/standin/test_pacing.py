"""Pacing: an absolute schedule in real time, one answer a state in lock-step."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from ac_gym.standin import pacing
from ac_gym.standin.joystick import HID_X, VirtualJoystick
from ac_gym.standin.pacing import FreeRunning, LockStep, Steady


class Clock:
    """Time that passes only where someone sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += max(seconds, 1e-5)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(pacing, "time", clock)
    return clock


def test_frames_keep_an_absolute_schedule(clock: Clock) -> None:
    """Frames of any length up to the period begin where they should; nothing adds up."""
    steady = Steady(0.02)
    steady.wait()
    begun = clock.now
    for frame in range(1, 1001):
        clock.now += (frame * 7 % 19) / 1000.0
        steady.wait()
        assert clock.now == pytest.approx(begun + 0.02 * frame, abs=2e-5)
    assert steady.overruns == 0


def test_a_late_frame_is_counted_and_made_up_for(clock: Clock) -> None:
    steady = Steady(0.02)
    steady.wait()
    begun = clock.now
    clock.now += 0.07
    for _ in range(5):
        steady.wait()
    assert clock.now == pytest.approx(begun + 0.10, abs=2e-5)
    assert steady.overruns == 3


def test_a_host_that_is_stopped_does_not_sleep_on() -> None:
    stopping = threading.Event()
    steady = Steady(3600.0, stopping)
    threading.Timer(0.3, stopping.set).start()
    began = time.monotonic()
    steady.wait()
    steady.wait()
    assert time.monotonic() - began < 60.0


def test_a_long_stop_is_not_made_up_for(clock: Clock) -> None:
    steady = Steady(0.02)
    steady.wait()
    clock.now += 3.0
    stopped = clock.now
    for _ in range(10):
        steady.wait()
    assert clock.now == pytest.approx(stopped + 0.2, abs=2e-5)
    assert steady.overruns == 1


def test_free_running_never_waits(clock: Clock) -> None:
    pacing_ = FreeRunning()
    for _ in range(5):
        pacing_.frame_begins()
        pacing_.wait()
    assert clock.now == 100.0


class Game:
    """Frames in lock-step with a driver who gets a state in every `cycle`-th frame, and what the waits were."""

    def __init__(self, cycle: int, clock: Clock, **options: object) -> None:
        self.joystick = VirtualJoystick()
        self.joystick.AcquireVJD(1)
        self.cycle, self.clock = cycle, clock
        self.waited: list[float] = []
        self.stale = 0
        self.frame = 0
        self.answering = True
        self.asked: Callable[[], bool] = lambda: False
        self.joystick.wait_for_write = self._wait  # type: ignore[method-assign]
        self.lock = LockStep(self.joystick, cycle, 0.02, 0.5, lambda: self.asked(), **options)  # type: ignore[arg-type]

    def write(self) -> None:
        self.joystick.SetAxis(self.frame % 1000 + 1, 1, HID_X)

    def _wait(self, beyond: int, seconds: float) -> bool:
        """A driver who answers takes no time; else the clock runs."""
        if self.joystick.writes <= beyond and self.answering and self.stale:
            self.stale -= 1
            self.write()
        if self.joystick.writes > beyond:
            return True
        self.clock.now += seconds
        return False

    def step(self) -> float:
        """One frame; how long it was waited for."""
        self.frame += 1
        self.lock.frame_begins()
        if self.frame % self.cycle == 0:
            self.stale += 1
        began = self.clock.now
        self.lock.wait()
        self.waited.append(self.clock.now - began)
        return self.waited[-1]


@pytest.mark.parametrize("cycle", [1, 2, 4])
def test_every_state_is_answered_before_the_next_frame(cycle: int, clock: Clock) -> None:
    game = Game(cycle, clock)
    game.write()  # the driver comes
    assert [game.step() for _ in range(20 * cycle)] == [0.0] * (20 * cycle)
    assert game.stale == 0
    assert game.lock.overruns == 0


def test_an_answer_that_comes_late_moves_nothing(clock: Clock) -> None:
    """It is seen in a frame without a state; the next state is waited for all the same."""
    game = Game(2, clock)
    game.step()
    game.write()
    game.answering = False
    assert game.step() > 0.4
    game.write()  # late
    game.answering, game.stale = True, 0
    for _ in range(8):
        game.step()
        assert game.stale == 0


def test_a_driver_who_is_slow_is_waited_for_and_one_who_is_gone_is_not(clock: Clock) -> None:
    game = Game(2, clock)
    game.write()
    for _ in range(8):
        game.step()
    game.answering = False
    stopped = [game.step() for _ in range(4)]
    assert [seconds > 0.4 for seconds in stopped] in ([True, False, True, False], [False, True, False, True])
    assert game.lock.overruns == 2
    for _ in range(3):
        game.step()
    assert [game.step() for _ in range(5)] == pytest.approx([0.02] * 5, abs=1e-4)  # nobody drives: real time
    game.answering, game.stale = True, 0
    game.write()
    for _ in range(8):
        game.step()
    assert [game.step() for _ in range(8)] == [0.0] * 8


def test_waiting_ends_for_a_reset(clock: Clock) -> None:
    """Apps are called meanwhile; where one asks for a reset, the frame that does it must come."""
    game = Game(2, clock)
    game.write()
    for _ in range(8):
        game.step()
    game.answering = False
    game.asked = lambda: True
    assert max(game.step(), game.step()) < 0.02
    game.asked = lambda: False
    game.answering = True
    assert [game.step() for _ in range(4)] == [0.0] * 4


def test_sleep_ends_when_it_should() -> None:
    """The one test with a real clock: never early."""
    for seconds in (0.0, 0.0001, 0.003):
        moment = time.perf_counter() + seconds
        pacing._sleep_until(moment)
        assert time.perf_counter() >= moment
