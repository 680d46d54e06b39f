"""`ac-gym drive --source`: pictures in, and at every joystick's driver what a driver by pictures answers them with."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from joystick_fakes import FakeEvdev, FakeVGamepad, FakeVJoy
from typer.testing import CliRunner

from ac_gym.capture import PictureWriter
from ac_gym.capture.transform import PictureTransform
from ac_gym.cli.main import app
from ac_gym.errors import CaptureError, GameConnectionError
from ac_gym.game.controls import uinput

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="uinput is Linux's")
STEER, RATE = 0.5, 50.0
NEUTRAL = (16384, 1, 1, 0)  # of vJoy


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Half right on full throttle, whatever is seen."""
    transform = {
        "kind": "pictures", "picture": PictureTransform(size=(12, 8), stack=1).as_dict(), "view": "cockpit",
        "size": [64, 48], "rate": RATE, "strides": [1],
    }  # fmt: skip
    answer = np.array([np.arctanh(STEER), 9.0, -9.0], np.float32)
    np.savez(
        tmp_path / "policy.npz", transform=np.array(json.dumps(transform)), bias_1=answer,
        weight_0=np.zeros((1, 1, 3, 3), np.float32), bias_0=np.zeros(1, np.float32),
        weight_1=np.zeros((3, 60), np.float32),
    )  # fmt: skip
    return tmp_path


class Pictures(threading.Thread):
    """Publishes pictures until it is ended."""

    def __init__(self) -> None:
        super().__init__()
        self.source, self._ended = f"t{uuid.uuid4().hex[:10]}", threading.Event()
        self.published = threading.Event()

    def run(self) -> None:
        with PictureWriter(self.source) as writer:
            while not self._ended.wait(0.5 / RATE):
                writer.write(np.zeros((48, 64, 3), np.uint8))
                self.published.set()

    def end(self) -> None:
        self._ended.set()
        self.join()


@pytest.fixture
def pictures() -> Iterator[Pictures]:
    running = Pictures()
    running.start()
    assert running.published.wait(30.0)
    yield running
    running.end()


def drive(model: Path, pictures: Pictures, control: str, *more: str) -> Any:
    where = ["--source", "shm", "--source-name", pictures.source, "--control", control]
    return CliRunner().invoke(app, ["drive", "--model", str(model), *where, *more])


@contextmanager
def once_driving(vgamepad: FakeVGamepad, act: Callable[[], object]) -> Iterator[None]:
    """Acts when the pad has been moved a few times, so that whoever drives has seen to signals."""
    ended = threading.Event()

    def wait() -> None:
        while len(vgamepad.reports) < 4:
            if ended.wait(0.01):
                return
        act()

    waiting = threading.Thread(target=wait)
    waiting.start()
    try:
        yield
    finally:
        ended.set()
        waiting.join()


def drive_a_moment(model: Path, pictures: Pictures, control: str) -> None:
    result = drive(model, pictures, control, "--duration", "1")
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1] == "the time is over; controls are neutral"


def test_vjoy_is_driven_and_given_back_in_neutral(vjoy: FakeVJoy, model: Path, pictures: Pictures) -> None:
    drive_a_moment(model, pictures, "vjoy")
    assert vjoy.updates[0] == vjoy.updates[-1] == NEUTRAL
    assert set(vjoy.updates) == {NEUTRAL, (24576, 32768, 1, 0)}
    assert vjoy.log[-1] == "relinquish"


def test_the_pad_is_driven_and_unplugged_in_neutral(vgamepad: FakeVGamepad, model: Path, pictures: Pictures) -> None:
    drive_a_moment(model, pictures, "vgamepad")
    told = [(each["left"], each["right_trigger"], each["left_trigger"], each["buttons"]) for each in vgamepad.reports]
    assert told[0] == told[-1] == ((0, 0), 0, 0, 0)
    assert set(told) == {told[0], ((16384, 0), 255, 0, 0)}
    assert not vgamepad.plugged_in


@LINUX
def test_the_wheel_is_driven_and_unplugged_in_neutral(evdev: FakeEvdev, model: Path, pictures: Pictures) -> None:
    drive_a_moment(model, pictures, "uinput")
    (wheel,) = evdev.made
    updates = [tuple(value for _, _, value in wheel.events[i : i + 5]) for i in range(0, len(wheel.events), 6)]
    assert updates[0] == updates[-1] == (0, -32767, -32767, 0, 0)
    assert set(updates) == {updates[0], (16384, 32767, -32767, 0, 0)}
    assert not evdev.plugged_in


@pytest.mark.skipif(sys.platform == "win32", reason="os.kill ends a process of Windows at once")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_in_neutral(vgamepad: FakeVGamepad, model: Path, pictures: Pictures, number: int) -> None:
    with once_driving(vgamepad, lambda: os.kill(os.getpid(), number)):
        result = drive(model, pictures, "vgamepad", "--duration", "60")
    assert result.output.splitlines()[-1] == "stopped; controls are neutral"
    assert vgamepad.reports[-1] == vgamepad.reports[0]
    assert not vgamepad.plugged_in


def test_pictures_that_end_leave_the_pad_neutral(vgamepad: FakeVGamepad, model: Path, pictures: Pictures) -> None:
    with once_driving(vgamepad, pictures.end):
        result = drive(model, pictures, "vgamepad", "--duration", "60")
    assert isinstance(result.exception, CaptureError)
    assert vgamepad.reports[-1] == vgamepad.reports[0]
    assert not vgamepad.plugged_in


@LINUX
def test_without_a_wheel_auto_is_the_plugin_and_not_nothing(
    monkeypatch: pytest.MonkeyPatch, evdev: FakeEvdev, model: Path, pictures: Pictures
) -> None:
    monkeypatch.setattr(uinput, "NODE", Path("/dev/no-such-node"))
    result = drive(model, pictures, "auto", "--duration", "0.4", "--management-port", "1")
    assert isinstance(result.exception, GameConnectionError)
