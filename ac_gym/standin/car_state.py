"""What `ac.getCarState` answers: every quantity of `acsys.CS` as the game returns it."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any

from ac_gym.channels import COLUMNS
from ac_gym.standin.acsys import CS
from ac_gym.standin.session import Session

FAILED = -1
"""what the game's functions return where they cannot do what they are asked"""

_SINGLE = struct.Struct("<f")
_KMH, _MPH = 3.6, 2.2369362920544
_DEG = math.degrees(1.0)

State = Callable[[Session, int], Any]
"""Session and car -> value"""
IndexedState = Callable[[Session, int, int], Any]
"""Session, car and wheel (or other index) -> value"""


def get_car_state(session: Session, car: int, state: int, index: int | None = None) -> Any:
    """A number, or a tuple of them; -1 for an unknown car, quantity, wheel, or one that the game never tells."""
    if not 0 <= car < session.cars:
        return FAILED
    if state in _STATES:
        return _STATES[state](session, car)
    if state in _INDEXED:
        count, value = _INDEXED[state]
        if index is not None and 0 <= index < count:
            return value(session, car, index)
    return FAILED


def _single(value: float) -> float:
    """In the game's precision."""
    return _SINGLE.unpack(_SINGLE.pack(value))[0]


def _value(channel: str, factor: float = 1.0) -> State:
    column = COLUMNS[channel].start
    if factor == 1.0:
        return lambda session, car: session.row(car)[column]
    return lambda session, car: _single(session.row(car)[column] * factor)


def _whole(channel: str) -> State:
    column = COLUMNS[channel].start
    return lambda session, car: int(session.row(car)[column])


def _tuple(channel: str, *order: int) -> State:
    """All elements of a channel, or those of `order`."""
    columns = COLUMNS[channel]
    if not order:
        return lambda session, car: tuple(session.row(car)[columns])
    picked = [columns.start + i for i in order]
    return lambda session, car: tuple([session.row(car)[column] for column in picked])


def _always(value: Any) -> State:
    return lambda session, car: value


def _acceleration(session: Session, car: int) -> tuple[float, ...]:
    row = session.row(car)
    return tuple(row[COLUMNS[f"accel_{axis}"].start] for axis in ("lateral", "vertical", "longitudinal"))


def _speeds(session: Session, car: int) -> tuple[float, float, float]:
    speed = session.row(car)[COLUMNS["speed"].start]
    return _single(speed * _KMH), _single(speed * _MPH), speed


def _drivetrain_speed(session: Session, car: int) -> float:
    """km/h of the driven wheels' treads"""
    p = session.car.values
    spins = session.row(car)[COLUMNS["wheel_speed"]]
    axle, driven = ("front", spins[:2]) if p["drivetrain_driven_axle"] > 0.5 else ("rear", spins[2:])
    return _single(0.5 * sum(driven) * p[f"tyres_{axle}_radius"] * _KMH)


def _limiter(session: Session, car: int) -> int:
    return int(session.row(car)[COLUMNS["rpm"].start] >= session.car.values["engine_limiter_rpm"])


def _camber_degrees(session: Session, car: int) -> tuple[float, ...]:
    return tuple(_single(camber * _DEG) for camber in session.row(car)[COLUMNS["camber"]])


def _tyre_radius(session: Session, car: int) -> tuple[float, ...]:
    front, rear = (_single(session.car.values[f"tyres_{axle}_radius"]) for axle in ("front", "rear"))
    return front, front, rear, rear


def _tyre_slip(session: Session, car: int) -> tuple[float, ...]:
    row = session.row(car)
    slips = zip(row[COLUMNS["slip_ratio"]], row[COLUMNS["slip_angle"]], strict=True)
    return tuple(_single(math.hypot(ratio, math.tan(angle / _DEG))) for ratio, angle in slips)


def _aero(session: Session, car: int, index: int) -> float:
    p = session.car.values
    return _single((p["aero_drag_area"], p["aero_lift_area_front"], p["aero_lift_area_rear"])[index])


def _contact_point(session: Session, car: int, wheel: int) -> tuple[float, ...]:
    return tuple(map(_single, session.contact_points(car)[wheel]))


def _tyre_temperatures(session: Session, car: int, wheel: int) -> tuple[float, float, float]:
    """inner, middle, outer: the simulator has one"""
    temperature = session.row(car)[COLUMNS["tyre_surface_temperature"].start + wheel]
    return temperature, temperature, temperature


_NO_WHEELS = (0.0, 0.0, 0.0, 0.0)

_BY_NAME: dict[str, State] = {
    "SpeedMS": _value("speed"), "SpeedMPH": _value("speed", _MPH), "SpeedKMH": _value("speed", _KMH),
    "Gas": _value("throttle"), "Brake": _value("brake"), "Clutch": _value("clutch"), "Gear": _whole("gear"),
    "BestLap": _whole("best_lap_time"), "CamberRad": _tuple("camber"), "AccG": _acceleration,
    "CGHeight": _value("cg_height"), "DriftBestLap": _always(0.0), "DriftLastLap": _always(0.0),
    "DriftPoints": _always(0.0), "DriveTrainSpeed": _drivetrain_speed, "DY": _tuple("lateral_friction"),
    "RPM": _value("rpm"), "Load": _tuple("wheel_load"), "InstantDrift": _always(0.0), "IsDriftInvalid": _always(0),
    "IsEngineLimiterOn": _limiter, "LapCount": _whole("lap_count"), "LapInvalidated": _always(0),
    "LapTime": _whole("current_time"), "LastFF": _value("force_feedback"), "LastLap": _whole("last_lap_time"),
    "LocalAngularVelocity": _tuple("angular_velocity"), "LocalVelocity": _tuple("local_velocity", 1, 2, 0),
    "Mz": _tuple("self_aligning_torque"), "NdSlip": _tuple("normalised_slip"),
    "NormalizedSplinePosition": _value("spline_position"), "PerformanceMeter": _always(0.0),
    "SlipAngle": _tuple("slip_angle"), "SlipAngleContactPatch": _always(_NO_WHEELS), "SlipRatio": _tuple("slip_ratio"),
    "SpeedTotal": _speeds, "Steer": _value("steer_angle"), "SuspensionTravel": _tuple("suspension_travel"),
    "TurboBoost": _value("turbo_boost"), "TyreDirtyLevel": _always(_NO_WHEELS),
    "TyreLoadedRadius": _tuple("tyre_loaded_radius"), "TyreRadius": _tyre_radius, "TyreSlip": _tyre_slip,
    "Velocity": _tuple("velocity"), "WheelAngularSpeed": _tuple("wheel_speed"),
    "WorldPosition": _tuple("world_position", 1, 2, 0), "Caster": _always(0.0),
    "CurrentTyresCoreTemp": _tuple("tyre_core_temperature"), "DynamicPressure": _tuple("tyre_pressure"),
    "RideHeight": _tuple("ride_height"), "CamberDeg": _camber_degrees, "KersCharge": _always(0.0),
    "KersInput": _always(0.0), "DrsAvailable": _always(0), "DrsEnabled": _always(0), "EngineBrake": _always(0),
    "ERSRecovery": _always(0), "ERSDelivery": _always(0), "ERSHeatCharging": _always(0), "ERSCurrentKJ": _always(0.0),
    "ERSMaxJ": _always(0.0), "RaceFinished": _always(0), "P2PStatus": _always(1), "P2PActivations": _always(0),
}  # fmt: skip

_INDEXED_BY_NAME: dict[str, tuple[int, IndexedState]] = {
    "Aero": (3, _aero),
    "TyreContactNormal": (4, lambda session, car, wheel: (0.0, 1.0, 0.0)),
    "TyreContactPoint": (4, _contact_point),
    "LastTyresTemp": (4, _tyre_temperatures),
    "ToeInDeg": (4, lambda session, car, wheel: 0.0),
}
# TyreHeadingVector, TyreRightVector, TyreSurfaceDef and TyreVelocity are in neither table: the game always fails there.

_STATES = {CS[name]: state for name, state in _BY_NAME.items()}
_INDEXED = {CS[name]: state for name, state in _INDEXED_BY_NAME.items()}
