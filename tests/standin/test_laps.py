"""Laps are counted as the game counts them, wherever the car is put meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ac_gym.channels import COLUMNS, WIDTH
from ac_gym.drivers import LineFollower
from ac_gym.standin.laps import LapCounter
from ac_gym.standin.session import Session
from ac_gym.task import Task, TaskSettings

FRAME_MS = 20.0


def frame(ms: float, *, sector: int = 0, sector_ms: float = 0.0, invalid: bool = False, **more: float) -> np.ndarray:
    """What the simulator tells of the lap."""
    row = np.zeros(WIDTH)
    values = {"current_time": ms, "sector": sector, "last_sector_time": sector_ms, "lap_invalidated": invalid, **more}
    for name, value in values.items():
        row[COLUMNS[name].start] = value
    return row


def drive(laps: LapCounter, *rows: np.ndarray) -> np.ndarray:
    for row in rows:
        laps.update(row)
    return rows[-1]


def told(row: np.ndarray, *names: str) -> tuple[float, ...]:
    return tuple(float(row[COLUMNS[name].start]) for name in names)


def test_the_first_lap_counts_from_the_line() -> None:
    laps = LapCounter(FRAME_MS)
    drive(laps, frame(0.0), frame(20.0), frame(5.0))
    assert (laps.count, laps.last_ms) == (0, 0.0)
    row = drive(laps, frame(90_000.0), frame(12.0, last_lap_time=90_008.0, last_lap_valid=1.0))
    assert told(row, "lap_count", "completed_laps", "last_lap_time", "best_lap_time", "last_lap_valid") == (
        1, 1, 90_008.0, 90_008.0, 1,
    )  # fmt: skip


def test_a_car_put_back_goes_on_with_its_lap_which_is_not_clean() -> None:
    laps = LapCounter(FRAME_MS)
    drive(laps, frame(20.0), frame(5.0), frame(30_000.0, distance_travelled=900.0))
    laps.car_was_moved()
    row = drive(laps, frame(0.0), frame(20.0, distance_travelled=1.0))
    assert told(row, "current_time", "distance_travelled", "lap_invalidated") == (30_020.0, 901.0, 1)
    row = drive(laps, frame(60_000.0), frame(7.0))
    assert told(row, "lap_count", "last_lap_time", "best_lap_time", "last_lap_valid", "lap_invalidated") == (
        1, 90_013.0, 0, 0, 0,
    )  # fmt: skip
    row = drive(laps, frame(80_000.0), frame(3.0, last_lap_time=80_017.0, last_lap_valid=1.0))
    assert told(row, "lap_count", "last_lap_time", "best_lap_time") == (2, 80_017.0, 80_017.0)


def test_a_slower_or_spoiled_lap_does_not_become_the_best() -> None:
    laps = LapCounter(FRAME_MS)
    drive(laps, frame(20.0), frame(5.0))
    for time, valid in ((90_000.0, 1.0), (95_000.0, 1.0), (80_000.0, 0.0)):
        drive(laps, frame(time - 10.0), frame(10.0, last_lap_time=time, last_lap_valid=valid))
    assert (laps.count, laps.last_ms, laps.best_ms) == (3, 80_000.0, 90_000.0)
    laps.spoiled = True
    drive(laps, frame(70_000.0), frame(10.0, last_lap_time=70_010.0, last_lap_valid=1.0))
    assert (laps.count, laps.last_ms, laps.best_ms, laps.last_valid) == (4, 70_010.0, 90_000.0, False)


def test_splits_are_those_of_the_last_timed_lap() -> None:
    laps = LapCounter(FRAME_MS)
    drive(laps, frame(20.0, sector=2), frame(5.0))
    assert laps.last_splits == []
    drive(laps, frame(30_010.0, sector=1, sector_ms=30_000.0), frame(70_010.0, sector=2, sector_ms=40_000.0))
    assert laps.splits == [30_000, 40_000]
    drive(laps, frame(10.0, sector_ms=20_000.0, last_lap_time=90_000.0, last_lap_valid=1.0))
    assert (laps.last_splits, laps.splits) == ([30_000, 40_000, 20_000], [])


def test_driven_laps_are_the_simulators(make_session: Callable[..., Session]) -> None:
    """A lap of the line follower, counted here and by the simulated world."""
    session = make_session(fps=25.0)
    world = session._ego
    driver = LineFollower(session.track, session.car)
    task = Task(world, TaskSettings(use_relative_actions=False, enable_sensors=False))
    task.begin()
    for _ in range(25 * 130):
        session.step(driver(task.telemetry))
        task.observe()
        if world.frames[0, COLUMNS["lap_count"].start] == 1:
            break
    assert session.laps.count == 1
    assert session.laps.last_valid
    names = ("last_lap_time", "best_lap_time", "lap_count", "current_time", "distance_travelled")
    assert told(session.frames[0], *names) == told(world.frames[0], *names)
    assert len(session.laps.last_splits) == 3
    assert abs(sum(session.laps.last_splits) - session.laps.last_ms) < 3
