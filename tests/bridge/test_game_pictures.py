"""`world="game"` with pictures, through plugin, host, shared memory and client."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from serving import Served, serving

import ac_gym
from ac_gym.camera import Camera, scene_of
from ac_gym.car import load_car
from ac_gym.track import load_track

TRACK, CAR = "indianapolis_sp", "dallara_f317"  # banked: the game's pitch and roll are not the body's alone
NAME = f"ac_gym_test.{uuid.uuid4().hex[:8]}"
SIZE = (64, 48)
PIXELS: dict[str, Any] = {"obs_size": SIZE, "obs_color": "rgb", "pictures_name": NAME, "use_relative_actions": False}
DRIVING = np.array([0.0, 0.6, -1.0], np.float32)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    published = ("--pictures", f"{SIZE[0]}x{SIZE[1]}", "--pictures-name", NAME)
    with serving("--track", TRACK, "--car", CAR, "--speed=max", "--reset=random", "--patience=20", *published) as host:
        yield host
        host.stop()  # a kill would leave its pictures in shared memory


def made(served: Served, **settings: Any) -> Any:
    return gym.make(ac_gym.ENV_ID, track=TRACK, car=CAR, **served.settings(**(PIXELS | settings))).unwrapped


@pytest.mark.parametrize("pictures", ["auto", "shm", "drawn"])
def test_pictures_are_those_of_the_state(served: Served, pictures: str) -> None:
    """Byte for byte what the camera draws from it: published ones on the host's own track, drawn ones on the track that
    the game told of."""
    env = made(served, observation="pixels", pictures=pictures)
    scene = env.session.world if pictures == "drawn" else scene_of(load_track(TRACK), load_car(CAR))
    camera = Camera(scene, size=SIZE)
    seen, _ = env.reset(seed=1)
    for _ in range(15):
        np.testing.assert_array_equal(seen, camera.draw(env.session.world.frames)[0])
        seen, _, terminated, truncated, info = env.step(DRIVING)
        assert info["picture_age"] == 0.0
        assert not terminated
        assert not truncated
    env.close()


@pytest.mark.parametrize("observation", ["pixels", "both"])
def test_spaces_are_those_of_the_simulator(served: Served, observation: str) -> None:
    shape = {"observation": observation, "obs_stack": 3, "obs_color": "gray", "obs_size": (20, 20)}
    simulated = gym.make(ac_gym.ENV_ID, track=TRACK, car=CAR, **shape)
    for pictures in ("shm", "drawn"):
        env = made(served, pictures=pictures, **shape)
        assert env.observation_space == simulated.observation_space
        assert env.observation_space.contains(env.reset()[0])
        env.close()


def test_where_nobody_publishes_it_is_one_clear_line_and_the_game_is_left(served: Served) -> None:
    for _ in range(2):  # again: the first left the place at the wheel
        with pytest.raises(ac_gym.errors.NoPicturesError, match="nobody publishes pictures as 'nobody'"):
            made(served, observation="pixels", pictures="shm", pictures_name="nobody")
