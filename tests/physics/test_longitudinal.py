"""Straight ahead: coasting, braking, power and weight transfer against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from proving_ground import AIR_DENSITY, CARS, Drive, G, free_rolling, ideal_car, mass, rolling_mass
from scipy.integrate import quad, trapezoid
from scipy.optimize import brentq

from ac_gym import _core
from ac_gym.car import Car, envelope

AXLES = ("front", "rear")
RPM = 60 / (2 * np.pi)


def weights(car: Car) -> dict[str, float]:
    front = car.values["chassis_front_weight"]
    return {"front": mass(car) * G * front, "rear": mass(car) * G * (1 - front)}


def resistance(car: Car) -> tuple[float, float]:
    """Drag and rolling resistance a + b v^2: (N, N s2/m2)."""
    v, load = car.values, weights(car)
    a = sum(v[f"tyres_{x}_rolling_resistance"] * load[x] for x in AXLES)
    b = sum(v[f"tyres_{x}_rolling_resistance"] * v[f"aero_lift_area_{x}"] for x in AXLES) + v["aero_drag_area"]
    return a, 0.5 * AIR_DENSITY * b


@pytest.mark.parametrize("name", CARS)
def test_coast_down_follows_the_closed_form(name: str) -> None:
    car = free_rolling(name)
    a, b = resistance(car)
    inertia, start, seconds = rolling_mass(car), 60.0, 40.0
    # m v' = -(a + b v^2)  ->  v = sqrt(a/b) tan(c - t sqrt(ab)/m)
    expected = np.sqrt(a / b) * np.tan(np.arctan(start * np.sqrt(b / a)) - seconds * np.sqrt(a * b) / inertia)
    drive = Drive(car).place(start).run(seconds)
    assert drive.speed() == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize("name", CARS)
def test_engine_braking_is_the_engines_drag_through_the_gears(name: str) -> None:
    car = ideal_car(name, aero_drag_area=0.0, aero_lift_area_front=0.0, aero_lift_area_rear=0.0)
    car = car.with_values(tyres_front_rolling_resistance=0.0, tyres_rear_rolling_resistance=0.0)
    drive = Drive(car, automatic=False).place(30.0).run(1.0)
    before, gear, rpm = drive.speed(), int(drive.one("gear")), float(drive.one("rpm"))
    drive.run(0.4)
    v = car.values
    ratio, radius = car.gears[gear - 2] * v["drivetrain_final_drive"], v["tyres_rear_radius"]
    share = 0.3 + 0.7 * (rpm - v["engine_idle_rpm"]) / (v["engine_limiter_rpm"] - v["engine_idle_rpm"])
    force = v["engine_coast_torque"] * share * ratio / radius
    inertia = rolling_mass(car) + v["engine_inertia"] * (ratio / radius) ** 2
    assert (before - drive.speed()) / 0.4 == pytest.approx(force / inertia, rel=0.03)


@pytest.mark.parametrize("name", CARS)
def test_braking_below_the_limit_is_torque_over_radius(name: str) -> None:
    car = free_rolling(name)
    v, pedal, start = car.values, 0.25, 35.0
    a, b = resistance(car)
    torque = pedal * v["brakes_torque"]
    share = {"front": v["brakes_front_share"], "rear": 1 - v["brakes_front_share"]}
    force = sum(torque * share[x] / v[f"tyres_{x}_radius"] for x in AXLES)
    stop_at = 5.0
    distance = quad(lambda u: rolling_mass(car) * u / (force + a + b * u * u), stop_at, start)[0]
    drive = Drive(car, rate=325.0, substeps=1).place(start)
    while drive.speed() > stop_at:
        drive.step(brake=pedal)
    assert drive.one("distance_travelled") == pytest.approx(distance, rel=0.01)


def friction_deceleration(car: Car, speed: float, *, sliding: bool) -> float:
    """All tyres at their peak, or sliding, on loads that follow from the deceleration itself."""
    v, m = car.values, mass(car)
    q = 0.5 * AIR_DENSITY * speed**2
    deceleration = 10.0
    for _ in range(50):
        transfer = m * (deceleration - q * v["aero_drag_area"] / m) * v["chassis_cg_height"] / v["chassis_wheelbase"]
        force = q * v["aero_drag_area"]
        for axle, sign in (("front", 1), ("rear", -1)):
            load = 0.5 * (weights(car)[axle] + q * v[f"aero_lift_area_{axle}"] + sign * transfer)
            factor = (load / v[f"tyres_{axle}_load_reference"]) ** (v[f"tyres_{axle}_load_exponent"] - 1)
            level = v[f"tyres_{axle}_falloff_level"] if sliding else 1.0
            force += 2 * v[f"tyres_{axle}_mu_longitudinal"] * level * factor * load
        deceleration = force / m
    return deceleration


@pytest.mark.parametrize("name", CARS)
def test_locked_wheels_slide_on_the_tyres_sliding_friction(name: str) -> None:
    car = free_rolling(name, brakes_torque=60_000.0)
    drive = Drive(car, rate=325.0, substeps=1).place(40.0)
    drive.run(0.3, brake=1.0)
    assert np.all(drive.one("wheel_speed") < 1.0)
    start, begun = drive.speed(), drive.one("distance_travelled")
    while drive.speed() > 10.0:
        drive.step(brake=1.0)
    distance = quad(lambda u: u / friction_deceleration(car, u, sliding=True), 10.0, start)[0]
    assert drive.one("distance_travelled") - begun == pytest.approx(distance, rel=0.01)


def test_abs_stops_near_the_limit_and_shorter_than_locked_wheels() -> None:
    name = "bmw_z4_gt3"
    car = free_rolling(name)
    best = quad(lambda u: u / friction_deceleration(car, u, sliding=False), 10.0, 50.0)[0]

    def distance(abs: bool) -> float:
        drive = Drive(car, rate=325.0, substeps=1, abs=abs).place(50.0)
        while drive.speed() > 10.0:
            drive.step(brake=1.0)
        assert (drive.one("abs_active") > 0.0) == abs
        return float(drive.one("distance_travelled"))

    assisted, locked = distance(True), distance(False)
    assert 0.99 * best < assisted < 1.08 * best
    assert assisted < 0.95 * locked


@pytest.mark.parametrize("name", CARS)
@pytest.mark.parametrize("share", [0.9, 1.05])
def test_top_speed_is_where_power_equals_drag(name: str, share: float) -> None:
    car = ideal_car(name)
    v = car.values
    a, b = resistance(car)
    radius = v["tyres_rear_radius"]

    def pull(u: float, gear: int) -> float:
        """Driving force less resistance."""
        ratio = car.gears[gear] * v["drivetrain_final_drive"]
        rpm = u / radius * ratio * RPM
        torque = np.interp(rpm, *zip(*car.torque_curve, strict=True)) if rpm < v["engine_limiter_rpm"] else 0.0
        return torque * ratio * v["drivetrain_efficiency"] / radius - a - b * u * u

    expected = brentq(lambda u: pull(u, len(car.gears) - 1), 20.0, 120.0, xtol=1e-4)
    drive = Drive(car).place(share * expected).run(90.0, throttle=1.0)
    assert drive.one("gear") == len(car.gears) + 1
    assert drive.speed() == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("name", CARS)
def test_static_loads_are_the_weight(name: str) -> None:
    car = ideal_car(name)
    load = Drive(car).place().run(3.0).one("wheel_load")
    assert load[:2].sum() == pytest.approx(weights(car)["front"], rel=1e-3)
    assert load[2:].sum() == pytest.approx(weights(car)["rear"], rel=1e-3)
    assert load[0] == pytest.approx(load[1])
    assert load[2] == pytest.approx(load[3])


@pytest.mark.parametrize("name", CARS)
def test_downforce_loads_each_axle(name: str) -> None:
    car = ideal_car(name, aero_drag_area=0.0, tyres_front_rolling_resistance=0.0, tyres_rear_rolling_resistance=0.0)
    car = car.with_values(drivetrain_clutch_torque=1e-6)
    drive = Drive(car).place(55.0).run(4.0)
    load, q = drive.one("wheel_load"), 0.5 * AIR_DENSITY * drive.speed() ** 2
    assert load[:2].sum() == pytest.approx(weights(car)["front"] + q * car.values["aero_lift_area_front"], rel=1e-3)
    assert load[2:].sum() == pytest.approx(weights(car)["rear"] + q * car.values["aero_lift_area_rear"], rel=1e-3)


@pytest.mark.parametrize("name", CARS)
def test_braking_moves_m_a_h_over_l_to_the_front(name: str) -> None:
    car = free_rolling(name, aero_drag_area=0.0, aero_lift_area_front=0.0, aero_lift_area_rear=0.0)
    drive = Drive(car).place(50.0).run(1.6, brake=0.2)
    deceleration = -float(drive.one("accel_longitudinal")) * G
    moved = drive.one("wheel_load")[:2].sum() - weights(car)["front"]
    v = car.values
    expected = mass(car) * deceleration * v["chassis_cg_height"] / v["chassis_wheelbase"]
    assert deceleration > 1.0
    assert moved == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("name", CARS)
def test_pitch_settles_where_springs_carry_the_transfer(name: str) -> None:
    car = free_rolling(name, aero_drag_area=0.0, aero_lift_area_front=0.0, aero_lift_area_rear=0.0)
    drive = Drive(car).place(50.0).run(1.6, brake=0.2)
    moved = drive.one("wheel_load")[:2].sum() - weights(car)["front"]
    v = car.values
    front, rear = moved / (2 * v["suspension_front_wheel_rate"]), -moved / (2 * v["suspension_rear_wheel_rate"])
    travel = drive.one("suspension_travel")
    assert travel[0] == pytest.approx(front, rel=0.01)
    assert travel[2] == pytest.approx(rear, rel=0.01)
    assert drive.one("pitch") == pytest.approx(-(front - rear) / v["chassis_wheelbase"], rel=0.01)


def test_acceleration_from_rest_is_grip_or_engine_limited_as_the_envelope_says() -> None:
    for name in CARS:
        car = ideal_car(name)
        limits = envelope(car)
        drive = Drive(car, traction_control=True).place(20.0).run(0.4, throttle=1.0)
        low, high = drive.speed(), 1.5 * drive.speed()
        u = np.linspace(low, high, 400)
        expected = trapezoid(1 / np.interp(u, limits.speed, limits.accel[:, 0]), u)
        begun = float(drive.one("timestamp_ac"))
        while drive.speed() < high and drive.one("timestamp_ac") - begun < 60.0:
            drive.step(throttle=1.0)
        taken = float(drive.one("timestamp_ac")) - begun
        assert 0.97 * expected < taken < 1.35 * expected, name  # gear changes cost time


def test_fuel_burns_only_when_asked_and_lightens_the_car() -> None:
    car = ideal_car("bmw_z4_gt3")
    off, on = (
        Drive(car).place(40.0).run(8.0, throttle=1.0),
        Drive(car, fuel_rate=1.0).place(40.0).run(8.0, throttle=1.0),
    )
    assert off.one("fuel") == car.values["fuel_start"]
    burnt = car.values["fuel_start"] - on.one("fuel")
    revs = 8.0 * 0.001  # at 1000/min; the engine turns at several thousand
    assert 4 * revs < burnt * 0.001 / car.values["fuel_consumption"] < 10 * revs
    assert on.one("wheel_load").sum() < off.one("wheel_load").sum() - 0.5 * 0.74 * burnt * G


def test_channels_parameters_are_complete() -> None:
    assert set(_core.CAR_PARAMS) == set(ideal_car("bmw_z4_gt3").values)
