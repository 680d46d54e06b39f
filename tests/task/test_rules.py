"""Actions, reward and endings, each part on its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ac_gym.car import load_car
from ac_gym.drivers import LineFollower
from ac_gym.envs.session import Session
from ac_gym.errors import ConfigError
from ac_gym.task import Ending

PROGRESS = {"use_progress_in_reward": True, "use_reference_line_in_reward": False}
IDLE = np.array([[0.0, 0.0, 0.0]], np.float32)


def session(count: int = 1, car: str = "bmw_z4_gt3", **settings: Any) -> Session:
    made = Session(count, track="monza", car=car, **settings)
    made.seed(2)
    made.reset()
    return made


def place(made: Session, s: float = 300.0, offset: float = 0.0, heading: float = 0.0, speed: float = 30.0) -> Session:
    for k in range(made.task.world.count):
        made.world.place(k, s, offset, heading, speed)
    made.task.begin()
    return made


def step(made: Session, *action: float, times: int = 1) -> Session:
    for _ in range(times):
        made.step(np.tile(np.array(action, np.float32), (made.task.world.count, 1)))
    return made


# --- actions ----------------------------------------------------------------------------------------------------------


def test_relative_actions_move_the_controls_at_their_rates() -> None:
    made = place(session())
    step(made, 0.5, 1.0, 0.25)
    # 900 deg/s and 12 a second at 25 Hz: 36 deg and 0.48 of the pedal's two units a step
    assert made.telemetry["steer_angle"][0] == pytest.approx(0.5 * 36.0, rel=1e-4)
    assert made.telemetry["controls"][0, :3] == pytest.approx([0.5 * 36 / 450, -1 + 0.48, -1 + 0.12], rel=1e-5)
    step(made, 0.5, 1.0, 0.25)
    assert made.telemetry["controls"][0, :3] == pytest.approx([36 / 450, -1 + 0.96, -1 + 0.24], rel=1e-5)
    assert made.telemetry["throttle"][0] == pytest.approx(0.48, rel=1e-4)


@pytest.mark.parametrize("car", ["bmw_z4_gt3", "dallara_f317", "ks_mazda_miata"])
def test_steering_stops_at_the_cars_lock(car: str) -> None:
    made = step(place(session(car=car), speed=5.0), 1.0, 0.0, 0.0, times=30)
    lock = load_car(car).values["steering_lock_deg"]
    assert made.telemetry["steer_angle"][0] == pytest.approx(lock, rel=1e-4)
    assert made.telemetry["controls"][0, 0] == pytest.approx(lock / 450, rel=1e-5)
    step(made, -1.0, 0.0, 0.0)
    assert made.telemetry["steer_angle"][0] == pytest.approx(lock - 36.0, rel=1e-3), "no wind-up beyond the lock"


def test_absolute_actions_are_the_controls() -> None:
    made = step(place(session(use_relative_actions=False)), 0.1, 0.3, -0.5)
    assert made.telemetry["controls"][0] == pytest.approx([0.1, 0.3, -0.5, 0.0])
    assert made.telemetry["throttle"][0] == pytest.approx(0.65, rel=1e-5)
    step(made, 3.0, -7.0, -2.0)
    assert made.telemetry["controls"][0, 1:3] == pytest.approx([-1.0, -1.0])


@pytest.mark.parametrize(("gamma", "axis"), [(2.4, 0.0), (2.4, 0.6), (1.0, 0.0)])
def test_brake_follows_the_games_gamma(gamma: float, axis: float) -> None:
    made = step(place(session(use_relative_actions=False, brake_gamma=gamma)), 0.0, -1.0, axis)
    assert made.telemetry["brake"][0] == pytest.approx(((axis + 1) / 2) ** gamma, rel=1e-4)


def test_positive_steering_turns_right() -> None:
    made = step(place(session(use_relative_actions=False)), 0.05, -1.0, -1.0, times=5)
    assert made.telemetry["angular_velocity"][0, 1] < 0.0
    assert made.telemetry["steer_angle"][0] > 0.0


def test_rates_can_be_set() -> None:
    made = step(place(session(max_steer_rate=90.0, max_pedal_rate=25.0)), 1.0, 1.0, 0.0)
    assert made.telemetry["steer_angle"][0] == pytest.approx(3.6, rel=1e-3)
    assert made.telemetry["throttle"][0] == pytest.approx(0.5, rel=1e-4)


def test_manual_gearbox_takes_a_fourth_action() -> None:
    made = place(session(manual_gearbox=True), speed=30.0)
    gear = made.telemetry["gear"][0]
    step(made, 0.0, 0.0, 0.0, 1.0)
    step(made, 0.0, 0.0, 0.0, 0.0, times=10)
    assert made.telemetry["gear"][0] == gear + 1
    step(made, 0.0, 0.0, 0.0, -0.6)
    step(made, 0.0, 0.0, 0.0, 0.0, times=10)
    assert made.telemetry["gear"][0] == gear


def test_a_new_episode_begins_with_pedals_up_and_the_wheel_straight() -> None:
    made = step(place(session()), 1.0, 1.0, 1.0, times=5)
    made.reset()
    step(made, 0.0, 0.0, 0.0)
    assert made.telemetry["controls"][0, :3] == pytest.approx([0.0, -1.0, -1.0])


# --- reward -----------------------------------------------------------------------------------------------------------


def test_reward_is_speed_less_distance_to_the_line() -> None:
    made = step(session(30), 0.0, 0.3, 0.0, times=3)
    speed, gap = made.telemetry["speed"], made.telemetry["gap"]
    assert made.task.reward == pytest.approx(3.6 * speed * (1 - np.abs(gap) / 12) / 300, rel=1e-6)
    assert np.ptp(gap) > 1.0


def test_reward_without_the_line() -> None:
    made = step(session(5, use_reference_line_in_reward=False), 0.0, 0.3, 0.0)
    assert made.task.reward == pytest.approx(3.6 * made.telemetry["speed"] / 300, rel=1e-6)


def test_reward_for_progress_is_the_speed_along_the_line_over_its_limit() -> None:
    made = place(session(3, **PROGRESS), s=300.0, speed=40.0)  # a straight
    made.world.place(1, 300.0, 0.0, np.radians(60.0), 40.0)
    made.world.place(2, 300.0, 0.0, np.pi, 40.0)
    made.task.begin()
    step(made, 0.0, 0.0, 0.0)
    t = made.telemetry
    forward, left = t["local_velocity"][:, :2].T
    along = forward * np.cos(t["heading_error"]) - left * np.sin(t["heading_error"])
    expected = along / t["target_speed"]
    assert made.task.reward == pytest.approx(expected, rel=0.04)  # at the end of the step, not on the way
    assert made.task.reward[2] < -0.4, "backwards"


def test_a_car_that_is_put_elsewhere_is_not_paid_for_the_way() -> None:
    made = step(place(session(**PROGRESS)), 0.0, 0.3, 0.0)
    before = made.task.reward[0]
    made.world.place(0, 3500.0, 0.0, 0.0, 30.0)
    assert abs(step(made, 0.0, 0.3, 0.0).task.reward[0]) < 0.1 < before


def test_reward_for_progress_may_keep_to_the_line_as_well() -> None:
    free, bound = (
        step(place(session(use_progress_in_reward=True, use_reference_line_in_reward=on), offset=3.0), 0.0, 0.3, 0.0)
        for on in (False, True)
    )
    share = 1.0 - np.abs(bound.telemetry["gap"]) / 12.0
    assert bound.task.reward == pytest.approx(free.task.reward * share, rel=1e-6)
    assert share < 0.9


@pytest.mark.parametrize("pace", [0.7, 0.95])
def test_a_lap_pays_its_limit_time_however_it_is_driven(pace: float) -> None:
    made = session(use_relative_actions=False, **PROGRESS)
    follower = LineFollower(made.world.track, made.world.car, pace=pace)
    place(made, s=10.0, speed=40.0)
    paid, steps = 0.0, 0
    while made.telemetry["lap_count"][0] < 2:
        counts = made.telemetry["lap_count"][0] == 1
        made.step(follower(made.telemetry)[:, :3])
        paid, steps = paid + counts * made.task.reward[0], steps + counts
    limit_s = made.world.profile.lap_time_s
    assert paid / 25.0 == pytest.approx(limit_s, rel=2e-3)
    assert steps / 25.0 > 1.01 * limit_s


def test_reward_with_another_distance() -> None:
    made = step(session(5, gap_const=5.0), 0.0, 0.3, 0.0)
    expected = 3.6 * made.telemetry["speed"] * (1 - np.abs(made.telemetry["gap"]) / 5) / 300
    assert made.task.reward == pytest.approx(expected, rel=1e-6)


def test_changing_actions_costs_when_asked() -> None:
    plain, dear = session(), session(penalize_actions_diff=True, penalize_actions_diff_coef=0.5)
    for action, change in (((0.3, 0.0, 0.0), 0.3), ((0.3, 0.9, -0.3), 1.2), ((0.3, 0.9, -0.3), 0.0)):
        step(plain, *action), step(dear, *action)
        assert plain.task.reward[0] - dear.task.reward[0] == pytest.approx(0.5 * change / 3, abs=1e-6)


def test_out_of_track_costs_when_asked() -> None:
    made = [
        place(session(enable_out_of_track_penalty=on, out_of_track_penalty=0.7), offset=12.0) for on in (False, True)
    ]
    free, dear = (step(m, 0.0, 0.0, 0.0).task.reward[0] for m in made)
    assert free - dear == pytest.approx(0.7)


def test_reward_terms_of_ones_own_are_added() -> None:
    made = step(
        session(4, reward_terms=[lambda t: -t["wheel_load"][:, 0] / 1e5, lambda t: np.ones(len(t))]), 0.0, 0.3, 0.0
    )
    base = 3.6 * made.telemetry["speed"] * (1 - np.abs(made.telemetry["gap"]) / 12) / 300
    assert made.task.reward == pytest.approx(base - made.telemetry["wheel_load"][:, 0] / 1e5 + 1.0, rel=1e-6)


# --- endings ----------------------------------------------------------------------------------------------------------


def ended(made: Session) -> tuple[bool, bool, Ending]:
    return bool(made.task.terminated[0]), bool(made.task.truncated[0]), Ending(int(made.task.ending[0]))


GOES_ON = (False, False, Ending.DRIVING)


def test_more_than_two_tyres_out_ends() -> None:
    edge = float(Session(1, track="monza", car="bmw_z4_gt3").world.track.width_left[150])
    two_out, four_out = (place(session(), offset=edge + d) for d in (0.0, 3.0))
    assert step(two_out, *IDLE[0]).telemetry["tyres_out"][0] == 2
    assert ended(two_out) == GOES_ON
    assert step(four_out, *IDLE[0]).telemetry["tyres_out"][0] == 4
    assert ended(four_out) == (True, False, Ending.OUT_OF_TRACK)
    assert ended(step(place(session(enable_out_of_track_termination=False), offset=edge + 3.0), *IDLE[0])) == GOES_ON


def test_out_of_track_can_mean_the_centre_of_the_car() -> None:
    edge = float(Session(1, track="monza", car="bmw_z4_gt3").world.track.width_left[150])
    made = place(session(use_ac_out_of_track=False), offset=edge + 0.3)
    assert step(made, *IDLE[0]).telemetry["tyres_out"][0] == 2
    assert ended(made) == (True, False, Ending.OUT_OF_TRACK)


def test_standing_still_ends_after_its_time() -> None:
    made = place(session(low_speed_time=2.0), speed=0.0)
    assert ended(step(made, *IDLE[0], times=49)) == GOES_ON
    assert ended(step(made, *IDLE[0])) == (True, False, Ending.TOO_SLOW)
    assert (
        ended(
            step(place(session(low_speed_time=2.0, enable_low_speed_termination=False), speed=0.0), *IDLE[0], times=80)
        )
        == GOES_ON
    )


def test_moving_again_restarts_the_clock_of_slowness() -> None:
    made = place(session(low_speed_time=2.0), speed=0.0)
    step(made, *IDLE[0], times=40)
    step(made, 0.0, 1.0, 0.0, times=60)
    assert ended(made) == GOES_ON
    assert made.telemetry["speed"][0] > 1.0


def test_too_far_from_the_line_ends_when_asked() -> None:
    far = place(session(max_gap=1.0), offset=4.0)
    assert abs(step(far, *IDLE[0]).telemetry["gap"][0]) > 1.0
    assert ended(far) == (True, False, Ending.TOO_FAR_FROM_LINE)
    assert ended(step(place(session(), offset=4.0), *IDLE[0])) == GOES_ON


def test_time_limit_truncates() -> None:
    made = place(session(max_episode_py_time=2.0))
    assert ended(step(made, *IDLE[0], times=49)) == GOES_ON
    assert ended(step(made, *IDLE[0])) == (False, True, Ending.TIME_LIMIT)
    assert ended(step(place(session(max_episode_py_time=None)), *IDLE[0], times=60)) == GOES_ON


def test_lap_limit_truncates_after_a_lap_from_line_to_line() -> None:
    made = session(max_laps_number=1, enable_out_of_track_termination=False)
    track = made.world.track
    place(made, s=track.length_m - 20.0, speed=40.0)
    assert ended(step(made, *IDLE[0], times=25)) == GOES_ON, "the way to the line is no lap"
    assert made.telemetry["lap_count"][0] == 0


def test_endings_of_ones_own_terminate() -> None:
    made = place(session(3, endings=[lambda t: t["speed"] > 29.0, lambda t: np.zeros(len(t), bool)]))
    step(made, *IDLE[0])
    assert made.task.terminated.all()
    assert np.all(made.task.ending == Ending.CUSTOM)


def test_the_tasks_own_ending_keeps_its_name() -> None:
    made = place(session(endings=[lambda t: np.ones(len(t), bool)]), offset=12.0)
    assert ended(step(made, *IDLE[0])) == (True, False, Ending.OUT_OF_TRACK)


def test_a_failure_at_the_time_limit_is_a_failure() -> None:
    made = place(session(max_episode_py_time=0.04), offset=12.0)
    assert ended(step(made, *IDLE[0])) == (True, False, Ending.OUT_OF_TRACK)


@pytest.mark.parametrize(
    "wrong",
    [
        {"gap_const": 0.0},
        {"low_speed_time": -1.0},
        {"max_gap": 0.0},
        {"max_laps_number": 0},
        {"max_steer_rate": float("nan")},
    ],
)
def test_settings_that_make_no_sense_are_one_clear_line(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))) as error:
        session(**wrong)
    assert "\n" not in str(error.value)
