"""One look at the game: its pages as they were at a moment, under readable names, and what follows from them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np

from ac_gym.errors import UnknownNameError
from ac_gym.telemetry.fields import BY_NAME, FIELDS, Field
from ac_gym.telemetry.pages import PAGES, get_text

_SLIP_LOCKED, _BRAKE_LOCKED = 0.5, 0.5
_DAMAGED, _CRITICAL = 0.05, 0.50
_WORN, _WORN_OUT = 0.80, 0.95
_DAMAGE_ZONES = 4  # the fifth is not documented as valid


class Snapshot:
    """The pages `physics`, `graphics` and `static`, read at `timestamp` (s, Unix time), and of its lap `is_lap_valid`
    (False from three tyres out until the lap ends) and `delta_s` (s behind the best lap seen; None before one).

    `snapshot["speed_kmh"]`, `snapshot["speedKmh"]` and `snapshot["wheel_lock_detected"]` all work: readable names, the
    game's own, and those of `DERIVED`. Arrays are views of the pages' copies, not copies of their own.
    """

    __slots__ = ("_raw", "delta_s", "graphics", "is_lap_valid", "physics", "sequence", "static", "timestamp")

    def __init__(
        self,
        physics: bytes,
        graphics: bytes,
        static: bytes,
        *,
        timestamp: float,
        sequence: int = 0,
        is_lap_valid: bool = True,
        delta_s: float | None = None,
    ) -> None:
        self._raw = physics, graphics, static
        self.physics = as_record("physics", physics)
        self.graphics = as_record("graphics", graphics)
        self.static = as_record("static", static)
        self.timestamp, self.sequence = timestamp, sequence
        self.is_lap_valid, self.delta_s = is_lap_valid, delta_s

    def __getitem__(self, name: str) -> Any:
        field = BY_NAME.get(name)
        if field is not None:
            record = getattr(self, field.page)
            return get_text(record, field.game_name) if field.kind == "text" else record[field.game_name]
        if name in DERIVED:
            return DERIVED[name](self)
        raise UnknownNameError("telemetry field", name, {*BY_NAME, *DERIVED})

    def as_dict(self) -> dict[str, Any]:
        """Everything under readable names, as plain numbers, text and lists: what JSON takes.

        Vectors become three numbers, `velocity_x`, `_y`, `_z`; numbers keep the page's precision (145.3, not
        145.3000030517578); what is not finite becomes None.
        """
        physics, graphics, static = self._raw
        values: dict[str, Any] = {"timestamp": self.timestamp, "sequence": self.sequence}
        _write_page("physics", physics, values)
        _write_page("graphics", graphics, values)
        values.update(_static_values(static))
        values["yaw"] = values["heading"]  # the parser's name for it
        for name, derive in DERIVED.items():
            values[name] = derive(self)
        return values

    def as_json(self) -> str:
        """`as_dict` as one line of JSON."""
        return json.dumps(self.as_dict(), separators=(",", ":"), allow_nan=False)


def as_record(page: str, raw: bytes) -> np.void:
    """The bytes of a page as a record, without copying them."""
    return np.frombuffer(raw, PAGES[page])[0]


# --- what follows from the pages --------------------------------------------------------------------------------------
def _worst_damage(snapshot: Snapshot) -> float:
    return float(np.nanmax(snapshot.physics["carDamage"][:_DAMAGE_ZONES], initial=0.0))


def tyre_worn(snapshot: Snapshot) -> list[float]:
    """(4,) 0 new .. 1 worn down; the page counts the other way, 100 to 0, and is all 0 where the game does not tell."""
    wear = snapshot.physics["tyreWear"].tolist()
    return [min(max(1.0 - left / 100.0, 0.0), 1.0) for left in wear] if any(wear) else [0.0] * len(wear)


def _mean_slip(snapshot: Snapshot) -> float:
    return float(snapshot.physics["wheelSlip"].mean())


def _lock_detected(snapshot: Snapshot) -> bool:
    return bool(snapshot.physics["brake"] > _BRAKE_LOCKED and _mean_slip(snapshot) > _SLIP_LOCKED)


def _number(value: float, digits: int) -> float | None:
    return round(value, digits) if math.isfinite(value) else None


DERIVED: Mapping[str, Callable[[Snapshot], Any]] = MappingProxyType(
    {
        "is_lap_valid": lambda snapshot: snapshot.is_lap_valid,
        "delta": lambda snapshot: None if snapshot.delta_s is None else _number(snapshot.delta_s, 3),
        "avg_wheel_slip": lambda snapshot: _number(_mean_slip(snapshot), 6),
        "wheel_lock_detected": _lock_detected,
        "locked_wheels": lambda snapshot: (snapshot.physics["wheelSlip"] > _SLIP_LOCKED).tolist(),
        "bodywork_damaged": lambda snapshot: _worst_damage(snapshot) > _DAMAGED,
        "bodywork_critical": lambda snapshot: _worst_damage(snapshot) > _CRITICAL,
        "tyre_worn": lambda snapshot: [_number(worn, 6) for worn in tyre_worn(snapshot)],
        "tyre_damaged": lambda snapshot: any(worn > _WORN for worn in tyre_worn(snapshot)),
        "tyre_critical": lambda snapshot: any(worn > _WORN_OUT for worn in tyre_worn(snapshot)),
    }
)
"""Name -> what it is in a snapshot. `wheel_lock_detected`: brake over 0.5 and mean slip over 0.5. Bodywork is damaged
from 5 % and critical from 50 % in any zone, tyres from 80 % and 95 % worn."""


# --- to plain values --------------------------------------------------------------------------------------------------
class _Layout:
    """Where the fields of a page are among its 4-byte words."""

    def __init__(self, page: str) -> None:
        fields = PAGES[page].fields
        assert fields is not None
        self.texts = [field for field in FIELDS[page] if field.kind == "text"]
        self.numbers: list[tuple[Field, int, int]] = []
        floats: list[int] = []
        for field in FIELDS[page]:
            if field.kind != "text":
                first, count = fields[field.game_name][1] // 4, field.dtype.itemsize // 4
                if field.kind == "float":
                    self.numbers.append((field, len(floats), count))
                    floats += range(first, first + count)
                else:
                    self.numbers.append((field, first, count))
        self.float_words = np.array(floats)


_LAYOUTS = {page: _Layout(page) for page in PAGES}


def _write_page(page: str, raw: bytes, values: dict[str, Any]) -> None:
    """Adds the fields of a page to `values`, in the page's order but for texts, which come first."""
    layout = _LAYOUTS[page]
    if layout.texts:
        record = as_record(page, raw)
        values.update((field.name, get_text(record, field.game_name)) for field in layout.texts)
    words = np.frombuffer(raw, "<i4")
    integers, floats = words.tolist(), _plain(words.view("<f4")[layout.float_words])
    for field, at, count in layout.numbers:
        if field.kind == "float":
            if count == 1:
                values[field.name] = floats[at]
            elif field.xyz:
                for axis in range(3):
                    values[f"{field.name}_{'xyz'[axis]}"] = floats[at + axis]
            elif count == 12:
                values[field.name] = [floats[i : i + 3] for i in range(at, at + 12, 3)]
            else:
                values[field.name] = floats[at : at + count]
        else:
            values[field.name] = bool(integers[at]) if field.kind == "bool" else integers[at]


def _plain(numbers: np.ndarray) -> list[float | None]:
    """float32 numbers as the shortest decimals that mean the same."""
    return [float(str(number)) if math.isfinite(number) else None for number in numbers]


@lru_cache(maxsize=8)
def _static_values(raw: bytes) -> Mapping[str, Any]:
    """The fields of the static page, which changes only with the session."""
    values: dict[str, Any] = {}
    _write_page("static", raw, values)
    return MappingProxyType(values)
