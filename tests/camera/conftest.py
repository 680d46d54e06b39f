"""Cars where a picture wants them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from ac_gym.car import load_car
from ac_gym.track import load_track
from ac_gym.worlds import SimulatedWorld

Places = list[tuple[float, float]]
"""(s, offset) of each car, m"""


@pytest.fixture(scope="session")
def placed() -> Callable[..., tuple[SimulatedWorld, NDArray[np.float64]]]:
    """Puts cars on a track at 30 m/s, along the road but for `heading` (rad): the world and its frames."""
    worlds: dict[tuple[str, int], SimulatedWorld] = {}

    def place(track: str, places: Places, heading: float = 0.0) -> tuple[SimulatedWorld, NDArray[np.float64]]:
        key = track, len(places)
        if key not in worlds:
            worlds[key] = SimulatedWorld(load_track(track), load_car("bmw_z4_gt3"), len(places))
        for car, (s, offset) in enumerate(places):
            worlds[key].place(car, s % worlds[key].track.length_m, offset, heading, 30.0)
        return worlds[key], worlds[key].frames.copy()

    return place
