"""Pitch and roll are against the horizon, as the game's are: the road's slope and bank, and what the body adds."""

from __future__ import annotations

import numpy as np
import pytest

from ac_gym.car import load_car
from ac_gym.channels import COLUMNS
from ac_gym.track import load_track
from ac_gym.worlds import SimulatedWorld

HEADINGS = np.radians([0.0, 40.0, 90.0, -130.0, 180.0])


@pytest.mark.parametrize("track", ["indianapolis_sp", "ks_laguna_seca"])
def test_a_car_that_stands_leans_with_the_road(track: str) -> None:
    """A direction rises by the road's slope in it: grade along the road, bank across it, the left side lower."""
    world = SimulatedWorld(load_track(track), load_car("bmw_z4_gt3"), 1)
    t, seen = world.track, []
    for s in np.arange(50.0, t.length_m, 173.0):
        grade, bank = (np.interp(s, t.s, values) for values in (t.grade, t.bank))
        for heading in HEADINGS:
            world.place(0, s, 0.0, heading)
            pitch, roll = (float(world.frames[0, COLUMNS[name].start]) for name in ("pitch", "roll"))
            rise = np.array([grade, -bank])  # a metre along, a metre to the left
            ahead, left = [np.cos(heading), np.sin(heading)], [-np.sin(heading), np.cos(heading)]
            assert pitch == pytest.approx(rise @ ahead, abs=0.003)
            assert roll == pytest.approx(rise @ left, abs=0.003)
            seen.append((abs(pitch), abs(roll)))
    assert np.min(np.max(seen, axis=0)) > 0.08
