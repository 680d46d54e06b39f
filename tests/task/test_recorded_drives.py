"""A recorded drive judged whole is judged as it was step by step."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ac_gym import channels
from ac_gym.car import load_car
from ac_gym.drivers import LineFollower
from ac_gym.errors import ConfigError
from ac_gym.task import Ending, Task, TaskSettings
from ac_gym.track import load_track
from ac_gym.worlds import RecordedWorld, SimulatedWorld, SimulationSettings

CARS, STEPS = 3, 120
SETTINGS = TaskSettings(use_target_speed=True, use_obs_extra=True, max_gap=1.0)


class Driven:
    """What a task said of cars in the simulator, step by step; arrays (steps + 1, cars, ...)."""

    def __init__(self, settings: TaskSettings = SETTINGS) -> None:
        world = SimulatedWorld(load_track("monza"), load_car("bmw_z4_gt3"), CARS, SimulationSettings(start_offset=6.0))
        task = Task(world, settings)
        driver = LineFollower(world.track, world.car)
        rng = np.random.default_rng(1)
        world.seed(3)
        world.reset()
        task.begin()
        rows = [self._row(task)]
        for _ in range(STEPS):
            actions = task.actions_for(driver(task.telemetry)) + rng.normal(0.0, 0.3, (CARS, 3))
            world.step(task.act(actions.astype(np.float32)))
            task.observe()
            rows.append(self._row(task))
        self.world = world
        (self.frames, self.controls, self.actions, self.observation, self.reward, self.terminated, self.situations) = (
            np.stack(column) for column in zip(*rows, strict=True)
        )

    @staticmethod
    def _row(task: Task) -> tuple[NDArray, ...]:
        t = task
        arrays = (t.world.frames, t.controls, t.actions, t.observation, t.reward, t.terminated, t.situations)
        return tuple(array.copy() for array in arrays)

    def recorded(self) -> RecordedWorld:
        return RecordedWorld(self.world.track, self.world.car, [self.frames[:, car] for car in range(CARS)])


@pytest.fixture(scope="module")
def driven() -> Driven:
    return Driven()


def _flat(array: NDArray) -> NDArray:
    """(steps + 1, cars, ...) to the drives of all cars one after another."""
    return np.concatenate([array[:, car] for car in range(CARS)])


def test_whole_recording_is_judged_as_it_was_driven(driven: Driven) -> None:
    world = driven.recorded()
    replay = Task(world, SETTINGS).replay(world.recorded, _flat(driven.controls), world.starts)
    np.testing.assert_array_equal(replay.observation, _flat(driven.observation))
    np.testing.assert_array_equal(replay.terminated, _flat(driven.terminated) != 0)
    np.testing.assert_array_equal(replay.telemetry.situations, _flat(driven.situations))
    np.testing.assert_array_equal(replay.reward, _flat(driven.reward))
    assert replay.terminated.any(), "nobody was far from the line: endings are not tested"


def test_actions_are_those_that_made_the_controls(driven: Driven) -> None:
    world = driven.recorded()
    controls = _flat(driven.controls)
    found = Task(world).replay(world.recorded, controls, world.starts).telemetry.actions
    given = np.clip(_flat(driven.actions), -1.0, 1.0)
    limits = np.array([world.car.steer_limit, 1.0, 1.0], np.float32)
    inside = np.abs(controls[:, :3]) < limits  # at a limit, nobody can tell how hard it was pushed
    np.testing.assert_allclose(found[inside], given[inside], atol=1e-5)
    assert inside.mean() > 0.5


def test_a_change_of_actions_costs_as_much_as_when_it_was_driven(driven: Driven) -> None:
    world, settings = driven.recorded(), TaskSettings(penalize_actions_diff=True, use_relative_actions=False)
    controls = _flat(driven.controls)
    plain = Task(world, TaskSettings(use_relative_actions=False)).replay(world.recorded, controls, world.starts).reward
    paid = Task(world, settings).replay(world.recorded, controls, world.starts).reward
    change = np.abs(np.diff(controls[:, :3], axis=0, prepend=0.0)).mean(axis=1)
    after_first = np.ones(len(plain), bool)
    after_first[world.starts] = after_first[world.starts + 1] = False
    np.testing.assert_allclose((plain - paid)[after_first], 0.1 * change[after_first], atol=1e-6)


def test_recorded_world_steps_through_the_same_frames(driven: Driven) -> None:
    world = driven.recorded()
    task = Task(world, SETTINGS)
    world.reset()
    task.begin()
    for step in range(1, STEPS + 1):
        assert not world.ended.any()
        world.step(task.controls)
        task.observe()
        np.testing.assert_array_equal(world.frames, driven.frames[step])
        np.testing.assert_array_equal(task.observation, driven.observation[step])
    assert world.ended.all()


def test_reset_of_one_car_begins_its_recording_again(driven: Driven) -> None:
    world = driven.recorded()
    for _ in range(3):
        world.step(np.empty(0, np.float32))
    world.step(np.empty(0, np.float32), np.array([0, 1, 0], np.uint8))
    np.testing.assert_array_equal(world.frames[1], driven.frames[0, 1])
    np.testing.assert_array_equal(world.frames[0], driven.frames[4, 0])


def test_absolute_actions_are_the_controls(driven: Driven) -> None:
    world = driven.recorded()
    task = Task(world, TaskSettings(use_relative_actions=False))
    replay = task.replay(world.recorded, _flat(driven.controls), world.starts)
    moved = np.ones(len(world.recorded), bool)
    moved[world.starts] = False
    np.testing.assert_array_equal(replay.telemetry.actions[moved], _flat(driven.controls)[moved, :3])


def test_a_limit_of_time_counts_anew_after_it_and_does_not_end_the_recording(driven: Driven) -> None:
    world = driven.recorded()
    task = Task(world, TaskSettings(max_episode_py_time=1.0, enable_out_of_track_termination=False))
    replay = task.replay(world.recorded, _flat(driven.controls), world.starts)
    first = replay.truncated[: STEPS + 1]
    np.testing.assert_array_equal(np.flatnonzero(first), [25, 50, 75, 100])


def test_terms_written_in_python_apply_to_whole_recordings(driven: Driven) -> None:
    world = driven.recorded()
    plain = Task(world).replay(world.recorded, _flat(driven.controls), world.starts)
    task = Task(
        world,
        reward_terms=[lambda t: -t["speed"]],
        endings=[lambda t: t["speed"] > 0.0],
        extra_observations=[lambda t: t["wheel_load"] / 1e4],
    )
    replay = task.replay(world.recorded, _flat(driven.controls), world.starts)
    later = np.ones(len(world.recorded), bool)
    later[world.starts] = False
    speed = world.recorded[:, channels.COLUMNS["speed"].start]
    np.testing.assert_allclose(replay.reward[later], (plain.reward - speed)[later])
    assert (replay.reward[world.starts] == 0.0).all()
    assert (replay.ending[later & (plain.ending == Ending.DRIVING)] == Ending.CUSTOM).all()
    assert replay.observation.shape == (len(world.recorded), 129)
    assert replay.observation.dtype == np.float32


def test_recordings_of_another_shape_are_refused() -> None:
    track, car = load_track("monza"), load_car("bmw_z4_gt3")
    with pytest.raises(ConfigError, match="at least one row"):
        RecordedWorld(track, car, [])
    with pytest.raises(ConfigError, match="arrays of frames"):
        RecordedWorld(track, car, [np.zeros((4, 3))])
