"""Ways to steer the game: virtual joysticks of this computer, or the plugin in the game.

| name | what the game sees | where |
|---|---|---|
| vjoy | vJoy device 1 | Windows |
| vgamepad | an Xbox 360 pad | Windows, Linux |
| uinput | a wheel of our own | Linux |
| plugin | whatever joystick the plugin drives: vJoy device 1, or the stand-in's own | anywhere |
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from ac_gym.errors import MissingDriverError, UnknownNameError
from ac_gym.game.controls.base import Controls, hold_for

NAMES = ("auto", "plugin", "vjoy", "vgamepad", "uinput")
_MODULES = {"plugin": "plugin", "vjoy": "vjoy", "vgamepad": "gamepad", "uinput": "uinput"}
_AUTOMATIC = {"win32": ("vjoy", "vgamepad"), "linux": ("uinput", "plugin")}

__all__ = ["NAMES", "Controls", "candidates", "check_controls", "open_controls"]


def open_controls(name: str = "auto", *, rate: float = 25.0) -> Controls:
    """Controls by name; the device is in neutral and stays so until `apply`.

    `rate` is how many a second will come: after three that stay away, and 0.15 s, the device goes to neutral.

    "auto" takes on Windows vJoy, which the game finds whenever it starts and whose pedals have 15 bits, and a gamepad
    only where vJoy's driver is missing; on Linux the uinput wheel, and the plugin where that cannot be had, because the
    game then runs on another computer. A device that is there but busy is an error: another one would drive nothing.

    Raises UnknownNameError, MissingDriverError, ControlsError.
    """
    missing = []
    for candidate in candidates(name):
        try:
            controls: Controls = _module(candidate).open_joystick(hold_for(rate))
        except MissingDriverError as error:
            missing.append(f"{candidate}: {error}")
        else:
            return controls
    raise MissingDriverError("; or ".join(missing))


def check_controls(name: str) -> None:
    """Raise MissingDriverError or ControlsError where `open_controls(name)` could not work; touches no device."""
    _module(name).check()


def candidates(name: str) -> tuple[str, ...]:
    """What `open_controls(name)` tries, in this order."""
    if name not in NAMES:
        raise UnknownNameError("controls", name, NAMES)
    return _AUTOMATIC.get(sys.platform, ("plugin",)) if name == "auto" else (name,)


def _module(name: str) -> Any:
    if name not in _MODULES:
        raise UnknownNameError("controls", name, _MODULES)
    return import_module(f"{__name__}.{_MODULES[name]}")
