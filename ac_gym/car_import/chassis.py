"""Mass, inertia, suspension, steering and fuel: car.ini and suspensions.ini."""

from __future__ import annotations

from ac_gym.car_import.data import DataFolder
from ac_gym.car_import.found import COMPUTED, Found

_CAR, _SUSPENSIONS = "data/car.ini", "data/suspensions.ini"
_RIDE_HEIGHT = (0.01, 0.4)  # m: pushrod lengths beyond this are no ride height
_CG_HEIGHT = (0.1, 1.2)  # m


def read_chassis(data: DataFolder, found: Found) -> None:
    """Needs the tyres' radius and vertical rate."""
    car, suspensions = data.ini("car.ini"), data.ini("suspensions.ini")
    mass = car.wanted("BASIC", "TOTALMASS")
    found.need("chassis_mass", mass, _CAR)
    found.need("chassis_front_weight", suspensions.wanted("BASIC", "CG_LOCATION"), _SUSPENSIONS)
    found.need("chassis_wheelbase", suspensions.wanted("BASIC", "WHEELBASE"), _SUSPENSIONS)
    for axle in ("front", "rear"):
        _axle(data, found, axle)
    _cg_height(data, found)
    _inertia(data, found, mass)
    ratio = car.number("CONTROLS", "STEER_RATIO")
    found.put("steering_lock_deg", car.number("CONTROLS", "STEER_LOCK"), _CAR)
    found.put("steering_ratio", None if ratio is None else abs(ratio), _CAR)
    found.put("fuel_start", car.number("FUEL", "FUEL"), _CAR)
    found.put("fuel_consumption", car.number("FUEL", "CONSUMPTION"), _CAR)


def _axle(data: DataFolder, found: Found, axle: str) -> None:
    ini, section = data.ini("suspensions.ini"), axle.upper()
    put = f"suspension_{axle}_"
    spring = ini.wanted(section, "SPRING_RATE")
    tyre = found.get(f"tyres_{axle}_vertical_rate", 0.0)
    if spring > 0.0 and tyre > 0.0:
        found.put(f"{put}wheel_rate", spring * tyre / (spring + tyre), COMPUTED)  # two springs in a row
    dampers = [ini.number(section, key) for key in ("DAMP_BUMP", "DAMP_REBOUND")]
    rates = [rate for rate in dampers if rate is not None]
    found.put(f"{put}damping", sum(rates) / len(rates) if rates else None, COMPUTED)
    found.put(f"{put}anti_roll", ini.number("ARB", section), _SUSPENSIONS)
    found.need(f"{put}track", ini.wanted(section, "TRACK"), _SUSPENSIONS)
    found.put(f"{put}unsprung_mass", ini.number(section, "HUB_MASS"), _SUSPENSIONS)
    found.put(f"{put}camber_deg", ini.number(section, "STATIC_CAMBER"), _SUSPENSIONS)
    height = ini.number(section, "ROD_LENGTH")
    if height is not None and _RIDE_HEIGHT[0] <= height <= _RIDE_HEIGHT[1]:
        found.put(f"{put}ride_height", height, _SUSPENSIONS)


def _cg_height(data: DataFolder, found: Found) -> None:
    """The mean over both axles of the wheel's radius and the centre of gravity's height over the wheel's centre."""
    ini = data.ini("suspensions.ini")
    heights = []
    for axle in ("front", "rear"):
        base, radius = ini.number(axle.upper(), "BASEY"), found.get(f"tyres_{axle}_radius", 0.0)
        if base is not None and radius > 0.0:
            heights.append(radius + base)
    if len(heights) == 2:
        height = 0.5 * sum(heights)
        if _CG_HEIGHT[0] <= height <= _CG_HEIGHT[1]:
            found.put("chassis_cg_height", height, COMPUTED)
        else:
            found.remarks.append(f"chassis_cg_height: {height:.3f} m from BASEY is not believable; estimated instead")


def _inertia(data: DataFolder, found: Found, mass: float) -> None:
    """That of a homogeneous box of the sides in car.ini; roll and pitch are those of the sprung part."""
    sides = data.ini("car.ini").numbers("BASIC", "INERTIA", 3)
    if sides is None:
        return
    wide, high, long = sides
    sprung = mass - 2.0 * sum(found.get(f"suspension_{axle}_unsprung_mass", 0.0) for axle in ("front", "rear"))
    found.put("chassis_yaw_inertia", mass / 12.0 * (wide**2 + long**2), COMPUTED)
    found.put("chassis_roll_inertia", sprung / 12.0 * (wide**2 + high**2), COMPUTED)
    found.put("chassis_pitch_inertia", sprung / 12.0 * (high**2 + long**2), COMPUTED)
