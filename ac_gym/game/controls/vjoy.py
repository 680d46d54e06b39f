"""vJoy, the virtual joystick of Windows: axes X, Y, Z for steering, throttle, brake; buttons 1 and 2 shift up and down.

The device stays in Windows whether a program drives it or not, so the game finds it whenever it starts. It also stays
as it is when its program is killed: a second process, this module run as a program, waits for that (`_Heir`).
"""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import suppress
from typing import Any

from ac_gym.errors import ControlsError, MissingDriverError
from ac_gym.game.controls.base import NEUTRAL_AFTER, Device, Joystick, Position

DEVICE = 1
_STEER_CENTRE = 16384
_AXIS_MAX = 32768
_FREE, _BUSY, _MISSING = 1, 2, 3  # vJoy's states of a device
_X, _Y, _Z = 0x30, 0x31, 0x32  # HID usages of the axes

_HEIR_PATIENCE = 2.0
"""s until the driver must have noticed that the owner of its device is dead, and the heir that it is dismissed"""

_PACKAGE = "vJoy needs the package pyvjoy: pip install 'ac_gym[game]'"
_DRIVER = "the vJoy driver is not there: install it from https://github.com/BrunnerInnovation/vJoy/releases and restart"
_CONFIGURE = f"in 'Configure vJoy', enable device {DEVICE} with axes X, Y, Z and at least 2 buttons"


def check() -> None:
    """Raise MissingDriverError where package, driver or device is missing, ControlsError where it is taken."""
    sdk = _sdk()
    status = sdk.GetVJDStatus(DEVICE)
    if status == _BUSY:
        raise ControlsError(f"vJoy device {DEVICE} is taken by another program; close it (or drive with the plugin)")
    if status == _MISSING:
        raise MissingDriverError(f"vJoy has no device {DEVICE}: {_CONFIGURE}")
    axis_exists, count_buttons = (
        getattr(sdk._vj, name, None) for name in ("GetVJDAxisExist", "GetVJDButtonNumber")
    )  # older drivers do not tell
    if axis_exists and not all(axis_exists(DEVICE, axis) for axis in (_X, _Y, _Z)):
        raise MissingDriverError(f"vJoy device {DEVICE} lacks an axis: {_CONFIGURE}")
    if count_buttons and count_buttons(DEVICE) < 2:
        raise MissingDriverError(f"vJoy device {DEVICE} has too few buttons for the gears: {_CONFIGURE}")


def open_joystick(hold: float) -> Joystick:
    check()
    return Joystick("vjoy", _Bequeathed(_VJoy(_sdk())), hold)


class _Bequeathed:
    """A device that goes to neutral even if this process is killed."""

    def __init__(self, device: Device) -> None:
        self._device, self._heir = device, _Heir()

    def write(self, position: Position) -> None:
        self._device.write(position)

    def close(self) -> None:
        try:
            self._device.close()
        finally:
            self._heir.dismiss()


class _Heir:
    """A process that puts the device in neutral should this one end without dismissing it."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", __name__]
        # Out of reach of what may end this process: Ctrl-C, the closing of its window.
        if sys.platform == "win32":
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, creationflags=subprocess.CREATE_NO_WINDOW)
        else:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)

    def dismiss(self) -> None:
        try:
            self._process.communicate(b".", _HEIR_PATIENCE)
        except subprocess.TimeoutExpired:  # it hangs in the driver
            self._process.kill()
        except OSError:
            return  # it has ended already


def _inherit() -> None:
    """Waits for the pipe from the parent to end. Neutral if it was killed: then it could not say that it was done."""
    sdk = _sdk()
    if sys.stdin.buffer.read(1):
        return
    given_up = time.monotonic() + _HEIR_PATIENCE
    while time.monotonic() < given_up:
        with suppress(ControlsError):  # the dead parent's still, or another program drives already
            Joystick("vjoy", _VJoy(sdk), NEUTRAL_AFTER).close()
            return
        time.sleep(0.01)


class _VJoy:
    """pyvjoy's functions rather than its device object, whose destructor raises where acquiring has failed."""

    def __init__(self, sdk: Any) -> None:
        self._sdk = sdk
        self._data = sdk.CreateDataStructure(DEVICE)
        self._acquire()

    def write(self, position: Position) -> None:
        data = self._data
        data.wAxisX = _axis((position.steer + 1.0) * _STEER_CENTRE)
        data.wAxisY = _axis(position.throttle * _AXIS_MAX)
        data.wAxisZ = _axis(position.brake * _AXIS_MAX)
        data.lButtons = position.shift_up | position.shift_down << 1
        if self._sdk.UpdateVJD(DEVICE, data):
            return
        self._acquire()  # the driver forgets its owner now and then
        if not self._sdk.UpdateVJD(DEVICE, data):
            raise ControlsError(
                f"vJoy device {DEVICE} takes no controls any more; see 'Monitor vJoy', or restart Windows"
            )

    def close(self) -> None:
        if self._sdk.GetVJDStatus(DEVICE) not in (_BUSY, _MISSING):
            self._sdk.RelinquishVJD(DEVICE)

    def _acquire(self) -> None:
        from pyvjoy.exceptions import vJoyException

        try:
            self._sdk.AcquireVJD(DEVICE)
        except vJoyException as error:
            raise ControlsError(f"vJoy device {DEVICE} is taken by another program; close it ({error})") from error


def _sdk() -> Any:
    """pyvjoy's functions of vJoyInterface.dll; MissingDriverError where package or driver is missing."""
    try:
        from pyvjoy import _sdk as sdk
        from pyvjoy.exceptions import vJoyException
    except ImportError as error:
        raise MissingDriverError(_PACKAGE) from error
    except SystemExit as error:  # how pyvjoy tells that its DLL does not load
        raise MissingDriverError(f"pyvjoy cannot load vJoyInterface.dll; {_DRIVER}") from error
    try:
        sdk.vJoyEnabled()
    except vJoyException as error:
        raise MissingDriverError(_DRIVER) from error
    return sdk


def _axis(value: float) -> int:
    return min(_AXIS_MAX, max(1, round(value)))


if __name__ == "__main__":
    _inherit()
