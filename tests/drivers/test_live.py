"""Driving by pictures in real time stops safely, whatever happens to the pictures."""

from __future__ import annotations

import os
import signal
import threading
import time

import numpy as np
import pytest
from numpy.typing import NDArray

from ac_gym.capture.source import Frame
from ac_gym.capture.transform import PictureTransform
from ac_gym.drivers.live import LiveSettings, Second, drive_live
from ac_gym.drivers.pictures import PicturePolicy, Seen
from ac_gym.errors import CaptureTimeoutError, ConfigError, NoPicturesError

TRANSFORM = PictureTransform(size=(6, 4), stack=2)
IMPATIENT = LiveSettings(patience=0.05, lost_after=0.2)


def _policy() -> PicturePolicy:
    """Full throttle, and steering by the brightness."""
    mean = np.full((1, 2, 4, 6), 1.0 / 48.0, np.float32)
    weights = [mean, np.array([[2.0], [0.0], [0.0]], np.float32)]
    return PicturePolicy(
        weights, [np.full(1, 0.5, np.float32), np.array([-1.0, 9.0, -9.0], np.float32)], [1],
        Seen(TRANSFORM, "cockpit", (12, 8), 100.0),
    )  # fmt: skip


class _Pictures:
    """Grows brighter; after `count` pictures they are `lost`, or the last one stays."""

    def __init__(self, count: float = float("inf"), lost: Exception | None = None) -> None:
        self._count, self._lost, self._number = count, lost, 0

    def get_frame(
        self, wait_for_new_frame: bool = True, timeout: float = 1.0, out: NDArray[np.uint8] | None = None
    ) -> Frame:
        if self._number < self._count:
            self._number += 1
        elif self._lost is not None:
            raise self._lost
        return Frame(np.full((4, 6, 1), min(self._number, 255), np.uint8), self._number, time.perf_counter())


class _Wheel:
    """Remembers what it got; "neutral" for neutral."""

    def __init__(self, broken_after: float = float("inf")) -> None:
        self.got: list[NDArray[np.float32] | str] = []
        self._broken_after = broken_after

    def apply(self, controls: NDArray[np.float32]) -> None:
        if len(self.got) >= self._broken_after:
            raise OSError("the wheel was pulled out")
        self.got.append(controls.copy())

    def neutral(self) -> None:
        self.got.append("neutral")

    def close(self) -> None:
        self.got.append("closed")


def _drive(pictures: _Pictures, wheel: _Wheel, settings: LiveSettings, tell: list[Second] | None = None) -> str:
    return drive_live(_policy(), pictures, wheel, settings, (tell if tell is not None else []).append)  # type: ignore[arg-type]


def test_what_is_seen_is_answered_and_told_once_a_second() -> None:
    wheel, told = _Wheel(), []
    assert _drive(_Pictures(), wheel, LiveSettings(duration=1.3), told) == "the time is over"
    controls = [each for each in wheel.got if not isinstance(each, str)]
    assert controls[0][0] < controls[-1][0]  # brighter: further right
    assert all(each[1] > 0.99 and each[2] < -0.99 and each[3] == 0.0 for each in controls)
    assert wheel.got[-1] == "neutral"
    (second,) = told
    assert 0.0 < second.pictures <= second.decisions * 1.1
    assert 0.0 <= second.age <= second.oldest
    assert "throttle 100 %" in second.text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_in_neutral(number: int) -> None:
    wheel, before = _Wheel(), signal.getsignal(number)
    timer = threading.Timer(0.2, os.kill, (os.getpid(), number))
    timer.start()
    assert _drive(_Pictures(), wheel, LiveSettings(duration=20.0)) == "stopped"
    assert wheel.got[-1] == "neutral"
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("lost", [NoPicturesError("nobody"), CaptureTimeoutError("late"), None])
def test_lost_pictures_and_one_that_stands_still_are_not_driven_by(lost: Exception | None) -> None:
    wheel = _Wheel()
    with pytest.raises((NoPicturesError, CaptureTimeoutError)) as raised:
        _drive(_Pictures(5, lost), wheel, IMPATIENT)
    assert raised.value is lost or "stood still" in str(raised.value)
    first = next(i for i, each in enumerate(wheel.got) if isinstance(each, str))
    assert first >= 1
    assert wheel.got[first:] == ["neutral"] * (len(wheel.got) - first)


def test_an_error_leaves_the_controls_neutral() -> None:
    wheel = _Wheel(broken_after=3)
    with pytest.raises(OSError, match="pulled out"):
        _drive(_Pictures(), wheel, LiveSettings(duration=20.0))
    assert wheel.got[-1] == "neutral"


@pytest.mark.parametrize(
    "settings",
    [{"patience": 2.0, "lost_after": 1.0}, {"patience": float("nan")}, {"duration": float("nan")}, {"duration": -3.0}],
)
def test_times_that_cannot_be_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        LiveSettings(**settings)
