"""The stand-in's picture: of which frame, what it shows, and that no frame waits for it in real time."""

from __future__ import annotations

import math
import os
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from ac_gym.camera import Camera
from ac_gym.capture import Source, open_source
from ac_gym.channels import COLUMNS
from ac_gym.errors import AcGymError, CaptureError, NoPicturesError
from ac_gym.game.client import GameConnection
from ac_gym.standin import Host, PictureSettings
from ac_gym.telemetry.pages import GRAPHICS, page_name
from ac_gym.telemetry.shared_memory import SharedPage

MakeHost = Callable[..., Host]
SIZE = (64, 48)
LONG_S = 20.0  # for another thread to do its work on a busy machine
FULL_THROTTLE = (0.0, 1.0, -1.0, 0.0)


@pytest.fixture
def name() -> str:
    return f"ac_gym_test.{os.getpid()}.{uuid.uuid4().hex[:8]}"


@pytest.fixture
def source(name: str) -> Iterator[Callable[[], Source]]:
    """Opens the pictures, once they are there."""
    opened: list[Source] = []

    def reader() -> Source:
        opened.append(open_source("shm", name))
        return opened[-1]

    yield reader
    for each in opened:
        each.shutdown()


def number_on_the_page(host: Host) -> int:
    with SharedPage.open(page_name("graphics", host.pages), GRAPHICS) as page:
        return int(page.read()["packetId"])


def drawn(host: Host, view: str, frames: np.ndarray) -> np.ndarray:
    """What a camera of one's own makes of telemetry frames, the first of them the ego's."""
    return Camera(host.session, view=view, size=SIZE).draw(frames[:1], others=frames)[0]


def as_told(host: Host) -> np.ndarray:
    """The cars' frames in the game's precision."""
    return host.session.frames.astype(np.float32).astype(np.float64)


@pytest.mark.parametrize("speed", [1.0, math.inf])
@pytest.mark.parametrize("view", ["cockpit", "chase"])
def test_a_picture_is_that_of_the_frame_with_its_number(
    make_host: MakeHost, name: str, source: Callable[[], Source], speed: float, view: str
) -> None:
    with make_host(cars=5, speed=speed, pictures=PictureSettings(SIZE, view, name)) as host:
        pictures, last = source(), None
        for _ in range(8):
            host.step()
            wanted = number_on_the_page(host)
            picture = pictures.get_frame(False, LONG_S, at_least=wanted)
            assert picture.number == wanted
            np.testing.assert_array_equal(picture.image, drawn(host, view, as_told(host)))
            assert last is None or (picture.number, picture.time) == (last.number + 2, max(picture.time, last.time))
            last = picture


def test_other_cars_are_in_the_picture(make_host: MakeHost, name: str, source: Callable[[], Source]) -> None:
    with make_host(cars=2, speed=math.inf, pictures=PictureSettings(SIZE, "top", name)) as host:
        host.session.frames[1] = host.session.frames[0]
        host.session.frames[1, COLUMNS["world_position"].start] += 8.0
        host.step()
        alone = drawn(host, "top", as_told(host)[:1])
        assert (source().get_frame(False, LONG_S).image != alone).any()


def test_no_frame_waits_for_its_picture(
    make_host: MakeHost, name: str, source: Callable[[], Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one picture is drawn frames go on; then the newest is drawn, those in between are not."""
    go_on, drawing, numbers = threading.Event(), threading.Event(), []
    draw = Camera.draw

    def slow(camera: Camera, *arguments: object, **options: object) -> np.ndarray:
        drawing.set()
        assert go_on.wait(LONG_S)
        return draw(camera, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Camera, "draw", slow)
    with make_host(pictures=PictureSettings(SIZE, name=name)) as host:
        host.step()
        assert drawing.wait(LONG_S)
        for _ in range(5):
            host.step()
        assert host.status().frames == 6
        go_on.set()
        pictures = source()
        while not numbers or numbers[-1] < 11:
            numbers.append(pictures.get_frame(False, LONG_S, at_least=numbers[-1] + 1 if numbers else 0).number)
    assert numbers[-1] == 11
    assert set(numbers) <= {1, 11}


@contextmanager
def running(host: Host) -> Iterator[None]:
    thread = threading.Thread(target=host.run)
    thread.start()
    try:
        yield
    finally:
        host.stop()
        thread.join(LONG_S)
        assert not thread.is_alive()


def test_in_lock_step_the_picture_is_there_before_its_state(
    make_host: MakeHost, name: str, source: Callable[[], Source]
) -> None:
    """And it is what the camera draws from that state, byte for byte."""
    host = make_host(settings={}, speed=math.inf, patience=LONG_S, pictures=PictureSettings(SIZE, name=name))
    host.start()
    ports = {"ego_port": host.ports["ego"], "management_port": host.ports["management"]}
    with running(host), GameConnection(**ports) as connection:
        for _ in range(3):  # the first states may be of the time before somebody drove
            connection.receive(LONG_S)
            connection.send(FULL_THROTTLE)
        pictures = source()
        for _ in range(40):
            state = connection.receive(LONG_S)
            picture = pictures.get_frame(False, 0.0)
            assert picture.number == int(state.frame[COLUMNS["packet_id"].start])
            np.testing.assert_array_equal(picture.image, drawn(host, "cockpit", state.frame[None]))
            connection.send(FULL_THROTTLE)
        assert state.frame[COLUMNS["speed"].start] > 2.0


def test_nothing_stays_behind(make_host: MakeHost, name: str, source: Callable[[], Source]) -> None:
    host = make_host(pictures=PictureSettings(SIZE, name=name)).start()
    host.step()
    pictures = source()
    pictures.get_frame(False, LONG_S)
    host.stop()
    with pytest.raises(NoPicturesError):
        pictures.get_frame(timeout=0.0)
    assert list(Path("/dev/shm").glob(f"{name}*")) == []


def test_no_pictures_unless_asked_for(make_host: MakeHost, source: Callable[[], Source]) -> None:
    with make_host() as host:
        host.step()
        with pytest.raises(NoPicturesError):
            source()


def test_mistakes_are_one_line(make_host: MakeHost, name: str) -> None:
    with make_host(pictures=PictureSettings(SIZE, name=name)), pytest.raises(CaptureError) as taken:
        make_host(pages=f"{name}.other", pictures=PictureSettings(SIZE, name=name)).start()
    assert name in str(taken.value)
    for wrong in ({"view": "cokpit"}, {"size": (0, 48)}):
        with pytest.raises(AcGymError) as caught:
            PictureSettings(**wrong)  # type: ignore[arg-type]
        assert "\n" not in str(caught.value)
