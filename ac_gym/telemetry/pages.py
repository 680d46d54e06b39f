"""The game's three shared-memory pages (Assetto Corsa 1.16, smVersion 1.7) as NumPy structured types.

Fields and their names, the game's own, are those of `ac_gym.telemetry.fields`. Little-endian; int32, float32 and
NUL-terminated UTF-16 text, aligned as a C compiler lays them out. Wheels: front left, front right, rear left, rear
right. Vectors: x, y (up), z of the game's world.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from ac_gym.telemetry.fields import FIELDS


class Status(IntEnum):
    """`graphics.status`."""

    OFF = 0
    REPLAY = 1
    LIVE = 2
    PAUSE = 3


class SessionType(IntEnum):
    """`graphics.session`."""

    UNKNOWN = -1
    PRACTICE = 0
    QUALIFY = 1
    RACE = 2
    HOTLAP = 3
    TIME_ATTACK = 4
    DRIFT = 5
    DRAG = 6


class Flag(IntEnum):
    """`graphics.flag`."""

    NONE = 0
    BLUE = 1
    YELLOW = 2
    BLACK = 3
    WHITE = 4
    CHECKERED = 5
    PENALTY = 6


def _layout(page: str) -> np.dtype:
    return np.dtype([(field.game_name, field.dtype) for field in FIELDS[page]], align=True)


PHYSICS = _layout("physics")
"""592 bytes, written at every physics step."""

GRAPHICS = _layout("graphics")
"""304 bytes, written at every drawn frame."""

STATIC = _layout("static")
"""684 bytes, written once a session."""

PAGES = {"physics": PHYSICS, "graphics": GRAPHICS, "static": STATIC}
"""Kind of page -> its type."""

OLDER_SIZES = {PHYSICS: (564, 580), GRAPHICS: (276, 288, 296), STATIC: (592,)}
"""Bytes of pages as older versions have them, and programs that copy them for others: the same fields, but the last."""


def page_name(kind: str, base: str = "acpmf") -> str:
    """Name of the shared memory that holds the page of this kind; the game's base name is `acpmf`."""
    return f"{base}_{kind}"


def set_text(record: np.ndarray, field: str, text: str) -> None:
    """Writes `text` into a text field, cut to what fits beside the NUL."""
    room = record.dtype[field].shape[0]
    units = np.frombuffer(text.encode("utf-16-le"), "<u2")[: room - 1]
    if len(units) and 0xD800 <= units[-1] < 0xDC00:  # never half of a surrogate pair
        units = units[:-1]
    record[field] = 0
    record[field][: len(units)] = units


def get_text(record: np.ndarray | np.void, field: str) -> str:
    """The text of a text field, up to its NUL; code units that are none become U+FFFD."""
    units = np.asarray(record[field], "<u2")
    ends = np.flatnonzero(units == 0)
    return units[: ends[0] if len(ends) else None].tobytes().decode("utf-16-le", errors="replace")
