"""The text files: every column's place, unit and value, from telemetry that is known."""

from __future__ import annotations

import csv
import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numbered import NumberedSource
from numpy.typing import NDArray

from ac_gym.channels import COLUMNS, WIDTH
from ac_gym.recording.logs import INPUTS_COLUMNS, LOGGER_COLUMNS, InputsFormat, LoggerFormat, inputs_row
from ac_gym.recording.pictures import PictureSettings
from ac_gym.recording.reading import read_recording
from ac_gym.recording.recorder import Recorder, RecorderSettings
from ac_gym.recording.schema import Header

DRIVING = {
    "throttle": 0.75, "brake": 0.125, "clutch": 0.5, "gear": 4, "steer_angle": -123.4, "accel_lateral": -1.25,
    "accel_longitudinal": 0.5, "speed": 44.704, "current_time": 61_234, "last_lap_time": 101_500,
    "best_lap_time": 98_765, "spline_position": 0.625, "lap_count": 3,
}  # fmt: skip


def state(**values: float) -> NDArray[np.float64]:
    """A frame in which nothing else happens."""
    frame = np.zeros(WIDTH)
    for name, value in values.items():
        frame[COLUMNS[name]] = value
    return frame


def test_the_loggers_columns_are_the_games_in_its_order_and_units() -> None:
    row = LoggerFormat().row(state(**DRIVING))
    assert dict(zip(LOGGER_COLUMNS[1:], row, strict=True)) == {
        "gas": "0.7500", "brake": "0.1250", "clutch": "0.5000", "gear": 3, "steer_angle_deg": "-123.400",
        "lateral_g": "-1.2500", "longitudinal_g": "0.5000", "speed_mph": "100.000", "lap_valid": "TRUE",
        "current_lap_s": "61.234", "best_lap_s": "98.765", "lap_fraction": "0.625000", "performance_delta_s": "0.000",
        "performance_delta_rate": "0.0000",
    }  # fmt: skip
    assert LOGGER_COLUMNS == (
        "image", "gas", "brake", "clutch", "gear", "steer_angle_deg", "lateral_g", "longitudinal_g", "speed_mph",
        "lap_valid", "current_lap_s", "best_lap_s", "lap_fraction", "performance_delta_s", "performance_delta_rate",
    )  # fmt: skip


@pytest.mark.parametrize(("gear", "logged"), [(0, -1), (1, 0), (2, 1), (7, 6)])
def test_the_logger_counts_reverse_as_minus_one(gear: int, logged: int) -> None:
    assert LoggerFormat().row(state(gear=gear))[3] == logged


def test_an_invalid_lap_is_false() -> None:
    assert LoggerFormat().row(state(lap_invalidated=1))[8] == "FALSE"


def laps(*seconds: float) -> Iterator[tuple[float, dict[str, str]]]:
    """Laps at an even speed, a hundred looks each: the share of the lap, and what is logged."""
    log, last = LoggerFormat(), 0.0
    for number, lap_s in enumerate(seconds):
        for look in range(100):
            share = look / 100
            frame = state(
                lap_count=number, completed_laps=number, spline_position=share, current_time=1000 * share * lap_s,
                last_lap_time=1000 * last,
            )  # fmt: skip
            yield share, dict(zip(LOGGER_COLUMNS[1:], log.row(frame), strict=True))
        last = lap_s


def test_the_delta_is_behind_the_best_lap_and_its_rate_is_what_that_changes_by_in_a_second() -> None:
    """A lap of 100 s, one of 120 s, one of 110 s: at even speeds, time is lost evenly to the first of them."""
    driven = list(laps(100.0, 120.0, 110.0))
    first, second, third = driven[:100], driven[100:200], driven[200:]
    assert {(row["performance_delta_s"], row["performance_delta_rate"]) for _, row in first} == {("0.000", "0.0000")}
    for lap, lap_s in ((second, 120.0), (third, 110.0)):
        lost = lap_s - 100.0
        for share, row in lap[2:]:  # which side of the line the car is on is certain from there
            assert float(row["performance_delta_s"]) == pytest.approx(lost * share, abs=0.0006)
            assert float(row["performance_delta_rate"]) == pytest.approx(lost / lap_s, abs=0.0001)


def test_gaining_time_is_negative() -> None:
    *_, (share, row) = laps(100.0, 80.0)
    assert float(row["performance_delta_s"]) == pytest.approx(-20.0 * share)
    assert float(row["performance_delta_rate"]) == pytest.approx(-0.25)


def test_the_collectors_columns() -> None:
    assert INPUTS_COLUMNS == ("Timestamp", "Frame", "Steering", "Throttle", "Brake", "SpeedKmh")
    expected = ("1700000000.250000", "17", "-0.250000", "0.750000", "0.125000", "180.000000")
    assert inputs_row(1.70000000025e9, 17, -0.25, 0.75, 0.125, 50.0) == expected
    frame = state(steer_angle=-90.0, throttle=0.75, brake=0.125, speed=50.0)
    asked = InputsFormat(Header(clock_offset=1.7e9, steering_lock_deg=360.0, rate=25.0))
    assert asked.row(17, 0.25, 0.25, frame) == expected


def test_a_picture_that_no_state_is_near_has_no_inputs() -> None:
    asked = InputsFormat(Header(rate=25.0))
    assert asked.row(0, 10.0, 10.0 + 0.74 / 25, state()) is not None
    assert asked.row(0, 10.0, 10.0 + 0.76 / 25, state()) is None
    assert InputsFormat(Header()).row(0, 10.0, 20.0, state()) is not None  # nobody knows what near is


def test_inputs_are_those_of_each_picture_by_its_number(tmp_path: Path) -> None:
    """Pictures at 50 a second, states at 20: each picture's line has its own number and time, and the nearest state."""
    pytest.importorskip("PIL")
    source = NumberedSource(rate=50.0, limit=30)
    settings = RecorderSettings(inputs_csv=True, pictures=PictureSettings(kind="jpeg"))
    with Recorder(tmp_path, Header(rate=20.0), settings, pictures=source) as recorder:
        for number in itertools.count():
            recorder.put(state(speed=number), time.perf_counter())
            if source.finished.wait(0.05):
                break
    recorded = read_recording(tmp_path / "01_telemetry.parquet")
    states = recorded.table.column("time").to_numpy()
    pictures = read_recording(tmp_path / "01_pictures.parquet").table.to_pydict()
    with (tmp_path / "01_inputs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 10
    for row in rows:
        at = pictures["time"][int(row["Frame"])]
        assert float(row["Timestamp"]) == pytest.approx(at + recorded.header.clock_offset, abs=2e-6)
        assert float(row["SpeedKmh"]) == pytest.approx(3.6 * np.argmin(np.abs(states - at)), abs=1e-4)
