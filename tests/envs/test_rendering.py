"""The pictures of the environments: the camera's, with instruments over them. What the camera shows: tests/camera."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from ac_gym.camera import VIEWS, Camera
from ac_gym.envs import AssettoCorsaEnv, AssettoCorsaVectorEnv
from ac_gym.errors import ConfigError, UnknownNameError

TRACK = "ks_laguna_seca"


def picture_at(env: AssettoCorsaEnv, **start: float) -> np.ndarray:
    env.reset(seed=1, options=start)
    picture = env.render()
    assert picture is not None
    return picture


@pytest.fixture
def env() -> Iterator[AssettoCorsaEnv]:
    env = AssettoCorsaEnv(TRACK, render_mode="rgb_array")
    env.reset(seed=1)
    yield env
    env.close()


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
    # Not only the instruments: the ground between the panels has moved too.
    assert (after[150:390] != before[150:390]).any(axis=-1).mean() > 0.01


@pytest.mark.parametrize("view", list(VIEWS))
def test_without_instruments_it_is_the_cameras_picture(view: str) -> None:
    env = AssettoCorsaEnv(
        TRACK, render_mode="rgb_array", render_view=view, render_size=(200, 150), render_hud=False, render_line=False
    )
    picture = picture_at(env, s=900.0, speed=20.0)
    camera = Camera(env.session.world, view=view, size=(200, 150), bonnet=True)
    np.testing.assert_array_equal(picture, camera.draw(env.telemetry.frames)[0])
    env.close()


def test_instruments_tell_lap_gear_pedals_and_steering(env: AssettoCorsaEnv) -> None:
    pytest.importorskip("pygame")
    picture = picture_at(env, s=500.0)
    bare = AssettoCorsaEnv(TRACK, render_mode="rgb_array", render_hud=False)
    drawn = (picture != picture_at(bare, s=500.0)).any(axis=-1)
    bare.close()
    dash = drawn[400:, 180:460]
    assert dash.mean() > 0.5
    assert drawn[:80, :150].any()
    assert drawn[:160, 480:].any()
    assert not drawn[170:390].any()
    for name, value in (("steer_angle", 300.0), ("throttle", 1.0), ("gear", 5.0), ("speed", 61.0), ("rpm", 7000.0)):
        env.telemetry[name][0] = value
        changed = env.render()
        assert changed is not None
        assert (changed != picture)[400:].any(), name
        assert not (changed != picture)[170:390].any(), "nothing but the instrument"
        picture = changed


def test_every_car_of_a_batch_has_its_picture() -> None:
    env = AssettoCorsaVectorEnv(3, TRACK, render_mode="rgb_array", render_size=(160, 120))
    env.reset(seed=0)
    pictures = env.render()
    assert pictures is not None
    assert len(pictures) == 3
    single = AssettoCorsaEnv(TRACK, render_mode="rgb_array", render_size=(160, 120))
    single.reset(seed=0)
    np.testing.assert_array_equal(pictures[0], single.render())
    assert (pictures[0] != pictures[1]).any()
    env.close(), single.close()


def test_cars_of_a_batch_see_each_other_where_asked() -> None:
    pictures = {}
    for asked in (False, True):
        env = AssettoCorsaVectorEnv(2, TRACK, render_mode="rgb_array", render_cars=asked, render_view="cockpit")
        env.reset(seed=0)
        for car, s in enumerate((100.0, 112.0)):
            env.session.world.place(car, s, 0.0, 0.0, 20.0)
        pictures[asked] = env.render()
        env.close()
    assert (pictures[True][0] != pictures[False][0]).any(), "the one behind sees the other"
    np.testing.assert_array_equal(pictures[True][1], pictures[False][1])


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
    pygame = pytest.importorskip("pygame")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    env = AssettoCorsaEnv(TRACK, render_mode="human", render_size=(320, 240))
    env.metadata["render_fps"] = 1000
    env.reset(seed=0)
    window = pygame.display.get_surface()
    assert window.get_size() == (320, 240)
    shown = np.frombuffer(pygame.image.tobytes(window, "RGB"), np.uint8).reshape(240, 320, 3)
    twin = AssettoCorsaEnv(TRACK, render_mode="rgb_array", render_size=(320, 240))
    twin.reset(seed=0)
    np.testing.assert_array_equal(shown, twin.render())
    twin.close()
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    with pytest.warns(UserWarning, match="driving goes on"):
        env.step(np.zeros(3, np.float32))
    assert not pygame.display.get_init()
    env.step(np.zeros(3, np.float32))
    assert not pygame.display.get_init()
    env.close()


def test_pictures_need_no_pygame_but_have_no_instruments_then(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = AssettoCorsaEnv(TRACK, render_mode="rgb_array", render_hud=False)
    expected = picture_at(bare, s=500.0)
    bare.close()
    monkeypatch.setitem(sys.modules, "pygame", None)
    env = AssettoCorsaEnv(TRACK, render_mode="rgb_array")
    np.testing.assert_array_equal(picture_at(env, s=500.0), expected)
    env.close()


def test_without_pygame_one_line_says_what_the_window_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygame", None)
    env: Any = AssettoCorsaEnv(TRACK, render_mode="human")
    with pytest.raises(gym.error.DependencyNotInstalled, match=r'pip install "ac_gym\[human\]"') as caught:
        env.reset(seed=0)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"render_view": "chaise"}, "did you mean chase"), ({"render_size": (640, 0)}, "not 640 x 0")],
)
def test_wrong_settings_are_refused_at_once(settings: dict[str, Any], message: str) -> None:
    with pytest.raises((ConfigError, UnknownNameError), match=message):
        AssettoCorsaEnv(TRACK, render_mode="rgb_array", **settings)
