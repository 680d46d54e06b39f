"""Driving whole laps and taking their times."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from ac_gym.car import load_car
from ac_gym.drivers import Driver, LineFollower
from ac_gym.errors import AcGymError, ConfigError
from ac_gym.evaluation import Evaluation, drive_laps
from ac_gym.task import Telemetry
from ac_gym.track import load_track

TRACK, CAR = "indianapolis_sp", "bmw_z4_gt3"


def follow(pace: float = 0.85, **settings: Any) -> Evaluation:
    driver = LineFollower(load_track(TRACK), load_car(CAR), pace=pace)
    return drive_laps(driver, **{"track": TRACK, "car": CAR, "laps": 3} | settings)


@pytest.fixture(scope="module")
def driven() -> Evaluation:
    return follow()


def test_laps_asked_for_are_driven_and_timed(driven: Evaluation) -> None:
    assert [lap.number for lap in driven.laps] == [1, 2, 3]
    assert all(lap.clean for lap in driven.laps)
    assert driven.stints[0].ending == "lap_limit"
    assert driven.clean_rate == 1.0
    assert all(driven.limit_s < lap.time_s < 1.5 * driven.limit_s for lap in driven.laps)


def test_the_out_lap_is_marked_and_slower(driven: Evaluation) -> None:
    assert [lap.out_lap for lap in driven.laps] == [True, False, False]
    assert driven.laps[0].time_s > driven.laps[1].time_s + 0.5
    assert driven.best == min(driven.laps, key=lambda lap: lap.time_s)


def test_lap_times_add_up_to_the_time_driven(driven: Evaluation) -> None:
    """Run-up to the line, the laps, and what is left of the last step: together the time of the stint."""
    stint = driven.stints[0]
    run_up = stint.time_s[driven.laps[0].first] - stint.telemetry["current_time"][driven.laps[0].first] / 1000.0
    left = stint.telemetry["current_time"][-1] / 1000.0
    total = run_up + sum(lap.time_s for lap in driven.laps) + left
    assert total == pytest.approx(stint.time_s[-1], abs=0.005)
    assert 0.0 <= left <= 1.0 / driven.control_rate


def test_rows_of_a_lap_are_that_lap(driven: Evaluation) -> None:
    stint = driven.stints[0]
    for lap, after in zip(driven.laps, driven.laps[1:], strict=False):
        assert after.first == lap.last + 1
    for lap in driven.laps:
        distance = driven.trace(lap).distance_m
        assert (np.diff(distance) > 0).all()
        assert -0.1 < distance[0] < 5.0
        assert driven.track.length_m - 5.0 < distance[-1] < driven.track.length_m + 0.1
        assert (stint.telemetry["lap_count"][lap.first : lap.last + 1] == lap.number - 1).all()
        assert (lap.last - lap.first + 1) / driven.control_rate == pytest.approx(lap.time_s, abs=0.041)


def test_the_shown_lap_is_the_best_and_its_clock_the_games(driven: Evaluation) -> None:
    trace = driven.shown()
    assert trace.lap == driven.best
    np.testing.assert_allclose(trace.time_s, trace.telemetry["current_time"] / 1000.0, atol=0.0011)


def test_the_same_seed_drives_the_same_laps() -> None:
    settings: dict[str, Any] = {"laps": 1, "num_envs": 2, "start": "random", "randomise": {"grip": (0.97, 1.03)}}
    first, again, other = follow(seed=5, **settings), follow(seed=5, **settings), follow(seed=6, **settings)
    assert first.as_dict() == again.as_dict()
    np.testing.assert_array_equal(first.stints[1].telemetry.frames, again.stints[1].telemetry.frames)
    assert first.as_dict() != other.as_dict()
    assert {lap.car for lap in first.laps} == {0, 1}
    assert not any(lap.out_lap for lap in first.laps)


def test_rewards_are_the_environments(driven: Evaluation) -> None:
    stint = driven.stints[0]
    speed_kmh, gap = 3.6 * stint.telemetry["speed"], np.abs(stint.telemetry["gap"])
    expected = speed_kmh * (1.0 - gap / 12.0) / 300.0
    np.testing.assert_allclose(stint.reward[1:], expected[1:], atol=1e-5)


def test_a_policy_sees_observations_and_can_fail() -> None:
    seen: list[tuple[int, ...]] = []

    def straight_on(observation: np.ndarray) -> np.ndarray:
        seen.append(observation.shape)
        return np.tile(np.array([0.0, 1.0, -1.0], np.float32), (len(observation), 1))

    evaluation = drive_laps(straight_on, track="monza", car=CAR, num_envs=2)
    assert set(seen) == {(2, 125)}
    assert evaluation.laps == ()
    assert evaluation.best is None
    assert math.isnan(evaluation.best_s)
    assert evaluation.clean_rate == 0.0
    assert [stint.ending for stint in evaluation.stints] == ["out_of_track"] * 2
    assert "eval/best_lap_s" not in evaluation.figures()
    assert "no clean lap" in evaluation.summary()
    assert evaluation.shown().lap is None
    assert len(evaluation.shown().time_s) > 10


class _Parked(Driver):
    def __call__(self, telemetry: Telemetry) -> np.ndarray:
        return np.tile(np.array([0.0, -1.0, 1.0, 0.0], np.float32), (len(telemetry), 1))


def test_an_evaluation_always_ends() -> None:
    evaluation = drive_laps(_Parked(), track=TRACK, car=CAR, laps=1, enable_low_speed_termination=False)
    assert evaluation.stints[0].ending == "time_limit"
    assert evaluation.stints[0].time_s[-1] == pytest.approx(2.5 * evaluation.limit_s, abs=0.1)


def test_the_result_is_json_and_reads_well(driven: Evaluation) -> None:
    plain = json.loads(json.dumps(driven.as_dict()))
    assert plain["best_lap_s"] == driven.best_s
    assert plain["gap_to_limit"] == pytest.approx(driven.gap, abs=1e-5)
    lines = driven.summary().splitlines()
    assert lines[0].startswith("lap 1: ")
    assert lines[0].endswith("out lap")
    assert f"best clean lap {driven.best_s:.3f} s" in lines[-1]


def test_mistakes_are_one_line() -> None:
    with pytest.raises(ConfigError, match="at least 1 lap"):
        follow(laps=0)
    with pytest.raises(AcGymError, match="did you mean") as caught:
        follow(track="indianapolis")
    assert "\n" not in str(caught.value)
