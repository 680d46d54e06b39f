"""What else the game is asked: names, static data, the reset. Main thread only."""

import json
import math
import os
import re

from .jobs import RefusedError
from .track import Track, TrackError

_WHEELS = ("FL", "FR", "RL", "RR")
_NO_CSP = (
    "the game cannot reset the car without Custom Shaders Patch; install it (with 'use extended physics'), or put the "
    "car back yourself"
)


class Game(object):
    """`track` is read once and kept: it does not change while the game runs."""

    def __init__(self, ac, acsys, pages, version):
        self._ac = ac
        self._acsys = acsys
        self._pages = pages
        self._track = None
        self._figures = None
        self.version = version

    def csp(self):
        """Version code of Custom Shaders Patch, None without it."""
        code = getattr(self._ac, "ext_patchVersionCode", None)
        return code() if code is not None else None

    def names(self):
        """Track and car, as the client compares them with its configuration."""
        return {
            "TrackName": _name(self._ac.getTrackName(0)),
            "TrackConfiguration": _name(self._ac.getTrackConfiguration(0)),
            "CarName": _name(self._ac.getCarName(0)),
        }

    def preload(self, log):
        """Reads the track while the game is loading anyway: later it would cost a frame a tenth of a second."""
        try:
            self.track()
        except RefusedError as error:
            log(str(error))

    def track(self):
        """The loaded Track; RefusedError where its AI line cannot be used."""
        if self._track is None:
            names = self.names()
            try:
                self._track = Track(names["TrackName"], names["TrackConfiguration"])
            except TrackError as error:
                raise RefusedError(str(error))
        return self._track

    def reset(self):
        """Puts the car back on the road; the lap does not count then."""
        reset = getattr(self._ac, "ext_resetCar", None)
        if reset is None:
            raise RefusedError(_NO_CSP)
        reset()

    def static_info(self):
        """The reference's static data; numbers, texts and lists, no True, False or None: its client evaluates them."""
        ac = self._ac
        info = self.names()
        contact = [self._vector("TyreContactPoint", wheel) for wheel in range(4)]
        info.update(
            WindSpeed=number(ac.getWindSpeed()),
            WindDirection=number(ac.getWindDirection()),
            TrackLength=number(ac.getTrackLength(0)),
            LastSplits=numbers(ac.getLastSplits(0)),
            isCarInPitlane=int(ac.isCarInPitlane(0) == 1),
            isCarInPit=int(ac.isCarInPit(0) == 1),
            autoShifterOn=int(self._pages.physics.field("autoShifterOn")),
            penaltiesEnabled=int(self._pages.static.field("penaltiesEnabled")),
            CAR_WHEEL_R=numbers(self._pages.static.field("tyreRadius")),
            CAR_TRACK=(_distance(contact[0], contact[1]) + _distance(contact[2], contact[3])) / 2.0,
            CAR_WHEELBASE=(_distance(contact[0], contact[2]) + _distance(contact[1], contact[3])) / 2.0,
            WorldPosition=self._vector("WorldPosition"),
        )
        info.update(("TyreContactPoint_" + wheel, point) for wheel, point in zip(_WHEELS, contact))
        if self._figures is None:
            self._figures = _car_figures(info["CarName"])
        info.update(self._figures)
        return info

    def _vector(self, name, *index):
        return numbers(self._ac.getCarState(0, getattr(self._acsys.CS, name), *index), 3)


def _car_figures(car):
    """Mass (kg), outer box (m) and steering lock (degrees to one side) as the car's files tell them; box and lock are 0
    where its data folder is packed."""
    folder = os.path.join("content", "cars", car)
    try:
        with open(os.path.join(folder, "ui", "ui_car.json"), encoding="utf-8-sig", errors="replace") as file:
            specs = json.loads(file.read(), strict=False).get("specs", {})
        mass = re.match(r"\s*(\d+(?:\.\d+)?)", str(specs.get("weight", "")))
    except (OSError, ValueError, AttributeError):
        return {}
    data = _text(os.path.join(folder, "data", "car.ini"))
    # INERTIA is width, height and length of the box whose inertia the car has.
    figures = {"CAR_DIM_" + axis: size for axis, size in zip("XYZ", _entry(data, "INERTIA", 3))}
    figures["CAR_STEER_LOCK"] = _entry(data, "STEER_LOCK", 1)[0]
    if mass:
        figures["CAR_MASS"] = float(mass.group(1))
    return figures


def _text(path):
    """What is in a file, "" where it cannot be read."""
    try:
        with open(path, encoding="latin-1") as file:
            return file.read()
    except OSError:
        return ""


def _entry(text, key, count):
    """`count` numbers of a line `key = 1, 2, 3` in the text of an ini file; zeros where there is no such line."""
    found = re.search(r"^\s*" + key + r"\s*=" + r",".join([r"\s*([\d.]+)\s*"] * count), text, re.MULTILINE)
    try:
        return [float(number) for number in found.groups()] if found else [0.0] * count
    except ValueError:
        return [0.0] * count


def _name(value):
    """-1 stands for: there is none."""
    return value if isinstance(value, str) else ""


def number(value):
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else 0.0


def numbers(values, count=None):
    """A list of numbers; with `count` as many zeros where the game has no answer."""
    if isinstance(values, (list, tuple)) and count in (None, len(values)):
        return [number(value) for value in values]
    return [0.0] * (count or 0)


def _distance(a, b):
    return math.sqrt(sum((p - q) ** 2 for p, q in zip(a, b)))
