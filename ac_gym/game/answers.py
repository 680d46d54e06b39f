"""What the management server answers, checked: types, lengths and finite numbers before anything is believed."""

from __future__ import annotations

import ast
import warnings
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ac_gym.game.wire import MessageError, field, from_json

MAX_CONFIG = 65536  # bytes
MAX_POINTS = 2**18  # of a track; a point every 1.5 m makes that 390 km

_LANES = ("left_lane", "right_lane", "fast_lane")
_PROFILES = ("throttle_arr", "brake_arr", "speed_arr", "angle_array")


def config(answer: bytes) -> dict[str, Any]:
    """The plugin's settings from the text of a Python dict literal, or of a JSON object.

    Raises MessageError for anything else. A literal is data: no name, call or operator is looked at.
    """
    if len(answer) > MAX_CONFIG:
        raise MessageError(f"a configuration of {len(answer)} bytes, more than {MAX_CONFIG}")
    try:
        with warnings.catch_warnings(action="ignore"):  # Python's own, about spellings in the text
            settings = ast.literal_eval(answer.decode())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        settings = from_json(answer, MAX_CONFIG)
    if not isinstance(settings, dict) or not all(isinstance(name, str) for name in settings):
        raise MessageError("a configuration that is no table of names")
    return settings


def static_info(answer: dict[str, Any]) -> dict[str, Any]:
    """Facts of the session, with `TrackFullName` (track or track-layout) added."""
    info = dict(answer)
    track, car = field(info, "TrackName", str), field(info, "CarName", str)
    layout = info.get("TrackConfiguration")
    info["TrackConfiguration"] = layout if isinstance(layout, str) else ""  # the game says -1 where there is none
    info["TrackFullName"] = f"{track}-{layout}" if info["TrackConfiguration"] else track
    if not track or not car or field(info, "TrackLength", float) <= 0.0:
        raise MessageError("the game has no track or car loaded yet")
    return info


def track_info(answer: dict[str, Any]) -> dict[str, Any]:
    """The track's lanes as arrays: `left_lane`, `right_lane`, `fast_lane` (P, 2) m in the wire frame; `throttle_arr`,
    `brake_arr`, `speed_arr`, `angle_array` (deg) and, where the plugin sends it, `height` (m), each (P,)."""
    info = dict(answer)
    if not info.get("fast_lane"):
        raise MessageError("the game has no racing line (ai/fast_lane.ai) for this track")
    points = len(_array(info, _LANES[0], 2))
    for name in _LANES:
        info[name] = _array(info, name, 2, points)
    for name in (*_PROFILES, *(["height"] if "height" in info else [])):
        info[name] = _array(info, name, 1, points)
    return info


def _array(info: dict[str, Any], name: str, dimensions: int, points: int | None = None) -> NDArray[np.float64]:
    value = info.get(name)
    if not isinstance(value, list) or not 3 <= len(value) <= MAX_POINTS:
        raise MessageError(f"{name!r} is not a list of 3 to {MAX_POINTS} points")
    if points is not None and len(value) != points:
        raise MessageError(f"{name!r} has {len(value)} points, {_LANES[0]!r} has {points}")
    if dimensions == 2 and not all(type(row) is list and len(row) == 2 for row in value):
        raise MessageError(f"{name!r} has a point that is not [x, y]")
    # Types first: NumPy would make numbers of strings, and an array as wide as the longest of them.
    numbers = chain.from_iterable(value) if dimensions == 2 else value
    if not set(map(type, numbers)) <= {int, float}:
        raise MessageError(f"{name!r} has something that is not a number")
    try:
        found = np.array(value, np.float64)
    except OverflowError:
        raise MessageError(f"{name!r} has a number that is too large") from None
    if not np.isfinite(found).all():
        raise MessageError(f"{name!r} has a number that is not finite")
    return found
