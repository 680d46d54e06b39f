"""Pages that tests write and programs under test read, and a browser that shows them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from browsing import chromium
from publishing import FakeGame


@pytest.fixture
def game() -> Iterator[FakeGame]:
    with FakeGame() as fake:
        yield fake


@pytest.fixture(scope="module")
def commands() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts `ac-gym` with arguments; what was started ends with the tests."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "ac_gym.cli.main", *arguments]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    pytest.importorskip("websockets", reason="needs the extra 'stream'")
    with chromium() as opened:
        yield opened
