"""What tests look at the dashboard with: a headless Chromium, and what is written on the page."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

_CHROMIUM, _DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
_PATIENCE_S = 60.0


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser of 1440 x 1040 pixels; the test is skipped where there is none."""
    if not (_CHROMIUM and _DRIVER):
        pytest.skip("no Chromium here: apt-get install chromium chromium-driver")
    webdriver = pytest.importorskip("selenium.webdriver", reason="pip install selenium")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = _CHROMIUM
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1440,1040"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(_DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


def dashboard_of(stream: subprocess.Popen[str]) -> str:
    """The address that a started `ac-gym stream` names."""
    assert stream.stdout is not None
    return stream.stdout.readline().split("the dashboard is at ")[1].split(" ")[0]


def text(browser: Any, name: str) -> str:
    return browser.execute_script(f"return document.getElementById('{name}').textContent")


def state(browser: Any) -> str:
    return browser.execute_script("return document.documentElement.dataset.state")


def wait_until(true: Callable[[], bool], meanwhile: Callable[[], object] = lambda: time.sleep(0.05)) -> None:
    until = time.monotonic() + _PATIENCE_S
    while not true():
        assert time.monotonic() < until
        meanwhile()
