"""Noise on a driver's controls: as strong as asked for, and lasting."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ac_gym.drivers.base import Driver
from ac_gym.drivers.noisy import Noisy


class Still(Driver):
    """All controls in the middle."""

    def __call__(self, telemetry: object) -> NDArray[np.float32]:
        return np.zeros((1, 4), np.float32)


def drive(sigma: float, steps: int = 20_000, seed: int = 0) -> NDArray[np.float32]:
    driver = Noisy(Still(), sigma, seed)
    return np.concatenate([driver(None) for _ in range(steps)])  # type: ignore[arg-type]


def test_the_noise_has_its_strength_and_lasts() -> None:
    noise = drive(0.04)[:, :3]
    assert noise.std(axis=0) == pytest.approx([0.04, 0.2, 0.2], rel=0.1)
    for lag_s in (0.2, 0.6):
        lag = round(25.0 * lag_s)
        correlation = [np.corrcoef(axis[:-lag], axis[lag:])[0, 1] for axis in noise.T]
        assert correlation == pytest.approx([np.exp(-lag_s / 0.6)] * 3, abs=0.08)


def test_it_stays_within_the_controls_and_leaves_gears_alone() -> None:
    noise = drive(1.0, 2000)
    assert np.abs(noise).max() == 1.0
    assert not noise[:, 3].any()


def test_a_seed_gives_the_same_noise_again() -> None:
    assert (drive(0.2, 50) == drive(0.2, 50)).all()
    assert (drive(0.2, 50) != drive(0.2, 50, seed=1)).any()
