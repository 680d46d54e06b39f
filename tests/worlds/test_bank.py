"""Real circuits: the banking of Indianapolis is worth what theory says, and a lap is timed from line to line."""

from __future__ import annotations

import numpy as np
import pytest

from ac_gym.car import load_car
from ac_gym.constants import GRAVITY as G
from ac_gym.drivers import LineFollower
from ac_gym.envs.session import Session
from ac_gym.track import load_track
from ac_gym.worlds import SimulatedWorld


def test_banking_carries_a_coasting_car_round_part_of_the_turn() -> None:
    """Steady state: tyres carry v^2/r - g bank. On the banked turn the tyres' share is smaller by just that."""
    track = load_track("indianapolis_sp")
    world = SimulatedWorld(track, load_car("dallara_f317"), 1)
    world.reset()
    middle = track.corners[0].apex_m
    i = int(middle / track.step_m)
    assert track.bank[i] == pytest.approx(np.radians(9.2), abs=0.02)
    assert track.curvature[i] > 0.0
    from ac_gym.channels import COLUMNS

    world.place(0, middle - 150.0, 0.0, 0.0, 45.0)
    car, shares = world.car.values, []
    mass = car["chassis_mass"] + 0.74 * car["fuel_start"]
    for _ in range(150):
        frame = world.frames[0]
        place = np.empty((1, 2))
        world.native_track.project(np.ascontiguousarray(frame[None, COLUMNS["world_position"]][:, :2]), place)
        at = int(place[0, 0] / track.step_m) % len(track.s)
        error = place[0, 1]
        drift = np.sin(frame[COLUMNS["yaw"]][0] - track.heading[at])
        angle = car["chassis_wheelbase"] * track.curvature[at] - 0.004 * error - 0.1 * drift
        steer = -angle * car["steering_ratio"] / np.radians(450.0)
        throttle = 0.3 + 0.2 * (45.0 - frame[COLUMNS["speed"]][0])
        world.step(np.array([[steer, np.clip(2 * throttle - 1, -1, 1), -1.0, 0.0]], np.float32))
        if abs(place[0, 0] - middle) < 60.0:
            frame = world.frames[0]
            tyres = frame[COLUMNS["tyre_force_lateral"]].sum() / mass
            path = frame[COLUMNS["speed"]][0] * frame[COLUMNS["angular_velocity"]][1]
            shares.append((path, tyres, track.bank[at]))
    path, tyres, bank = np.mean(shares, axis=0)
    assert len(shares) > 20
    assert path > 5.0
    assert path - tyres == pytest.approx(G * bank, rel=0.08)


def test_a_lap_from_line_to_line_ends_the_episode_when_asked() -> None:
    made = Session(
        1,
        track="ks_red_bull_ring-layout_gp",
        car="bmw_z4_gt3",
        start="line",
        use_relative_actions=False,
        max_laps_number=1,
    )
    made.seed(0)
    made.reset()
    driver = LineFollower(made.world.track, made.world.car, pace=0.75)
    for _ in range(200 * 25):
        made.step(driver(made.telemetry)[:, :3])
        if made.task.truncated[0] or made.task.terminated[0]:
            break
    assert made.task.truncated[0]
    assert made.task.ending[0] == 5
    assert made.telemetry["lap_count"][0] == 1
    assert made.telemetry["last_lap_valid"][0] == 1.0
    assert 80.0 < made.telemetry["last_lap_time"][0] / 1000 < 140.0
    assert made.telemetry["best_lap_time"][0] == made.telemetry["last_lap_time"][0]
    assert 0.0 <= made.telemetry["spline_position"][0] < 0.02
