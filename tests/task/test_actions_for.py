"""`Task.actions_for`: the actions that bring the controls where a driver wants them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ac_gym.envs import AssettoCorsaVectorEnv
from ac_gym.envs.session import Session

MOST = np.array([900.0 / 450.0, 12.0, 12.0], np.float32) / 25.0  # change of each control in a step
NEUTRAL = [0.0, -1.0, -1.0]


def session(count: int = 64, **settings: Any) -> Session:
    made = Session(count, track="monza", car="bmw_z4_gt3", start="line", **settings)
    made.seed(2)
    made.reset()
    return made


def wanted(count: int, low: NDArray[np.floating], high: NDArray[np.floating]) -> NDArray[np.float32]:
    controls = np.zeros((count, 4), np.float32)
    controls[:, :3] = np.random.default_rng(5).uniform(low, high, (count, 3))
    return controls


def test_reaches_in_one_step_what_the_rates_allow() -> None:
    task = session().task
    task.act(np.tile(np.array([0.9, 1.0, 1.0], np.float32), (64, 1)))  # away from the stops
    controls = wanted(64, task.controls[0, :3] - MOST, task.controls[0, :3] + MOST)
    np.testing.assert_allclose(task.act(task.actions_for(controls)), controls, atol=1e-6)


def test_goes_towards_what_is_further_and_arrives() -> None:
    task = session().task
    controls = wanted(64, np.full(3, -0.6), np.full(3, 0.6))
    distance = np.abs(controls[:, :3] - task.controls[:, :3])
    for _ in range(8):
        actions = task.actions_for(controls)
        assert np.abs(actions).max() <= 1.0
        task.act(actions)
        left = np.abs(controls[:, :3] - task.controls[:, :3])
        np.testing.assert_allclose(left, np.maximum(distance - MOST, 0.0), atol=1e-5)
        distance = left
    np.testing.assert_allclose(task.controls, controls, atol=1e-5)
    np.testing.assert_allclose(task.actions_for(controls), 0.0, atol=1e-4)


@pytest.mark.parametrize("rates", [{"max_steer_rate": 360.0, "max_pedal_rate": 4.0}, {"ego_sampling_freq": 50.0}])
def test_knows_rates_and_control_rate(rates: dict[str, float]) -> None:
    task = session(1, **rates).task
    full = np.ones((1, 3), np.float32)
    reached = task.act(full).copy()
    task.begin()
    np.testing.assert_allclose(task.actions_for(reached), full, atol=1e-5)


def test_absolute_actions_are_the_controls() -> None:
    task = session(use_relative_actions=False).task
    controls = wanted(64, np.full(3, -0.5), np.full(3, 0.5))
    for _ in range(2):  # whatever was before
        np.testing.assert_array_equal(task.actions_for(controls), controls[:, :3])
        np.testing.assert_array_equal(task.act(task.actions_for(controls)), controls)


def test_gear_goes_along_with_the_manual_gearbox() -> None:
    task = session(manual_gearbox=True).task
    controls = wanted(64, np.full(3, -0.05), np.full(3, 0.05))
    controls[:, 3] = np.resize([-1.0, 0.0, 1.0], 64)
    np.testing.assert_array_equal(task.actions_for(controls)[:, 3], controls[:, 3])


@pytest.mark.parametrize("mode", ["next_step", "same_step"])
def test_begins_from_neutral_controls_after_a_reset(mode: str) -> None:
    """Two cars of four end at once; the others keep their controls."""
    env = AssettoCorsaVectorEnv(4, start="line", autoreset_mode=mode, endings=[lambda t: np.array([1, 0, 0, 1], bool)])
    env.reset(seed=0)
    task = env.session.task
    step = np.tile(np.array([0.5, 0.5, 0.25], np.float32), (4, 1))
    steps = 2 if mode == "next_step" else 1  # the second is the reset of the ended cars
    for _ in range(steps):
        env.step(step)
    np.testing.assert_allclose(task.controls[[1, 2], :3], np.tile(NEUTRAL + steps * step[0] * MOST, (2, 1)), atol=1e-6)
    target = np.zeros((4, 4), np.float32)
    target[:, :3] = NEUTRAL + 0.5 * MOST
    np.testing.assert_allclose(task.actions_for(target)[[0, 3]], 0.5, atol=1e-5)
    np.testing.assert_allclose(task.act(task.actions_for(target))[[0, 3]], target[[0, 3]], atol=1e-6)
    env.close()
