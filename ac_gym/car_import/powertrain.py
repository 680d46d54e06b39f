"""Engine, gearbox, differential, brakes and driving aids: engine.ini, drivetrain.ini, brakes.ini, electronics.ini."""

from __future__ import annotations

import re

import numpy as np

from ac_gym import _core
from ac_gym.car_import.data import Array, DataFolder, Ini
from ac_gym.car_import.found import COMPUTED, GAME, Found
from ac_gym.errors import InvalidCarError

_ENGINE, _DRIVETRAIN = "data/engine.ini", "data/drivetrain.ini"
_TURBO = re.compile(r"TURBO_\d+")
_MAX_CURVE_POINTS = 60


def read_powertrain(data: DataFolder, found: Found) -> None:
    _engine(data, found)
    _drivetrain(data, found)
    _brakes_and_aids(data, found)


def _engine(data: DataFolder, found: Found) -> None:
    ini = data.ini("engine.ini")
    limiter = ini.wanted("ENGINE_DATA", "LIMITER")
    found.put("engine_limiter_rpm", limiter, _ENGINE)
    found.put("engine_idle_rpm", ini.number("ENGINE_DATA", "MINIMUM"), _ENGINE)
    found.put("engine_inertia", ini.number("ENGINE_DATA", "INERTIA"), _ENGINE)
    _torque(data, ini, found, limiter)
    coast, at = ini.number("COAST_REF", "TORQUE"), ini.number("COAST_REF", "RPM")
    if coast is not None:
        found.put("engine_coast_torque", abs(coast) * (limiter / at if at and at > 0.0 else 1.0), COMPUTED)


def _torque(data: DataFolder, ini: Ini, found: Found, limiter: float) -> None:
    """The power table up to the limiter, times what the turbos give at that speed once they are up."""
    table = data.lut(ini, "HEADER", "POWER_CURVE")
    if table is None:
        raise InvalidCarError(f"{ini.name} [HEADER] POWER_CURVE is missing; is the data folder complete?")
    rpm = np.unique(np.concatenate([table[0][(table[0] >= 0.0) & (table[0] < limiter)], [0.0, limiter]]))
    if len(rpm) > _MAX_CURVE_POINTS:
        rpm = np.linspace(0.0, limiter, _MAX_CURVE_POINTS)
    torque = np.maximum(np.interp(rpm, *table), 0.0)
    turbos = list(filter(_TURBO.fullmatch, ini.sections))
    if turbos:
        rpm = np.linspace(0.0, limiter, _MAX_CURVE_POINTS)
        boost = sum(_boost(ini, turbo, rpm) for turbo in turbos)
        torque = np.maximum(np.interp(rpm, *table), 0.0) * (1.0 + boost)
        found.remarks.append("engine.ini: the turbo's boost is in the torque curve; its lag is not modelled")
    if torque.max() <= 0.0:
        raise InvalidCarError(f"{ini.name} [HEADER] POWER_CURVE: no torque below the limiter ({limiter:g} 1/min)")
    points = [(float(f"{r:.6g}"), float(f"{t:.6g}")) for r, t in zip(rpm, torque, strict=True)]
    found.torque = (points, COMPUTED if turbos else _ENGINE)


def _boost(ini: Ini, turbo: str, rpm: Array) -> Array:
    """Pressure (K,) in bar that a turbo ends at."""
    most = ini.number(turbo, "MAX_BOOST") or 0.0
    reference = ini.number(turbo, "REFERENCE_RPM") or 1.0
    gamma = ini.number(turbo, "GAMMA") or 1.0
    gate = ini.number(turbo, "WASTEGATE") or most
    spin = np.clip(rpm / max(reference, 1.0), 0.0, 1.0)
    return np.minimum(most * spin ** float(np.clip(gamma, 0.01, 100.0)), gate)


def _drivetrain(data: DataFolder, found: Found) -> None:
    ini = data.ini("drivetrain.ini")
    kind = (ini.text("TRACTION", "TYPE") or "RWD").upper()
    found.put("drivetrain_driven_axle", 1.0 if kind == "FWD" else 0.0, _DRIVETRAIN)
    if kind not in ("RWD", "FWD"):
        found.remarks.append(f"drivetrain.ini: {kind} is not modelled; the rear axle alone is driven")
    _gears(ini, found)
    found.put("drivetrain_efficiency", 1.0, GAME)
    for name, section, key, factor in (
        ("drivetrain_upshift_time", "GEARBOX", "CHANGE_UP_TIME", 1e-3),
        ("drivetrain_downshift_time", "GEARBOX", "CHANGE_DN_TIME", 1e-3),
        ("drivetrain_auto_up_rpm", "AUTO_SHIFTER", "UP", 1.0),
        ("drivetrain_auto_down_rpm", "AUTO_SHIFTER", "DOWN", 1.0),
        ("drivetrain_clutch_torque", "CLUTCH", "MAX_TORQUE", 1.0),
        ("drivetrain_launch_rpm", "AUTOCLUTCH", "MAX_RPM", 1.0),
        ("differential_preload", "DIFFERENTIAL", "PRELOAD", 1.0),
        ("differential_power", "DIFFERENTIAL", "POWER", 1.0),
        ("differential_coast", "DIFFERENTIAL", "COAST", 1.0),
    ):
        value = ini.number(section, key)
        found.put(name, None if value is None else factor * value, _DRIVETRAIN)


def _gears(ini: Ini, found: Found) -> None:
    count = ini.wanted("GEARS", "COUNT")
    if count not in range(1, _core.MAX_GEARS + 1):
        raise InvalidCarError(f"{ini.name} [GEARS] COUNT: {count:g} gears; 1 to {_core.MAX_GEARS} can be driven")
    ratios = [ini.wanted("GEARS", f"GEAR_{k}") for k in range(1, int(count) + 1)]
    if min(ratios) <= 0.0:
        raise InvalidCarError(f"{ini.name} [GEARS] GEAR_{1 + ratios.index(min(ratios))}: a ratio must be above 0")
    found.gears = (ratios, _DRIVETRAIN)
    found.put("drivetrain_final_drive", ini.wanted("GEARS", "FINAL"), _DRIVETRAIN)
    reverse = ini.number("GEARS", "GEAR_R")
    found.put("drivetrain_reverse", None if reverse is None else abs(reverse), _DRIVETRAIN)


def _brakes_and_aids(data: DataFolder, found: Found) -> None:
    brakes, aids = data.ini("brakes.ini"), data.ini("electronics.ini")
    torque = brakes.number("DATA", "MAX_TORQUE")
    # The front share goes to each front wheel, the rest to each rear wheel: twice the figure in all.
    found.put("brakes_torque", None if torque is None else 2.0 * torque, COMPUTED)
    found.put("brakes_front_share", brakes.number("DATA", "FRONT_SHARE"), "data/brakes.ini")
    for name, section in (("brakes_abs_slip", "ABS"), ("engine_tc_slip", "TRACTION_CONTROL")):
        fitted = bool(aids.number(section, "PRESENT"))
        slip = aids.number(section, "SLIP_RATIO_LIMIT")
        if "electronics.ini" in data:
            found.put(name, (slip or 0.0) if fitted else 0.0, "data/electronics.ini")
