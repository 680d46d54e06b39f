"""What can be told from the game's folders: is the app in place and enabled, is the game set as training needs it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ac_gym.game.app_settings import AppSettings, read_app_settings
from ac_gym.game.controls.presets import PRESETS, Preset, preset_in_use, steered_by
from ac_gym.game.ini import IniFile
from ac_gym.game.install import LIBRARY, SETTINGS, SWITCHES, changed_files, is_ours, version_of
from ac_gym.game.installation import APP, Installation, app_folder

Status = Literal["ok", "advice", "problem", "not applicable"]

_PYTHON = "https://www.python.org/downloads/release/python-335/"
_SERVERS_NEED = "_socket.pyd"
_JOYSTICK_NEEDS = "_ctypes.pyd"  # only where the plugin moves vJoy itself

_ASSISTS = {
    "AUTO_SHIFTER": (1, "automatic gearbox on"),
    "AUTO_CLUTCH": (1, "automatic clutch on"),
    "AUTO_BLIP": (0, "automatic throttle blip off"),
    "ABS": (0, "ABS off"),
    "TRACTION_CONTROL": (0, "traction control off"),
    "STABILITY_CONTROL": (0, "stability control off"),
    "DAMAGE": (0, "mechanical damage off"),
    "TYRE_WEAR": (0, "tyre wear off"),
    "FUEL_RATE": (0, "fuel consumption off"),
    "TYRE_BLANKETS": (1, "tyre blankets on"),
}
"""Value and words of what published lap times were driven with."""


@dataclass(frozen=True)
class Finding:
    """The outcome of one check, in words for a sim racer."""

    check: str
    status: Status
    text: str
    remedy: str = ""
    """what to do about it"""


def app_in_place(game: Path, source: Path) -> Finding:
    """The app is in the folder it must be in, complete and of the package's version."""
    check, install = "app", "ac-gym plugin install"
    app = app_folder(game)
    if not app.is_dir():
        if misnamed := _misnamed_app(app.parent):
            text = f"the app is in {misnamed.name}, but the game runs it only from a folder named {APP}"
            return Finding(check, "problem", text, f"remove {misnamed}, then `{install}`")
        return Finding(check, "problem", f"not in the game ({app})", f"`{install}`")
    if not is_ours(app):
        text = f"{app} holds another app of that name, such as assetto_corsa_gym's: it drives, but without our extras"
        return Finding(check, "advice", text, f"`{install}` moves it aside and puts ours there")
    installed, ours = version_of(app), version_of(source)
    if changed := changed_files(source, app):
        text = f"version {installed} is in the game, the package has {ours}: {_some(changed)} differ"
        return Finding(check, "problem", text, f"close the game, then `{install}`")
    return Finding(check, "ok", f"version {installed} in {app}")


def app_enabled(installation: Installation) -> Finding:
    """The game is told to run Python apps, and ours."""
    off = [
        f"[{section}] {key} in {name}"
        for name, section, key in SWITCHES
        if installation.settings(name).get(section, key) != "1"
    ]
    if off:
        remedy = f"`ac-gym plugin install`, or in the game: Options > General > UI Modules > {APP}"
        return Finding("enabled", "problem", f"switched off: {' and '.join(off)}", remedy)
    return Finding("enabled", "ok", "the game runs the app in every session")


def app_settings(settings: AppSettings) -> Finding:
    """The app can use everything in its ini file."""
    if settings.problems:
        text = f"{SETTINGS}: {_some(settings.problems)}"
        return Finding("app settings", "problem", text, "correct it there; its comments tell what each setting takes")
    return Finding("app settings", "ok", f"all of {SETTINGS} can be used")


def python_modules(game: Path) -> Finding:
    """The compiled modules that the game's Python comes without."""
    folder = game / "system" / "x64" / "DLLs"
    places = (folder, app_folder(game) / "DLLs")  # where the app looks
    missing = [name for name in (_SERVERS_NEED, _JOYSTICK_NEEDS) if not any((at / name).is_file() for at in places)]
    if not missing:
        return Finding("Python modules", "ok", f"{', '.join((_SERVERS_NEED, _JOYSTICK_NEEDS))} are there")
    text = f"the game's Python lacks {', '.join(missing)}"
    if missing == [_JOYSTICK_NEEDS]:
        text += " (needed only for vjoy_executed_by_server)"
    remedy = f"copy them from the folder DLLs of a 64-bit Python 3.3.5 ({_PYTHON}) to {folder}"
    return Finding("Python modules", "advice" if missing == [_JOYSTICK_NEEDS] else "problem", text, remedy)


def shaders_patch(game: Path) -> Finding:
    """Custom Shaders Patch, which can put the car back on the road."""
    check = "Custom Shaders Patch"
    if not (game / "dwrite.dll").is_file() or not (game / "extension").is_dir():
        text = "not installed: the app cannot put the car back on the road at the end of an episode"
        remedy = "install it with Content Manager, Settings > Custom Shaders Patch"
        return Finding(check, "advice", text, remedy)
    version = IniFile.read(game / "extension" / "config" / "data_manifest.ini").get("VERSION", "SHADERS_PATCH")
    return Finding(check, "ok", f"version {version or 'unknown'}")


def controls_set(installation: Installation, candidates: Iterable[str]) -> Finding:
    """The game reads one of our joysticks as it is meant. candidates: names of the controls that may be used."""
    check = "controls"
    presets = [PRESETS[name] for name in candidates if name in PRESETS] or [PRESETS["vjoy"]]
    ini = installation.settings("controls.ini")
    in_use = preset_in_use(ini)
    preset = in_use if in_use in presets else presets[0]
    differences = preset.differences(ini)
    if not differences:
        return Finding(check, "ok", f"the game reads '{preset.device}', 900 degrees, unfiltered")
    if preset is not in_use:
        text = f"the game is steered by {steered_by(ini) or 'no controller'}, not by '{preset.device}'"
        return Finding(check, "problem", text, _load(installation, preset))
    more = f"; and {len(differences) - 3} more" if len(differences) > 3 else ""
    return Finding(check, "problem", f"controls.ini: {'; '.join(differences[:3])}{more}", _load(installation, preset))


def frame_rate(installation: Installation) -> Finding:
    """Frames come at a multiple of the rate of states, so that these are evenly spaced."""
    check = "frame rate"
    video = installation.settings("video.ini")
    rate = read_app_settings(installation.app / SETTINGS).ego_sampling_freq
    remedy = f"limit the frame rate to {2 * rate:g} (Content Manager: Settings > Assetto Corsa > Video), VSync off"
    if _number(video.get("VIDEO", "VSYNC")):
        return Finding(check, "advice", "VSync is on: the monitor decides when states come", remedy)
    cap_ms = _number(video.get("VIDEO", "FPS_CAP_MS"))
    if not cap_ms:
        return Finding(check, "advice", f"not limited: the {rate:g} states a second come unevenly", remedy)
    frames = 1000.0 / cap_ms
    a_state = frames / rate
    if a_state < 0.95 or abs(a_state - round(a_state)) > 0.05:
        text = f"limited to {frames:.0f} frames a second, no multiple of the {rate:g} states a second"
        return Finding(check, "advice", text, remedy)
    return Finding(check, "ok", f"limited to {frames:.0f} frames a second, {round(a_state)} a state")


def assists(installation: Installation) -> Finding:
    """Driving aids are as published lap times were driven."""
    ini = installation.settings("assists.ini")
    if not list(ini.entries()):
        return Finding("assists", "not applicable", "the game has not written assists.ini yet")
    others = [words for key, (wanted, words) in _ASSISTS.items() if _number(ini.get("ASSISTS", key)) != wanted]
    if others:
        return Finding("assists", "advice", f"published laps have: {', '.join(others)}", "change them, or mean it so")
    return Finding("assists", "ok", "as published laps were driven; Content Manager has its own on its drive page")


def _load(installation: Installation, preset: Preset) -> str:
    written = (installation.presets / f"{preset.title}.ini").is_file()
    first = "" if written else "`ac-gym plugin install --controls`, then "
    return f"{first}load the preset '{preset.title}' in the game: Options > Controls, and save"


def _misnamed_app(folder: Path) -> Path | None:
    return next((app for app in sorted(folder.glob("*")) if (app / LIBRARY).is_dir()), None)


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
