"""The native observation against the oracle written from the paper, and its extras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from oracle import Observer, Place, look_ahead

from ac_gym.car import load_car
from ac_gym.envs.session import Session
from ac_gym.errors import UnknownNameError

NAMES = [
    *[f"channel {k}" for k in range(14)],
    *[f"ray {k}" for k in range(11)],
    "out",
    *[f"curvature {k}" for k in range(12)],
]


def session(count: int = 1, track: str = "monza", car: str = "bmw_z4_gt3", seed: int = 1, **settings: Any) -> Session:
    made = Session(count, track=track, car=car, **settings)
    made.seed(seed)
    made.reset()
    return made


def wander(made: Session, step: int) -> np.ndarray:
    """Smooth actions that keep most cars on the road for some seconds."""
    phase = np.arange(made.task.world.count)[:, None] + 0.15 * step * np.array([[1.0, 0.7, 0.4]])
    return (np.array([[0.02, 0.3, 0.1]]) * np.sin(phase) + np.array([[0.0, 0.1, -0.2]])).astype(np.float32)


@pytest.mark.parametrize(
    ("track", "car"),
    [
        ("monza", "bmw_z4_gt3"),
        ("ks_barcelona-layout_gp", "dallara_f317"),
        ("indianapolis_sp", "dallara_f317"),
        ("ks_laguna_seca", "ks_mazda_miata"),
    ],
)
def test_every_number_is_the_papers(track: str, car: str) -> None:
    made = session(6, track, car)
    observers = [Observer(made.world.track, k) for k in range(6)]
    compared = 0
    for step in range(40):
        for k, observe in enumerate(observers):
            expected = observe(made.telemetry)
            if made.telemetry["tyres_out"][k] or expected[25]:
                continue  # off the road rays look along the road only
            got = made.task.observation[k].astype(float)
            tolerance = np.full(125, 2e-5)
            for start in (14, 50 + 14, 75 + 14, 100 + 14):
                tolerance[start : start + 11] = 1e-4 + 1e-3 * expected[start : start + 11]
            tolerance[[1, 51, 76, 101]] = 1e-4  # the centre line between stations: 1 mm
            tolerance[26:38] = 2e-3  # samples a metre apart
            wrong = np.flatnonzero(np.abs(got - expected) > tolerance)
            assert not len(wrong), [(w, got[w], expected[w]) for w in wrong[:5]]
            compared += 1
        made.step(wander(made, step))
    assert compared > 80


def test_there_are_125_numbers_within_the_space() -> None:
    made = session(4)
    assert made.task.observation.shape == (4, 125)
    assert made.task.observation.dtype == np.float32
    assert made.observation_space.shape == (125,)
    assert all(made.observation_space.contains(row) for row in made.task.observation)


def test_history_is_zero_until_it_exists() -> None:
    made = session()
    first = made.task.observation[0].copy()
    assert not first[38:47].any()
    assert not first[50:].any()
    blocks = [first[:25]]
    for step in range(4):
        made.step(np.array([[0.1, 1.0, -1.0]], np.float32))
        row = made.task.observation[0]
        for back, start in enumerate((100, 75, 50)):
            expected = blocks[step - back] if step - back >= 0 else np.zeros(25)
            assert np.array_equal(row[start : start + 25], expected)
        assert row[38:47].any() == (step >= 2), "past controls only once three exist"
        blocks.append(row[:25].copy())
    made.reset()
    assert not made.task.observation[0, 50:].any()


def test_past_controls_are_oldest_first() -> None:
    made = session()
    seen = []
    for k in range(6):
        seen.append(made.task.observation[0, 47:50].copy())
        made.step(np.array([[0.05 * k, 0.2, -1.0]], np.float32))
    past = made.task.observation[0, 38:47].reshape(3, 3)
    assert np.array_equal(past, np.array(seen[-3:]).T)


def test_optional_parts_change_only_the_size() -> None:
    full = session()
    assert session(enable_sensors=False).task.observation_size == 125 - 4 * 11
    assert session(add_previous_obs_to_state=False).task.observation_size == 50
    bare = session(enable_sensors=False, add_previous_obs_to_state=False)
    assert bare.task.observation_size == 39
    assert np.array_equal(
        bare.task.observation[0], np.r_[full.task.observation[0, :14], full.task.observation[0, 25:50]]
    )


def test_target_speed_look_ahead() -> None:
    made = session(3, use_target_speed=True)
    assert made.task.observation_size == 137
    track = made.world.track
    for k in range(3):
        line_s = Place(track, *made.telemetry["world_position"][k, :2]).line_s
        assert made.task.observation[k, 125:] == pytest.approx(
            look_ahead(track, line_s, made.world.profile.speed) / 80, abs=2e-3
        )


def test_task_one_hot_and_extra_channels() -> None:
    made = session(
        2,
        enable_task_id_in_obs=True,
        task_ids=("a", "b", "c"),
        task_id="b",
        use_obs_extra=True,
        obs_extra={"fuel": 10.0, "wheel_load": 1e4, "heading_error": 0.5, "gap": 2.0},
    )
    assert made.task.observation_size == 125 + 3 + 7
    assert np.array_equal(made.task.observation[:, 125:128], [[0, 1, 0]] * 2)
    assert made.task.observation[:, 128] == pytest.approx(np.full(2, load_car("bmw_z4_gt3").values["fuel_start"] / 10))
    assert made.task.observation[:, 129:133] == pytest.approx(made.telemetry["wheel_load"] / 1e4)
    assert made.task.observation[:, 133] == pytest.approx(made.telemetry["heading_error"] / 0.5)
    assert made.task.observation[:, 134] == pytest.approx(made.telemetry["gap"] / 2.0)
    with pytest.raises(UnknownNameError, match="mean b"):
        session(enable_task_id_in_obs=True, task_ids=("b",), task_id="bb")
    with pytest.raises(UnknownNameError, match="fuel"):
        session(use_obs_extra=True, obs_extra={"fule": 1.0})


def test_observations_of_ones_own() -> None:
    made = session(3, extra_observations=[lambda t: t["speed"] / 100, lambda t: np.full((len(t), 2), 1e9)])
    assert made.task.observation_size == 128
    assert made.task.observation[:, 125] == pytest.approx(made.telemetry["speed"] / 100)
    assert np.all(made.task.observation[:, 126:] == 20.0), "clipped to the space"
    made.step(wander(made, 0))
    assert made.task.observation[:, 125] == pytest.approx(made.telemetry["speed"] / 100)


def test_situation_is_what_the_oracle_finds() -> None:
    made = session(20)
    track, t = made.world.track, made.telemetry
    for k in range(20):
        place = Place(track, *t["world_position"][k, :2])
        assert t["offset"][k] == pytest.approx(place.offset, abs=2e-3)
        assert t["gap"][k] == pytest.approx(place.gap, abs=2e-3)
        assert t["border_left"][k] == pytest.approx(place.of(track.width_left) - place.offset, abs=2e-3)
        assert t["border_right"][k] == pytest.approx(place.of(track.width_right) + place.offset, abs=2e-3)
    with pytest.raises(UnknownNameError, match="speed"):
        t["sped"]
