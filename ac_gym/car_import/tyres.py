"""The car's own set of tyres: tyres.ini."""

from __future__ import annotations

import math

import numpy as np

from ac_gym.car_import.data import DataFolder, Ini, Lut
from ac_gym.car_import.found import COMPUTED, Found

_SOURCE = "data/tyres.ini"
_PRESSURE_SPAN_PSI = 3.0  # the linear loss of the file and the square one of the model agree this far from ideal
_TEMPERATURE_SPAN_K = 40.0
_PLATEAU = 0.999  # of the best grip: the middle of what has more is the ideal temperature


def read_tyres(data: DataFolder, found: Found) -> None:
    ini = data.ini("tyres.ini")
    index = int(ini.number("COMPOUND_DEFAULT", "INDEX") or 0)
    suffix = f"_{index}" if index else ""
    compounds = [name for name in ini.sections if name == "FRONT" or name.startswith("FRONT_")]
    if len(compounds) > 1:
        found.remarks.append(f"tyres: compound {index} of {len(compounds)} is taken, the car's own; the others are not")
    for axle in ("front", "rear"):
        _axle(data, ini, found, axle, axle.upper() + suffix)
        _temperature(data, ini, found, axle, f"THERMAL_{axle.upper()}{suffix}")


def _axle(data: DataFolder, ini: Ini, found: Found, axle: str, section: str) -> None:
    put = f"tyres_{axle}_"
    for name, key in (
        ("inertia", "ANGULAR_INERTIA"), ("vertical_rate", "RATE"), ("falloff_level", "FALLOFF_LEVEL"),
        ("falloff_rate", "FALLOFF_SPEED"), ("peak_slip_gain", "FLEX_GAIN"), ("relaxation_length", "RELAXATION_LENGTH"),
        ("pressure_cold_psi", "PRESSURE_STATIC"), ("pressure_ideal_psi", "PRESSURE_IDEAL"),
    ):  # fmt: skip
        found.put(put + name, ini.number(section, key), _SOURCE)
    found.need(put + "radius", ini.wanted(section, "RADIUS"), _SOURCE)
    load = ini.number(section, "FZ0")
    found.put(put + "load_reference", load, _SOURCE)
    _friction(data, ini, found, put, section, load)
    rolling = ini.number(section, "ROLLING_RESISTANCE_0")
    found.put(put + "rolling_resistance", None if rolling is None else rolling / 1000.0, COMPUTED)
    loss = ini.number(section, "PRESSURE_D_GAIN")
    found.put(put + "pressure_grip_loss", None if loss is None else loss / _PRESSURE_SPAN_PSI, COMPUTED)


def _friction(data: DataFolder, ini: Ini, found: Found, put: str, section: str, load: float | None) -> None:
    """Peak friction at the reference load, its fall with load, and where the peak is."""
    grip: dict[str, float] = {}
    for name, axis in (("lateral", "Y"), ("longitudinal", "X")):
        reference, source = ini.number(section, f"D{axis}_REF"), _SOURCE
        if reference is None:
            reference, source = ini.number(section, f"D{axis}0"), COMPUTED
        curve = data.lut(ini, section, f"D{axis}_CURVE")
        if curve is not None and load:
            reference, source = float(np.interp(load, *curve)), COMPUTED
        if reference is not None:
            grip[name] = reference
        found.put(f"{put}mu_{name}", reference, source)
        if axis == "Y":
            _load_exponent(found, put, ini.number(section, "LS_EXPY"), curve, load)
    angle = ini.number(section, "FRICTION_LIMIT_ANGLE")
    found.put(put + "peak_slip_angle_deg", angle, _SOURCE)
    stiffness = ini.number(section, "CX_MULT") or 1.0
    if angle is not None and 0.0 < angle < 45.0 and len(grip) == 2 and grip["lateral"] > 0.0 and stiffness > 0.0:
        # The initial slopes of both curves stand in the ratio CX_MULT; so the peaks are where grip over slope is.
        ratio = math.tan(math.radians(angle)) * grip["longitudinal"] / grip["lateral"] / stiffness
        found.put(put + "peak_slip_ratio", ratio, COMPUTED)


def _load_exponent(found: Found, put: str, exponent: float | None, curve: Lut | None, load: float | None) -> None:
    """The file's own exponent, else that of its curve between half and twice the reference load."""
    if curve is not None and load:
        low, high = np.interp([0.5 * load, 2.0 * load], *curve)
        if low > 0.0 and high > 0.0:
            found.put(put + "load_exponent", 1.0 + math.log(high / low) / math.log(4.0), COMPUTED)
            return
    found.put(put + "load_exponent", exponent, _SOURCE)


def _temperature(data: DataFolder, ini: Ini, found: Found, axle: str, section: str) -> None:
    """Where the grip curve is best, and the square law nearest to its fall on both sides."""
    found.put(f"tyres_{axle}_temperature_start", ini.number("ADDITIONAL1", "BLANKETS_TEMP"), _SOURCE)
    curve = data.lut(ini, section, "PERFORMANCE_CURVE")
    if curve is None or curve[1].max() <= 0.0:
        return
    temperature = np.arange(curve[0][0], curve[0][-1] + 0.5, 0.5)[:2000]
    grip = np.interp(temperature, *curve) / curve[1].max()
    ideal = float(temperature[grip >= _PLATEAU * grip.max()].mean())
    away = temperature - ideal
    near = np.abs(away) <= _TEMPERATURE_SPAN_K
    weight = (away[near] ** 4).sum()
    loss = float(((grip.max() - grip[near]) * away[near] ** 2).sum() / weight) if weight > 0.0 else 0.0
    found.put(f"tyres_{axle}_temperature_ideal", ideal, COMPUTED)
    found.put(f"tyres_{axle}_temperature_grip_loss", loss, COMPUTED)
