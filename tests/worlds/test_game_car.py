"""The car of the game: ours where we know it, else what the plugin tells of it."""

from __future__ import annotations

import logging

import pytest

from ac_gym.car import load_car
from ac_gym.worlds.game_car import car_of_game

TOLD = {
    "CarName": "their_car", "CAR_MASS": 900.0, "CAR_WHEELBASE": 2.4, "CAR_TRACK": 1.5, "CAR_STEER_LOCK": 300.0,
}  # fmt: skip


def test_a_known_car_is_ours() -> None:
    assert car_of_game("dallara_f317", TOLD) is load_car("dallara_f317")


def test_what_the_plugin_tells_of_another(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        car = car_of_game("their_car", TOLD)
    assert "limit lap is that of a GT3 car with its mass" in caplog.text
    assert (car.name, car.title) == ("their_car", "their_car")
    values = car.values
    assert (values["chassis_mass"], values["chassis_wheelbase"], values["steering_lock_deg"]) == (900.0, 2.4, 300.0)
    assert values["suspension_front_track"] == values["suspension_rear_track"] == 1.5
    assert values["brakes_torque"] == load_car("bmw_z4_gt3").values["brakes_torque"]


@pytest.mark.parametrize("told", [{}, {"CAR_STEER_LOCK": 0.0}, {"CAR_STEER_LOCK": "wide", "CAR_MASS": True}])
def test_figures_that_are_none_are_not_taken(told: dict[str, object]) -> None:
    car = car_of_game("their_car", told)
    assert car.values["chassis_mass"] == load_car("bmw_z4_gt3").values["chassis_mass"]
    assert car.values["steering_lock_deg"] == 450.0
