"""What must hold whatever the car does: no energy from nothing, symmetry, rest stays rest, smaller steps agree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from proving_ground import CARS, Drive, G, circle, free_rolling, ideal_car, mass, plain, steer_for

AXLES = ("front", "rear")


def kinetic(drive: Drive) -> np.ndarray:
    """Energy of the body's motion in the plane and of the wheels' spin (J), one a car."""
    v = drive.car.values
    inertia = np.repeat([v["tyres_front_inertia"], v["tyres_rear_inertia"]], 2)
    body = (
        0.5 * mass(drive.car) * drive["speed"] ** 2
        + 0.5 * v["chassis_yaw_inertia"] * drive["angular_velocity"][:, 1] ** 2
    )
    return body + 0.5 * (inertia * drive["wheel_speed"] ** 2).sum(axis=1)


def carcass(drive: Drive) -> np.ndarray:
    """Energy (J) that the tyres' carcasses, springs of the relaxation length, can give back at walking pace."""
    v = drive.car.values
    length = np.repeat([v["tyres_front_relaxation_length"], v["tyres_rear_relaxation_length"]], 2)
    across = drive["tyre_force_lateral"] * np.tan(np.radians(drive["slip_angle"]))
    along = drive["tyre_force_longitudinal"] * drive["slip_ratio"]
    return (length * (np.abs(across) + np.abs(along))).sum(axis=1)


def assert_never_gains(drive: Drive, most: np.ndarray) -> np.ndarray:
    """Energy now is at most what it was; returns the bound for the next step."""
    now = kinetic(drive)
    assert now[0] <= most[0] * (1 + 1e-5) + 1.0
    return np.minimum(most, now + carcass(drive))


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(CARS),
    speed=st.floats(1.0, 80.0),
    heading=st.floats(-np.pi, np.pi),
    steer=st.floats(-1.0, 1.0),
    brake=st.sampled_from([0.0, 0.0, 0.1, 1.0]),
)
def test_coasting_never_gains_energy(name: str, speed: float, heading: float, steer: float, brake: float) -> None:
    """Thrown with any slip: a flick of the steering at speed, then coasting with the wheel held anywhere."""
    car = free_rolling(name, steering_lock_deg=450.0)
    drive = Drive(car).place(speed, s=4000.0, heading=heading)
    drive.run(0.4, steer=-steer, brake=brake)
    most = kinetic(drive) + carcass(drive)
    for _ in range(150):
        most = assert_never_gains(drive.step(steer=steer, brake=brake), most)
    assert np.isfinite(drive.frames).all()


@pytest.mark.parametrize("name", CARS)
def test_a_spin_dies_out_and_stops(name: str) -> None:
    car = free_rolling(name, steering_lock_deg=450.0, steering_ratio=10.0)
    drive = (
        Drive(car, 8)
        .place(50.0)
        .run(0.8, steer=np.linspace(-1, 1, 8))
        .run(20.0, steer=np.linspace(1, -1, 8), brake=1.0)
    )
    assert np.all(drive["speed"] < 0.01)
    assert np.all(np.abs(drive["angular_velocity"]) < 0.01)


@pytest.mark.parametrize("name", CARS)
@pytest.mark.parametrize("brake", [0.0, 1.0])
def test_a_car_at_rest_on_the_flat_stays(name: str, brake: float) -> None:
    drive = Drive(ideal_car(name), automatic=True).place(0.0).run(1.0, brake=brake)
    start = drive.one("world_position")[:2]
    drive.run(10.0, brake=brake)
    assert np.linalg.norm(drive.one("world_position")[:2] - start) < 1e-3
    assert drive.one("speed") < 1e-3


@pytest.mark.parametrize("name", CARS)
@pytest.mark.parametrize("slope", [{"grade": 0.15}, {"bank": 0.2}, {"grade": -0.1, "bank": -0.1}])
def test_held_brakes_hold_on_a_slope(name: str, slope: dict[str, float]) -> None:
    drive = Drive(ideal_car(name), track=plain(2000.0, **slope)).place(0.0).run(2.0, brake=1.0)
    start = drive.one("world_position")[:2]
    drive.run(10.0, brake=1.0)
    assert np.linalg.norm(drive.one("world_position")[:2] - start) < 0.03


def test_a_free_car_rolls_down_a_slope() -> None:
    car = free_rolling(
        "ks_mazda_miata", tyres_front_rolling_resistance=0.0, tyres_rear_rolling_resistance=0.0, aero_drag_area=0.0
    )
    drive = Drive(car, track=plain(2000.0, grade=-0.05)).place(0.0).run(5.0)
    v = car.values
    inertia = mass(car) + sum(2 * v[f"tyres_{a}_inertia"] / v[f"tyres_{a}_radius"] ** 2 for a in AXLES)
    assert drive.speed() == pytest.approx(0.05 * G * 5.0 * mass(car) / inertia, rel=0.01)


def manoeuvre(car_name: str, substeps: int) -> np.ndarray:
    """Position and heading after a lane change under power and a brake."""
    car = free_rolling(car_name)
    drive = Drive(car, substeps=substeps).place(30.0, s=500.0)
    for t in np.arange(0.0, 3.0, 0.04):
        drive.step(steer=steer_for(car, 0.03 * np.sin(2 * t)), brake=0.1 if t > 2.0 else 0.0)
    return np.append(drive.one("world_position")[:2], drive.one("yaw"))


@pytest.mark.parametrize("name", CARS)
def test_halving_the_time_step_halves_the_error(name: str) -> None:
    exact = manoeuvre(name, 13 * 16)
    errors = [np.abs(manoeuvre(name, 13 * k) - exact).max() for k in (1, 2, 4)]
    assert errors[0] < 0.1
    assert errors[1] < 0.65 * errors[0]
    assert errors[2] < 0.65 * errors[1]


@pytest.mark.parametrize("name", CARS)
def test_mirrored_controls_mirror_the_path(name: str) -> None:
    rng = np.random.default_rng(3)
    drive = Drive(ideal_car(name), 2).place(35.0)
    for _ in range(100):
        steer, throttle, brake = rng.uniform(-0.2, 0.2), *rng.uniform(0, 0.5, 2)
        for _ in range(3):
            drive.step(steer=[steer, -steer], throttle=throttle, brake=brake)
    (x, y, _), (mx, my, _) = drive["world_position"]
    assert abs(y) > 1.0
    assert mx == pytest.approx(x, abs=1e-6)
    assert my == pytest.approx(-y, abs=1e-6)
    left, right = drive["wheel_load"]
    assert right[[1, 0, 3, 2]] == pytest.approx(left, rel=1e-5)


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(CARS),
    speed=st.floats(1.0, 70.0),
    heading=st.floats(-np.pi, np.pi),
    offset=st.floats(-14.0, 14.0),
    steer=st.floats(-1.0, 1.0),
)
def test_a_wall_takes_energy_and_is_never_passed(
    name: str, speed: float, heading: float, offset: float, steer: float
) -> None:
    car = free_rolling(name)
    drive = Drive(car, track=ALLEY, rate=325.0, substeps=1).place(speed, s=2000.0, offset=offset, heading=heading)
    most = kinetic(drive)
    for _ in range(600):
        most = assert_never_gains(drive.step(steer=steer), most)
        yaw = drive.one("yaw")
        half = 0.5 * (abs(np.cos(yaw)) * car.values["chassis_width"] + abs(np.sin(yaw)) * car.values["chassis_length"])
        # A step may enter by what the car moves in it; the next one puts it back.
        assert abs(drive.one("world_position")[1]) + half < 20.0 + 2.0 * speed / 325.0 + 1e-3


ALLEY = plain(4000.0, half_width=19.0, step=20.0, wall_left=20.0, wall_right=20.0)


def test_damage_follows_the_impact_only_when_switched_on() -> None:
    def crash(speed: float, rate: float) -> Drive:
        drive = Drive(free_rolling("bmw_z4_gt3"), track=ALLEY, damage_rate=rate)
        return drive.place(speed, s=2000.0, offset=10.0, heading=np.pi / 2).run(3.0)

    assert crash(15.0, 0.0).one("damage").sum() == 0.0
    slow, fast = crash(6.0, 1.0).one("damage"), crash(12.0, 1.0).one("damage")
    assert 0.0 < slow[0] < fast[0] <= 1.0
    assert fast[0] == pytest.approx(4 * slow[0], rel=0.15)
    assert fast[4] == pytest.approx(fast[:4].mean())


def test_a_circle_closes() -> None:
    """Steady state on a skid pad: after one turn the car is where it was, to the speed it lost."""
    car = ideal_car("ks_mazda_miata")
    drive = Drive(car, track=circle(200.0, 150.0)).place(12.0, s=0.0).cruise(20.0, 12.0, steer_for(car, 0.08))
    start, rate = drive.one("world_position")[:2], drive.one("angular_velocity")[1]
    drive.cruise(2 * np.pi / rate, 12.0, steer_for(car, 0.08))
    radius = 12.0 / rate
    assert np.linalg.norm(drive.one("world_position")[:2] - start) < 0.05 * radius
