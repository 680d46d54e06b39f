"""Cornering: load transfer, grip limits, yaw gain and bank against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from proving_ground import AIR_DENSITY, CARS, Drive, G, arms, circle, free_rolling, ideal_car, mass, steer_for
from scipy.optimize import brentq

from ac_gym.car import Car, envelope

AXLES = ("front", "rear")
OPEN = {f"differential_{part}": 0.0 for part in ("preload", "power", "coast")}


def roll_stiffness(car: Car, axle: str) -> float:
    """N m/rad of an axle, springs and bar."""
    v = car.values
    rate = v[f"suspension_{axle}_wheel_rate"] + 2 * v[f"suspension_{axle}_anti_roll"]
    return 0.5 * v[f"suspension_{axle}_track"] ** 2 * rate


def roll_moment(car: Car, lateral: float) -> float:
    """N m about the roll axis at a lateral acceleration (m/s2)."""
    v, (front_arm, rear_arm) = car.values, arms(car)
    share = rear_arm / (front_arm + rear_arm)
    axis = share * v["suspension_front_roll_centre"] + (1 - share) * v["suspension_rear_roll_centre"]
    return mass(car) * lateral * (v["chassis_cg_height"] - axis)


def transfer(car: Car, axle: str, lateral: float) -> float:
    """Load that moves from the inner to the outer wheel of an axle (N)."""
    v, share = car.values, car.values["chassis_front_weight"]
    share = share if axle == "front" else 1 - share
    stiffness = roll_stiffness(car, axle) / sum(roll_stiffness(car, a) for a in AXLES)
    links = mass(car) * lateral * share * v[f"suspension_{axle}_roll_centre"]
    return (roll_moment(car, lateral) * stiffness + links) / v[f"suspension_{axle}_track"]


def axle_limit(car: Car, axle: str, speed: float, lateral: float) -> float:
    """Greatest lateral force of an axle (N), each tyre at its peak under its load."""
    v, share = car.values, car.values["chassis_front_weight"]
    share = share if axle == "front" else 1 - share
    load = mass(car) * G * share + 0.5 * AIR_DENSITY * speed**2 * v[f"aero_lift_area_{axle}"]
    moved = transfer(car, axle, lateral)
    force = 0.0
    for tyre in (0.5 * load + moved, max(0.5 * load - moved, 0.0)):
        reference = v[f"tyres_{axle}_load_reference"]
        force += (
            v[f"tyres_{axle}_mu_lateral"]
            * tyre
            * (max(tyre, 1.0) / reference) ** (v[f"tyres_{axle}_load_exponent"] - 1)
        )
    return force


def lateral_limit(car: Car, speed: float) -> float:
    """Steady lateral acceleration (m/s2) at which the first axle is at its peak."""
    share = {"front": car.values["chassis_front_weight"], "rear": 1 - car.values["chassis_front_weight"]}
    return min(
        brentq(lambda a, axle=axle: axle_limit(car, axle, speed, a) - mass(car) * a * share[axle], 1.0, 100.0)
        for axle in AXLES
    )


def corner(car: Car, speed: float, steer: float, seconds: float = 6.0) -> Drive:
    return Drive(car).place(speed).cruise(seconds, speed, steer)


@pytest.mark.parametrize("name", CARS)
@pytest.mark.parametrize("speed", [18.0, 40.0])
def test_skid_pad_reaches_the_limit_of_tyres_and_downforce(name: str, speed: float) -> None:
    car = free_rolling(name, aero_drag_area=0.0, **OPEN)
    limit = lateral_limit(car, speed)
    drive, held = Drive(car).place(speed), []
    wheelbase = car.values["chassis_wheelbase"]
    for angle in np.linspace(0.0, limit * wheelbase / speed**2 + 0.2, 200):  # 8 s of slowly winding on
        drive.step(steer=steer_for(car, angle))
        held.append(centripetal(drive) / lateral_limit(car, drive.speed()))
        if abs(drive.one("local_velocity")[1]) > 0.2 * drive.speed():
            break  # the tail is coming round
    assert 0.95 < np.convolve(held, np.full(10, 0.1), "valid").max() < 1.01


def centripetal(drive: Drive) -> float:
    """Acceleration across the path (m/s2)."""
    velocity = drive.one("local_velocity")
    ahead, left = drive.one("accel_longitudinal") * G, drive.one("accel_lateral") * G
    return float((left * velocity[0] - ahead * velocity[1]) / np.hypot(velocity[0], velocity[1]))


@pytest.mark.parametrize("name", CARS)
def test_the_envelope_states_the_same_limit(name: str) -> None:
    car = ideal_car(name, **OPEN)
    limits = envelope(car)
    for speed in (10.5, 30.0, 48.0):
        stated = float(np.interp(speed, limits.speed, limits.lateral))
        assert 0.96 * lateral_limit(car, speed) < stated < 1.001 * lateral_limit(car, speed)


@pytest.mark.parametrize("name", CARS)
def test_lateral_load_transfer_is_split_by_roll_stiffness(name: str) -> None:
    drive = corner(free_rolling(name, aero_drag_area=0.0), 25.0, steer_for(ideal_car(name), 0.03))
    car, load = drive.car, drive.one("wheel_load")
    lateral = drive.one("tyre_force_lateral").sum() / mass(car)
    assert lateral > 3.0
    for axle, (left, right) in (("front", load[:2]), ("rear", load[2:])):
        assert 0.5 * (right - left) == pytest.approx(transfer(car, axle, lateral), rel=0.03), axle
    v = car.values
    overturning = sum((load[2 * k + 1] - load[2 * k]) * 0.5 * v[f"suspension_{a}_track"] for k, a in enumerate(AXLES))
    assert overturning == pytest.approx(mass(car) * lateral * v["chassis_cg_height"], rel=0.01)


@pytest.mark.parametrize("name", CARS)
def test_roll_settles_at_moment_over_stiffness(name: str) -> None:
    drive = corner(free_rolling(name), 25.0, steer_for(ideal_car(name), 0.03))
    lateral = drive.one("tyre_force_lateral").sum() / mass(drive.car)
    expected = roll_moment(drive.car, lateral) / sum(roll_stiffness(drive.car, a) for a in AXLES)
    assert drive.one("roll") == pytest.approx(expected, rel=0.02)
    assert drive.one("roll") > 0.0 > drive.one("steer_angle")  # a left turn leans to the right


def cornering_stiffness(car: Car, axle: str, speed: float) -> float:
    """N/rad of an axle at zero slip: the slip curve rises with 2 mu F / tan(peak angle)."""
    v, share = car.values, car.values["chassis_front_weight"]
    share = share if axle == "front" else 1 - share
    load = mass(car) * G * share + 0.5 * AIR_DENSITY * speed**2 * v[f"aero_lift_area_{axle}"]
    part = 0.5 * load / v[f"tyres_{axle}_load_reference"]
    peak = np.tan(np.radians(v[f"tyres_{axle}_peak_slip_angle_deg"])) * (
        1 + v[f"tyres_{axle}_peak_slip_gain"] * (part - 1)
    )
    return 2 * v[f"tyres_{axle}_mu_lateral"] * part ** (v[f"tyres_{axle}_load_exponent"] - 1) * load / peak


@pytest.mark.parametrize("name", CARS)
@pytest.mark.parametrize("speed", [12.0, 25.0, 45.0])
def test_yaw_gain_is_that_of_the_linear_bicycle(name: str, speed: float) -> None:
    smooth = {f"tyres_{axle}_rolling_resistance": 0.0 for axle in AXLES}
    car = free_rolling(name, aero_drag_area=0.0, **OPEN, **smooth)
    angle = 0.1 * 9.0 * car.values["chassis_wheelbase"] / speed**2
    drive = corner(car, speed, steer_for(car, angle))
    front, rear = arms(car)
    wheelbase, u = front + rear, drive.speed()
    # Forces act a pneumatic trail behind the wheel centres; slip angles are the wheels'.
    lever_front, lever_rear = (
        front - car.values["tyres_front_pneumatic_trail"],
        rear + car.values["tyres_rear_pneumatic_trail"],
    )
    share = lever_rear / (lever_front + lever_rear)
    gradient = mass(car) * (
        share / cornering_stiffness(car, "front", u) - (1 - share) / cornering_stiffness(car, "rear", u)
    )
    expected = angle * u / (wheelbase + gradient * u**2)
    assert drive.one("angular_velocity")[1] == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("name", CARS)
@pytest.mark.parametrize("speed", [20.0, 40.0])
def test_the_envelope_is_what_the_driven_car_reaches(name: str, speed: float) -> None:
    """Throttle holds the speed: scrub, drag and the differential take their part of the grip."""
    car = ideal_car(name)
    limits, drive, held = envelope(car), Drive(car).place(speed), []
    wound = np.interp(speed, limits.speed, limits.lateral) * car.values["chassis_wheelbase"] / speed**2
    for angle in np.linspace(0.5 * wound, wound + np.radians(8.0), 250):
        error = speed - drive.speed()
        drive.step(steer=steer_for(car, angle), throttle=np.clip(0.3 + 0.5 * error, 0.0, 1.0))
        held.append(centripetal(drive) / np.interp(drive.speed(), limits.speed, limits.lateral))
        if abs(drive.one("local_velocity")[1]) > 0.2 * drive.speed():
            break
    assert 0.88 < np.convolve(held, np.full(10, 0.1), "valid").max() < 1.12


def test_a_steered_wheel_turns_the_car_the_right_way() -> None:
    car = ideal_car("bmw_z4_gt3")
    right = corner(car, 20.0, 0.05, 2.0)
    assert right.one("steer_angle") == pytest.approx(0.05 * 450.0)
    assert right.one("angular_velocity")[1] < 0.0
    assert right.one("world_position")[1] < 0.0
    assert right.one("accel_lateral") < 0.0
    assert np.all(right.one("slip_angle") < 0.0)


@pytest.mark.parametrize("bank", [0.0, 0.15])
def test_bank_lets_a_corner_be_faster(bank: float) -> None:
    """v^2/r = (mu + bank) g for small angles, the tyres' load growing with the centripetal part along the normal."""
    radius = 250.0
    flat = {f"tyres_{a}_load_exponent": 1.0 for a in AXLES} | {f"aero_lift_area_{a}": 0.0 for a in AXLES}
    flat |= {f"tyres_{a}_peak_slip_gain": 0.0 for a in AXLES} | OPEN
    car = free_rolling("bmw_z4_gt3", aero_drag_area=0.0, tyres_front_mu_lateral=1.0, tyres_rear_mu_lateral=1.2, **flat)
    track = circle(radius, 100.0, bank=bank)
    drive = Drive(car, track=track)
    speeds = []
    for speed in np.arange(40.0, 70.0, 0.5):  # steady and slowly faster: does it hold the circle?
        drive.place(speed, s=0.0)
        held = hold_circle(drive, radius, 3.0)
        speeds.append((speed, held))
        if not held:
            break
    fastest = speeds[-1][0]
    expected = np.sqrt(radius * G * (1.0 + bank) / (1.0 - bank))
    assert fastest == pytest.approx(expected, rel=0.03)


def hold_circle(drive: Drive, radius: float, seconds: float) -> bool:
    """Steer along the circle, coasting; False once the car runs wide by more than 3 m."""
    car = drive.car
    for _ in range(round(seconds * drive.rate)):
        x, y, _z = drive.one("world_position")
        wide = np.hypot(x, y) - radius
        outward = np.dot(drive.one("velocity")[[2, 0]], [x, y]) / np.hypot(x, y)
        angle = car.values["chassis_wheelbase"] / radius + 0.01 * wide + 0.02 * outward
        slip = -float(drive.one("local_velocity")[1]) / max(drive.speed(), 1.0)
        limit = np.radians(car.values["tyres_front_peak_slip_angle_deg"]) - slip + arms(car)[0] / radius
        drive.step(steer=steer_for(car, min(angle, limit)))
        if wide > 3.0:
            return False
    return True
