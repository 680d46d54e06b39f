"""How the game must be set to read our joysticks as they are meant: written as presets, and compared with what is set.

The wheel turns 900 degrees, so a full axis is 450; nothing is smoothed or made to depend on speed; the brake has the
gamma that published lap times were driven with.
"""

from __future__ import annotations

from dataclasses import dataclass

from ac_gym.constants import FULL_STEER_DEG
from ac_gym.game.ini import IniFile

_WANTED = {
    "HEADER": {"INPUT_METHOD": "WHEEL"},
    "STEER": {
        "AXLE": "0", "SCALE": "1", "LOCK": f"{2 * FULL_STEER_DEG:g}", "STEER_GAMMA": "1", "STEER_FILTER": "0",
        "SPEED_SENSITIVITY": "0",
    },
    "THROTTLE": {"MIN": "-1", "MAX": "1"},
    "BRAKES": {"MIN": "-1", "MAX": "1", "GAMMA": "2.4"},
    "GEARUP": {"BUTTON": "0"},
    "GEARDN": {"BUTTON": "1"},
}  # fmt: skip
_OURS = ("STEER", "THROTTLE", "BRAKES", "GEARUP", "GEARDN")  # sections that name the joystick

_UNUSED_AXES = ("CLUTCH", "HANDBRAKE")
_UNUSED_BUTTONS = (
    "STARTER", "KERS", "DRS", "BALANCEUP", "BALANCEDN", "ABSUP", "ABSDN", "TCUP", "TCDN", "TURBOUP", "TURBODN",
    "ENGINE_BRAKE_UP", "ENGINE_BRAKE_DN", "MGUK_DELIVERY_UP", "MGUK_DELIVERY_DN", "MGUK_RECOVERY_UP",
    "MGUK_RECOVERY_DN", "MGUH_MODE", "ACTION_HEADLIGHTS", "ACTION_HEADLIGHTS_FLASH", "ACTION_HORN", "ACTION_CELEBRATE",
    "ACTION_CLAIM", "ACTION_CHANGE_CAMERA", "GLANCELEFT", "GLANCERIGHT", "GLANCEBACK", "ABS", "TRACTION_CONTROL",
    "ACTIVATE_AI", "AUTO_SHIFTER", "IDEAL_LINE", "RESET_RACE",
)  # fmt: skip
_QUIET = {
    "SHIFTER": {"ACTIVE": "0", "JOY": "-1"},
    "STEER": {"FF_GAIN": "1", "FILTER_FF": "0"},
    "ADVANCED": {"COMBINE_WITH_KEYBOARD_CONTROL": "0"},
}


@dataclass(frozen=True)
class Preset:
    """Settings for one of our joysticks."""

    controls: str
    """as `open_controls` knows it"""
    title: str
    """name of the preset in the game's menu"""
    device: str
    """what the game calls the joystick"""
    throttle: str = "1"
    brake: str = "2"
    """axes, counted as the game does: 0 X, 1 Y, 2 Z, 3 and 4 rotations of X and Y"""

    @property
    def wanted(self) -> dict[str, dict[str, str]]:
        """Section -> key -> value that the game needs."""
        axles = {"THROTTLE": {"AXLE": self.throttle}, "BRAKES": {"AXLE": self.brake}}
        return {section: {**axles.get(section, {}), **keys} for section, keys in _WANTED.items()}

    def file(self) -> bytes:
        """The whole preset; all other actions are left to the keyboard or to nothing."""
        ini = IniFile()
        sections = {"CONTROLLERS": {"CON0": self.device}, **{name: {"JOY": "0"} for name in _OURS}}
        sections |= {name: {"JOY": "-1", "AXLE": "-1", "MIN": "-1", "MAX": "1"} for name in _UNUSED_AXES}
        sections |= {name: {"JOY": "-1", "BUTTON": "-1", "KEY": "-1", "XBOXBUTTON": "-1"} for name in _UNUSED_BUTTONS}
        for part in (self.wanted, sections, _QUIET):
            for section, keys in part.items():
                for key, value in keys.items():
                    ini.set(section, key, value)
        return ini.data()

    def differences(self, ini: IniFile) -> list[str]:
        """What in the game's `controls.ini` is not as wanted, one phrase each."""
        found = []
        for section, keys in self.wanted.items():
            for key, wanted in keys.items():
                value = ini.get(section, key)
                if not _same(value, wanted):
                    found.append(f"[{section}] {key} is {'not set' if value is None else value}, should be {wanted}")
        for section in _OURS:
            named = _device(ini, section)
            if self.device.casefold() not in (named or "").casefold():
                found.append(f"[{section}] is on {named or 'no device'}, should be on '{self.device}'")
        return found


PRESETS = {
    preset.controls: preset
    for preset in (
        Preset("vjoy", "ac_gym vJoy", "vJoy Device"),
        Preset("uinput", "ac_gym wheel", "ac_gym wheel"),
        Preset("vgamepad", "ac_gym gamepad", "Controller (XBOX 360 For Windows)", throttle="3", brake="4"),
    )
}
"""By name of the controls."""


def steered_by(ini: IniFile) -> str | None:
    """Name of the controller that steers, by the game's `controls.ini`."""
    return _device(ini, "STEER")


def preset_in_use(ini: IniFile) -> Preset | None:
    """The preset whose joystick steers, by the game's `controls.ini`."""
    steering = (steered_by(ini) or "").casefold()
    return next((preset for preset in PRESETS.values() if preset.device.casefold() in steering), None)


def _device(ini: IniFile, section: str) -> str | None:
    """Name of the joystick that a section is on."""
    return ini.get("CONTROLLERS", f"CON{ini.get(section, 'JOY') or ''}")


def _same(value: str | None, wanted: str) -> bool:
    if value is None:
        return False
    try:
        return float(value) == float(wanted)
    except ValueError:
        return value.casefold() == wanted.casefold()
