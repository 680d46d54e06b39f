"""Controls onto a vJoy device: one position a message, so that the game never sees half of one."""

import os
import struct
import threading

# JOYSTICK_POSITION_V2, 108 bytes: device, 3 axes we leave alone, X, Y, Z, 12 axes, buttons, 4 hats, 3 words of buttons
_POSITION = struct.Struct("<B3x18i I 4I 3I")
_AXIS_X, _AXIS_Y, _AXIS_Z = 0x30, 0x31, 0x32  # HID usages
_LOWEST, _HIGHEST = 1, 32768
_NO_HAT = 0xFFFFFFFF
_BUSY, _MISSING = 2, 3  # of GetVJDStatus

_DLL = os.path.join("vJoy", "x64", "vJoyInterface.dll")


class Joystick(object):
    """The vJoy device `device`; any thread may write. `problem` says why it cannot be used, "" where it can.

    `interface` has the functions of vJoyInterface.dll; None looks for the DLL, at the latest when the device is needed.
    """

    def __init__(self, device, interface, log):
        self._device = device
        self._interface = interface
        self._log = log
        self._lock = threading.Lock()
        self._acquired = False
        self.problem = ""

    def load(self):
        """Finds the DLL; that it is not there is no problem yet."""
        with self._lock:
            if self._interface is None:
                self._interface = self._load()
                self.problem = ""

    def acquire(self):
        """Whether the device is ours now."""
        with self._lock:
            return self._acquire()

    def write(self, steer, throttle, brake, shift_up=False, shift_down=False):
        """Steer and pedals on -1..1 (steer + = right, pedals -1 = up); buttons 1 and 2 shift. Whether it arrived."""
        x = _axis((steer + 1.0) * 16384.0)
        y = _axis((throttle + 1.0) * 16384.0)
        z = _axis((brake + 1.0) * 16384.0)
        buttons = int(shift_up) | int(shift_down) << 1
        with self._lock:
            if not self._acquired:
                return False
            data = position(self._device, x, y, z, buttons)
            update = self._interface.UpdateVJD
            if update(self._device, data) or (self._acquire(again=True) and update(self._device, data)):
                return True
            return self._write_each(x, y, z, buttons)

    def neutral(self):
        """Steering straight, pedals up, no button."""
        return self.write(0.0, -1.0, -1.0)

    def release(self):
        """Leave it neutral and give it back."""
        self.neutral()
        with self._lock:
            if self._acquired:
                self._interface.RelinquishVJD(self._device)
                self._acquired = False

    def _acquire(self, again=False):
        if self._acquired and not again:
            return True
        if self._interface is None:
            self._interface = self._load()
        if self._interface is None:
            return False
        self._acquired = bool(self._interface.AcquireVJD(self._device))
        self.problem = "" if self._acquired else self._why_not()
        return self._acquired

    def _write_each(self, x, y, z, buttons):
        """Some drivers drop whole positions when acquiring lies long ago; single axes get through."""
        interface, device = self._interface, self._device
        axes = [interface.SetAxis(value, device, usage) for value, usage in ((x, _AXIS_X), (y, _AXIS_Y), (z, _AXIS_Z))]
        pressed = [interface.SetBtn(buttons >> n & 1, device, n + 1) for n in (0, 1)]
        written = all(axes) and all(pressed)
        if not written:
            self._log.limited("joystick", "vJoy device {0} does not take controls: {1}".format(device, self._why_not()))
        return written

    def _why_not(self):
        device = self._device
        if not self._interface.vJoyEnabled():
            return "the vJoy driver is not running; install vJoy and restart Windows"
        status = self._interface.GetVJDStatus(device)
        if status == _BUSY:
            return (
                "vJoy device {0} is held by another program; let the client drive it (vjoy_executed_by_server = False) "
                "or close that program".format(device)
            )
        if status == _MISSING:
            return "vJoy has no device {0}; add it in 'Configure vJoy' with axes X, Y, Z and 2 buttons".format(device)
        return "vJoy device {0} could not be acquired".format(device)

    def _load(self):
        try:
            import ctypes
        except ImportError as error:
            self.problem = (
                "controls need Python's _ctypes, which the game does not bring ({0}); run 'ac-gym plugin install', or "
                "let the client drive (vjoy_executed_by_server = False)".format(error)
            )
            return None
        if os.name != "nt":
            self.problem = "vJoy exists on Windows only; let the client drive (vjoy_executed_by_server = False)"
            return None
        path = os.path.join(os.environ.get("PROGRAMW6432", "C:\\Program Files"), _DLL)
        try:
            return ctypes.WinDLL(path)
        except OSError:
            self.problem = "no vJoy at {0}; install it, or let the client drive".format(path)
            return None


def position(device, x, y, z, buttons):
    """The 108 bytes of a position; axes 1..32768, bit n of `buttons` is button n + 1."""
    centre = 16384
    return _POSITION.pack(
        device, 0, 0, 0, x, y, z, centre, centre, centre, 0, 0, 0, 0, 0, 0, 0, 0, 0, buttons,
        _NO_HAT, _NO_HAT, _NO_HAT, _NO_HAT, 0, 0, 0
    )  # fmt: skip


def _axis(value):
    return max(_LOWEST, min(_HIGHEST, round(value)))
