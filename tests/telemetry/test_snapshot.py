"""A snapshot: the game's names and readable ones, what follows from the pages, and JSON that anyone can read."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest
from publishing import FakeGame

from ac_gym.errors import UnknownNameError
from ac_gym.telemetry.fields import FIELDS
from ac_gym.telemetry.reader import TelemetryReader
from ac_gym.telemetry.snapshot import DERIVED, Snapshot


def look(game: FakeGame, **fields: object) -> Snapshot:
    game.show(**fields)
    with TelemetryReader(game.pages) as reader:
        return reader.snapshot()


def test_both_names_mean_the_same(game: FakeGame) -> None:
    snapshot = look(game, speedKmh=145.3, wheelSlip=(0.1, 0.2, 0.3, 0.4), carModel="bmw_z4_gt3")
    assert snapshot["speed_kmh"] == snapshot["speedKmh"] == np.float32(145.3)
    assert snapshot["wheel_slip"].tolist() == snapshot["wheelSlip"].tolist()
    assert snapshot["car_model"] == snapshot["carModel"] == "bmw_z4_gt3"
    with pytest.raises(UnknownNameError, match="speed_kmh"):
        snapshot["speed_khm"]


def test_arrays_are_views_of_one_copy(game: FakeGame) -> None:
    snapshot = look(game, wheelLoad=(1.0, 2.0, 3.0, 4.0))
    assert snapshot["wheel_load"].base is not None
    game.show(wheelLoad=9.0)
    assert snapshot["wheel_load"].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_it_says_when_it_was_taken(game: FakeGame) -> None:
    before = time.time()
    snapshot = look(game)
    assert before <= snapshot.timestamp <= time.time()


@pytest.mark.parametrize(("brake", "slip", "locked"), [(0.6, 0.6, True), (0.5, 0.6, False), (0.6, 0.5, False)])
def test_wheel_lock_needs_brake_and_slip(game: FakeGame, brake: float, slip: float, locked: bool) -> None:
    assert look(game, brake=brake, wheelSlip=slip)["wheel_lock_detected"] is locked


def test_wheel_lock_is_of_the_mean(game: FakeGame) -> None:
    snapshot = look(game, brake=1.0, wheelSlip=(1.1, 0.2, 0.2, 0.2))
    assert snapshot["wheel_lock_detected"] is False
    assert snapshot["locked_wheels"] == [True, False, False, False]


@pytest.mark.parametrize(
    ("damage", "damaged", "critical"),
    [
        (0.04, False, False),
        (0.05, False, False),
        (0.06, True, False),
        (0.5, True, False),
        (0.51, True, True),
    ],
)
def test_bodywork(game: FakeGame, damage: float, damaged: bool, critical: bool) -> None:
    snapshot = look(game, carDamage=(0.0, damage, 0.0, 0.0, 0.0))
    assert (snapshot["bodywork_damaged"], snapshot["bodywork_critical"]) == (damaged, critical)


@pytest.mark.parametrize(
    ("left", "damaged", "critical"),
    [
        (100.0, False, False),
        (21.0, False, False),
        (20.0, False, False),
        (19.0, True, False),
        (5.0, True, False),
        (4.0, True, True),
        (0.0, False, False),
    ],
)
def test_a_new_tyre_has_a_wear_of_100(game: FakeGame, left: float, damaged: bool, critical: bool) -> None:
    wear = (0.0,) * 4 if left == 0.0 else (100.0, 100.0, left, 100.0)  # all 0: the game does not tell
    snapshot = look(game, tyreWear=wear)
    assert (snapshot["tyre_damaged"], snapshot["tyre_critical"]) == (damaged, critical)
    assert snapshot["tyre_worn"][2] == pytest.approx((100.0 - left) / 100.0 if left else 0.0, abs=1e-6)


def test_json_has_everything_and_the_pages_numbers(game: FakeGame) -> None:
    rng = np.random.default_rng(3)
    for page, fields in FIELDS.items():
        for field in fields:
            if field.kind == "float":
                game.records[page][field.game_name] = rng.normal(size=field.dtype.shape) * 10.0 ** rng.integers(-6, 7)
    snapshot = look(game, gear=3, isInPit=1, iCurrentTime=61_234, currentTime="1:01:234")
    values = json.loads(snapshot.as_json())
    assert set(DERIVED) <= set(values)
    for page, fields in FIELDS.items():
        for field in fields:
            if field.kind == "float":
                told = [values[f"{field.name}_{axis}"] for axis in "xyz"] if field.xyz else values[field.name]
                assert np.array_equal(np.float32(told), game.records[page][field.game_name]), field.name
    assert (values["gear"], values["is_in_pit"], values["current_time"]) == (3, True, 61_234)
    assert (values["current_time_text"], values["track"]) == ("1:01:234", "monza")
    assert values["yaw"] == values["heading"]


def test_json_has_short_numbers(game: FakeGame) -> None:
    assert '"speed_kmh":145.3,' in look(game, speedKmh=145.3).as_json()


def test_what_is_not_a_number_is_null(game: FakeGame) -> None:
    snapshot = look(game, speedKmh=np.nan, wheelSlip=(np.inf, 0.0, 0.0, 0.0), carDamage=np.nan, tyreWear=np.nan)
    values = json.loads(snapshot.as_json())
    assert values["speed_kmh"] is None
    assert values["wheel_slip"] == [None, 0.0, 0.0, 0.0]
    assert values["bodywork_damaged"] is False
