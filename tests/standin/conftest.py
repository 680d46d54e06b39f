"""Hosts for tests: pages of their own, free ports, stopped at the end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hosting import CAR, FREE_PORTS, TRACK

from ac_gym.car import load_car
from ac_gym.standin import Host
from ac_gym.standin.session import Session
from ac_gym.track import load_track
from ac_gym.worlds import SimulationSettings


@pytest.fixture
def pages() -> str:
    """A base name for shared memory that nobody else has."""
    return f"ac_gym_test_{os.getpid()}_{os.urandom(4).hex()}"


@pytest.fixture
def make_host(pages: str) -> Iterator[Callable[..., Host]]:
    """Makes hosts; without the plugin unless `settings` are given."""
    made: list[Host] = []

    def make(track: str = TRACK, car: str = CAR, **options: Any) -> Host:
        if "settings" in options:
            options["settings"] = FREE_PORTS | options["settings"]
        else:
            options.setdefault("plugin", None)
        made.append(Host(track, car, **({"pages": pages} | options)))
        return made[-1]

    yield make
    for host in made:
        host.stop()


@pytest.fixture
def make_session() -> Callable[..., Session]:
    def make(
        cars: int = 1, *, track: str = TRACK, fps: float = 50.0, reset: str = "road", seed: int = 0, **settings: Any
    ) -> Session:
        start = "random" if reset == "random" else "line"
        return Session(
            load_track(track), load_car(CAR), cars, fps=fps, seed=seed, reset=reset,
            settings=SimulationSettings(start=start, **settings), opponents_pace=0.85,
        )  # fmt: skip

    return make
