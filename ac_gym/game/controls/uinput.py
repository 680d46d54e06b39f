"""A steering wheel of our own for Linux, made through /dev/uinput: what the game under Proton sees as a joystick.

Axes are ABS_X, ABS_Y, ABS_Z and buttons those of a joystick, for three reasons: SDL and udev take a device with ABS_X,
ABS_Y and BTN_TRIGGER for a joystick, but one with only ABS_WHEEL, ABS_GAS, ABS_BRAKE not always; no button of a gamepad
(BTN_SOUTH...) makes them think of an Xbox pad, whose axes Wine would rearrange; and X, Y, Z in this order is what vJoy
has on Windows, so the game's settings are the same for both.

The game looks for controllers when it starts, and this wheel exists as long as the process that made it. `hold` keeps
it plugged in across runs: drivers then find it and write to it, one at a time, told apart by a lock that the kernel
opens when its owner dies, upon which the holder puts the wheel in neutral.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from ac_gym.errors import ControlsError, MissingDriverError
from ac_gym.game.controls.base import Joystick, Position

NAME = "ac_gym wheel"
NODE = Path("/dev/uinput")
UDEV_RULE = 'KERNEL=="uinput", SUBSYSTEM=="misc", TAG+="uaccess", OPTIONS+="static_node=uinput"'
_IDENTITY = {"vendor": 0xAC67, "product": 0x0001, "version": 1, "bustype": 0x06}  # BUS_VIRTUAL: nobody's USB number
_AXIS = 32767
_LOCK_PATIENCE = 0.5  # s; the holder tries the lock for an instant every _HOLD_PERIOD
_HOLD_PERIOD = 0.05  # s

_PACKAGE = "the wheel needs the package evdev: pip install 'ac_gym[game]'"


def check() -> None:
    """Raise MissingDriverError with the remedy where the package is missing or /dev/uinput cannot be written."""
    _evdev()
    if not NODE.exists():
        raise MissingDriverError(f"{NODE} does not exist; load the kernel's module: sudo modprobe uinput")
    if not os.access(NODE, os.W_OK):
        raise MissingDriverError(
            f"{NODE} may not be written by you; allow it once, then log in again: "
            f"echo '{UDEV_RULE}' | sudo tee /etc/udev/rules.d/60-ac_gym.rules && sudo udevadm control --reload && "
            "sudo udevadm trigger --name-match=uinput"
        )


def open_joystick(hold: float) -> Joystick:
    """The wheel that `hold` keeps plugged in, else one that lasts as long as this process."""
    evdev = _evdev()
    held = _held_wheel(evdev)
    if held is None:
        check()
        return Joystick("uinput", _Wheel(evdev, _make(evdev)), hold)
    lock = _DriverLock()
    if not lock.take(_LOCK_PATIENCE):
        held.close()
        lock.close()
        raise ControlsError(f"another program drives the {NAME}; end it first")
    return Joystick("uinput", _Wheel(evdev, held, lock), hold)


def hold(ended: Callable[[], bool] = lambda: False) -> None:
    """Keep a wheel plugged in until `ended` or KeyboardInterrupt; neutral whenever nobody drives it."""
    check()
    evdev = _evdev()
    if _held_wheel(evdev) is not None:
        raise ControlsError(f"the {NAME} is plugged in already, by another program")
    wheel, lock = _Wheel(evdev, _make(evdev)), _DriverLock()
    driven = True  # so that it begins in neutral
    try:
        while not ended():
            free = lock.take()
            if free and driven:
                wheel.write(Position())
            driven = not free
            lock.release()
            time.sleep(_HOLD_PERIOD)
    finally:
        lock.close()
        wheel.close()


class _Wheel:
    """A wheel to write to: the one we made (UInput) or one that is plugged in (InputDevice)."""

    def __init__(self, evdev: ModuleType, target: Any, lock: _DriverLock | None = None) -> None:
        self._codes = evdev.ecodes
        self._target = target
        self._lock = lock

    def write(self, position: Position) -> None:
        e = self._codes
        try:
            for code, value in (
                (e.ABS_X, position.steer),
                (e.ABS_Y, 2.0 * position.throttle - 1.0),
                (e.ABS_Z, 2.0 * position.brake - 1.0),
            ):
                self._target.write(e.EV_ABS, code, round(value * _AXIS))
            self._target.write(e.EV_KEY, e.BTN_TRIGGER, int(position.shift_up))
            self._target.write(e.EV_KEY, e.BTN_THUMB, int(position.shift_down))
            self._target.syn()
        except OSError as error:
            raise ControlsError(f"the {NAME} was unplugged ({error.strerror}); start `ac-gym wheel` again") from error

    def close(self) -> None:
        self._target.close()
        if self._lock is not None:
            self._lock.close()


class _DriverLock:
    """Whoever has it drives the wheel; the kernel releases it when its owner dies."""

    def __init__(self) -> None:
        folder = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
        path = Path(folder, f"ac_gym-wheel-{os.getuid()}.lock")
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    def take(self, patience: float = 0.0) -> bool:
        """True once this process has the lock; False if another has it for all of `patience` seconds."""
        import fcntl

        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return False
                time.sleep(_HOLD_PERIOD / 10)

    def release(self) -> None:
        import fcntl

        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        os.close(self._descriptor)


def _make(evdev: ModuleType) -> Any:
    e = evdev.ecodes
    events = {
        e.EV_ABS: [(e.ABS_X, _axis(evdev, 0)), (e.ABS_Y, _axis(evdev, -_AXIS)), (e.ABS_Z, _axis(evdev, -_AXIS))],
        e.EV_KEY: [e.BTN_TRIGGER, e.BTN_THUMB],
    }
    try:
        return evdev.UInput(events, name=NAME, phys="ac_gym", **_IDENTITY)
    except (OSError, evdev.uinput.UInputError) as error:
        raise ControlsError(f"{NODE} did not make a wheel ({error}); `ac-gym doctor` tells what it needs") from error


def _axis(evdev: ModuleType, resting: int) -> Any:
    """16 bits end to end without deadzone or smoothing."""
    return evdev.AbsInfo(value=resting, min=-_AXIS, max=_AXIS, fuzz=0, flat=0, resolution=0)


def _held_wheel(evdev: ModuleType) -> Any | None:
    for path in evdev.list_devices():
        device = evdev.InputDevice(path)
        if device.name == NAME:
            return device
        device.close()
    return None


def _evdev() -> ModuleType:
    try:
        import evdev
    except ImportError as error:
        raise MissingDriverError(_PACKAGE) from error
    return evdev
