"""Pictures of the running game as an observation: of which state, how old, how long they are waited for."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from ac_gym import channels
from ac_gym.capture import Frame, PictureWriter
from ac_gym.channels import COLUMNS
from ac_gym.envs import AssettoCorsaEnv, sight
from ac_gym.envs.pixels import Pixels
from ac_gym.envs.settings import ObservationSettings
from ac_gym.errors import AcGymError, CaptureError, CaptureTimeoutError, ConfigError, NoPicturesError

RATE = 25.0


@pytest.fixture
def name() -> str:
    return f"ac_gym_test.{os.getpid()}.{uuid.uuid4().hex[:8]}"


@pytest.fixture
def writer(name: str) -> Iterator[PictureWriter]:
    with PictureWriter(name) as writer:
        yield writer


class Game:
    """A world whose states come when the test says so."""

    count, control_rate = 1, RATE

    def __init__(self) -> None:
        self.frames = np.zeros((1, channels.WIDTH))
        self.state(1)

    def state(self, number: int, ago: float = 0.0) -> None:
        """State `number` has come, `ago` s before now."""
        self.frames[0, COLUMNS["packet_id"].start] = number
        self.state_time = time.perf_counter() - ago


def pixels(world: Any, name: str | None = None, **settings: Any) -> Pixels:
    chosen = {"pictures": "shm", "obs_size": (16, 12), "obs_color": "rgb"} | settings
    return Pixels(world, ObservationSettings(observation="pixels", pictures_name=name, **chosen), 1)


def plain(level: int, width: int = 16, height: int = 12) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


def level(seen: Pixels) -> int:
    """Of the one colour that the newest picture has."""
    low, high = seen.pictures[0].min(), seen.pictures[0].max()
    assert low == high
    return int(high)


def test_the_picture_of_the_states_number_is_taken(writer: PictureWriter, name: str) -> None:
    game = Game()
    writer.write(plain(10), number=1, time=time.perf_counter())
    seen = pixels(game, name)
    seen.begin()
    assert (level(seen), seen.age) == (10, 0.0)
    for number in (3, 5, 7):
        writer.write(plain(number), number=number, time=time.perf_counter())
        game.state(number)
        seen.take()
        assert (level(seen), seen.age) == (number, 0.0)
    seen.close()


def test_a_newer_picture_will_do_and_its_age_is_told(writer: PictureWriter, name: str) -> None:
    game = Game()
    writer.write(plain(1), number=1)
    seen = pixels(game, name)
    seen.begin()
    game.state(3)
    writer.write(plain(50), number=5, time=game.state_time + 0.004)
    seen.take()
    assert level(seen) == 50
    assert seen.age == pytest.approx(-0.004)


def test_where_none_comes_in_time_the_last_is_given_and_its_age_told(writer: PictureWriter, name: str) -> None:
    game = Game()
    writer.write(plain(1), number=1, time=game.state_time)
    seen = pixels(game, name)
    seen.begin()
    shown = game.state_time
    game.state(3)
    seen.take()
    assert level(seen) == 1
    assert seen.age == pytest.approx(game.state_time - shown)
    game.state_time += 2.0  # of the game, without a picture
    with pytest.raises(CaptureTimeoutError, match=r"no new picture of .* for \d\.\d s, though the game goes on"):
        seen.take()


class Source:
    """Notes what it is asked for; a picture comes only where an episode begins."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, float]] = []

    def get_frame(self, wait: bool, timeout: float, out: np.ndarray | None = None, at_least: int = 0) -> Frame:
        self.asked.append((at_least, timeout))
        if at_least > 1:
            raise CaptureTimeoutError("none")
        return Frame(np.zeros((12, 16, 3), np.uint8) if out is None else out, 1, time.perf_counter())

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def test_no_wait_comes_near_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A state that is read late has used up its time: its picture is not waited for at all."""
    source = Source()
    monkeypatch.setattr(sight, "open_source", lambda *_, **__: source)
    game = Game()
    seen = pixels(game)
    seen.begin()
    for ago in (0.0, 0.5 / RATE, 1.0):
        source.asked.clear()
        game.state(3, ago)
        seen.take()
        (number, timeout), (any_number, at_once) = source.asked
        assert (number, any_number, at_once) == (3, 0, 0.0)
        assert 0.0 <= timeout <= max(0.5 / RATE - ago, 0.0)


@pytest.mark.parametrize("kind", ["csp", "screen"])
def test_pictures_without_the_games_numbers_are_told_apart_by_time(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source()
    monkeypatch.setattr(sight, "open_source", lambda *_, **__: source)
    game = Game()
    seen = pixels(game, pictures=kind)
    seen.begin()
    game.state(77, ago=0.01)
    seen.take()
    assert {number for number, _ in source.asked} == {0}, "their count has nothing to do with the state"
    assert -0.5 < seen.age < -0.009  # it was taken after the state


def test_a_publisher_that_ends_is_one_clear_line(writer: PictureWriter, name: str) -> None:
    game = Game()
    writer.write(plain(1), number=1)
    seen = pixels(game, name)
    seen.begin()
    writer.close()
    game.state(3)
    with pytest.raises(NoPicturesError, match=name) as caught:
        seen.take()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("number", [100, 100_000])
def test_pictures_of_another_game_are_found_out(
    writer: PictureWriter, name: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sight, "_BEGIN_S", 0.05)
    game = Game()
    game.state(5000)
    writer.write(plain(1), number=number)
    with pytest.raises(CaptureError, match=rf"frame {number}, and the game is at frame 5000.*pictures=drawn") as caught:
        pixels(game, name).begin()
    assert "\n" not in str(caught.value)


def test_the_middle_with_the_wanted_proportions_is_taken(writer: PictureWriter, name: str) -> None:
    picture = plain(9, 64, 24)
    picture[:, 16:48] = 200
    writer.write(picture, number=1)
    seen = pixels(Game(), name)
    seen.begin()
    assert level(seen) == 200
    part = pixels(Game(), name, pictures_region=(0, 0, 16, 24))
    part.begin()
    assert level(part) == 9
    assert sight.middle(640, 480, (84, 84)) == (80, 0, 480, 480)
    assert sight.middle(100, 300, (200, 100)) == (0, 125, 100, 50)


def test_stacks_hold_the_games_pictures_oldest_first(writer: PictureWriter, name: str) -> None:
    game = Game()
    writer.write(plain(1), number=1)
    seen = pixels(game, name, obs_stack=3, obs_color="gray")
    seen.begin()
    assert seen.space.shape == seen.pictures.shape[1:] == (3, 12, 16, 1)
    for number in (3, 5):
        writer.write(plain(number), number=number)
        game.state(number)
        seen.take(renew=True)
    assert seen.pictures[0, :, 0, 0, 0].tolist() == [1, 3, 5]


def test_without_a_publisher_they_are_drawn_unless_asked_for(name: str) -> None:
    game: Any = Game()
    with pytest.raises(NoPicturesError, match=name):
        pixels(game, name)
    world = AssettoCorsaEnv("indianapolis_sp").session.world
    for each in ("track", "car", "native_track"):
        setattr(game, each, getattr(world, each))
    seen = pixels(game, name, pictures="auto", obs_color="gray")
    game.frames[:] = world.frames
    seen.begin()
    assert seen.age == 0.0
    assert seen.pictures.any()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"pictures": "shm"}, "those of the running game; this world's are drawn"),
        ({"pictures": "smh"}, "unknown pictures 'smh'; did you mean shm"),
        ({"pictures_region": (1, 2)}, "x, y, width, height, not"),
    ],
)
def test_wrong_settings_are_one_line(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(AcGymError, match=message) as caught:
        AssettoCorsaEnv("indianapolis_sp", observation="pixels", **settings)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, ConfigError) or "unknown" in message
