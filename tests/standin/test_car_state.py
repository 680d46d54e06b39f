"""`ac.getCarState` answers in the game's shapes, types and precision, with what the simulator says."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ac_gym.channels import COLUMNS
from ac_gym.standin.acsys import CS, make_acsys
from ac_gym.standin.car_state import get_car_state
from ac_gym.standin.session import Session

NEVER = ("TyreHeadingVector", "TyreRightVector", "TyreSurfaceDef", "TyreVelocity")
PER_WHEEL = {"TyreContactNormal": 3, "TyreContactPoint": 3, "LastTyresTemp": 3, "ToeInDeg": 1}
TUPLES = {
    "CamberRad": 4, "AccG": 3, "DY": 4, "Load": 4, "LocalAngularVelocity": 3, "LocalVelocity": 3, "Mz": 4, "NdSlip": 4,
    "SlipAngle": 4, "SlipAngleContactPatch": 4, "SlipRatio": 4, "SpeedTotal": 3, "SuspensionTravel": 4,
    "TyreDirtyLevel": 4, "TyreLoadedRadius": 4, "TyreRadius": 4, "TyreSlip": 4, "Velocity": 3, "WheelAngularSpeed": 4,
    "WorldPosition": 3, "CurrentTyresCoreTemp": 4, "DynamicPressure": 4, "RideHeight": 2, "CamberDeg": 4,
}  # fmt: skip
WHOLE = ("Gear", "LapCount", "LapInvalidated", "LapTime", "LastLap", "BestLap")


@pytest.fixture
def session(make_session: Callable[..., Session]) -> Session:
    """Cars under way, in a turn."""
    session = make_session(2, track="monza")
    for _ in range(150):
        session.step(np.array([[0.1, 0.6, -1.0, 0.0]], np.float32))
    return session


def ask(session: Session, name: str, *index: int, car: int = 0) -> Any:
    return get_car_state(session, car, CS[name], *index)


def channel(session: Session, name: str, car: int = 0) -> np.ndarray:
    return session.frames[car, COLUMNS[name]]


def test_numbers_are_those_of_the_game() -> None:
    acsys = make_acsys()
    numbers = vars(acsys.CS)
    assert sorted(number for name, number in numbers.items() if not name.startswith("_")) == list(range(73))
    expected = {
        "SpeedMS": 0, "Aero": 7, "BestLap": 8, "DY": 16, "RPM": 17, "LapInvalidated": 23, "LastFF": 25, "Mz": 29,
        "NormalizedSplinePosition": 31, "Steer": 37, "TyreContactPoint": 42, "TyreHeadingVector": 43,
        "WheelAngularSpeed": 51, "WorldPosition": 52, "CurrentTyresCoreTemp": 54, "RideHeight": 57, "CamberDeg": 59,
        "ERSHeatCharging": 67, "RaceFinished": 70, "P2PActivations": 72,
    }  # fmt: skip
    assert {name: numbers[name] for name in expected} == expected
    assert (acsys.WHEELS.FL, acsys.WHEELS.FR, acsys.WHEELS.RL, acsys.WHEELS.RR) == (0, 1, 2, 3)
    assert (acsys.AERO.CD, acsys.AERO.CL_Front, acsys.AERO.CL_Rear) == (0, 1, 2)
    assert (acsys.CM.Cockpit, acsys.CM.Start) == (0, 9)


@pytest.mark.parametrize("name", list(CS))
def test_every_quantity_has_its_shape(session: Session, name: str) -> None:
    if name in NEVER:
        assert ask(session, name) == ask(session, name, 0) == -1
    elif name in PER_WHEEL or name == "Aero":
        value = ask(session, name, 1)
        assert np.size(value) == PER_WHEEL.get(name, 1)
        assert ask(session, name) == ask(session, name, 4) == ask(session, name, -1) == -1
    elif name in TUPLES:
        value = ask(session, name)
        assert isinstance(value, tuple)
        assert len(value) == TUPLES[name]
        assert all(type(element) is float for element in value)
    else:
        assert type(ask(session, name)) in ((int,) if name in WHOLE else (int, float))


@pytest.mark.parametrize("name", list(CS))
def test_every_number_has_the_games_precision(session: Session, name: str) -> None:
    for index in ((), (2,)):
        for value in np.ravel(ask(session, name, *index)).tolist():
            assert math.isfinite(value)
            assert value == float(np.float32(value))


def test_unknown_cars_and_quantities_fail_without_an_exception(session: Session) -> None:
    assert get_car_state(session, 2, CS["SpeedMS"]) == -1
    assert get_car_state(session, -1, CS["SpeedMS"]) == -1
    assert get_car_state(session, 0, 73) == get_car_state(session, 0, -1) == -1


def test_the_games_axes(session: Session) -> None:
    """Game world x, y, z are the wire's y, z, x; the same within the car."""
    for car in (0, 1):
        x, y, z = channel(session, "world_position", car)
        assert ask(session, "WorldPosition", car=car) == pytest.approx((y, z, x), rel=1e-6)
        forward, left, up = channel(session, "local_velocity", car)
        assert ask(session, "LocalVelocity", car=car) == pytest.approx((left, up, forward), rel=1e-6)
    assert ask(session, "Velocity") == pytest.approx(channel(session, "velocity"), rel=1e-6)
    lateral, vertical, longitudinal = ask(session, "AccG")
    assert lateral == pytest.approx(channel(session, "accel_lateral")[0], rel=1e-6)
    assert vertical == pytest.approx(channel(session, "accel_vertical")[0], rel=1e-6)
    assert longitudinal == pytest.approx(channel(session, "accel_longitudinal")[0], rel=1e-6)
    before = np.array(ask(session, "WorldPosition"))
    session.step(np.array([[0.1, 0.6, -1.0, 0.0]], np.float32))
    moved = np.array(ask(session, "WorldPosition")) - before
    assert moved / 0.02 == pytest.approx(ask(session, "Velocity"), rel=0.02, abs=0.05)


def test_speeds_agree(session: Session) -> None:
    speed = ask(session, "SpeedMS")
    assert speed > 10.0
    assert ask(session, "SpeedKMH") == pytest.approx(3.6 * speed)
    assert ask(session, "SpeedMPH") == pytest.approx(speed / 0.44704)
    assert ask(session, "SpeedTotal") == pytest.approx((3.6 * speed, speed / 0.44704, speed))
    assert math.hypot(*ask(session, "LocalVelocity")) == pytest.approx(speed, rel=1e-3)


def test_wheels_stand_under_the_car(session: Session) -> None:
    """Front left is ahead and to the left; the distances are the car's."""
    points = np.array([ask(session, "TyreContactPoint", wheel) for wheel in range(4)])
    values = session.car.values
    assert np.linalg.norm(points[0] - points[1]) == pytest.approx(values["suspension_front_track"], rel=1e-4)
    wheelbase = np.linalg.norm((points[0] + points[1] - points[2] - points[3]) / 2.0)
    assert wheelbase == pytest.approx(values["chassis_wheelbase"], rel=1e-4)
    ahead = points[0] + points[1] - points[2] - points[3]
    velocity = np.array(ask(session, "Velocity"))
    assert ahead @ velocity > 0.9 * np.linalg.norm(ahead) * np.linalg.norm(velocity)
    left = points[0] - points[1]
    assert np.cross(ahead, left)[1] > 0.0  # z ahead and x left make y up


def test_steering_is_degrees_and_pedals_are_shares(session: Session) -> None:
    assert ask(session, "Steer") == pytest.approx(45.0, abs=0.5)
    assert ask(session, "Gas") == pytest.approx(0.8, abs=1e-3)
    assert ask(session, "Brake") == 0.0
    assert ask(session, "Gear") >= 2
