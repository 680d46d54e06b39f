"""A car of the game, from the unpacked data folder that its owner has, as a car file of the simulator.

What the data say is taken over with the file as its source; some figures are computed from several (the formulas are
in docs/import.md); what the game does not have, or models otherwise, is estimated from the nearest car of the package.
"""

from __future__ import annotations

from pathlib import Path

from ac_gym import _core
from ac_gym.car import IMPLIED, Car, available_cars, forget_cars, load_car, parse_car
from ac_gym.car_import.aero import read_aero
from ac_gym.car_import.chassis import read_chassis
from ac_gym.car_import.data import DataFolder
from ac_gym.car_import.found import ESTIMATE, Found
from ac_gym.car_import.powertrain import read_powertrain
from ac_gym.car_import.tyres import read_tyres
from ac_gym.car_import.writing import car_file
from ac_gym.errors import InvalidCarError
from ac_gym.resources import NAME, user_cars_dir

_NEEDED = ("car.ini", "suspensions.ini", "tyres.ini", "engine.ini", "drivetrain.ini")
_WITH_LIMITER = ("engine_idle_rpm", "drivetrain_auto_up_rpm", "drivetrain_auto_down_rpm", "drivetrain_launch_rpm")
_DOWNFORCE_M2 = 0.8  # a car with a larger lift area is a racing car on slicks
_LIGHT_KG = 800.0
_KEYS_SHOWN = 12


def import_car(folder: str | Path, name: str | None = None) -> tuple[str, list[str]]:
    """The text of a car file (`load_car` reads it), and lines on what could not be taken over from the data.

    `folder` is the car's folder in the game, with `data` in it, or that data folder itself; `name` is the car's name,
    else the folder's. InvalidCarError for a folder without data (packed data are not read), a file or key that must be
    there, and figures that are none.
    """
    data = DataFolder(folder)
    if missing := [name for name in _NEEDED if name not in data]:
        raise InvalidCarError(f"{data.path}: {', '.join(missing)} missing; the data folder is not complete")
    found = Found()
    read_tyres(data, found)
    read_chassis(data, found)
    read_aero(data, found)
    read_powertrain(data, found)
    title = data.title()
    template = nearest_car(found)
    _estimate_rest(found, template)
    text = car_file(name or data.name, title, found, template.name)
    parse_car(text, data.path / f"{name or data.name}.yaml")
    return text, _report(data, found, template)


def keep_car(text: str, *, replace: bool = False) -> tuple[Car, Path]:
    """Keeps the text of a car file among one's own, so that `load_car` finds the car by its name.

    InvalidCarError where one of the package's has the name, or a different one of one's own and not `replace`.
    """
    car = parse_car(text, Path("import"))
    name = car.name
    if not NAME.fullmatch(name):
        raise InvalidCarError(f"{name!r} cannot name a car: letters, digits, _ - and . can; choose another --name")
    if name in available_cars():
        raise InvalidCarError(f"{name} is a car of the package already; choose another --name")
    path = user_cars_dir() / f"{name}.yaml"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not replace and path.read_text(encoding="utf-8") != text:
            raise InvalidCarError(f"{path} is there already, and different; give --replace, or another --name")
        fresh = path.with_name(f"{path.name}.part")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        raise InvalidCarError(f"{path}: cannot be written ({error.strerror}); set AC_GYM_HOME to a folder") from error
    forget_cars()
    return car, path


def nearest_car(found: Found) -> Car:
    """The car of the package whose figures stand in for what is not known."""
    lift = found.get("aero_lift_area_front", 0.0) + found.get("aero_lift_area_rear", 0.0)
    if lift < _DOWNFORCE_M2:
        return load_car("ks_mazda_miata")
    light = found.get("chassis_mass", 0.0) < _LIGHT_KG
    return load_car("dallara_f317" if light else "bmw_z4_gt3")


def _estimate_rest(found: Found, like: Car) -> None:
    """Fills what is not known: speeds of the engine in proportion to the limiter, outer dimensions to the wheelbase
    and track, all else as the nearest car has it."""
    limiter = found.get("engine_limiter_rpm", like.values["engine_limiter_rpm"])
    for name in _WITH_LIMITER:
        found.estimate(name, limiter * like.values[name] / like.values["engine_limiter_rpm"])
    longer = found.get("chassis_wheelbase", 0.0) / like.values["chassis_wheelbase"]
    wider = found.get("suspension_front_track", 0.0) / like.values["suspension_front_track"]
    found.estimate("chassis_length", like.values["chassis_length"] * longer)
    found.estimate("chassis_width", like.values["chassis_width"] * wider)
    for name in _core.CAR_PARAMS:
        if name not in IMPLIED and name != "drivetrain_gears":
            found.estimate(name, like.values[name])
    _order_engine_speeds(found, limiter)


def _order_engine_speeds(found: Found, limiter: float) -> None:
    """Idle, shifting down, shifting up and the limiter rise in this order, or the gearbox would hunt."""
    idle = found.get("engine_idle_rpm", 0.0)
    up, down = found.get("drivetrain_auto_up_rpm", 0.0), found.get("drivetrain_auto_down_rpm", 0.0)
    if not idle < down < up <= limiter:
        found.remarks.append(
            f"automatic box: shifting at {down:g} and {up:g} 1/min does not fit {idle:g} at idle and {limiter:g} at "
            "the limiter; estimated instead"
        )
        found.values["drivetrain_auto_up_rpm"] = (0.96 * limiter, ESTIMATE)
        found.values["drivetrain_auto_down_rpm"] = (max(0.7 * limiter, 1.1 * idle), ESTIMATE)
    if found.get("drivetrain_launch_rpm", 0.0) < 1.2 * idle:
        found.values["drivetrain_launch_rpm"] = (max(1.5 * idle, 0.4 * limiter), ESTIMATE)


def _report(data: DataFolder, found: Found, like: Car) -> list[str]:
    """What a user should know: remarks, estimates, and what of the data was not used."""
    lines = [*found.remarks]
    for name, (value, source) in found.values.items():
        if source == ESTIMATE:
            unit = "" if _core.CAR_PARAMS[name] == "1" else f" {_core.CAR_PARAMS[name]}"
            lines.append(f"estimated: {name} {value:.4g}{unit}, as of {like.name}")
    for ini in data.inis():
        for section, keys in ini.unused():
            more = f" and {len(keys) - _KEYS_SHOWN} more" if len(keys) > _KEYS_SHOWN else ""
            lines.append(f"not used: {ini.name} [{section}] {', '.join(keys[:_KEYS_SHOWN])}{more}")
    if files := data.unread():
        lines.append(f"not read: {', '.join(files)}")
    return lines
