"""Packages of joystick drivers that record what arrives, to be put into sys.modules."""

from __future__ import annotations

import sys
import time
from collections import namedtuple
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from ac_gym.game.controls import vjoy


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20.0
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


class FakeVJoy(ModuleType):
    """pyvjoy: `updates` holds (X, Y, Z, buttons) of each UpdateVJD, `log` the calls by name."""

    def __init__(self) -> None:
        super().__init__("pyvjoy")
        self.updates: list[tuple[int, int, int, int]] = []
        self.log: list[str] = []
        self.enabled, self.status, self.refused_updates = True, 1, 0
        self.axes, self.buttons = {0x30, 0x31, 0x32}, 8
        self.exceptions = ModuleType("pyvjoy.exceptions")
        self.error = self.exceptions.vJoyException = type("vJoyException", (Exception,), {})
        self._sdk = self
        self._vj = SimpleNamespace(
            GetVJDAxisExist=lambda device, axis: axis in self.axes, GetVJDButtonNumber=lambda device: self.buttons
        )

    def install(self, monkeypatch: pytest.MonkeyPatch) -> FakeVJoy:
        for name, module in (("pyvjoy", self), ("pyvjoy._sdk", self), ("pyvjoy.exceptions", self.exceptions)):
            monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.setattr(vjoy, "_Heir", _NoHeir)
        return self

    def vJoyEnabled(self) -> bool:  # noqa: N802
        if not self.enabled:
            raise self.error("not enabled")
        return True

    def GetVJDStatus(self, device: int) -> int:  # noqa: N802
        return self.status

    def AcquireVJD(self, device: int) -> bool:  # noqa: N802
        self.log.append("acquire")
        if self.status not in (0, 1):
            raise self.error("Cannot acquire vJoy Device because it is not in VJD_STAT_FREE")
        self.status = 0
        return True

    def RelinquishVJD(self, device: int) -> bool:  # noqa: N802
        self.log.append("relinquish")
        if self.status != 0:
            raise self.error("not ours")
        self.status = 1
        return True

    def CreateDataStructure(self, device: int) -> SimpleNamespace:  # noqa: N802
        return SimpleNamespace(wAxisX=0, wAxisY=0, wAxisZ=0, lButtons=0)

    def UpdateVJD(self, device: int, data: SimpleNamespace) -> int:  # noqa: N802
        self.log.append("update")
        if self.refused_updates:
            self.refused_updates -= 1
            return 0
        self.updates.append((data.wAxisX, data.wAxisY, data.wAxisZ, data.lButtons))
        return 1


class _NoHeir:
    """No second process: it would not know the fake."""

    def dismiss(self) -> None: ...


class FakeVGamepad(ModuleType):
    """vgamepad: `reports` holds the pad's whole state at each update, `plugged_in` whether the pad exists."""

    def __init__(self) -> None:
        super().__init__("vgamepad")
        self.reports: list[dict[str, Any]] = []
        self.plugged_in = False
        self.broken: Exception | None = None
        self.XUSB_BUTTON = SimpleNamespace(XUSB_GAMEPAD_A=0x1000, XUSB_GAMEPAD_X=0x4000)
        module = self

        class VX360Gamepad:
            def __init__(self) -> None:
                if module.broken:
                    raise module.broken
                module.plugged_in = True
                self.state: dict[str, Any] = {"buttons": 0}

            def __del__(self) -> None:
                module.plugged_in = False

            def left_joystick(self, x_value: int, y_value: int) -> None:
                self.state["left"] = (x_value, y_value)

            def right_joystick(self, x_value: int, y_value: int) -> None:
                self.state["right"] = (x_value, y_value)

            def left_trigger(self, value: int) -> None:
                self.state["left_trigger"] = value

            def right_trigger(self, value: int) -> None:
                self.state["right_trigger"] = value

            def press_button(self, button: int) -> None:
                self.state["buttons"] |= button

            def release_button(self, button: int) -> None:
                self.state["buttons"] &= ~button

            def update(self) -> None:
                if module.broken:
                    raise module.broken
                module.reports.append(dict(self.state))

        self.VX360Gamepad = VX360Gamepad


CODES = {
    "EV_SYN": 0, "EV_KEY": 1, "EV_ABS": 3, "ABS_X": 0, "ABS_Y": 1, "ABS_Z": 2, "BTN_TRIGGER": 0x120, "BTN_THUMB": 0x121,
}  # fmt: skip
"""Linux's numbers of what the wheel uses."""


class FakeEvdev(ModuleType):
    """python-evdev: `made` are the devices that were created, `plugged_in` those of them that are open, by path."""

    AbsInfo = namedtuple("AbsInfo", "value min max fuzz flat resolution")

    def __init__(self) -> None:
        super().__init__("evdev")
        self.ecodes = SimpleNamespace(**CODES)
        self.made: list[Any] = []
        self.plugged_in: dict[str, Any] = {}
        self.uinput = SimpleNamespace(UInputError=type("UInputError", (Exception,), {}))
        module = self

        class UInput:
            def __init__(self, events: dict[int, list[Any]], name: str, **identity: Any) -> None:
                self.capabilities, self.name, self.identity = events, name, identity
                self.events: list[tuple[int, int, int]] = []
                self.path = f"/dev/input/event{len(module.made)}"
                module.made.append(self)
                module.plugged_in[self.path] = self

            def write(self, kind: int, code: int, value: int) -> None:
                if self.path not in module.plugged_in:
                    raise OSError(19, "No such device")
                self.events.append((kind, code, value))

            def syn(self) -> None:
                self.write(0, 0, 0)

            def close(self) -> None:
                module.plugged_in.pop(self.path, None)

        class InputDevice:
            """A device that another program made: what is written to it arrives there."""

            def __init__(self, path: str) -> None:
                self._wheel = module.plugged_in[path]
                self.name, self.write, self.syn = self._wheel.name, self._wheel.write, self._wheel.syn

            def close(self) -> None: ...

        self.UInput, self.InputDevice = UInput, InputDevice

    def list_devices(self) -> list[str]:
        return list(self.plugged_in)
