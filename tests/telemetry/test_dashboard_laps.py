"""Lap times on the dashboard, in a real browser: laps as the game publishes them, look by look."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import dashboard_of, text, wait_until
from publishing import FakeGame

LOOKS = 40  # a lap, each of which the stream has to have seen

LAP_LIST = """
return [...document.querySelectorAll("#lap-list li")].map(
    (row) => [row.className, ...[...row.children].map((cell) => cell.textContent)])
"""
DELTA = """
const [text, bar] = [document.getElementById("delta"), document.getElementById("delta-bar").firstElementChild];
const [whole, part] = [bar.parentElement.getBoundingClientRect(), bar.getBoundingClientRect()];
const middle = whole.left + whole.width / 2;
const share = (x) => Math.round((100 * (x - middle)) / (whole.width / 2));
return [text.textContent, text.className, share(part.left), share(part.right)];
"""


class Driver:
    """Drives laps on the pages of a game; every place on the way is seen by a client of the stream."""

    def __init__(self, game: FakeGame, client: Any) -> None:
        self._game, self._client, self._laps = game, client, 0

    def drive(self, begin: float, end: float, lap_s: float, tyres_out: int = 0) -> None:
        """From one place of the lap (0..1) to another, evenly, at a pace that takes `lap_s` for a whole lap."""
        for look in range(1, round((end - begin) * LOOKS) + 1):
            position = begin + look / LOOKS
            self._show(position=position, ms=round(1000 * lap_s * position), tyres_out=tyres_out)

    def finish(self, lap_s: float, best_s: float) -> None:
        """Over the line."""
        self._laps += 1
        self._game.show(completedLaps=self._laps, iLastTime=round(1000 * lap_s), iBestTime=round(1000 * best_s))
        self._show(position=0.0, ms=1, tyres_out=0)

    def _show(self, *, position: float, ms: int, tyres_out: int) -> None:
        speed = 180.0 - 60.0 * position  # another number in every look
        self._game.show(
            normalizedCarPosition=position, iCurrentTime=ms, numberOfTyresOut=tyres_out, speedKmh=speed, rpms=6000,
            gear=4, gas=0.8, maxRpm=7500,
        )  # fmt: skip
        seen: dict[str, Any] = {}
        while (seen.get("current_time"), seen.get("completed_laps")) != (ms, self._laps):
            seen = json.loads(self._client.recv(30.0))


@pytest.fixture
def address(commands: Any, browser: Any, game: FakeGame) -> str:
    return dashboard_of(commands("stream", "--pages", game.pages, "--port", "0", "--rate", "60"))


@pytest.fixture
def driver(address: str, game: FakeGame) -> Iterator[Driver]:
    from websockets.sync.client import connect

    with connect(address.replace("http://", "ws://")) as client:
        yield Driver(game, client)


def shows(browser: Any, **texts: str) -> None:
    """Waits until the page has these texts."""
    wait_until(lambda: {name: text(browser, name) for name in texts} == texts)


def test_laps_best_last_and_delta(browser: Any, driver: Driver, address: str, tmp_path: Path) -> None:
    browser.get(address)
    driver.drive(0.0, 0.5, 92.0)
    shows(browser, lap="1", current="0:46.000", last="–:––.–––", best="–:––.–––", delta="–")
    assert browser.execute_script(LAP_LIST) == []
    assert "laps are listed here" in text(browser, "lap-note")
    driver.drive(0.5, 1.0, 92.0)
    driver.finish(92.0, best_s=92.0)
    driver.drive(0.0, 0.5, 91.0)
    shows(browser, lap="2", current="0:45.500", last="1:32.000", best="1:32.000", delta="−0.50")
    assert browser.execute_script(DELTA) == ["−0.50", "time ahead", -25, 0]  # of two seconds to the left
    assert browser.execute_script(LAP_LIST) == [["best", "1", "1:32.000", "–"]]
    driver.drive(0.5, 1.0, 91.0)
    driver.finish(91.0, best_s=91.0)
    driver.drive(0.0, 0.5, 93.0)
    shows(browser, lap="3", last="1:31.000", best="1:31.000", delta="+1.00")
    assert browser.execute_script(DELTA) == ["+1.00", "time behind", 0, 50]
    driver.drive(0.5, 0.75, 90.0, tyres_out=3)  # by a short cut
    driver.drive(0.75, 1.0, 90.0)
    driver.finish(90.0, best_s=91.0)
    shows(browser, lap="4", last="1:30.000", best="1:31.000")
    listed = [["spoiled", "3", "1:30.000", "invalid"], ["best", "2", "1:31.000", "–"], ["", "1", "1:32.000", "+1.000"]]
    assert browser.execute_script(LAP_LIST) == listed
    assert not browser.find_element("id", "lap-note").is_displayed()
    driver.drive(0.0, 0.25, 92.0)
    browser.save_screenshot(str(Path(os.environ.get("AC_GYM_SCREENSHOTS", tmp_path)) / "dashboard_laps.png"))

    browser.get(address)  # a page opened later knows the laps as well
    wait_until(lambda: browser.execute_script(LAP_LIST) == listed)
    shows(browser, lap="4", last="1:30.000", best="1:31.000", delta="+0.25")


def test_a_new_session_begins_an_empty_list(browser: Any, driver: Driver, address: str, game: FakeGame) -> None:
    browser.get(address)
    driver.drive(0.0, 1.0, 92.0)
    driver.finish(92.0, best_s=92.0)
    shows(browser, lap="2", last="1:32.000")
    wait_until(lambda: len(browser.execute_script(LAP_LIST)) == 1)
    game.show(completedLaps=0, iCurrentTime=0, iLastTime=0, iBestTime=0)
    shows(browser, lap="1", last="–:––.–––", best="–:––.–––", delta="–")
    assert browser.execute_script(LAP_LIST) == []


def test_an_invalid_lap_is_marked_while_it_is_driven(browser: Any, driver: Driver, address: str) -> None:
    def marked() -> bool:
        return browser.execute_script("return document.querySelector('section.laps').classList.contains('invalid')")

    browser.get(address)
    driver.drive(0.0, 0.5, 92.0)
    shows(browser, current="0:46.000")
    assert not marked()
    assert not browser.find_element("id", "flag-lap").is_displayed()
    driver.drive(0.5, 0.6, 92.0, tyres_out=3)
    driver.drive(0.6, 0.9, 92.0)
    shows(browser, current="1:22.800")
    assert marked()
    assert browser.find_element("id", "flag-lap").is_displayed()
    driver.finish(92.0, best_s=0.0)
    shows(browser, lap="2")
    assert not marked()
