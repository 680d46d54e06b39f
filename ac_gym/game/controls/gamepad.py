"""An Xbox 360 pad of vgamepad, on Windows and Linux: for those who cannot have vJoy.

Left stick X steers with 16 bits. Triggers are throttle (right) and brake (left), with 8 bits, as a person would hold
them; A shifts up, X down. The game filters a pad in its own input method (gamma, speed, deadzone), so it is to read
this one as a wheel, through DirectInput, and there both triggers are one axis. Therefore the right stick repeats the
pedals: X is throttle, Y is brake, with 16 bits and from end to end. The preset for the pad uses that.
"""

from __future__ import annotations

import sys
from types import ModuleType

from ac_gym.errors import ControlsError, MissingDriverError
from ac_gym.game.controls.base import Joystick, Position

_STICK = 32767
_TRIGGER = 255

_PACKAGE = "the gamepad needs the package vgamepad: pip install 'ac_gym[game]'"
_WINDOWS = "install it from https://github.com/nefarius/ViGEmBus/releases and restart"
_LINUX = "it needs libevdev (apt install libevdev2) and a writable /dev/uinput (`ac-gym doctor` prints the udev rule)"


def check() -> None:
    """Raise MissingDriverError where the package or its driver is missing."""
    _vgamepad()


def open_joystick(hold: float) -> Joystick:
    return Joystick("vgamepad", _Pad(_vgamepad()), hold)


class _Pad:
    def __init__(self, vgamepad: ModuleType) -> None:
        self._buttons = vgamepad.XUSB_BUTTON
        try:
            self._pad = vgamepad.VX360Gamepad()
        except (RuntimeError, OSError) as error:
            raise _no_driver(error) from error

    def write(self, position: Position) -> None:
        pad = self._pad
        pad.left_joystick(round(position.steer * _STICK), 0)
        pad.right_trigger(round(position.throttle * _TRIGGER))
        pad.left_trigger(round(position.brake * _TRIGGER))
        # Up is positive on a stick's Y and negative on the axis that DirectInput makes of it.
        pad.right_joystick(_from_end_to_end(position.throttle), -_from_end_to_end(position.brake))
        self._button(self._buttons.XUSB_GAMEPAD_A, position.shift_up)
        self._button(self._buttons.XUSB_GAMEPAD_X, position.shift_down)
        try:
            pad.update()
        except (RuntimeError, OSError) as error:
            raise ControlsError(f"the virtual gamepad is gone ({error}); start again") from error

    def close(self) -> None:
        del self._pad  # vgamepad unplugs a pad that is collected

    def _button(self, button: int, pressed: bool) -> None:
        (self._pad.press_button if pressed else self._pad.release_button)(button)


def _from_end_to_end(pedal: float) -> int:
    return round((2.0 * pedal - 1.0) * _STICK)


def _vgamepad() -> ModuleType:
    try:
        import vgamepad
    except ImportError as error:
        raise MissingDriverError(_PACKAGE) from error
    except Exception as error:  # its import connects to the driver, and says what is wrong in several types
        raise _no_driver(error) from error
    return vgamepad


def _no_driver(error: Exception) -> MissingDriverError:
    remedy = f"the ViGEmBus driver is not there: {_WINDOWS}" if sys.platform == "win32" else _LINUX
    return MissingDriverError(f"the virtual gamepad cannot be made ({error}); {remedy}")
