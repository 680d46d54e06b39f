"""The dashboard in a real browser, fed by `ac-gym serve` through `ac-gym stream`."""

from __future__ import annotations

import json
import math
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import dashboard_of, state, text, wait_until

from ac_gym.game.client import GameConnection

TRACK = "indianapolis_sp"


@pytest.fixture(scope="module")
def pages() -> str:
    return f"ac_gym_test_{os.getpid()}_{os.urandom(4).hex()}"


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("serve") / "ready.json"


@pytest.fixture(scope="module")
def host(commands: Any, pages: str, ready: Path) -> subprocess.Popen[str]:
    ports = ("--ego-port", "0", "--opponents-port", "0", "--management-port", "0")
    serve = commands("serve", "--track", TRACK, "--pages", pages, "--ready-file", str(ready), "--quiet", *ports)
    while not ready.exists():
        assert serve.poll() is None
        time.sleep(0.01)
    return serve


@pytest.fixture(scope="module")
def game(host: subprocess.Popen[str], ready: Path) -> Iterator[GameConnection]:
    """A driver in the game that `ac-gym serve` stands in for."""
    ports = json.loads(ready.read_text())["ports"]
    with GameConnection(ego_port=ports["ego"], management_port=ports["management"]) as connection:
        yield connection


@pytest.fixture(scope="module")
def address(commands: Any, pages: str) -> str:
    return dashboard_of(commands("stream", "--pages", pages, "--port", "0", "--rate", "30"))


def colours(browser: Any, canvas: str) -> set[tuple[int, int, int]]:
    """Opaque colours on a canvas."""
    pixels = browser.execute_script(
        f"const c = document.getElementById('{canvas}');"
        "return Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)"
    )
    rgba = np.array(pixels).reshape(-1, 4)
    return {tuple(colour[:3]) for colour in np.unique(rgba[rgba[:, 3] == 255], axis=0).tolist()}


def drive(game: GameConnection, steer: float = 0.0) -> None:
    game.receive(10.0)
    game.send(np.array([steer, 1.0, -1.0, 0.0], np.float32))


def test_it_shows_the_car_being_driven(browser: Any, game: GameConnection, address: str, tmp_path: Path) -> None:
    browser.get(address)
    wait_until(lambda: state(browser) == "live", lambda: drive(game))
    wait_until(lambda: int(text(browser, "speed")) > 40, lambda: drive(game))
    for steer in [0.1] * 12 + [-0.1] * 12:
        drive(game, steer)
    wait_until(lambda: text(browser, "track").startswith("Indianapolis"), lambda: drive(game))
    assert "bmw_z4_gt3" in text(browser, "car")
    assert text(browser, "gear") in "12345"
    assert int(text(browser, "rpm")) > 1000
    wait_until(lambda: text(browser, "throttle") == "100 %", lambda: drive(game))  # 0 where a driver was slow
    assert text(browser, "brake") == "0 %"
    assert text(browser, "current") != "–:––.–––"
    assert float(text(browser, "air").split(" / ")[0]) > 0.0
    assert len(browser.find_elements("css selector", ".tyre .tread b")) == 4
    assert {(61, 220, 132), (255, 194, 71)} <= colours(browser, "traces")  # throttle and steering
    wait_until(lambda: {(255, 194, 71), (42, 51, 65)} <= colours(browser, "map"), lambda: drive(game))  # car and road

    def trail() -> bool:
        return any(math.dist(colour, (61, 220, 132)) < 40 for colour in colours(browser, "map"))

    def onward() -> None:
        """Back to the start, where a slow look has let the car go to the wall, and on for a second."""
        game.reset()
        for _ in range(25):
            drive(game)

    wait_until(trail, onward)
    assert colours(browser, "forces")
    # Where it is wanted, for people to look at.
    browser.save_screenshot(str(Path(os.environ.get("AC_GYM_SCREENSHOTS", tmp_path)) / "dashboard.png"))
    said = [entry["message"] for entry in browser.get_log("browser")]
    assert [message for message in said if "willReadFrequently" not in message] == []  # we look at the canvas, twice


@pytest.mark.parametrize(("width", "height"), [(1440, 1040), (900, 1200), (500, 1000)])
def test_it_fits_every_screen(browser: Any, game: GameConnection, address: str, width: int, height: int) -> None:
    browser.set_window_size(width, height)
    browser.get(address)
    wait_until(lambda: state(browser) == "live", lambda: drive(game))
    over = browser.execute_script(
        "const wide = document.documentElement.clientWidth;"
        "return [...document.querySelectorAll('section')].filter((s) => {"
        "  const box = s.getBoundingClientRect(); return box.right > wide + 1 || box.width < 100 || box.height < 100;"
        "}).map((s) => s.className)"
    )
    assert over == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def loaded(browser: Any) -> list[str]:
    return browser.execute_script("return performance.getEntriesByType('resource').map((r) => r.name)")


def test_it_loads_nothing_from_elsewhere(browser: Any, game: GameConnection, address: str) -> None:
    browser.get(address)
    wait_until(lambda: f"{address}track.json" in loaded(browser), lambda: drive(game))
    assert all(name.startswith(address) for name in loaded(browser))


def test_a_page_elsewhere_gets_nothing(browser: Any, address: str) -> None:
    browser.get("data:text/html,<title>elsewhere</title>")
    told = browser.execute_async_script(
        "const done = arguments[1]; const socket = new WebSocket(arguments[0]);"
        "socket.onmessage = () => done('told'); socket.onclose = () => done('refused');",
        address.replace("http://", "ws://"),
    )
    assert told == "refused"


def test_it_says_when_the_game_has_gone(
    browser: Any, address: str, host: subprocess.Popen[str], game: GameConnection
) -> None:
    browser.get(address)
    wait_until(lambda: state(browser) == "live", lambda: drive(game))
    host.terminate()
    wait_until(lambda: state(browser) == "waiting")
    assert text(browser, "status") == "waiting for the game"
