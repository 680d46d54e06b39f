"""The written form of a circuit: a YAML file of named segments, read and validated into a `Layout`.

`docs/tracks.md` describes the format. Every error is one line that names the file and the segment.
"""

from __future__ import annotations

import difflib
import math
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ac_gym.errors import InvalidTrackError
from ac_gym.track.model import SURFACE_CODES

DIRECTIONS = {"clockwise": -1, "anticlockwise": 1}


@dataclass(frozen=True)
class Defaults:
    """What a segment has unless it says otherwise."""

    width_m: float
    kerb_m: float
    wall_m: float
    """white line to barrier"""
    runoff: str


@dataclass(frozen=True)
class Segment:
    """A stretch of constant curvature; None where the segment leaves a figure to its neighbours or the defaults."""

    name: str
    is_corner: bool
    length_m: float
    radius_m: float | None
    width_m: float | None
    bank_deg: float | None
    grade_percent: float | None
    wall_m: float | None
    runoff: str | None

    @property
    def angle_rad(self) -> float:
        return self.length_m / self.radius_m if self.radius_m else 0.0


@dataclass(frozen=True)
class Start:
    """The start/finish line on the map, and the pose a hotlap begins from (relative to the line, along the lap)."""

    x_m: float
    y_m: float
    heading_deg: float
    hotlap_m: float
    hotlap_offset_m: float


@dataclass(frozen=True)
class Layout:
    """A validated track file."""

    source: str
    """file name, for messages"""
    name: str
    title: str
    country: str
    length_m: float
    direction: str
    easing_m: float
    start: Start
    sectors_m: tuple[float, ...]
    defaults: Defaults
    segments: tuple[Segment, ...]

    @property
    def winding(self) -> int:
        return DIRECTIONS[self.direction]


class _Reader:
    """Takes typed values out of one mapping; remembers where it is, for the message."""

    def __init__(self, where: str, data: Any, known: tuple[str, ...]) -> None:
        self.where = where
        if not isinstance(data, Mapping):
            raise InvalidTrackError(f"{where}: expected keys and values, got {reprlib.repr(data)}")
        self.data = data
        for key in data:
            if key not in known:
                near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}"
                raise InvalidTrackError(f"{where}: unknown key {key!r}; {hint}")

    def number(self, key: str, low: float = -math.inf, high: float = math.inf, default: float | None = None) -> float:
        value = self.optional(key, low, high)
        if value is not None:
            return value
        if default is None:
            raise InvalidTrackError(f"{self.where}: {key} is missing")
        return default

    def optional(self, key: str, low: float = -math.inf, high: float = math.inf) -> float | None:
        value = self.data.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise InvalidTrackError(f"{self.where}: {key} must be a number, got {value!r}")
        if not low <= value <= high:
            allowed = f"at least {low:g}" if high == math.inf else f"between {low:g} and {high:g}"
            raise InvalidTrackError(f"{self.where}: {key} must be {allowed}, got {value:g}")
        return float(value)

    def text(self, key: str) -> str:
        value = self.data.get(key)
        if not isinstance(value, str) or not value:
            raise InvalidTrackError(f"{self.where}: {key} must be a text, got {value!r}")
        return value

    def choice(self, key: str, choices: Mapping[str, int], default: str | None = None) -> str | None:
        value = self.data.get(key, default)
        if value is not None and value not in choices:
            raise InvalidTrackError(f"{self.where}: {key} must be {' or '.join(choices)}, got {value!r}")
        return value


def read_layout(path: Path) -> Layout:
    """The layout in a track file."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidTrackError(f"{path}: cannot be read ({error})") from error
    return parse_layout(text, path.name)


def parse_layout(text: str, source: str) -> Layout:
    """The layout written in YAML `text`; `source` is the file name that messages carry."""
    import yaml

    try:
        # Both loaders are safe, plain data only; the one in C, where PyYAML has it, is the faster.
        data = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        reason = getattr(error, "problem", None) or "not readable"
        raise InvalidTrackError(f"{source}{line}: not valid YAML: {reason}") from error
    return _layout(source, data)


_TOP = (
    "name",
    "title",
    "country",
    "length_m",
    "direction",
    "easing_m",
    "start",
    "sectors_m",
    "defaults",
    "sources",
    "segments",
)
_START = ("x_m", "y_m", "heading_deg", "hotlap_m", "hotlap_offset_m")
_DEFAULTS = ("width_m", "kerb_m", "wall_m", "runoff")
_SEGMENT = ("name", "corner", "length_m", "radius_m", "width_m", "bank_deg", "grade_percent", "wall_m", "runoff")


def _layout(source: str, data: Any) -> Layout:
    top = _Reader(source, data, _TOP)
    direction = top.choice("direction", DIRECTIONS)
    if direction is None:
        raise InvalidTrackError(f"{source}: direction is missing; clockwise or anticlockwise")
    sources = top.data.get("sources")
    if not isinstance(sources, Mapping) or not all(isinstance(v, str) and v for v in sources.values()):
        raise InvalidTrackError(f"{source}: sources must say for each group of figures where it is from")
    entries = top.data.get("segments")
    if not isinstance(entries, list) or len(entries) < 2:
        raise InvalidTrackError(f"{source}: segments must be a list of at least two")
    length_m = top.number("length_m", 100.0, 100_000.0)
    return Layout(
        source=source,
        name=top.text("name"),
        title=top.text("title"),
        country=top.text("country"),
        length_m=length_m,
        direction=direction,
        easing_m=top.number("easing_m", 1.0, 200.0, default=20.0),
        start=_start(source, top.data.get("start", {})),
        sectors_m=_sectors(source, top.data.get("sectors_m", []), length_m),
        defaults=_defaults(source, top.data.get("defaults", {})),
        segments=tuple(_segment(source, i, entry) for i, entry in enumerate(entries, start=1)),
    )


def _start(source: str, data: Any) -> Start:
    read = _Reader(f"{source} start", data, _START)
    return Start(
        x_m=read.number("x_m", default=0.0),
        y_m=read.number("y_m", default=0.0),
        heading_deg=read.number("heading_deg", -360.0, 360.0, default=0.0),
        hotlap_m=read.number("hotlap_m", -2000.0, 0.0, default=-150.0),
        hotlap_offset_m=read.number("hotlap_offset_m", default=0.0),
    )


def _defaults(source: str, data: Any) -> Defaults:
    read = _Reader(f"{source} defaults", data, _DEFAULTS)
    return Defaults(
        width_m=read.number("width_m", 3.0, 60.0),
        kerb_m=read.number("kerb_m", 0.0, 5.0, default=1.0),
        wall_m=read.number("wall_m", 0.5, 200.0, default=12.0),
        runoff=read.choice("runoff", SURFACE_CODES, default="grass") or "grass",
    )


def _sectors(source: str, data: Any, length_m: float) -> tuple[float, ...]:
    ok = isinstance(data, list) and all(isinstance(v, int | float) and not isinstance(v, bool) for v in data)
    if not ok or any(b <= a for a, b in zip([0.0, *data], [*data, length_m], strict=True)):
        raise InvalidTrackError(f"{source}: sectors_m must rise from above 0 to below length_m, got {data!r}")
    return tuple(float(v) for v in data)


def _segment(source: str, number: int, data: Any) -> Segment:
    where = f"{source} segment {number}"
    if isinstance(data, Mapping) and ("name" in data or "corner" in data):
        where += f" ({data.get('corner', data.get('name'))})"
    read = _Reader(where, data, _SEGMENT)
    if ("name" in data) == ("corner" in data):
        raise InvalidTrackError(f"{where}: needs either name (a stretch) or corner (shown on the map)")
    is_corner = "corner" in data
    segment = Segment(
        name=read.text("corner" if is_corner else "name"),
        is_corner=is_corner,
        length_m=read.number("length_m", 0.5, 20_000.0),
        radius_m=read.optional("radius_m"),
        width_m=read.optional("width_m", 3.0, 60.0),
        bank_deg=read.optional("bank_deg", -45.0, 45.0),
        grade_percent=read.optional("grade_percent", -40.0, 40.0),
        wall_m=read.optional("wall_m", 0.5, 200.0),
        runoff=read.choice("runoff", SURFACE_CODES),
    )
    if segment.radius_m == 0.0:
        raise InvalidTrackError(f"{where}: radius_m must not be 0; leave it out for a straight")
    return segment
