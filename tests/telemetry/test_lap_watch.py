"""Validity of a lap, and the time to the best one, from what a reader sees."""

from __future__ import annotations

import pytest

from ac_gym.telemetry.laps import LapWatch


def drive(
    watch: LapWatch, completed: int, seconds: float, *, last: float = 0.0, out_at: float = -1.0
) -> list[float | None]:
    """A lap at even speed, 50 looks a second; three tyres are out at one look. The deltas that were shown."""
    deltas = []
    looks = round(50 * seconds)
    for look in range(looks):
        tyres = 3 if abs(look / looks - out_at) < 0.5 / looks else 0
        watch.update(
            completed=completed, ms=20 * look, last_ms=round(1000 * last), position=look / looks, tyres_out=tyres
        )
        deltas.append(watch.delta_s)
    return deltas


def test_three_tyres_out_spoil_the_lap_until_it_ends() -> None:
    watch = LapWatch()
    watch.update(completed=0, ms=100, last_ms=0, position=0.1, tyres_out=2)
    assert watch.valid
    watch.update(completed=0, ms=120, last_ms=0, position=0.1, tyres_out=3)
    watch.update(completed=0, ms=140, last_ms=0, position=0.1, tyres_out=0)
    assert not watch.valid
    watch.update(completed=1, ms=10, last_ms=90_000, position=0.0, tyres_out=0)
    assert watch.valid
    watch.update(completed=1, ms=30, last_ms=90_000, position=0.0, tyres_out=4)
    assert not watch.valid


def test_an_out_lap_ends_where_the_clock_begins_anew() -> None:
    watch = LapWatch()
    watch.update(completed=0, ms=50_000, last_ms=0, position=0.9, tyres_out=4)
    watch.update(completed=0, ms=20, last_ms=0, position=0.0, tyres_out=0)
    assert watch.valid


def test_delta_grows_evenly_to_the_difference_of_the_laps() -> None:
    watch = LapWatch()
    assert set(drive(watch, 0, 20.0)) == {None}
    deltas = drive(watch, 1, 22.0, last=20.0)
    assert deltas[len(deltas) // 2] == pytest.approx(1.0, abs=0.03)
    assert deltas[-1] == pytest.approx(2.0, abs=0.05)
    assert drive(watch, 2, 18.0, last=22.0)[-1] == pytest.approx(-2.0, abs=0.05)  # still to the first lap
    assert drive(watch, 3, 18.0, last=18.0)[-1] == pytest.approx(0.0, abs=0.05)


def test_a_spoiled_lap_is_no_best_one() -> None:
    watch = LapWatch()
    drive(watch, 0, 20.0)
    drive(watch, 1, 10.0, last=20.0, out_at=0.5)
    assert drive(watch, 2, 20.0, last=10.0)[-1] == pytest.approx(0.0, abs=0.05)


def test_a_lap_that_was_not_seen_whole_is_no_best_one() -> None:
    watch = LapWatch()
    watch.update(completed=3, ms=60_000, last_ms=0, position=0.7, tyres_out=0)  # the reader comes in the middle
    for position in (0.72, 0.74, 0.76, 0.8, 0.84, 0.88, 0.92, 0.96, 0.99):
        watch.update(completed=3, ms=round(90_000 * position), last_ms=0, position=position, tyres_out=0)
    assert set(drive(watch, 4, 5.0, last=90.0)) == {None}


def test_position_may_begin_anew_before_or_after_the_clock() -> None:
    for first in ("position", "clock"):
        watch = LapWatch()
        drive(watch, 0, 20.0)
        if first == "position":
            watch.update(completed=0, ms=20_000, last_ms=0, position=0.0001, tyres_out=0)
        else:
            watch.update(completed=1, ms=0, last_ms=20_000, position=0.9999, tyres_out=0)
            assert watch.delta_s is None
        assert drive(watch, 1, 20.0, last=20.0)[-1] == pytest.approx(0.0, abs=0.05)


def test_another_session_forgets_the_best_lap() -> None:
    watch = LapWatch()
    drive(watch, 0, 20.0)
    drive(watch, 1, 20.0, last=20.0)
    assert set(drive(watch, 0, 5.0)) == {None}


def test_laps_that_ended_are_kept() -> None:
    watch = LapWatch()
    drive(watch, 0, 20.0)
    drive(watch, 1, 22.0, last=20.0, out_at=0.5)
    drive(watch, 2, 5.0, last=22.0)
    assert watch.finished == [(1, 20_000, True), (2, 22_000, False)]
    drive(watch, 0, 5.0)
    assert watch.finished == []
