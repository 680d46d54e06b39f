"""One look at the game: its pages as they were at a moment, under readable names, and what follows from them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import itemgetter
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

    def as_json(self) -> str:
        """Everything under readable names as one line of JSON.

        Vectors become three numbers, `velocity_x`, `_y`, `_z`; numbers keep the page's precision (145.3, not
        145.3000030517578); what is not finite becomes null.
        """
        physics, graphics, static = self._raw
        derived = json.dumps({name: derive(self) for name, derive in DERIVED.items()}, separators=(",", ":"))
        return (
            f'{{"timestamp":{self.timestamp!r},"sequence":{self.sequence},{_PAGE_TEXTS["physics"](physics)},'
            f"{_PAGE_TEXTS['graphics'](graphics)},{_static_text(static)},{derived[1:]}"
        )

    def as_dict(self) -> dict[str, Any]:
        """The same as plain numbers, text and lists."""
        return json.loads(self.as_json())


def as_record(page: str, raw: bytes) -> np.void:
    """The bytes of a page as a record, without copying them."""
    return np.frombuffer(raw, PAGES[page])[0]


# --- what follows from the pages --------------------------------------------------------------------------------------
def _worst_damage(snapshot: Snapshot) -> float:
    zones = snapshot.physics["carDamage"].tolist()[:_DAMAGE_ZONES]
    return round(max((damage for damage in zones if not math.isnan(damage)), default=0.0), 6)  # float32's 5 % is 5 %


def tyre_worn(snapshot: Snapshot) -> list[float]:
    """(4,) 0 new .. 1 worn down; the page counts the other way, 100 to 0, and is all 0 where the game does not tell."""
    wear = [0.0 if math.isnan(left) else left for left in snapshot.physics["tyreWear"].tolist()]
    return [round(min(max(1.0 - left / 100.0, 0.0), 1.0), 6) for left in wear] if any(wear) else [0.0] * len(wear)


def _mean_slip(snapshot: Snapshot) -> float:
    return sum(snapshot.physics["wheelSlip"].tolist()) / 4.0


def _lock_detected(snapshot: Snapshot) -> bool:
    return float(snapshot.physics["brake"]) > _BRAKE_LOCKED and _mean_slip(snapshot) > _SLIP_LOCKED


def _number(value: float, digits: int) -> float | None:
    return round(value, digits) if math.isfinite(value) else None


DERIVED: Mapping[str, Callable[[Snapshot], Any]] = MappingProxyType(
    {
        "is_lap_valid": lambda snapshot: snapshot.is_lap_valid,
        "delta": lambda snapshot: None if snapshot.delta_s is None else _number(snapshot.delta_s, 3),
        "avg_wheel_slip": lambda snapshot: _number(_mean_slip(snapshot), 6),
        "wheel_lock_detected": _lock_detected,
        "locked_wheels": lambda snapshot: [slip > _SLIP_LOCKED for slip in snapshot.physics["wheelSlip"].tolist()],
        "bodywork_damaged": lambda snapshot: _worst_damage(snapshot) > _DAMAGED,
        "bodywork_critical": lambda snapshot: _worst_damage(snapshot) > _CRITICAL,
        "tyre_worn": tyre_worn,
        "tyre_damaged": lambda snapshot: any(worn > _WORN for worn in tyre_worn(snapshot)),
        "tyre_critical": lambda snapshot: any(worn > _WORN_OUT for worn in tyre_worn(snapshot)),
    }
)
"""Name -> what it is in a snapshot. `wheel_lock_detected`: brake over 0.5 and mean slip over 0.5. Bodywork is damaged
over 5 % and critical over 50 % in any zone, tyres over 80 % and over 95 % worn."""


# --- to JSON ----------------------------------------------------------------------------------------------------------
class _PageText:
    """Turns the bytes of a page into the inside of a JSON object, by a template: a few times faster than by a dict."""

    def __init__(self, page: str) -> None:
        offsets = PAGES[page].fields
        assert offsets is not None
        words: dict[str, list[int]] = {"float": [], "int": [], "bool": []}
        slots: list[tuple[str, int]] = []
        self._page, self._texts, parts = page, [field for field in FIELDS[page] if field.kind == "text"], []
        for field in FIELDS[page]:
            if field.kind == "text":
                own = [("text", self._texts.index(field))]
            else:
                first, count = offsets[field.game_name][1] // 4, field.dtype.itemsize // 4
                own = [(field.kind, len(words[field.kind]) + i) for i in range(count)]
                words[field.kind] += range(first, first + count)
            parts.append(_pattern(field, len(own)))
            slots += own
            if field.name == "heading":  # the parser's name for it is there as well
                parts.append('"yaw":%s')
                slots += own
        self._template = ",".join(parts)
        self._words = {kind: np.array(at, np.intp) for kind, at in words.items()}
        starts = {"float": 0, "int": len(words["float"])}
        starts["bool"] = starts["int"] + len(words["int"])
        starts["text"] = starts["bool"] + len(words["bool"])
        self._in_order = itemgetter(*(starts[kind] + at for kind, at in slots))

    def __call__(self, raw: bytes) -> str:
        integers, floats = np.frombuffer(raw, "<i4"), np.frombuffer(raw, "<f4")[self._words["float"]]
        record = as_record(self._page, raw)
        values = [
            *_shortest(floats),
            *integers[self._words["int"]].tolist(),
            *("true" if yes else "false" for yes in integers[self._words["bool"]].tolist()),
            *(json.dumps(get_text(record, field.game_name)) for field in self._texts),
        ]
        return self._template % self._in_order(values)


def _pattern(field: Field, count: int) -> str:
    """`"name":%s` and the like, with a place for each number."""
    if field.xyz:
        return ",".join(f'"{field.name}_{axis}":%s' for axis in "xyz")
    if field.kind == "text" or count == 1:
        return f'"{field.name}":%s'
    row = ",".join(["%s"] * min(count, 5))
    return f'"{field.name}":[{row}]' if count <= 5 else f'"{field.name}":[{",".join(["[%s,%s,%s]"] * (count // 3))}]'


def _shortest(numbers: np.ndarray) -> list[str]:
    """float32 numbers as the shortest decimals that mean the same; null for what is none."""
    texts = list(map(str, numbers))
    if not np.isfinite(numbers).all():
        texts = [text if math.isfinite(number) else "null" for text, number in zip(texts, numbers, strict=True)]
    return texts


_PAGE_TEXTS = {page: _PageText(page) for page in PAGES}


@lru_cache(maxsize=8)
def _static_text(raw: bytes) -> str:
    """The static page, which changes only with the session."""
    return _PAGE_TEXTS["static"](raw)
