"""The picture from above."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from ac_gym.envs import AssettoCorsaEnv, AssettoCorsaVectorEnv
from ac_gym.envs import scenery as look
from ac_gym.envs.rendering import Renderer

pytest.importorskip("pygame")

TRACK = "ks_laguna_seca"


@pytest.fixture(scope="module")
def env() -> Iterator[AssettoCorsaEnv]:
    env = AssettoCorsaEnv(TRACK, "bmw_z4_gt3", render_mode="rgb_array")
    env.reset(seed=1)
    yield env
    env.close()


def picture_at(env: AssettoCorsaEnv, **start: float) -> np.ndarray:
    env.reset(seed=1, options=start)
    picture = env.render()
    assert picture is not None
    return picture


def colour_at(env: AssettoCorsaEnv, picture: np.ndarray, s: float, offset: float) -> np.ndarray:
    """Colour of the picture at a place of the circuit, whatever the camera does: found on the map and projected."""
    track = env.session.world.track
    i = round(s / track.step_m) % len(track.s)
    place = np.array([np.array(track.points(offset))[:, i]])
    renderer: Renderer = env._renderer
    x, y = renderer.camera(0).pixels(place)[0]
    return picture[round(y), round(x)].astype(int)


def near(colour: np.ndarray, *expected: tuple[int, int, int]) -> bool:
    return any(np.abs(colour - one).max() <= 12 for one in expected)


def test_shape_and_type(env: AssettoCorsaEnv) -> None:
    picture = picture_at(env, s=500.0)
    assert picture.shape == (480, 640, 3)
    assert picture.dtype == np.uint8
    assert picture.flags.writeable


def test_the_same_state_gives_the_same_picture(env: AssettoCorsaEnv) -> None:
    first = picture_at(env, s=500.0, speed=30.0)
    np.testing.assert_array_equal(first, picture_at(env, s=500.0, speed=30.0))


def test_pictures_are_copies_and_change_when_the_car_moves(env: AssettoCorsaEnv) -> None:
    before = picture_at(env, s=500.0, speed=30.0)
    kept = before.copy()
    for _ in range(3):
        env.step(np.zeros(3, np.float32))
    after = env.render()
    assert after is not None
    np.testing.assert_array_equal(before, kept)
    # Not only the instruments: the ground of the upper half beside the panels has moved too.
    assert (after[120:300] != before[120:300]).any(axis=-1).mean() > 0.01


@pytest.mark.parametrize("s", [100.0, 900.0, 2000.0, 3550.0])
def test_road_is_asphalt_and_beside_it_is_not(env: AssettoCorsaEnv, s: float) -> None:
    picture = picture_at(env, s=s)
    track = env.session.world.track
    ahead = s + 12.0
    i = round(ahead / track.step_m) % len(track.s)
    side = -1.0 if track.line_offset[i] > 0 else 1.0  # the half of the road without the racing line
    width, wall = (track.width_left, track.wall_left) if side > 0 else (track.width_right, track.wall_right)
    kerb = (track.kerb_left if side > 0 else track.kerb_right)[i]
    assert near(colour_at(env, picture, ahead, side * 0.7 * width[i]), look.ASPHALT, look.RUBBER)
    beside = side * 0.5 * (width[i] + kerb + wall[i])
    assert near(colour_at(env, picture, ahead, beside), look.GRASS, look.GRASS_LIGHT, look.GRAVEL_COLOUR)


def test_the_picture_has_no_gap_at_the_start_line(env: AssettoCorsaEnv) -> None:
    length = env.session.world.track.length_m
    picture = picture_at(env, s=length - 15.0)
    track = env.session.world.track
    for beyond in (-4.0, 4.0, 12.0):
        i = round((length + beyond) / track.step_m) % len(track.s)
        offset = -0.7 * track.width_right[i] if track.line_offset[i] > 0 else 0.7 * track.width_left[i]
        assert near(colour_at(env, picture, length + beyond, offset), look.ASPHALT, look.RUBBER)


def test_wheels_turn_with_the_steering(env: AssettoCorsaEnv) -> None:
    def car_pixels() -> np.ndarray:
        picture = picture_at(env, s=500.0)
        env._renderer.telemetry["steer_angle"][0] = angle
        turned = env.render()
        assert turned is not None
        x, y = (round(v) for v in env._renderer.camera(0).centre)
        return (turned != picture)[y - 30 : y + 30, x - 20 : x + 20]

    angle = 300.0
    assert car_pixels().any()


def test_every_car_of_a_batch_has_its_picture() -> None:
    env = AssettoCorsaVectorEnv(2, TRACK, render_mode="rgb_array")
    env.reset(seed=0)
    first, second = env.render() or ()
    assert (first != second).any()
    env.close()


def test_drawing_does_not_change_the_driving() -> None:
    rows = []
    for mode in (None, "rgb_array"):
        env = AssettoCorsaEnv(TRACK, render_mode=mode)
        env.reset(seed=3)
        for _ in range(10):
            observation, *_ = env.step(np.array([0.1, 1.0, -1.0], np.float32))
            if mode:
                env.render()
        rows.append(observation)
        env.close()
    np.testing.assert_array_equal(*rows)


def test_a_closed_window_ends_the_pictures_and_not_the_driving(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    import pygame

    env = AssettoCorsaEnv(TRACK, render_mode="human")
    env.metadata["render_fps"] = 1000
    env.reset(seed=0)
    assert pygame.display.get_surface().get_size() == (640, 480)
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    with pytest.warns(UserWarning, match="driving goes on"):
        env.step(np.zeros(3, np.float32))
    assert not pygame.display.get_init()
    env.step(np.zeros(3, np.float32))
    assert not pygame.display.get_init()
    env.close()


def test_without_pygame_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygame", None)
    env: Any = AssettoCorsaEnv(TRACK, render_mode="rgb_array")
    env.reset(seed=0)
    with pytest.raises(gym.error.DependencyNotInstalled, match=r'pip install "ac_gym\[human\]"') as caught:
        env.render()
    assert "\n" not in str(caught.value)
