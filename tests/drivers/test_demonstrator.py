"""The demonstrator drives a task through its actions: on the road, at several paces, alike for the same seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ac_gym.drivers import Demonstrator
from ac_gym.envs.session import Session

CARS = 16


def session(**settings: Any) -> Session:
    defaults = {"track": "ks_red_bull_ring-layout_gp", "car": "bmw_z4_gt3", "start_speed": (0.6, 0.8)}
    made = Session(CARS, **{**defaults, **settings})
    made.seed(4)
    made.reset()
    return made


def drive(made: Session, driver: Demonstrator, steps: int) -> NDArray[np.float32]:
    """Actions (steps, N, A)."""
    actions = []
    for _ in range(steps):
        actions.append(driver(made.task.observation))
        made.step(actions[-1])
    return np.array(actions)


def test_actions_are_within_bounds() -> None:
    made = session(start_offset=4.0, start_heading=0.5)
    actions = drive(made, Demonstrator(made.task, noise=(0.0, 0.5, 3.0)), 50)
    assert actions.shape == (50, CARS, 3)
    assert actions.dtype == np.float32
    assert np.abs(actions).max() == 1.0


@pytest.mark.parametrize("relative", [True, False])
def test_without_noise_the_cars_stay_on_the_road(relative: bool) -> None:
    made = session(use_relative_actions=relative)
    driver = Demonstrator(made.task, noise=(0.0,))
    for _ in range(500):  # 20 s
        made.step(driver(made.task.observation))
        assert made.telemetry["tyres_out"].max() <= 2
        assert made.task.terminated.sum() == 0
    assert np.abs(made.telemetry["gap"]).max() < 1.5
    assert made.telemetry["distance_travelled"].min() > 400.0


def test_paces_differ() -> None:
    """The same start for all: more pace is further, group by group."""
    made = session(start="line")
    drive(made, Demonstrator(made.task, paces=(0.6, 0.8, 0.95), noise=(0.0,)), 600)
    groups = np.array_split(made.telemetry["distance_travelled"], 3)
    assert all(np.ptp(group) < 1.0 for group in groups)
    slow, middle, fast = (group.mean() for group in groups)
    assert slow < 0.97 * middle < 0.97 * 0.99 * fast


def test_noise_is_shared_out_among_the_cars() -> None:
    made, plain = session(use_relative_actions=False), session(use_relative_actions=False)
    noise = (0.0, 0.05, 0.1, 0.2)
    driver, quiet = Demonstrator(made.task, noise=noise), Demonstrator(plain.task, noise=(0.0,))
    # The same moment again and again. Absolute steering is far from its bounds, so no noise is cut off there.
    spread = [driver(made.task.observation)[:, 0] - quiet(plain.task.observation)[:, 0] for _ in range(200)]
    np.testing.assert_allclose(np.std(spread, axis=0), np.resize(noise, CARS), atol=1e-6, rtol=0.25)


def test_seed_reproduces() -> None:
    runs = []
    for seed in (1, 1, 2):
        made = session()
        runs.append(drive(made, Demonstrator(made.task, seed=seed), 40))
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


def test_fewer_cars_than_paces_drive_the_first() -> None:
    made = Session(2, track="indianapolis_sp", car="dallara_f317", start="line")
    made.reset()
    driver = Demonstrator(made.task)
    for _ in range(50):
        made.step(driver(made.task.observation))
    assert made.telemetry["speed"].min() > 5.0
