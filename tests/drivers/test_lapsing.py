"""A driver that goes slowly now and then, for a moment."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ac_gym.drivers.base import Driver
from ac_gym.drivers.lapsing import Lapsing

CARS, MINUTES, RATE = 8, 20, 25


class Always(Driver):
    """The same controls for every car."""

    def __init__(self, value: float) -> None:
        self._value = value

    def __call__(self, telemetry: object) -> NDArray[np.float32]:
        return np.full((CARS, 4), self._value, np.float32)


def slow_moments(lapses: float, seed: int = 0) -> NDArray[np.bool_]:
    """(T, CARS): who goes slowly."""
    driver = Lapsing(Always(0.0), Always(1.0), lapses, seed, control_rate=RATE)
    controls = np.stack([driver(None) for _ in range(MINUTES * 60 * RATE)])  # type: ignore[arg-type]
    assert (controls == controls[:, :, :1]).all()  # one driver or the other, never some of each
    return controls[:, :, 0] == 1.0


def test_lapses_come_as_often_as_asked_and_last_one_to_six_seconds() -> None:
    slow = slow_moments(3.0)
    lasted = []
    for car in slow.T:
        edges = np.flatnonzero(np.diff(np.concatenate([[0], car.astype(int), [0]])))
        lasted += list((edges[1::2] - edges[::2]) / RATE)
    free_minutes = (~slow).sum() / RATE / 60.0
    assert len(lasted) / free_minutes == pytest.approx(3.0, rel=0.15)
    assert np.mean(lasted) == pytest.approx(3.5, abs=0.3)
    assert min(lasted[1:-1]) >= 0.9
    assert max(lasted) <= 6.1


def test_each_car_lapses_by_itself() -> None:
    slow = slow_moments(3.0)
    assert not (slow == slow[:, :1]).all(axis=0)[1:].any()


def test_none_asked_for_none_made_and_a_seed_gives_the_same_again() -> None:
    assert not slow_moments(0.0).any()
    assert (slow_moments(3.0, 1) == slow_moments(3.0, 1)).all()
    assert (slow_moments(3.0, 1) != slow_moments(3.0, 2)).any()
