"""The app under a minimal game."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_game import FakeAc, FakeJoystick, acsys_module, library, remove_pages, write_page
from running_app import PAGES, EgoClient, Running, ring


@pytest.fixture
def game_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A made-up game folder with a round track; the current directory, as in the game."""
    lane = tmp_path / "content" / "tracks" / "testring" / "ai" / "fast_lane.ai"
    lane.parent.mkdir(parents=True)
    lane.write_bytes(ring())
    ui = tmp_path / "content" / "cars" / "test_car" / "ui" / "ui_car.json"
    ui.parent.mkdir(parents=True)
    ui.write_text('{"name": "Test", "specs": {"weight": "1265kg", "bhp": "500bhp"}}')
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def start(game_folder: Path) -> Iterator[Callable[..., Running]]:
    """Starts an app: `start(csp=False, second_driver="take_over", ...)`; all that run are closed at the end."""
    started: list[Running] = []

    def begin(*, csp: bool = True, joystick: Any = None, cars: int = 1, **settings: Any) -> Running:
        acsys = acsys_module()
        ac = FakeAc(acsys, csp=csp, joystick=joystick or FakeJoystick(), cars=cars)
        base = f"ac_gym_test_{os.getpid()}_{len(started)}"
        folder = game_folder / f"app{len(started)}"
        folder.mkdir()
        pages = library("pages")
        for page, values in PAGES.items():
            write_page(base, page, pages.SIZES[page], getattr(pages, page.upper()), values)
        started.append(Running(folder, ac, acsys, base, settings))
        return started[-1]

    yield begin
    for running in started:
        running.close()
        remove_pages(running.base)


@pytest.fixture
def connect() -> Iterator[Callable[[Running], EgoClient]]:
    """Makes clients of the ego server; all are closed at the end."""
    clients: list[EgoClient] = []

    def make(running: Running) -> EgoClient:
        clients.append(EgoClient(running))
        return clients[-1]

    yield make
    for client in clients:
        client.close()
