"""The line follower laps clean and fast, alike alone and in a batch, and comes back from where it should not be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ac_gym.car import load_car
from ac_gym.drivers import LineFollower
from ac_gym.drivers.steering import SteeringGains, normalised_slip
from ac_gym.evaluation import Evaluation, drive_laps
from ac_gym.task import Task, TaskSettings
from ac_gym.track import load_track
from ac_gym.worlds import SimulatedWorld, SimulationSettings

CARS = ("bmw_z4_gt3", "dallara_f317", "ks_mazda_miata")
ROAD, OVAL = "ks_red_bull_ring-layout_gp", "indianapolis_sp"
STRAIGHT_M = 500.0  # a place on the road course


def laps(track: str, car: str, count: int, pace: float = 0.95) -> Evaluation:
    return drive_laps(LineFollower(load_track(track), load_car(car), pace=pace), track=track, car=car, laps=count)


class Seat:
    """Cars on the road course with the line follower at their wheels."""

    def __init__(self, car: str, count: int, **settings: Any) -> None:
        track, model = load_track(ROAD), load_car(car)
        self.world = SimulatedWorld(track, model, count, SimulationSettings(**settings))
        free = TaskSettings(enable_out_of_track_termination=False, enable_low_speed_termination=False)
        self.task = Task(self.world, free)
        self.telemetry = self.task.telemetry
        self.driver = LineFollower(track, model)
        self.world.seed(3)
        self.world.reset()
        self.task.begin()

    def place(self, *places: tuple[float, float, float, float]) -> None:
        """Each car at s, offset, heading, speed."""
        for i, place in enumerate(places):
            self.world.place(i, *place)
        self.task.begin()

    def drive(self, steps: int) -> tuple[NDArray[np.float32], dict[str, NDArray[np.floating]]]:
        """Controls (steps, N, 4), and the greatest tyres_out and |gap| of each car (N,)."""
        controls, worst = [], {name: np.zeros(self.world.count) for name in ("tyres_out", "gap")}
        for _ in range(steps):
            controls.append(self.driver(self.telemetry))
            self.world.step(controls[-1])
            self.task.observe()
            worst = {name: np.maximum(most, np.abs(self.telemetry[name])) for name, most in worst.items()}
        return np.array(controls), worst


@pytest.mark.parametrize("car", CARS)
def test_laps_clean_and_close_to_the_limit(car: str) -> None:
    """The whole goal, 21 combinations of three timed laps, is measured in `benchmarks/line_follower.py`."""
    driven = laps(ROAD, car, 2)
    assert [lap.clean for lap in driven.laps] == [True, True]
    assert driven.limit_s < driven.laps[1].time_s < 1.06 * driven.limit_s


def test_laps_the_oval() -> None:
    driven = laps(OVAL, "bmw_z4_gt3", 2)
    assert [lap.clean for lap in driven.laps] == [True, True]
    assert driven.gap < 0.04


def test_less_pace_is_slower() -> None:
    fast, slow = (laps(OVAL, "bmw_z4_gt3", 1, pace).laps[0] for pace in (0.95, 0.6))
    assert slow.clean
    assert slow.time_s > 1.05 * fast.time_s


@pytest.mark.parametrize("car", CARS)
def test_stays_near_the_line(car: str) -> None:
    """Once under way, all over the lap at once."""
    seat = Seat(car, 40, start_offset=0.0, start_heading=0.0, start_speed=(0.85, 0.85))
    seat.drive(100)
    _, worst = seat.drive(150)
    assert np.median(worst["gap"]) < 0.35
    assert worst["gap"].max() < 1.0


def test_a_batch_drives_as_single_cars_do() -> None:
    places = ((100.0, 0.0, 0.0, 20.0), (1500.0, 2.0, 0.0, 30.0), (2900.0, -1.0, 0.0, 40.0))
    batch = Seat("dallara_f317", len(places))
    batch.place(*places)
    together, _ = batch.drive(50)
    for i, place in enumerate(places):
        single = Seat("dallara_f317", 1)
        single.place(place)
        alone, _ = single.drive(50)
        np.testing.assert_allclose(alone[:, 0], together[:, i], atol=1e-5)
        assert single.telemetry["s"][0] == pytest.approx(batch.telemetry["s"][i], abs=1e-3)


@pytest.mark.parametrize("car", CARS)
def test_comes_back_to_the_line(car: str) -> None:
    """On a straight, from either side, also pointing away from it, and from the grass."""
    seat = Seat(car, 5)
    off = ((4.0, 0.0), (-4.0, 0.0), (0.0, 0.1), (9.0, -0.05), (-9.0, 0.05))
    line = np.interp(STRAIGHT_M, seat.world.track.s, seat.world.track.line_offset)
    seat.place(*((STRAIGHT_M, line + offset, heading, 25.0) for offset, heading in off))
    seat.drive(150)
    assert np.abs(seat.telemetry["gap"]).max() < 0.5
    assert seat.telemetry["tyres_out"].max() <= 2
    assert seat.telemetry["speed"].min() > 10.0


def test_plans_with_the_grip_that_the_tyres_have() -> None:
    distance = []
    for grip in (0.85, 1.0, 1.08):
        seat = Seat("ks_mazda_miata", 40, start_offset=0.0, randomise={"grip": (grip, grip)})
        seat.drive(100)
        before = seat.telemetry["distance_travelled"].copy()
        _, worst = seat.drive(250)
        assert worst["tyres_out"].max() <= 2
        distance.append((seat.telemetry["distance_travelled"] - before).mean())
    assert distance[0] < 0.97 * distance[1]
    assert distance[2] > 1.005 * distance[1]


def test_controls_are_in_range_anywhere() -> None:
    """Standing, sideways, backwards, off the road: finite controls within -1..1."""
    seat = Seat("bmw_z4_gt3", 4)
    seat.place(
        *((STRAIGHT_M, *place) for place in ((0.0, 0.0, 0.0), (0.0, 1.6, 20.0), (0.0, 3.1, 10.0), (9.0, 0.5, 40.0)))
    )
    controls, _ = seat.drive(200)
    assert np.isfinite(controls).all()
    assert np.abs(controls).max() <= 1.0


def test_slip_curve_is_inverted() -> None:
    """force = 2 slip / (1 + slip^2) along the slip vector; beyond the peak, the slip of the peak."""
    slip = np.array([0.1, 0.5, 0.9, -0.7])
    np.testing.assert_allclose(normalised_slip(2.0 * slip / (1.0 + slip**2)), slip, atol=1e-12)
    force = 2.0 / (1.0 + 0.25) * np.array([0.3, 0.4])
    np.testing.assert_allclose(normalised_slip(force[:1], force[1:]), [0.3], atol=1e-12)
    np.testing.assert_allclose(normalised_slip(np.array([1.0])), [1.0], atol=1e-6)


def test_gains_steer_towards_the_line() -> None:
    """Left of the line, moving or turning to the left: less force to the left."""
    gains = SteeringGains(load_car("bmw_z4_gt3"), 0.04)
    slow, fast = gains(np.array([15.0, 60.0]), np.array([0.3, 0.3]))
    assert (slow[[0, 1, 3]] > 0.0).all()
    assert (fast[[0, 1, 3]] > 0.0).all()
