"""The screen as a source, with a stand-in for mss: there is no screen where tests run."""

from __future__ import annotations

import sys
import time
from types import SimpleNamespace
from typing import Any

import mss
import numpy as np
import pytest

from ac_gym.capture import open_source
from ac_gym.errors import CaptureError, ConfigError, UnknownNameError


class FakeScreen:
    """Two monitors side by side; blue grows to the right, green downwards, red with each picture."""

    def __init__(self) -> None:
        self.monitors = [
            {"left": 0, "top": 0, "width": 300, "height": 100},
            {"left": 0, "top": 0, "width": 100, "height": 100},
            {"left": 100, "top": 20, "width": 200, "height": 80},
        ]
        self.shots, self.closed = 0, False

    def grab(self, part: dict[str, int]) -> Any:
        if self.closed:
            raise mss.ScreenShotError("closed")
        self.shots += 1
        y, x = np.mgrid[0 : part["height"], 0 : part["width"]]
        picture = np.stack([x + part["left"], y + part["top"], np.full_like(x, self.shots), x], -1).astype(np.uint8)
        return SimpleNamespace(raw=bytearray(picture.tobytes()), width=part["width"], height=part["height"])

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeScreen:
    opened = FakeScreen()
    monkeypatch.setattr(mss, "MSS", lambda: opened)
    return opened


def test_a_part_of_a_monitor(fake: FakeScreen) -> None:
    with open_source("screen", "2", crop=(10, 30, 4, 2), color="bgr") as source:
        before = time.perf_counter()
        frame = source.get_frame()
        assert frame.image.tolist() == [[[110 + x, 50 + y, 1] for x in range(4)] for y in range(2)]
        assert (frame.number, before <= frame.time <= time.perf_counter()) == (1, True)
        out = np.zeros((2, 4, 3), np.uint8)
        assert source.get_frame(wait_for_new_frame=False, out=out).image is out
        assert out[0, 0].tolist() == [110, 50, 2]
    assert fake.closed


def test_size_and_colour(fake: FakeScreen) -> None:
    with open_source("screen", size=(1, 1), color="gray") as source:
        expected = 0.114 * 49.5 + 0.587 * 49.5 + 0.299 * 1
        assert abs(int(source.get_frame().image[0, 0, 0]) - expected) <= 0.51


def test_monitors(fake: FakeScreen) -> None:
    source = open_source("screen")
    names = [(t.name, t.description, t.width, t.height) for t in source.list_textures()]
    assert names == [("0", "all monitors", 300, 100), ("1", "monitor 1", 100, 100), ("2", "monitor 2", 200, 80)]
    source.shutdown()
    source.shutdown()
    with pytest.raises(CaptureError, match="this picture source was shut down"):
        source.get_frame()


def test_one_clear_line(fake: FakeScreen) -> None:
    with pytest.raises(UnknownNameError, match="unknown monitor '7'"):
        open_source("screen", "7")
    assert fake.closed
    fake.closed = False
    with pytest.raises(CaptureError, match=r"crop of 99 x 50 at \(10, 30\) is not inside monitor 1 of 100 x 100"):
        open_source("screen", crop=(10, 30, 99, 50))
    with pytest.raises(ConfigError, match="crop"):
        open_source("screen", crop=(10, 30, 0, 50))
    with open_source("screen") as source:
        fake.closed = True
        with pytest.raises(CaptureError, match="the screen cannot be read: closed"):
            source.get_frame()


def test_no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mss", None)
    with pytest.raises(CaptureError, match=r'need the package mss: pip install "ac_gym\[screen\]"'):
        open_source("screen")


def test_no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise mss.ScreenShotError("no display")

    monkeypatch.setattr(mss, "MSS", none)
    with pytest.raises(CaptureError, match="there is no screen to take pictures of: no display"):
        open_source("screen")


def test_sources_that_do_not_exist() -> None:
    with pytest.raises(UnknownNameError, match="unknown picture source 'dxgi'"):
        open_source("dxgi")  # type: ignore[arg-type]
