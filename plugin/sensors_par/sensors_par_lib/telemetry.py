"""One row of telemetry from the game: what the channel table says of each channel's source, done."""

import math
import operator
import re
import time

from . import pages
from .channels import CHANNELS, WIDTH

_STILL_VALID = 2  # tyres that may be out

_SOURCE = re.compile(r"(-?)(acsys\.CS|physics|graphics)\.(\w+)(?:\[(\d)\]| (x|y|z), (x|y|z), (x|y|z))?")
_AXES = "xyz"


def columns():
    """Channel name -> its columns in a row."""
    found, start = {}, 0
    for name, size, _, _ in CHANNELS:
        found[name] = range(start, start + size)
        start += size
    return found


COLUMNS = columns()


class Telemetry(object):
    """Reads rows of WIDTH floats in the order of the channel table; main thread only.

    A quantity that the game does not give (its calls answer -1 then), or not as a finite number, is 0.
    """

    def __init__(self, ac, acsys, shared, laps, log):
        self._get = ac.getCarState
        self._pages = shared
        self._laps = laps
        self._scalars, self._vectors, self._negative = [], [], []
        self._pick = operator.itemgetter(*self._plan(acsys, log))

    def read(self):
        get = self._get
        raw = [0.0]
        for constant in self._scalars:
            raw.append(get(0, constant))
        for constant, nothing in self._vectors:
            value = get(0, constant)
            raw.extend(value if isinstance(value, tuple) and len(value) == len(nothing) else nothing)
        raw.extend(self._pages.physics.read())
        raw.extend(self._pages.graphics.read())
        row = _numbers(self._pick(raw))
        for column in self._negative:
            row[column] = -row[column]
        row[_TIMESTAMP] = time.perf_counter()
        row[_INVALID] = float(self._laps.invalid or row[_INVALID] > 0.0)
        row[_LAST_VALID] = float(self._laps.last_valid)
        return row

    def _plan(self, acsys, log):
        """For each column the place of its value among the raw ones: a 0, scalars, vectors, the two pages."""
        wanted = []
        for name, size, source, _ in CHANNELS:
            start = COLUMNS[name][0]
            match = _SOURCE.match(source)
            if match is None:
                wanted.extend([None] * size)
                continue
            sign, kind, field, index, first, second, third = match.groups()
            if sign:
                self._negative.extend(COLUMNS[name])
            if index is not None:
                elements, length = [int(index)], 3
            elif first is not None:
                elements, length = [_AXES.index(axis) for axis in (first, second, third)], 3
            else:
                elements, length = list(range(size)), size
            wanted.extend((kind, field, element, length) for element in elements)
            assert len(wanted) == start + size, name
        return self._places(wanted, acsys, log)

    def _places(self, wanted, acsys, log):
        calls = []
        for item in wanted:
            if item is not None and item[0] == "acsys.CS" and (item[1], item[3]) not in calls:
                calls.append((item[1], item[3]))
        places, at = {}, 1
        for field, length in sorted(calls, key=lambda call: call[1] > 1):
            constant = getattr(acsys.CS, field, None)
            if constant is None:
                log("the game's acsys has no CS.{0}; it is sent as 0".format(field))
                places["acsys.CS", field] = None
                continue
            if length == 1:
                self._scalars.append(constant)
            else:
                self._vectors.append((constant, (0.0,) * length))
            places["acsys.CS", field] = at
            at += length
        for kind, page in (("physics", self._pages.physics), ("graphics", self._pages.graphics)):
            for field, elements in page.columns.items():
                places[kind, field] = at + elements[0]
            at += sum(len(elements) for elements in page.columns.values())
        return [0 if item is None or places[item[:2]] is None else places[item[:2]] + item[2] for item in wanted]


class Laps(object):
    """Whether this lap and the last one count: the game's own flag is always 0, so tyres are watched at every frame."""

    def __init__(self, shared):
        self._physics, self._graphics = shared.physics, shared.graphics
        self._count, self._time = None, 0
        self.invalid = False
        self.last_valid = False

    def watch(self):
        """Once a frame, main thread."""
        count = self._graphics.field("completedLaps")
        elapsed = self._graphics.field("iCurrentTime")
        out = self._physics.field("numberOfTyresOut") > _STILL_VALID
        if count != self._count or elapsed < self._time:
            if self._count is not None and count != self._count:
                self.last_valid = count > self._count and not self.invalid
            self.invalid = False
        self._count, self._time = count, elapsed
        self.invalid = self.invalid or out


def is_live(shared):
    """Whether the car is being driven: neither a pause nor a replay nor the end of the session."""
    return shared.graphics.field("status") == pages.STATUS_LIVE


def _numbers(values):
    """A list of finite floats."""
    try:
        row = list(map(float, values))
        if math.isfinite(sum(row)):
            return row
    except (TypeError, ValueError):
        pass
    return [_finite(value) for value in values]


def _finite(value):
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else 0.0


_TIMESTAMP = COLUMNS["timestamp_ac"][0]
_INVALID = COLUMNS["lap_invalidated"][0]
_LAST_VALID = COLUMNS["last_lap_valid"][0]
assert sum(size for _, size, _, _ in CHANNELS) == WIDTH
