"""Rates: on schedule, with looks between, and nothing made up for what was missed."""

from __future__ import annotations

import pytest

from ac_gym.errors import ConfigError
from ac_gym.telemetry.pace import Beat, check_rate


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(("rate", "looks"), [(1.0, 50), (10.0, 5), (49.0, 2), (60.0, 1), (100.0, 1)])
def test_turns_and_looks(rate: float, looks: int) -> None:
    clock = Clock()
    beat = Beat(rate, clock)
    turns = total = 0
    while clock.now < 10.0 - 1e-9:
        clock.now += beat.wait_s()
        turns += beat.next()
        total += 1
    assert turns == 10 * rate
    assert total == 10 * rate * looks


def test_what_was_missed_is_left_out_and_counted() -> None:
    clock = Clock()
    beat = Beat(60.0, clock)
    clock.now = 1.0
    assert beat.wait_s() == 0.0
    assert beat.next()
    assert beat.missed == 59
    assert beat.wait_s() == pytest.approx(1.0 / 60.0, abs=1e-6)


@pytest.mark.parametrize("rate", [0.0, 0.5, -1.0, 101.0, float("nan")])
def test_rates_out_of_range(rate: float) -> None:
    with pytest.raises(ConfigError, match="1 to 100"):
        check_rate(rate, 100.0)
