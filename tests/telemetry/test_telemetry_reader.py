"""Reading: pages are whole, laps are followed, and a game that comes, goes and comes back is no surprise."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from publishing import FakeGame

from ac_gym.errors import GameNotRunningError, SharedMemoryError
from ac_gym.telemetry.pages import PHYSICS, Status, page_name
from ac_gym.telemetry.reader import Follower, TelemetryReader
from ac_gym.telemetry.shared_memory import SharedPage

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="files in /dev/shm")

WRITER = """
import sys, time
import numpy as np
from ac_gym.telemetry.pages import PHYSICS
from ac_gym.telemetry.shared_memory import SharedPage

with SharedPage.create(sys.argv[1], PHYSICS) as page:
    words = np.zeros(PHYSICS.itemsize // 4, "<i4")
    print("ready", flush=True)
    until = time.monotonic() + 1.0
    while time.monotonic() < until:
        words += 1
        page.write(words.view(PHYSICS)[0])
        time.sleep(0.0005)
"""


def test_no_game_says_so(game: FakeGame) -> None:
    with pytest.raises(GameNotRunningError, match="not running"):
        TelemetryReader(game.pages + "_other")


def test_pages_alone_and_together(game: FakeGame) -> None:
    game.show(speedKmh=200.0, completedLaps=3, maxRpm=9000)
    with TelemetryReader(game.pages) as reader:
        assert reader.physics()["speedKmh"] == 200.0
        assert reader.graphics()["completedLaps"] == 3
        assert reader.static()["maxRpm"] == 9000
        snapshot = reader.snapshot()
        assert (snapshot.physics["speedKmh"], snapshot.graphics["completedLaps"], snapshot.sequence) == (200.0, 3, 1)


def test_what_another_process_writes_is_never_seen_in_halves(game: FakeGame) -> None:
    name = game.pages + "_words"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, name], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    seen = set()
    with SharedPage.open(name, PHYSICS) as page:
        while writer.poll() is None:
            words = np.frombuffer(page.read_bytes(), "<i4")
            assert (words == words[0]).all()
            seen.add(int(words[0]))
    writer.communicate()
    assert len(seen) > 50


def test_a_lap_is_spoiled_between_snapshots_of_one_reader(game: FakeGame) -> None:
    with TelemetryReader(game.pages) as reader:
        assert reader.snapshot()["is_lap_valid"] is True
        game.show(numberOfTyresOut=3, iCurrentTime=1000)
        assert reader.snapshot()["is_lap_valid"] is False
        game.show(numberOfTyresOut=0, iCurrentTime=1020)
        assert reader.snapshot()["is_lap_valid"] is False
        game.show(track="imola")  # another session
        assert reader.snapshot()["is_lap_valid"] is True


def follow(follower: Follower, present: bool) -> None:
    """Polls until the game is there, or is not."""
    until = time.monotonic() + 10.0
    while (follower.poll() is not None) is not present:
        assert time.monotonic() < until
        time.sleep(0.01)


def test_the_game_may_come_go_and_come_back(game: FakeGame) -> None:
    name = game.pages + "_later"
    with Follower(name) as follower:
        assert follower.poll() is None
        first = FakeGame(name)
        follow(follower, True)
        first.show(status=Status.OFF)
        follow(follower, False)
        first.show(status=Status.LIVE)
        follow(follower, True)
        first.close()
        follow(follower, False)
        with FakeGame(name) as second:
            second.show(speedKmh=77.0)
            follow(follower, True)
            snapshot = follower.poll()
            assert snapshot is not None
            assert snapshot["speed_kmh"] == 77.0


@pytest.fixture
def short_page(game: FakeGame) -> Iterator[Path]:
    path = Path("/dev/shm", page_name("physics", game.pages + "_short"))
    yield path
    path.unlink()


@on_linux
@pytest.mark.parametrize("size", [564, 580])
def test_a_page_of_an_older_version_lacks_the_last_fields(short_page: Path, size: int) -> None:
    record = np.zeros((), PHYSICS)
    record["speedKmh"], record["localVelocity"], record["currentMaxRpm"] = 50.0, 3.0, 9000.0
    short_page.write_bytes(record.tobytes()[:size])
    with SharedPage.open(short_page.name, PHYSICS) as page:
        read = page.read()
    assert (read["speedKmh"], read["currentMaxRpm"]) == (50.0, 0.0)
    assert read["localVelocity"][0] == (3.0 if size == 580 else 0.0)


@on_linux
def test_a_page_that_is_only_just_made_is_no_game_yet(short_page: Path) -> None:
    short_page.write_bytes(b"")
    with pytest.raises(GameNotRunningError):
        SharedPage.open(short_page.name, PHYSICS)
    short_page.write_bytes(bytes(100))
    with pytest.raises(SharedMemoryError, match="100 bytes"):
        SharedPage.open(short_page.name, PHYSICS)


def test_a_view_follows_the_page_and_outlives_its_reader(game: FakeGame) -> None:
    page = SharedPage.open(page_name("physics", game.pages), PHYSICS)
    view = page.view()
    game.show(speedKmh=12.0)
    assert view["speedKmh"] == 12.0
    with pytest.raises(ValueError, match="read-only"):
        view["speedKmh"] = 0.0
    page.close()
    page.close()
    game.show(speedKmh=13.0)
    assert view["speedKmh"] == 13.0
