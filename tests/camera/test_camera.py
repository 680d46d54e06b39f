"""The camera as a tool: same bytes always, gray as luma, any size, clear refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ac_gym import channels
from ac_gym.camera import VIEWS, Camera, View, scene_of
from ac_gym.errors import AcGymError, ConfigError, UnknownNameError

Placed = Callable[..., tuple[Any, NDArray[np.float64]]]
SPREAD = [(float(s), float(o)) for s, o in zip(np.linspace(0.0, 4200.0, 24), np.linspace(-5.0, 5.0, 24), strict=True)]


@pytest.mark.parametrize("color", ["rgb", "gray"])
@pytest.mark.parametrize("view", list(VIEWS))
def test_same_bytes_whatever_the_threads_and_the_company(placed: Placed, view: str, color: str) -> None:
    world, frames = placed("ks_red_bull_ring-layout_gp", SPREAD)
    cameras = [Camera(world, view=view, size=(96, 72), color=color, threads=n) for n in (1, 2, 3, 7)]
    pictures = [camera.draw(frames) for camera in cameras]
    again = [camera.draw(frames) for camera in cameras]
    alone = np.concatenate([cameras[0].draw(frames[i : i + 1]) for i in range(len(frames))])
    for others in (*pictures[1:], *again, alone):
        np.testing.assert_array_equal(pictures[0], others)


def test_same_bytes_with_others_in_the_picture(placed: Placed) -> None:
    world, frames = placed("monza", [(100.0 + 6.0 * k, (-1.0) ** k * 2.0) for k in range(40)])
    one, many = Camera(world, size=(96, 72), threads=1), Camera(world, size=(96, 72), threads=5)
    np.testing.assert_array_equal(one.draw(frames, others=frames), many.draw(frames, others=frames))


def test_a_camera_without_a_world_takes_the_same_picture(placed: Placed) -> None:
    world, frames = placed("ks_laguna_seca", SPREAD)
    lent = Camera(scene_of(world.track, world.car), view="chase", racing_line=True)
    np.testing.assert_array_equal(lent.draw(frames), Camera(world, view="chase", racing_line=True).draw(frames))


@pytest.mark.parametrize("view", list(VIEWS))
def test_gray_is_the_luma_of_the_colours(placed: Placed, view: str) -> None:
    world, frames = placed("monza", SPREAD)
    gray = Camera(world, view=view, size=(320, 240), color="gray").draw(frames, others=frames)
    rgb = Camera(world, view=view, size=(320, 240)).draw(frames, others=frames)
    luma = rgb @ np.array([0.299, 0.587, 0.114])
    assert gray.shape == (*rgb.shape[:3], 1)
    assert np.abs(gray[..., 0] - luma).max() <= 3.0, "each blended edge rounds"
    assert np.abs(gray[..., 0] - luma).mean() < 0.5


@pytest.mark.parametrize("view", list(VIEWS))
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 3), (85, 83), (641, 2), (3, 500), (1920, 1080)])
def test_any_size(placed: Placed, view: str, size: tuple[int, int]) -> None:
    world, frames = placed("monza", SPREAD[:2])
    for color, channel_count in (("rgb", 3), ("gray", 1)):
        camera = Camera(world, view=view, size=size, color=color)
        filled = np.full((2, size[1], size[0], channel_count), 7, np.uint8)
        assert camera.draw(frames, filled) is filled
        np.testing.assert_array_equal(filled, camera.draw(frames, np.full_like(filled, 250)), "every pixel is drawn")


@pytest.mark.parametrize("view", list(VIEWS))
def test_a_small_picture_is_a_large_one_from_afar(placed: Placed, view: str) -> None:
    world, frames = placed("ks_red_bull_ring-layout_gp", SPREAD)
    small = Camera(world, view=view, size=(84, 84)).draw(frames).astype(float)
    large = Camera(world, view=view, size=(672, 672)).draw(frames).astype(float)
    averaged = large.reshape(len(frames), 84, 8, 84, 8, 3).mean(axis=(2, 4))
    assert np.abs(small - averaged).mean() < 5.0


def test_pictures_can_go_into_a_larger_array(placed: Placed) -> None:
    """As into one layer of a stack of frames; what lies between stays as it is."""
    world, frames = placed("monza", SPREAD[:3])
    camera = Camera(world, size=(40, 30), color="gray")
    stack = np.full((3, 4, 30, 40, 1), 9, np.uint8)
    camera.draw(frames, stack[:, 2])
    np.testing.assert_array_equal(stack[:, 2], camera.draw(frames))
    assert (stack[:, [0, 1, 3]] == 9).all()


def test_no_frames_no_pictures(placed: Placed) -> None:
    world, frames = placed("monza", SPREAD[:1])
    assert Camera(world).draw(frames[:0]).shape == (0, 480, 640, 3)
    camera = Camera(world)
    np.testing.assert_array_equal(camera.draw(frames, others=frames[:0]), camera.draw(frames))


def test_wild_places_and_attitudes_still_make_pictures(placed: Placed) -> None:
    world, frames = placed("monza", SPREAD)
    rng = np.random.default_rng(0)
    for name, most in (("world_position", 1e5), ("yaw", 10.0), ("pitch", 3.0), ("roll", 3.0), ("speed", 1e3)):
        columns = channels.COLUMNS[name]
        frames[:, columns] += rng.uniform(-most, most, frames[:, columns].shape)
    for view in (*VIEWS.values(), View(forward=3.0, up=0.2, pitch=60.0, fov=120.0), View(0.0, 900.0, -80.0, 20.0)):
        assert Camera(world, view=view, size=(64, 48)).draw(frames, others=frames).shape == (24, 48, 64, 3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"view": "cokpit"}, "did you mean cockpit"),
        ({"color": "grey"}, "did you mean gray"),
        ({"size": (0, 480)}, "1 to 8192 pixels a side, not 0 x 480"),
        ({"size": (640, 9000)}, "640 x 9000"),
        ({"size": 84}, r"\(width, height\), not 84"),
        ({"size": (84, 84, 3)}, r"\(width, height\)"),
        ({"view": (0.0, -1.0, 0.0, 60.0)}, "View.up must be 0.1 to 5000, is -1"),
        ({"view": (0.0, 1.0, 0.0, 180.0)}, "View.fov must be 1 to 150"),
        ({"view": (0.0, 1.0, float("nan"), 60.0)}, "View.pitch must be -90 to 90, is nan"),
    ],
)
def test_wrong_settings_are_told_in_one_line(placed: Placed, settings: dict[str, Any], message: str) -> None:
    world, _ = placed("monza", SPREAD[:1])
    if isinstance(numbers := settings.get("view"), tuple):
        settings = {"view": View(*numbers)}
    with pytest.raises(AcGymError, match=message) as caught:
        Camera(world, **settings)
    assert isinstance(caught.value, ConfigError | UnknownNameError)
    assert "\n" not in str(caught.value)


def test_wrong_arrays_are_told_in_one_line(placed: Placed) -> None:
    world, frames = placed("monza", SPREAD[:2])
    camera = Camera(world, size=(40, 30))
    with pytest.raises(ValueError, match=r"frames must have shape \(N, 140\), have \(140,\)"):
        camera.draw(frames[0])
    with pytest.raises(ValueError, match="others must have shape"):
        camera.draw(frames, others=frames[:, :100])
    for out in (np.zeros((2, 30, 40, 1), np.uint8), np.zeros((2, 30, 40, 3)), np.zeros((1, 30, 40, 3), np.uint8)):
        with pytest.raises(ValueError, match=r"out must be uint8 of shape \(2, 30, 40, 3\)"):
            camera.draw(frames, out)
    with pytest.raises(ValueError, match="each picture in one piece"):
        camera.draw(frames, np.zeros((2, 30, 80, 3), np.uint8)[:, :, ::2])
    read_only = np.zeros((2, 30, 40, 3), np.uint8)
    read_only.flags.writeable = False
    with pytest.raises(ValueError, match="writable"):
        camera.draw(frames, read_only)
    for name in ("world_position", "yaw", "pitch", "roll"):
        broken = frames.copy()
        broken[1, channels.COLUMNS[name].start] = np.nan
        with pytest.raises(ValueError, match="row 1 of frames has no finite position"):
            camera.draw(broken)
        with pytest.raises(ValueError, match="row 1 of others"):
            camera.draw(frames, others=broken)
