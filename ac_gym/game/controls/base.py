"""What all ways of steering the game share: the contract, and a virtual joystick that is never left pressed."""

from __future__ import annotations

import logging
import math
import os
import threading
import time
import weakref
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ac_gym.errors import ControlsError

NEUTRAL_AFTER = 0.15
"""s that a joystick stays as it is when nothing more comes, at least; the app's own default is the same"""
_PERIODS = 3.0
"""and at least so many times what lies between two controls"""
_log = logging.getLogger("ac_gym.game")


class Controls(Protocol):
    """Takes a driver's controls to the game."""

    name: str
    """as `open_controls` knows it"""

    def apply(self, controls: NDArray[np.float32]) -> None:
        """Send `controls` (4,): steer (+ right), throttle, brake on -1..1 (pedals: -1 is up), gear request -1, 0, +1.

        They hold until the next ones, or for `hold_for` s: a driver who hangs, or waits for a game that is gone, leaves
        nothing pressed. (How long the plugin holds its own joystick is a setting of the app, `neutral_after`.)
        Values beyond the range are clipped. Raises ControlsError where the device is gone, ValueError for numbers that
        are not finite; the controls are neutral then.
        """

    def neutral(self) -> None:
        """Steering straight, pedals up, no button pressed."""

    def close(self) -> None:
        """Neutral, then let go of the device; harmless when closed already."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a joystick's axes and buttons are."""

    steer: float = 0.0
    """-1..1, + right; full axis is 450 degrees at the steering wheel"""
    throttle: float = 0.0
    """0..1, 0 = up"""
    brake: float = 0.0
    """0..1, 0 = up; the game applies the gamma"""
    shift_up: bool = False
    shift_down: bool = False


_NEUTRAL = Position()


class Device(Protocol):
    """A virtual joystick as its driver made it."""

    def write(self, position: Position) -> None:
        """Move every axis and button at once; ControlsError where it cannot."""

    def close(self) -> None:
        """Give the device back."""


class GearButtons:
    """Turns gear requests into button presses, one press a request.

    A button is pressed when its gear is asked for and released at the next step. A request for the same button at that
    step waits one step, so that the game sees the button come up in between; at most one request waits.
    """

    def __init__(self) -> None:
        self.release()

    def release(self) -> None:
        self._pressed = self._waiting = 0

    def step(self, request: int) -> int:
        """The gear button that is down from now on: -1, 0, +1."""
        wanted = request or self._waiting
        still_down = wanted != 0 and wanted == self._pressed
        self._waiting = wanted if still_down else 0
        self._pressed = 0 if still_down else wanted
        return self._pressed


def hold_for(rate: float) -> float:
    """s that controls hold when no more come, for a driver who sends `rate` of them a second."""
    return max(NEUTRAL_AFTER, _PERIODS / rate)


class Joystick:
    """Controls on a virtual joystick of this computer.

    The device is put in neutral `hold` s after the last controls. By `close`, when the object is collected, and when
    the interpreter ends, also by an exception or Ctrl-C, it is put in neutral and given back.
    """

    def __init__(self, name: str, device: Device, hold: float) -> None:
        self.name = name
        self._held = _Held(device, hold)
        self._gears = GearButtons()
        self._finalizer = weakref.finalize(self, self._held.let_go)
        self.neutral()

    def apply(self, controls: NDArray[np.float32]) -> None:
        steer, throttle, brake, gear = controls.tolist()
        if not math.isfinite(steer + throttle + brake + gear):
            self.neutral()
            raise ValueError(f"controls must be finite numbers, not {controls}")
        pressed = self._gears.step((gear > 0.5) - (gear < -0.5))
        self._write(Position(_clip(steer), _pedal(throttle), _pedal(brake), pressed > 0, pressed < 0))

    def neutral(self) -> None:
        self._gears.release()
        self._write(_NEUTRAL)

    def close(self) -> None:
        self._finalizer()

    def _write(self, position: Position) -> None:
        if not self._finalizer.alive:
            raise ControlsError(f"the joystick of {self.name} is closed; open_controls gives another")
        self._held.write(position)


class _Held:
    """A device that goes to neutral when it was not written to for `hold` s; its thread sleeps while it is neutral."""

    def __init__(self, device: Device, hold: float) -> None:
        self._device, self._hold = device, hold
        self._until = math.inf  # of the monotonic clock
        self._open, self._owner = True, os.getpid()
        self._changed = threading.Condition()
        threading.Thread(target=self._watch, name="ac_gym joystick", daemon=True).start()

    def write(self, position: Position) -> None:
        with self._changed:
            if position != _NEUTRAL:  # first of all: a write that fails may have arrived
                if self._until == math.inf:
                    self._changed.notify()
                self._until = time.monotonic() + self._hold
            self._device.write(position)
            if position == _NEUTRAL:
                self._until = math.inf

    def let_go(self) -> None:
        if os.getpid() != self._owner:  # a forked child must not take the wheel from its parent
            return
        with self._changed:
            self._open = False
            self._changed.notify()
            self._neutral()
            self._device.close()

    def _watch(self) -> None:
        with self._changed:
            while self._open:
                left = self._until - time.monotonic()
                if left > 0.0:
                    self._changed.wait(None if left == math.inf else left)
                else:
                    self._neutral()

    def _neutral(self) -> None:
        self._until = math.inf
        try:
            self._device.write(_NEUTRAL)
        except ControlsError:
            return  # a device that is gone holds nothing pressed
        except Exception:  # of the driver's package; the thread must live on
            _log.exception("the joystick could not be put in neutral")


def _clip(value: float) -> float:
    return min(1.0, max(-1.0, value))


def _pedal(value: float) -> float:
    return (_clip(value) + 1.0) / 2.0
