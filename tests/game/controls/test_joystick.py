"""What holds for every virtual joystick: ranges, gear presses, and that nothing is ever left pressed."""

from __future__ import annotations

import gc
import itertools
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joystick_fakes import wait_until

from ac_gym.errors import ControlsError
from ac_gym.game.app_settings import default_app_settings
from ac_gym.game.controls.base import GearButtons, Joystick, Position, hold_for

PATIENT = 60.0  # s, longer than a busy machine makes a test wait


class Recorder:
    def __init__(self) -> None:
        self.positions: list[Position] = []
        self.closed = 0

    def write(self, position: Position) -> None:
        self.positions.append(position)

    def close(self) -> None:
        self.closed += 1


def apply(joystick: Joystick, *controls: float) -> None:
    joystick.apply(np.array(controls, np.float32))


def test_it_begins_in_neutral() -> None:
    device = Recorder()
    Joystick("test", device, PATIENT)
    assert device.positions[0] == Position(steer=0.0, throttle=0.0, brake=0.0, shift_up=False, shift_down=False)


def test_pedals_go_from_up_to_down() -> None:
    device = Recorder()
    joystick = Joystick("test", device, PATIENT)
    apply(joystick, 0.25, -1.0, 1.0, 0.0)
    apply(joystick, -1.0, 0.0, -0.5, 0.0)
    assert device.positions[1:3] == [Position(0.25, 0.0, 1.0), Position(-1.0, 0.5, 0.25)]


def test_controls_beyond_the_range_are_clipped() -> None:
    device = Recorder()
    joystick = Joystick("test", device, PATIENT)
    apply(joystick, 3.0, -7.0, 2.0, 0.0)
    assert device.positions[1] == Position(1.0, 0.0, 1.0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_lead_to_neutral(bad: float) -> None:
    device = Recorder()
    joystick = Joystick("test", device, PATIENT)
    apply(joystick, 0.5, 1.0, -1.0, 1.0)
    with pytest.raises(ValueError, match="finite"):
        apply(joystick, 0.5, bad, -1.0, 0.0)
    assert device.positions[-1] == Position()


def test_a_gear_button_is_released_at_the_next_apply() -> None:
    device = Recorder()
    joystick = Joystick("test", device, PATIENT)
    for gear in (1, 0, -1, 0):
        apply(joystick, 0.0, -1.0, -1.0, gear)
    buttons = [(position.shift_up, position.shift_down) for position in device.positions[1:]]
    assert buttons == [(True, False), (False, False), (False, True), (False, False)]


@pytest.mark.parametrize(
    ("requests", "pressed"),
    [
        ([1, 1, 0, 0], [1, 0, 1, 0]),  # the second request waits for the button to come up
        ([1, -1, 1, 0], [1, -1, 1, 0]),  # different buttons need not wait
        ([1, 1, 1, 1, 0, 0], [1, 0, 1, 0, 1, 0]),
        ([1, 1, -1, 0], [1, 0, -1, 0]),  # the newest of the waiting wins
        ([0, -1, 0, 0], [0, -1, 0, 0]),
    ],
)
def test_every_press_is_an_edge(requests: list[int], pressed: list[int]) -> None:
    gears = GearButtons()
    assert [gears.step(request) for request in requests] == pressed


@given(st.lists(st.sampled_from([-1, 0, 1]), max_size=60))
def test_no_button_stays_down_and_no_press_is_invented(requests: list[int]) -> None:
    gears = GearButtons()
    pressed = [gears.step(request) for request in [*requests, 0, 0]]
    assert all(not (before and before == after) for before, after in itertools.pairwise(pressed))
    assert pressed[-1] == 0
    for gear in (-1, 1):
        assert pressed.count(gear) <= requests.count(gear)


def test_neutral_forgets_waiting_gears() -> None:
    device = Recorder()
    joystick = Joystick("test", device, PATIENT)
    for _ in range(2):
        apply(joystick, 0.0, 1.0, -1.0, 1.0)
    joystick.neutral()
    apply(joystick, 0.0, -1.0, -1.0, 0.0)
    assert device.positions[-2:] == [Position(), Position()]


def test_it_is_neutral_when_no_more_controls_come() -> None:
    device = Recorder()
    joystick = Joystick("test", device, 0.5)
    driven = time.monotonic()
    while time.monotonic() < driven + 0.8:
        apply(joystick, 0.5, 1.0, -1.0, 0.0)
    assert device.positions.count(Position()) == 1, "the one at the beginning: it was never left for 0.5 s"
    wait_until(lambda: device.positions[-1] == Position())
    told = len(device.positions)
    time.sleep(1.0)
    assert len(device.positions) == told, "which is said once"
    apply(joystick, 0.5, 1.0, -1.0, 0.0)
    assert device.positions[-1] == Position(0.5, 1.0, 0.0)


@pytest.mark.parametrize("error", [ControlsError("busy"), OSError("driver"), KeyboardInterrupt()])
def test_what_breaks_a_write_does_not_leave_it_pressed(error: BaseException) -> None:
    """The position may have arrived before."""

    class Breaking(Recorder):
        def write(self, position: Position) -> None:
            super().write(position)
            if position != Position():
                raise error

    device = Breaking()
    joystick = Joystick("test", device, 0.05)
    with pytest.raises(type(error)):
        apply(joystick, 0.5, 1.0, -1.0, 0.0)
    wait_until(lambda: device.positions[-1] == Position())


def test_a_neutral_that_fails_is_not_the_last_one(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(Recorder):
        def write(self, position: Position) -> None:
            super().write(position)
            if len(self.positions) == 3:
                raise OSError("driver")

    device = Failing()
    joystick = Joystick("test", device, 0.05)
    for times in (2, 3):
        apply(joystick, 0.5, 1.0, -1.0, 0.0)
        wait_until(lambda times=times: device.positions.count(Position()) == times)
    assert "could not be put in neutral" in caplog.text


def test_slow_drivers_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert hold_for(25.0) == 0.15 == default_app_settings().neutral_after
    assert hold_for(2.0) == 1.5


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows does not fork")
def test_a_forked_child_leaves_the_device_to_its_parent(tmp_path: Path) -> None:
    """Even while the parent writes."""
    program = """
        import os, sys, threading, time
        import numpy as np
        from ac_gym.game.controls.base import Joystick
        class Device:
            def write(self, position):
                time.sleep(0.01)
                with open("log", "a") as log: log.write(f"{os.getpid()}\\n")
            def close(self): self.write(None)
        joystick, ended = Joystick("test", Device(), 60.0), threading.Event()
        def drive():
            while not ended.is_set():
                joystick.apply(np.array([0, 1, -1, 1], np.float32))
        driver = threading.Thread(target=drive)
        driver.start()
        time.sleep(0.1)
        if os.fork() == 0:
            sys.exit()
        os.wait()
        ended.set()
        driver.join()
        print(os.getpid())
    """
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(program)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert set((tmp_path / "log").read_text().split()) == {run.stdout.strip()}


def test_close_is_neutral_first_and_once() -> None:
    device = Recorder()
    joystick = Joystick("test", device, PATIENT)
    apply(joystick, 1.0, 1.0, 1.0, 1.0)
    joystick.close()
    joystick.close()
    assert device.positions[-1] == Position()
    assert device.closed == 1


def test_a_closed_joystick_takes_no_controls() -> None:
    joystick = Joystick("test", Recorder(), PATIENT)
    joystick.close()
    with pytest.raises(ControlsError, match="closed"):
        apply(joystick, 0.0, 0.0, 0.0, 0.0)


def test_a_forgotten_joystick_lets_go() -> None:
    device = Recorder()
    joystick = Joystick("test", device, PATIENT)
    apply(joystick, 1.0, 1.0, 1.0, 1.0)
    del joystick
    gc.collect()
    assert device.positions[-1] == Position()
    assert device.closed == 1


def test_a_device_that_is_gone_can_be_closed() -> None:
    class Gone(Recorder):
        def write(self, position: Position) -> None:
            if self.positions:
                raise ControlsError("unplugged")
            super().write(position)

    device = Gone()
    Joystick("test", device, PATIENT).close()
    assert device.closed == 1


@pytest.mark.parametrize("ending", ["pass", "raise SystemExit(3)", "raise RuntimeError", "raise KeyboardInterrupt"])
def test_the_end_of_the_interpreter_leaves_it_neutral(ending: str) -> None:
    program = f"""
        import numpy as np
        from ac_gym.game.controls.base import Joystick
        class Device:
            def write(self, position): print(position.throttle, position.shift_up)
            def close(self): print("closed")
        joystick = Joystick("test", Device(), 60.0)
        joystick.apply(np.array([0, 1, -1, 1], np.float32))
        {ending}
    """
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=60)
    assert run.stdout.splitlines() == ["0.0 False", "1.0 True", "0.0 False", "closed"]
