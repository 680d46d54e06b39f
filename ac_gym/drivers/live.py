"""Driving a running game by its pictures, in real time: a grabber in, a joystick or the plugin out.

Whatever ends it (Ctrl-C, SIGTERM, pictures that stop or stand still, an error, the end of the process), the controls go
to neutral first.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ac_gym import _core
from ac_gym.capture.source import Frame, Source
from ac_gym.capture.transform import PictureMemory
from ac_gym.drivers.pictures import PicturePolicy
from ac_gym.errors import CaptureTimeoutError, ConfigError, GameConnectionError, GameTimeoutError, NoPicturesError
from ac_gym.game.client import GameConnection

_STOPPING = (signal.SIGINT, signal.SIGTERM)
_REPORT_S = 1.0


class Wheel(Protocol):
    """What takes the controls; `ac_gym.game.controls.Controls` are such."""

    def apply(self, controls: NDArray[np.float32]) -> None: ...
    def neutral(self) -> None: ...
    def close(self) -> None: ...


class PluginWheel:
    """Controls through the plugin in the game, which moves its joystick; its states are passed over."""

    name = "plugin"

    def __init__(self, connection: GameConnection) -> None:
        """A connection that is open; `close` ends it."""
        self._connection = connection

    def apply(self, controls: NDArray[np.float32]) -> None:
        with suppress(GameTimeoutError):  # no state since the last one
            self._connection.receive(0.0)  # so that the answer names the newest
        self._connection.send(controls)

    def neutral(self) -> None:
        with suppress(GameConnectionError):  # the plugin lets go when nobody is there
            self._connection.send(_neutral())

    def close(self) -> None:
        self._connection.close()


@dataclass(frozen=True)
class LiveSettings:
    """How patient a driver by pictures is."""

    duration: float = float("inf")
    """s to drive"""
    patience: float = 0.25
    """without a new picture for so long [s], the controls go to neutral ..."""
    lost_after: float = 5.0
    """... and for so long, driving ends"""

    def __post_init__(self) -> None:
        if not self.duration > 0.0:
            raise ConfigError(f"duration must be greater than 0 s, is {self.duration:g}")
        if not 0.0 < self.patience <= self.lost_after:
            raise ConfigError("patience must be above 0 s, and driving ends later than that")


@dataclass(frozen=True)
class Second:
    """What happened in the last second."""

    controls: NDArray[np.float32]
    """(4,) the last ones"""
    decisions: float
    """a second"""
    pictures: float
    """new ones a second"""
    age: float
    """s between the time of the picture and the controls that answer it: the mean"""
    oldest: float
    """the largest [s]"""
    thinking: float
    """s that the network takes: the mean"""
    neutral: bool
    """no pictures at present"""

    def text(self) -> str:
        """In a line."""
        steer, throttle, brake = self.controls[:3].tolist()
        if self.neutral:
            return "no new picture: controls are neutral"
        return (
            f"steering {steer:+.2f}, throttle {50 * (throttle + 1):3.0f} %, brake {50 * (brake + 1):3.0f} %; "
            f"{self.decisions:.0f} decisions/s, {self.pictures:.0f} pictures/s, {1000 * self.age:.0f} ms old "
            f"(at most {1000 * self.oldest:.0f}), network {1000 * self.thinking:.1f} ms"
        )


def drive_live(
    policy: PicturePolicy,
    source: Source,
    wheel: Wheel,
    settings: LiveSettings | None = None,
    tell: Callable[[Second], None] = lambda second: None,
) -> str:
    """Drives until `settings.duration`, Ctrl-C or SIGTERM; returns why it ended. `tell` is called once a second.

    `source` gives pictures as the policy's transform makes them (`PictureTransform.open_source`). NoPicturesError or
    CaptureTimeoutError where pictures are lost for longer than `settings.lost_after`. The wheel is neutral in the end,
    whatever happened, and stays open.
    """
    s = settings or LiveSettings()
    watched = _Watch(tell)
    sight = _Sight(source, PictureMemory(policy.seen.transform), s, watched.picture)
    period = 1.0 / policy.seen.rate
    due = time.perf_counter()
    end = due + s.duration
    with _stop_request() as stop:
        try:
            while not stop.is_set():
                now = time.perf_counter()
                if now >= end:
                    return "the time is over"
                due = max(due + period, now - period)  # what was missed is not made up for
                _decide(policy, sight, wheel, watched)
                stop.wait(max(0.0, due - time.perf_counter()))
            return "stopped"
        finally:
            wheel.neutral()


def _decide(policy: PicturePolicy, sight: _Sight, wheel: Wheel, watched: _Watch) -> None:
    """One step: what is seen is answered; where nothing is, the wheel goes to neutral."""
    frame = sight.look()
    if frame is None:
        wheel.neutral()
        watched.waits()
        return
    controls = _neutral()
    begun = time.perf_counter()
    controls[:3] = policy(sight.memory.seen()[None])[0]
    thought = time.perf_counter()
    wheel.apply(controls)
    watched.decided(controls, thought - begun, time.perf_counter() - frame.time)


class _Sight:
    """The pictures as they come: remembers the new ones, and since when there is none."""

    def __init__(
        self, source: Source, memory: PictureMemory, settings: LiveSettings, on_new: Callable[[], None]
    ) -> None:
        self.memory = memory
        self._source, self._settings, self._on_new = source, settings, on_new
        self._number: int | None = None
        self._new_at = time.perf_counter()

    def look(self) -> Frame | None:
        """The newest picture; None where none comes or it stands still. Raises where that has lasted too long."""
        lost: Exception | None = None
        try:
            frame = self._source.get_frame(False, self._settings.patience)
        except (NoPicturesError, CaptureTimeoutError) as error:
            frame, lost = None, error
        if frame is not None and frame.number != self._number:
            self._number, self._new_at = frame.number, time.perf_counter()
            self.memory.add(frame.image, frame.time)
            self._on_new()
        silent = time.perf_counter() - self._new_at
        if silent > self._settings.lost_after:
            raise lost or CaptureTimeoutError(f"the picture has stood still for {silent:.1f} s")
        return None if silent > self._settings.patience else frame


class _Watch:
    """Counts, and tells once a second."""

    def __init__(self, tell: Callable[[Second], None]) -> None:
        self._tell, self._controls = tell, _neutral()
        self._begin(time.perf_counter())

    def picture(self) -> None:
        self._pictures += 1

    def waits(self) -> None:
        self._neutral, self._controls = True, _neutral()
        self._look()

    def decided(self, controls: NDArray[np.float32], thinking: float, age: float) -> None:
        self._neutral = False
        self._controls = controls
        self._thinking.append(thinking)
        self._ages.append(age)
        self._look()

    def _look(self) -> None:
        now = time.perf_counter()
        span = now - self._begun
        if span < _REPORT_S:
            return
        ages, thinking = self._ages or [float("nan")], self._thinking or [float("nan")]
        self._tell(
            Second(
                self._controls, len(self._ages) / span, self._pictures / span, sum(ages) / len(ages), max(ages),
                sum(thinking) / len(thinking), self._neutral,
            )
        )  # fmt: skip
        self._begin(now)

    def _begin(self, now: float) -> None:
        self._begun, self._pictures, self._neutral = now, 0, False
        self._ages: list[float] = []
        self._thinking: list[float] = []


@contextmanager
def _stop_request() -> Iterator[threading.Event]:
    """Set by SIGINT or SIGTERM; a second one ends the program as it always does."""
    asked = threading.Event()
    previous: dict[signal.Signals, Any] = {}

    def on_signal(number: int, frame: FrameType | None) -> None:
        asked.set()
        restore()

    def restore() -> None:
        for each, handler in previous.items():
            signal.signal(each, handler)

    if threading.current_thread() is threading.main_thread():  # Python sets handlers there only
        for each in _STOPPING:
            previous[each] = signal.signal(each, on_signal)
    try:
        yield asked
    finally:
        restore()


def _neutral() -> NDArray[np.float32]:
    controls = np.zeros(_core.CONTROL_WIDTH, np.float32)
    controls[1:3] = -1.0
    return controls
