"""What is driven through plugin, host and client is what is driven in process."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from serving import Served, serving

import ac_gym
from ac_gym import channels
from ac_gym.car import load_car
from ac_gym.channels import CHANNELS, COLUMNS
from ac_gym.drivers import LineFollower
from ac_gym.envs import AssettoCorsaEnv, AssettoCorsaVectorEnv
from ac_gym.evaluation import drive_laps
from ac_gym.task import Task
from ac_gym.track import load_track
from ac_gym.worlds import GameSettings, SimulatedWorld, SimulationSettings
from ac_gym.worlds.game import GameWorld

TRACK, CAR = "indianapolis_sp", "dallara_f317"
NEUTRAL = np.array([[0.0, -1.0, -1.0, 0.0]], np.float32)
OF_ITS_OWN = ("steps", "timestamp_ac", "total_errors_out_of_sync", "packet_id", "distance_travelled")
NOT_PUBLISHED = tuple(channel.name for channel in CHANNELS if channel.source == "simulator only")


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving("--track", TRACK, "--car", CAR, "--speed=max", "--reset=line", "--seed=3") as host:
        yield host


def game_world(served: Served) -> GameWorld:
    settings = served.settings()
    del settings["world"]
    return GameWorld(TRACK, CAR, GameSettings(**settings))


def on_the_joystick(controls: np.ndarray) -> np.ndarray:
    """Controls as a joystick with 2**14 positions a unit can hold them."""
    return (np.round(controls * 16384.0) / 16384.0).astype(np.float32)


def driving(step: int) -> np.ndarray:
    """Full throttle, then weaving, then braking: every channel moves."""
    steer = 0.05 * np.sin(0.15 * step)
    throttle, brake = (1.0, -1.0) if step % 250 < 200 else (-1.0, -0.2)
    return on_the_joystick(np.array([[steer, throttle, brake, 0.0]]))


def test_channels_are_those_of_the_simulator(served: Served) -> None:
    """Same start, same controls: every channel that the game publishes, to single precision and whole milliseconds."""
    world = game_world(served)
    world.reset()
    frames_ago = round(world.frames[0, COLUMNS["current_time"]][0] / 20.0)  # at 50 frames a second
    twin = SimulatedWorld(load_track(TRACK), load_car(CAR), 1, SimulationSettings(start="line"), control_rate=50.0)
    twin.reset()
    for _ in range(frames_ago):
        twin.step(NEUTRAL)
    compared = [c for c in CHANNELS if c.name not in OF_ITS_OWN + NOT_PUBLISHED]
    assert len(compared) > 50
    for step in range(500):
        world.step(driving(step))
        for _ in range(2):
            twin.step(driving(step))
        for channel in compared:
            ours, theirs = world.frames[0, COLUMNS[channel.name]], twin.frames[0, COLUMNS[channel.name]]
            atol = 0.51 if channel.unit == "ms" else 1e-6
            np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=atol, err_msg=f"{channel.name}, step {step}")
    assert world.frames[0, COLUMNS["distance_travelled"]][0] > 200.0
    assert world.frames.shape == (1, channels.WIDTH)
    info = world.info()
    world.close()
    assert info["packets_lost"] == info["packets_late"] == 0


def test_observations_and_rewards_are_those_of_the_simulators_track(served: Served) -> None:
    """The same frames judged on the game's track, which came as points every 1.5 m, and on the one it was made from."""
    env = AssettoCorsaEnv(TRACK, CAR, **served.settings(use_relative_actions=False))
    world = SimulatedWorld(load_track(TRACK), load_car(CAR), 1)
    world.frames = env.session.world.frames
    twin = Task(world, env.session.task.settings)
    driver = LineFollower(load_track(TRACK), load_car(CAR), pace=0.9)
    observation, _ = env.reset()
    twin.begin()
    differences, rewards = [], []
    for _ in range(1000):
        differences.append(np.abs(observation - twin.observation[0]))
        action = driver(env.telemetry)[:, :3]
        twin.act(action)
        observation, reward, terminated, _, _ = env.step(action[0])
        assert not terminated
        twin.observe()
        rewards.append((reward, twin.reward[0]))
    env.close()
    assert np.mean(differences, axis=0).max() < 0.01  # of the scales: 0.1 m of the gap, 2 m of a ray
    assert np.mean(differences) < 0.001
    got, expected = np.transpose(rewards)
    assert got.sum() == pytest.approx(expected.sum(), rel=0.005)


def test_lap_times_agree(served: Served) -> None:
    world = game_world(served)
    driver = LineFollower(world.track, world.car, pace=0.9)
    ours = drive_laps(driver, track=TRACK, car=CAR, laps=2, world=world)
    world.close()
    twin = LineFollower(load_track(TRACK), load_car(CAR), pace=0.9)
    theirs = drive_laps(twin, track=TRACK, car=CAR, laps=2)
    assert [lap.clean for lap in ours.laps] == [lap.clean for lap in theirs.laps] == [True, True]
    assert ours.best_s == pytest.approx(theirs.best_s, rel=0.005)
    assert ours.limit_s == pytest.approx(theirs.limit_s, rel=0.01)


class Timeless(AssettoCorsaEnv):
    """Without what no seed determines: how well real time was kept."""

    def _info(self) -> dict[str, Any]:
        return {name: value for name, value in super()._info().items() if name not in self.session.world.info()}


def test_gymnasium_finds_nothing_to_complain_of(served: Served) -> None:
    env = Timeless(TRACK, CAR, **served.settings())
    with warnings.catch_warnings(record=True) as said:
        check_env(env, skip_render_check=True)
    env.close()
    assert [str(warning.message) for warning in said] == []


def test_info_tells_how_real_time_was_kept(served: Served) -> None:
    env = gym.make(ac_gym.ENV_ID, track=TRACK, car=CAR, **served.settings())
    env.reset(seed=1)
    *_, info = env.step(np.zeros(3, np.float32))
    env.close()
    assert info["packets_lost"] == info["deadline_misses"] == 0
    assert 0.0 < info["state_age"] < 1.0


def test_two_halves_of_a_step_make_a_step(served: Served) -> None:
    env = AssettoCorsaVectorEnv(1, TRACK, CAR, **served.settings())
    env.reset()
    action = np.array([[0.0, 1.0, -1.0]], np.float32)
    for _ in range(50):
        env.send(action)
        observation, _, terminated, truncated, info = env.receive()
    assert observation[0, 0] > 0.05  # it drives
    assert not terminated[0]
    assert not truncated[0]
    assert info["packets_lost"].shape == (1,)
    env.close()
