"""Lap times that others have published for the game."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from ac_gym.resources import configs_dir

_FILE = "published/lap_times.yaml"


def published_laps(track: str, car: str) -> Mapping[str, float]:
    """Best lap in s by who drove it (`human`, `sac`, ...); empty where nothing was published for the two."""
    return dict(_read()["laps"].get(track, {}).get(car, {}))


def published_pairs() -> list[tuple[str, str]]:
    """(track, car) with published laps."""
    return [(track, car) for track, cars in _read()["laps"].items() for car in cars]


def published_source() -> str:
    """Where the times are from."""
    return str(_read()["source"])


@cache
def _read() -> Any:
    return yaml.safe_load((configs_dir() / _FILE).read_text(encoding="utf-8"))
