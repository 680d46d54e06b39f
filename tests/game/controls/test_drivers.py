"""What arrives at each driver, and what is said where one is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from joystick_fakes import CODES, FakeEvdev, FakeVGamepad, FakeVJoy, wait_until

from ac_gym.errors import ControlsError, MissingDriverError, UnknownNameError
from ac_gym.game.controls import NAMES, candidates, check_controls, open_controls, uinput

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="uinput is Linux's")


def controls(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def test_unknown_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean vjoy"):
        open_controls("vjoi")
    with pytest.raises(UnknownNameError, match="auto"):
        check_controls("auto")


@pytest.mark.parametrize(
    ("platform", "order"),
    [("win32", ("vjoy", "vgamepad")), ("linux", ("uinput", "plugin")), ("darwin", ("plugin",))],
)
def test_automatic_choice(monkeypatch: pytest.MonkeyPatch, platform: str, order: tuple[str, ...]) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert candidates("auto") == order
    assert all(candidates(name) == (name,) for name in NAMES if name != "auto")


# --- vJoy -------------------------------------------------------------------------------------------------------------


def test_vjoy_scales_to_its_axes(vjoy: FakeVJoy) -> None:
    joystick = open_controls("vjoy")
    for row in ((-1, -1, -1), (0, 0, 0), (1, 1, 1), (0.5, -0.5, 0.25)):
        joystick.apply(controls(*row, 0))
    assert vjoy.updates == [
        (16384, 1, 1, 0),  # neutral when opened
        (1, 1, 1, 0),
        (16384, 16384, 16384, 0),
        (32768, 32768, 32768, 0),
        (24576, 8192, 20480, 0),
    ]


def test_vjoy_shifts_with_buttons_1_and_2(vjoy: FakeVJoy) -> None:
    joystick = open_controls("vjoy")
    for gear in (1, -1, 0):
        joystick.apply(controls(0, -1, -1, gear))
    assert [update[3] for update in vjoy.updates[1:]] == [0b01, 0b10, 0]


def test_vjoy_is_given_back_in_neutral(vjoy: FakeVJoy) -> None:
    joystick = open_controls("vjoy")
    joystick.apply(controls(1, 1, 1, 1))
    joystick.close()
    assert vjoy.updates[-1] == (16384, 1, 1, 0)
    assert vjoy.log[-1] == "relinquish"


def test_vjoy_is_acquired_again_when_an_update_is_refused(vjoy: FakeVJoy) -> None:
    joystick = open_controls("vjoy")
    vjoy.refused_updates = 1
    joystick.apply(controls(1, -1, -1, 0))
    assert vjoy.log[-3:] == ["update", "acquire", "update"]
    assert vjoy.updates[-1] == (32768, 1, 1, 0)
    vjoy.refused_updates = 2
    with pytest.raises(ControlsError, match="takes no controls"):
        joystick.apply(controls(1, -1, -1, 0))


def test_vjoy_taken_by_another_program(vjoy: FakeVJoy) -> None:
    vjoy.status = 2
    with pytest.raises(ControlsError, match="another program") as caught:
        open_controls("vjoy")
    assert not isinstance(caught.value, MissingDriverError)


@pytest.mark.parametrize(
    ("attribute", "value", "said"),
    [
        ("enabled", False, "driver is not there"),
        ("status", 3, "no device 1"),
        ("axes", {0x30, 0x31}, "lacks an axis"),
        ("buttons", 1, "too few buttons"),
    ],
)
def test_vjoy_that_is_not_set_up(vjoy: FakeVJoy, attribute: str, value: object, said: str) -> None:
    setattr(vjoy, attribute, value)
    with pytest.raises(MissingDriverError, match=said):
        check_controls("vjoy")


def test_pyvjoy_leaves_the_interpreter_where_its_dll_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Exiting(ModuleType):
        def __getattr__(self, name: str) -> object:
            if name == "_sdk":
                raise SystemExit("Unable to load vJoy SDK DLL")
            raise AttributeError(name)

    monkeypatch.setitem(sys.modules, "pyvjoy", Exiting("pyvjoy"))
    with pytest.raises(MissingDriverError, match="vJoyInterface"):
        open_controls("vjoy")


PYVJOY = """
import os
class vJoyException(Exception): pass
def vJoyEnabled(): return True
def GetVJDStatus(device): return 1
def CreateDataStructure(device): return type("Position", (), {})()
def AcquireVJD(device):
    if os.path.exists("owner") and os.path.exists(f"/proc/{open('owner').read()}"):
        raise vJoyException("in use")
    open("owner", "w").write(str(os.getpid()))
def RelinquishVJD(device): os.remove("owner")
def UpdateVJD(device, data):
    with open("log", "a") as log:
        log.write(f"{data.wAxisX} {data.wAxisY} {data.wAxisZ} {data.lButtons}\\n")
    return 1
class _vj: pass
"""
"""pyvjoy with a driver that is two files: who owns the device, and what it was moved to."""

DRIVER = """
import sys, time
import numpy as np
from ac_gym.game.controls import base, open_controls
base.NEUTRAL_AFTER = 60.0
joystick = open_controls("vjoy")
joystick.apply(np.array([1, 1, -1, 0], np.float32))
print("pressed", flush=True)
if sys.stdin.read(1):
    joystick.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="tests/windows has it with a DLL")
@pytest.mark.parametrize("killed", [True, False])
def test_vjoy_is_neutral_after_a_kill(tmp_path: Path, killed: bool) -> None:
    package = tmp_path / "pyvjoy"
    package.mkdir()
    for module, text in (("__init__", ""), ("_sdk", PYVJOY), ("exceptions", "from pyvjoy._sdk import vJoyException")):
        (package / f"{module}.py").write_text(text)
    log = tmp_path / "log"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)])}
    with subprocess.Popen(
        [sys.executable, "-c", DRIVER], cwd=tmp_path, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as driver:
        assert driver.stdin
        assert driver.stdout
        assert driver.stdout.readline() == b"pressed\n"
        assert log.read_text().splitlines()[-1] == "32768 32768 1 0"
        if killed:
            driver.kill()
        else:
            driver.stdin.write(b".")
            driver.stdin.close()
        driver.wait()
    wait_until(lambda: not (tmp_path / "owner").exists())
    assert log.read_text().splitlines()[2:] == ["16384 1 1 0"] * (2 if killed else 1)  # opened by the heir, and closed


# --- gamepad ----------------------------------------------------------------------------------------------------------


def test_the_pad_gets_sticks_of_16_and_triggers_of_8_bits(vgamepad: FakeVGamepad) -> None:
    joystick = open_controls("vgamepad")
    joystick.apply(controls(-1, 1, -1, 0))
    joystick.apply(controls(0.5, 0, 1, 0))
    neutral, first, second = vgamepad.reports
    assert neutral == {"left": (0, 0), "right": (-32767, 32767), "left_trigger": 0, "right_trigger": 0, "buttons": 0}
    assert first == {
        "left": (-32767, 0),
        "right": (32767, 32767),
        "left_trigger": 0,
        "right_trigger": 255,
        "buttons": 0,
    }
    assert second["left"] == (16384, 0)
    assert second["right"] == (0, -32767)
    assert (second["right_trigger"], second["left_trigger"]) == (128, 255)


def test_the_pad_shifts_with_a_and_x(vgamepad: FakeVGamepad) -> None:
    joystick = open_controls("vgamepad")
    for gear in (1, -1, 0):
        joystick.apply(controls(0, -1, -1, gear))
    assert [report["buttons"] for report in vgamepad.reports[1:]] == [0x1000, 0x4000, 0]


def test_the_pad_is_unplugged_in_neutral(vgamepad: FakeVGamepad) -> None:
    joystick = open_controls("vgamepad")
    joystick.apply(controls(1, 1, 1, 1))
    joystick.close()
    assert vgamepad.reports[-1] == vgamepad.reports[0]
    assert not vgamepad.plugged_in


def test_a_pad_without_driver(vgamepad: FakeVGamepad) -> None:
    vgamepad.broken = RuntimeError("Error: VIGEM_ERROR_BUS_NOT_FOUND")
    with pytest.raises(MissingDriverError, match="BUS_NOT_FOUND"):
        open_controls("vgamepad")


def test_a_pad_that_vanishes(vgamepad: FakeVGamepad) -> None:
    joystick = open_controls("vgamepad")
    vgamepad.broken = RuntimeError("Error: VIGEM_ERROR_TARGET_NOT_PLUGGED_IN")
    with pytest.raises(ControlsError, match="gone"):
        joystick.apply(controls(0, 0, 0, 0))


@pytest.mark.parametrize("name", ["vjoy", "vgamepad", "uinput"])
def test_a_missing_package_names_the_remedy(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(sys.modules, {"vjoy": "pyvjoy", "uinput": "evdev"}.get(name, name), None)
    for attempt in (open_controls, check_controls):
        with pytest.raises(MissingDriverError, match=r"pip install 'ac_gym\[game\]'"):
            attempt(name)


def test_windows_falls_back_to_the_pad_only_where_vjoy_is_missing(
    monkeypatch: pytest.MonkeyPatch, vjoy: FakeVJoy, vgamepad: FakeVGamepad
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert open_controls("auto").name == "vjoy"
    vjoy.enabled = False
    assert open_controls("auto").name == "vgamepad"
    vjoy.enabled, vjoy.status = True, 2
    with pytest.raises(ControlsError, match="another program"):
        open_controls("auto")
    vjoy.enabled, vgamepad.broken = False, RuntimeError("no bus")
    with pytest.raises(MissingDriverError, match=r"vjoy: .*; or vgamepad: "):
        open_controls("auto")


# --- uinput -----------------------------------------------------------------------------------------------------------


@LINUX
def test_the_wheel_is_a_joystick_with_three_axes_and_two_buttons(evdev: FakeEvdev) -> None:
    joystick = open_controls("uinput")
    (wheel,) = evdev.made
    assert wheel.name == "ac_gym wheel"
    assert wheel.identity["vendor"] not in (0x045E, 0x0001)  # neither Microsoft's nor evdev's own default
    axes = dict(wheel.capabilities[CODES["EV_ABS"]])
    assert [axes[CODES[name]].value for name in ("ABS_X", "ABS_Y", "ABS_Z")] == [0, -32767, -32767]
    assert all((axis.min, axis.max, axis.fuzz, axis.flat) == (-32767, 32767, 0, 0) for axis in axes.values())
    assert wheel.capabilities[CODES["EV_KEY"]] == [CODES["BTN_TRIGGER"], CODES["BTN_THUMB"]]
    joystick.close()
    assert not evdev.plugged_in


@LINUX
def test_the_wheel_gets_exactly_these_events(evdev: FakeEvdev) -> None:
    joystick = open_controls("uinput")
    joystick.apply(controls(-1, 0, 1, 1))
    joystick.apply(controls(0.25, 1, -1, -1))
    joystick.close()
    syn, key, abs_ = CODES["EV_SYN"], CODES["EV_KEY"], CODES["EV_ABS"]

    def events(x: int, y: int, z: int, up: int, down: int) -> list[tuple[int, int, int]]:
        return [(abs_, 0, x), (abs_, 1, y), (abs_, 2, z), (key, 0x120, up), (key, 0x121, down), (syn, 0, 0)]

    neutral = events(0, -32767, -32767, 0, 0)
    assert evdev.made[0].events == [
        *neutral, *events(-32767, 0, 32767, 1, 0), *events(8192, 32767, -32767, 0, 1), *neutral,
    ]  # fmt: skip


@LINUX
def test_linux_falls_back_to_the_plugin_without_uinput(monkeypatch: pytest.MonkeyPatch, evdev: FakeEvdev) -> None:
    assert open_controls("auto").name == "uinput"
    monkeypatch.setattr(uinput, "NODE", Path("/dev/no-such-node"))
    evdev.plugged_in.clear()
    assert open_controls("auto").name == "plugin"


@LINUX
def test_uinput_says_how_it_is_allowed(monkeypatch: pytest.MonkeyPatch, evdev: FakeEvdev) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(MissingDriverError, match=r'KERNEL=="uinput".*udev/rules\.d') as caught:
        open_controls("uinput")
    assert "\n" not in str(caught.value)
    monkeypatch.setattr(uinput, "NODE", Path("/dev/no-such-node"))
    with pytest.raises(MissingDriverError, match="modprobe uinput"):
        check_controls("uinput")


@LINUX
def test_codes_are_those_of_evdev() -> None:
    ecodes = pytest.importorskip("evdev", reason="python-evdev is not installed: pip install 'ac_gym[game]'").ecodes
    assert {name: getattr(ecodes, name) for name in CODES} == CODES


@LINUX
@pytest.mark.skipif(not Path("/dev/uinput").exists(), reason="this machine has no /dev/uinput")
def test_a_real_wheel_moves() -> None:
    evdev = pytest.importorskip("evdev", reason="python-evdev is not installed: pip install 'ac_gym[game]'")
    joystick = open_controls("uinput")
    (wheel,) = [device for device in map(evdev.InputDevice, evdev.list_devices()) if device.name == uinput.NAME]
    joystick.apply(controls(0.5, 1, -1, 0))
    values = [wheel.absinfo(code).value for code in (CODES["ABS_X"], CODES["ABS_Y"], CODES["ABS_Z"])]
    wheel.close()
    joystick.close()
    assert values == [16384, 32767, -32767]


# --- plugin -----------------------------------------------------------------------------------------------------------


def test_the_plugin_needs_nothing_here() -> None:
    check_controls("plugin")
    remote = open_controls("plugin")
    remote.apply(controls(1, 1, 1, 1))
    remote.neutral()
    remote.close()
    assert remote.name == "plugin"
