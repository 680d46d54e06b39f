"""The car that the game has loaded, as far as the game tells of it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ac_gym.car import Car, load_car
from ac_gym.errors import UnknownNameError

_CLASS = "bmw_z4_gt3"  # what is not known of a car is taken from this one

_FIGURES = {  # car parameter: key of static_info
    "chassis_mass": "CAR_MASS",
    "chassis_wheelbase": "CAR_WHEELBASE",
    "suspension_front_track": "CAR_TRACK",
    "suspension_rear_track": "CAR_TRACK",
    "steering_lock_deg": "CAR_STEER_LOCK",
}
_UNKNOWN_LOCK_DEG = 450.0  # the whole axis: no car's is larger

log = logging.getLogger("ac_gym")


def car_of_game(asked: str | Path, static: Mapping[str, Any]) -> Car:
    """The car `asked` for by name or file; if it is not among ours, the plugin's figures over those of a GT3 car.

    The task needs of it the steering lock, which the plugin tells where the car's data folder is not packed; reports
    need its limit lap, which is an estimate then. A line in the log says so.
    """
    try:
        return load_car(asked)
    except UnknownNameError:
        pass
    known = {}
    for name, key in _FIGURES.items():
        value = static.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            known[name] = float(value)
    log.warning(
        "car %r is not known: its limit lap is that of a GT3 car with its mass and size; "
        "`ac-gym cars import` reads the car's own data folder",
        str(asked),
    )
    car = replace(load_car(_CLASS), name=str(asked), title=str(asked))
    return car.with_values(**{"steering_lock_deg": _UNKNOWN_LOCK_DEG, **known})
