"""The game's controls: what the presets set, and what is found in settings that differ."""

from __future__ import annotations

import pytest

from ac_gym.game.controls.presets import PRESETS, Preset, preset_in_use
from ac_gym.game.ini import IniFile

# Section, key, value: the wheel's 900 degrees, the brake's gamma, and axes X, Y, Z of the published set-up.
PUBLISHED = [
    ("HEADER", "INPUT_METHOD", "WHEEL"),
    ("CONTROLLERS", "CON0", "vJoy Device"),
    ("STEER", "JOY", "0"),
    ("STEER", "AXLE", "0"),
    ("STEER", "SCALE", "1"),
    ("STEER", "LOCK", "900"),
    ("STEER", "STEER_GAMMA", "1"),
    ("STEER", "STEER_FILTER", "0"),
    ("STEER", "SPEED_SENSITIVITY", "0"),
    ("STEER", "FF_GAIN", "1"),
    ("THROTTLE", "AXLE", "1"),
    ("THROTTLE", "MIN", "-1"),
    ("THROTTLE", "MAX", "1"),
    ("BRAKES", "AXLE", "2"),
    ("BRAKES", "MIN", "-1"),
    ("BRAKES", "MAX", "1"),
    ("BRAKES", "GAMMA", "2.4"),
    ("GEARUP", "JOY", "0"),
    ("GEARUP", "BUTTON", "0"),
    ("GEARDN", "JOY", "0"),
    ("GEARDN", "BUTTON", "1"),
    ("CLUTCH", "JOY", "-1"),
    ("HANDBRAKE", "JOY", "-1"),
]


@pytest.mark.parametrize(("section", "key", "value"), PUBLISHED)
def test_the_vjoy_preset_is_the_published_one(section: str, key: str, value: str) -> None:
    assert IniFile(PRESETS["vjoy"].file()).get(section, key) == value


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_a_preset_is_as_it_wants_to_be(preset: Preset) -> None:
    ini = IniFile(preset.file())
    assert preset.differences(ini) == []
    assert preset_in_use(ini) is preset
    assert all(other.differences(ini) for other in PRESETS.values() if other is not preset)


def test_the_wheel_of_linux_is_set_as_vjoy_is() -> None:
    assert PRESETS["uinput"].file() == PRESETS["vjoy"].file().replace(b"vJoy Device", b"ac_gym wheel")


def test_the_gamepads_pedals_are_on_the_right_stick() -> None:
    ini = IniFile(PRESETS["vgamepad"].file())
    assert (ini.get("THROTTLE", "AXLE"), ini.get("BRAKES", "AXLE")) == ("3", "4")


def test_the_joystick_may_be_any_of_the_games_controllers() -> None:
    ini = IniFile(PRESETS["vjoy"].file())
    ini.set("CONTROLLERS", "CON0", "Pedals")
    ini.set("CONTROLLERS", "CON1", "vJoy Device")
    assert "is on Pedals" in PRESETS["vjoy"].differences(ini)[0]
    for section in ("STEER", "THROTTLE", "BRAKES", "GEARUP", "GEARDN"):
        ini.set(section, "JOY", "1")
    assert PRESETS["vjoy"].differences(ini) == []


@pytest.mark.parametrize(
    ("section", "key", "value", "said"),
    [
        ("HEADER", "INPUT_METHOD", "X360", "[HEADER] INPUT_METHOD is X360, should be WHEEL"),
        ("STEER", "LOCK", "360", "[STEER] LOCK is 360, should be 900"),
        ("BRAKES", "GAMMA", "1.0", "[BRAKES] GAMMA is 1.0, should be 2.4"),
        ("THROTTLE", "MIN", "", "[THROTTLE] MIN is , should be -1"),
    ],
)
def test_a_difference_is_told(section: str, key: str, value: str, said: str) -> None:
    ini = IniFile(PRESETS["vjoy"].file())
    ini.set(section, key, value)
    assert PRESETS["vjoy"].differences(ini) == [said]


def test_numbers_may_be_written_otherwise() -> None:
    ini = IniFile(PRESETS["vjoy"].file())
    ini.set("STEER", "LOCK", "900.0")
    ini.set("BRAKES", "GAMMA", "2.40")
    assert PRESETS["vjoy"].differences(ini) == []
