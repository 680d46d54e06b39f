"""The wheel that stays plugged in across runs: found by drivers, one at a time, neutral when its driver dies."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from joystick_fakes import FakeEvdev, wait_until

from ac_gym.errors import ControlsError
from ac_gym.game.controls import open_controls, uinput

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="uinput is Linux's")

NEUTRAL = [(3, 0, 0), (3, 1, -32767), (3, 2, -32767), (1, 0x120, 0), (1, 0x121, 0), (0, 0, 0)]


@pytest.fixture
def evdev(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeEvdev]:
    """A wheel held by a thread, on packages that record."""
    fake = FakeEvdev()
    monkeypatch.setitem(sys.modules, "evdev", fake)
    monkeypatch.setattr(uinput, "NODE", tmp_path)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    ended = threading.Event()
    holder = threading.Thread(target=uinput.hold, args=(ended.is_set,))
    holder.start()
    wait_until(lambda: fake.made and fake.made[0].events == NEUTRAL)
    yield fake
    ended.set()
    holder.join(20.0)
    assert not fake.plugged_in


def test_a_driver_finds_the_wheel_and_leaves_it_plugged_in(evdev: FakeEvdev) -> None:
    for _ in range(2):
        joystick = open_controls("uinput")
        joystick.apply(np.array([1, 1, -1, 0], np.float32))
        joystick.close()
    (wheel,) = evdev.made
    assert (3, 0, 32767) in wheel.events
    assert wheel.events[-6:] == NEUTRAL
    assert evdev.plugged_in


def test_one_driver_at_a_time(evdev: FakeEvdev) -> None:
    joystick = open_controls("uinput")
    with pytest.raises(ControlsError, match="another program"):
        open_controls("uinput")
    joystick.close()
    open_controls("uinput").close()


def test_there_is_one_wheel(evdev: FakeEvdev) -> None:
    with pytest.raises(ControlsError, match="already"):
        uinput.hold()


def test_the_holder_goes_to_neutral_when_the_driver_is_killed(evdev: FakeEvdev, tmp_path: Path) -> None:
    driver = """
        import time
        from ac_gym.game.controls.uinput import _DriverLock
        lock = _DriverLock()
        print(lock.take(5.0), flush=True)
        time.sleep(60)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(driver)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        wheel = evdev.made[0]
        wheel.events[:] = [(3, 1, 32767)]  # full throttle
        time.sleep(4 * uinput._HOLD_PERIOD)
        assert wheel.events == [(3, 1, 32767)]  # while the driver lives, the holder keeps its hands off
        process.send_signal(signal.SIGKILL)
        wait_until(lambda: wheel.events[-6:] == NEUTRAL)
    finally:
        process.kill()
        process.communicate()


def test_a_wheel_that_is_unplugged_says_so(evdev: FakeEvdev) -> None:
    joystick = open_controls("uinput")
    evdev.plugged_in.clear()
    with pytest.raises(ControlsError, match="unplugged"):
        joystick.neutral()
    joystick.close()
