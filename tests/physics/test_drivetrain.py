"""Engine, gearbox, reverse, aids, tyre temperature and wear."""

from __future__ import annotations

import numpy as np
import pytest
from proving_ground import CARS, Drive, circle, free_rolling, ideal_car, plain, steer_for

FIRST, NEUTRAL, REVERSE = 2, 1, 0


@pytest.mark.parametrize("name", CARS)
def test_the_automatic_box_uses_every_gear_up_and_down(name: str) -> None:
    car = ideal_car(name)
    top = len(car.gears) + 1
    drive, up, speeds = Drive(car).place(0.0), [], []
    for _ in range(120 * 25):
        drive.step(throttle=1.0 if drive.one("slip_ratio")[2:].max() < 0.1 else 0.4)
        up.append(int(drive.one("gear")))
        speeds.append(drive.speed())
        if up[-1] == top:
            break
    changes = [g for k, g in enumerate(up) if k == 0 or g != up[k - 1]]
    assert changes == list(range(FIRST, top + 1)), "each gear once, in order: the box does not hunt"
    assert np.all(np.diff(speeds) > -0.15), "pulls through the gears"
    down = []
    for _ in range(30 * 25):
        drive.step(brake=0.15)
        down.append(int(drive.one("gear")))
        if down[-1] == FIRST:
            break
    assert [g for k, g in enumerate(down) if k == 0 or g != down[k - 1]] == list(range(top, FIRST - 1, -1))


@pytest.mark.parametrize(("name", "paper_s"), [("ks_mazda_miata", 8.8)])
def test_acceleration_to_100_kmh_is_that_of_the_paper(name: str, paper_s: float) -> None:
    drive, time = Drive(ideal_car(name)).place(0.0), 0.0
    while drive.speed() < 100 / 3.6 and time < 30.0:
        drive.step(throttle=1.0)
        time += 0.04
    assert time == pytest.approx(paper_s, rel=0.15)


@pytest.mark.parametrize("name", CARS)
def test_a_shift_changes_engine_speed_by_the_ratio(name: str) -> None:
    drive = Drive(ideal_car(name), automatic=False).place(30.0).run(0.5, throttle=0.3)
    gear = int(drive.one("gear"))
    before = drive.one("rpm") / drive.one("wheel_speed")[2:].mean()
    drive.step(throttle=0.3, shift=1.0).run(0.8, throttle=0.3)
    assert drive.one("gear") == gear + 1
    after = drive.one("rpm") / drive.one("wheel_speed")[2:].mean()
    assert after / before == pytest.approx(drive.car.gears[gear - 1] / drive.car.gears[gear - 2], rel=5e-3)
    ratio = drive.car.gears[gear - 1] * drive.car.values["drivetrain_final_drive"]
    assert after * 2 * np.pi / 60 == pytest.approx(ratio, rel=5e-3)


@pytest.mark.parametrize("name", CARS)
def test_reverse_drives_backwards(name: str) -> None:
    drive = Drive(ideal_car(name), automatic=False).place(0.0).shift_to(REVERSE).run(3.0, throttle=0.4)
    assert -15.0 < drive.speed() < -1.0
    assert drive.one("world_position")[0] < 1000.0 - 1.0
    drive.run(5.0, brake=1.0)
    assert abs(drive.speed()) < 1e-3


@pytest.mark.parametrize("name", CARS)
def test_neutral_idles(name: str) -> None:
    drive = Drive(ideal_car(name), automatic=False).place(0.0).shift_to(NEUTRAL).run(5.0)
    assert drive.one("rpm") == pytest.approx(drive.car.values["engine_idle_rpm"], rel=0.05)
    drive.run(3.0, throttle=1.0)
    assert drive.one("rpm") == pytest.approx(drive.car.values["engine_limiter_rpm"], rel=0.05)
    assert drive.one("speed") < 1e-3


def test_traction_control_tames_the_throttle() -> None:
    car = ideal_car("bmw_z4_gt3", power=2.0)
    slips, gained = [], []
    for aided in (False, True):
        drive = Drive(car, traction_control=aided).place(12.0).run(1.0, throttle=1.0)
        slips.append(drive.one("slip_ratio")[2:].max())
        gained.append(drive.speed())
        assert (drive.one("tc_active") > 0.0) == aided
    assert slips[1] < 0.5 * slips[0]
    assert slips[1] < 2 * car.values["engine_tc_slip"]
    assert gained[1] > gained[0]


def test_aids_do_nothing_where_they_are_not_fitted() -> None:
    car = ideal_car("ks_mazda_miata", brakes_abs_slip=0.0, engine_tc_slip=0.0)
    drive = Drive(car, abs=True, traction_control=True).place(30.0).run(1.0, brake=1.0)
    assert drive.one("abs_active") == 0.0
    assert drive.one("tc_active") == 0.0


def test_an_open_differential_lets_the_wheels_turn_apart_and_a_locked_one_does_not() -> None:
    apart = []
    for lock in (0.0, 3000.0):
        car = ideal_car("ks_mazda_miata", differential_power=0.0, differential_coast=0.0, differential_preload=lock)
        drive = Drive(car).place(10.0).cruise(5.0, 10.0, steer_for(car, 0.08))
        spin = drive.one("wheel_speed")[2:]
        apart.append(float(np.diff(spin)[0] / spin.mean()))
    rate = 0.08 / car.values["chassis_wheelbase"]
    assert apart[0] == pytest.approx(rate * car.values["suspension_rear_track"], rel=0.1)
    assert abs(apart[1]) < 0.1 * apart[0]


@pytest.mark.parametrize("name", CARS)
def test_tyre_temperature_settles_between_road_and_what_friction_heats(name: str) -> None:
    drive = Drive(ideal_car(name), track=circle(120.0, 90.0)).place(15.0, s=0.0)
    hot = drive.cruise(60.0, 15.0, steer_for(drive.car, 0.06)).one("tyre_surface_temperature")
    cold = Drive(ideal_car(name)).place(0.0).run(4000.0 / 10).one("tyre_surface_temperature")
    assert np.all(cold < drive.car.values["tyres_front_temperature_start"])
    assert np.all(cold > 31.9)
    assert hot[1] > hot[0], "the loaded outer tyre is hotter in a left turn"
    assert np.all(hot < 200.0)


def test_tyre_temperature_reaches_its_closed_form_equilibrium() -> None:
    """No sliding: tread and carcass cool towards the road as two lumps; late on at the slower rate of the pair."""
    v = ideal_car("bmw_z4_gt3").values
    surface, core = v["tyres_front_surface_heat_capacity"], v["tyres_front_core_heat_capacity"]
    link, air = v["tyres_front_core_conductance"], v["tyres_front_cooling_still"]
    matrix = np.array([[-(link + air) / surface, link / surface], [link / core, -link / core]])
    values, vectors = np.linalg.eig(matrix)
    start = np.full(2, v["tyres_front_temperature_start"] - 32.0)
    expected = 32.0 + (vectors @ (np.exp(values * 300.0) * np.linalg.solve(vectors, start)))
    drive = Drive(ideal_car("bmw_z4_gt3")).place(0.0).run(300.0)
    assert drive.one("tyre_surface_temperature")[0] == pytest.approx(expected[0], abs=0.1)
    assert drive.one("tyre_core_temperature")[0] == pytest.approx(expected[1], abs=0.1)


def test_wear_only_when_switched_on() -> None:
    def drift(rate: float) -> Drive:
        drive = Drive(
            ideal_car("bmw_z4_gt3", tyres_front_wear_energy=2e6, tyres_rear_wear_energy=2e6), tyre_wear_rate=rate
        )
        return drive.place(40.0).run(3.0, steer=0.4)

    new, worn = drift(0.0), drift(1.0)
    assert np.all(new.one("tyre_wear") == 100.0)
    assert np.all(worn.one("tyre_wear") < 100.0)
    assert np.all(worn.one("lateral_friction") < new.one("lateral_friction"))


def test_grass_slows_and_slides() -> None:
    road = plain(4000.0, half_width=3.0, wall_left=400.0, wall_right=400.0)
    car = free_rolling("bmw_z4_gt3")
    on = Drive(car, track=road).place(30.0).run(2.0)
    off = Drive(car, track=road).place(30.0, offset=50.0).run(2.0)
    assert on.one("tyres_out") == 0
    assert off.one("tyres_out") == 4
    assert np.all(off.one("surface") == 2)
    assert np.all(on.one("surface") == 0)
    assert 30.0 - off.speed() > 1.5 * (30.0 - on.speed())
    assert np.all(off.one("lateral_friction") < 0.65 * on.one("lateral_friction"))
