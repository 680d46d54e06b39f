# ruff: noqa: N802 - the functions of vJoyInterface.dll, by their names
"""A virtual joystick with the functions of vJoyInterface.dll, wired to the stand-in host instead of a driver."""

from __future__ import annotations

import struct
import threading
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

AXIS_MIN, AXIS_CENTRE, AXIS_MAX = 1, 16384, 32768
HID_X, HID_Y, HID_Z = 0x30, 0x31, 0x32
GEAR_UP, GEAR_DOWN = 1, 2  # buttons

_OWN, _FREE, _MISSING = 0, 1, 3  # VjdStat
_LAST_AXIS = 0x37
_LAST_BUTTON = 32
_POSITION = struct.Struct("<16x3i48xi")  # the head of JOYSTICK_POSITION, up to the buttons
_POSITION_SIZES = range(96, 110)  # without and with the fields of V2, and a NUL that ctypes may add


class Position(NamedTuple):
    """What the game reads of the joystick."""

    steer: int
    throttle: int
    brake: int
    buttons: int
    """bit 0 = button 1"""


NEUTRAL = Position(AXIS_CENTRE, 0, 0, 0)


class VirtualJoystick:
    """One device; its DLL functions return 1 where they did what they say, else 0. May be used from any thread."""

    def __init__(self, device: int = 1) -> None:
        self.device = device
        self._changed = threading.Condition()
        self._position = NEUTRAL
        self._owned = False
        self._writes = 0

    # --- the DLL's functions -----------------------------------------------------------------------------------------
    def vJoyEnabled(self) -> int:
        return 1

    def GetVJDStatus(self, device: int) -> int:
        """0 acquired by this program, 1 free, 3 no such device."""
        if device != self.device:
            return _MISSING
        return _OWN if self._owned else _FREE

    def AcquireVJD(self, device: int) -> int:
        self._owned = self._owned or device == self.device
        return int(device == self.device)

    def RelinquishVJD(self, device: int) -> int:
        held, self._owned = self._owned, self._owned and device != self.device
        return int(held and device == self.device)

    def ResetVJD(self, device: int) -> int:
        """The driver's default position: X, Y and Z in the middle, which is half throttle and half brake."""
        return self._write(device, Position(AXIS_CENTRE, AXIS_CENTRE, AXIS_CENTRE, 0))

    def UpdateVJD(self, device: int, position: Any) -> int:
        """Sets all axes and buttons at once from a JOYSTICK_POSITION: bytes, a ctypes buffer or a byref to one."""
        try:
            content = bytes(memoryview(getattr(position, "_obj", position)))
        except TypeError:
            return 0
        if len(content) not in _POSITION_SIZES:
            return 0
        return self._write(device, Position(*_POSITION.unpack_from(content)))

    def SetAxis(self, value: int, device: int, usage: int) -> int:
        if not HID_X <= usage <= _LAST_AXIS:
            return 0
        with self._changed:
            axes = list(self._position)
            if usage <= HID_Z:
                axes[usage - HID_X] = int(value)
            return self._write(device, Position(*axes))

    def SetBtn(self, pressed: int, device: int, button: int) -> int:
        if not 1 <= button <= _LAST_BUTTON:
            return 0
        with self._changed:
            bit, buttons = 1 << (button - 1), self._position.buttons
            return self._write(device, self._position._replace(buttons=buttons | bit if pressed else buttons & ~bit))

    # --- the host's side ---------------------------------------------------------------------------------------------
    @property
    def position(self) -> Position:
        return self._position

    @property
    def writes(self) -> int:
        """How often the position was written."""
        return self._writes

    def wait_for_write(self, beyond: int, seconds: float) -> bool:
        """Waits until there were more than `beyond` writes; False where `seconds` passed first."""
        with self._changed:
            return self._changed.wait_for(lambda: self._writes > beyond, seconds)

    def _write(self, device: int, position: Position) -> int:
        with self._changed:
            if device != self.device or not self._owned:
                return 0
            self._position = position
            self._writes += 1
            self._changed.notify_all()
            return 1


class Cockpit:
    """The joystick as the game takes it: axes to steering and pedals, a button newly pressed to a gear request."""

    def __init__(self, joystick: VirtualJoystick) -> None:
        self.joystick = joystick
        self._pressed = 0

    def controls(self) -> NDArray[np.float32]:
        """Controls (1, 4) for `World.step`. Asked once a frame: buttons are compared with those of the last frame."""
        position = self.joystick.position
        new, self._pressed = position.buttons & ~self._pressed, position.buttons
        request = bool(new & 1 << GEAR_UP - 1) - bool(new & 1 << GEAR_DOWN - 1)
        steer = position.steer / AXIS_CENTRE - 1.0
        pedals = (2.0 * _pedal(axis) - 1.0 for axis in (position.throttle, position.brake))
        return np.array([[steer, *pedals, request]], np.float32)


def _pedal(axis: int) -> float:
    """0..1; the lowest position of an axis is 1, which must not leave a pedal pressed."""
    return 0.0 if axis <= AXIS_MIN else axis / AXIS_MAX
