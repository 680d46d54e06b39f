"""What is read of the game, also where it answers -1, nonsense or nothing."""

from __future__ import annotations

import math

import pytest
from fake_game import FakeAc, acsys_module, library, write_page

from ac_gym import channels


@pytest.fixture
def acsys():
    return acsys_module()


@pytest.fixture
def ac(acsys):
    return FakeAc(acsys)


@pytest.fixture
def reader(acsys, ac):
    """Builds Telemetry and Laps on pages of a given name."""

    def make(base):
        telemetry, lines = library("telemetry"), []
        shared = library("pages").Pages(base)
        laps = telemetry.Laps(ac, acsys, shared)
        return telemetry.Telemetry(ac, acsys, shared, laps, lines.append), laps, lines

    return make


def value(row, name):
    found = row[channels.COLUMNS[name]]
    return found[0] if len(found) == 1 else found


def test_without_pages_their_channels_are_zero(reader):
    telemetry, laps, _ = reader("ac_gym_no_such_page")
    laps.watch()
    row = telemetry.read()
    assert len(row) == channels.WIDTH
    assert value(row, "speed") == 50.5
    assert value(row, "fuel") == value(row, "packet_id") == value(row, "yaw") == 0.0


def test_calls_that_fail_are_zeros(reader, acsys, ac):
    telemetry, _, _ = reader("ac_gym_no_such_page")
    ac.state[acsys.CS.SlipAngle] = -1
    ac.state[acsys.CS.WorldPosition] = (1.0, 2.0)
    ac.state[acsys.CS.RPM] = math.nan
    ac.state[acsys.CS.Gas] = None
    ac.state[acsys.CS.AccG] = (math.inf, 1.0, "x")
    row = telemetry.read()
    assert value(row, "slip_angle") == value(row, "wheel_load")[:0] + [0.0] * 4
    assert value(row, "world_position") == [0.0] * 3
    assert value(row, "rpm") == value(row, "throttle") == value(row, "accel_lateral") == 0.0
    assert value(row, "accel_vertical") == 1.0
    assert value(row, "accel_longitudinal") == 0.0
    assert value(row, "wheel_load") == [1.0, 2.0, 3.0, 4.0]


def test_a_game_without_a_constant_is_told_once(reader, acsys):
    del acsys.CS.TurboBoost
    telemetry, _, lines = reader("ac_gym_no_such_page")
    assert value(telemetry.read(), "turbo_boost") == 0.0
    assert lines == ["the game's acsys has no CS.TurboBoost; it is sent as 0"]


def test_every_channel_has_a_source_or_is_not_in_the_game():
    telemetry = library("telemetry")
    without = {c.name for c in channels.CHANNELS if not telemetry._SOURCE.match(c.source)}
    assert without == {
        "steps", "timestamp_ac", "total_errors_out_of_sync", "last_lap_valid", "abs_active", "tc_active", "surface",
        "tyre_force_longitudinal", "tyre_force_lateral",
    }  # fmt: skip


def test_pages_are_where_the_package_has_them():
    from ac_gym.telemetry import pages as ours

    theirs = library("pages")
    layouts = {"physics": ours.PHYSICS, "graphics": ours.GRAPHICS, "static": ours.STATIC}
    for page, dtype in layouts.items():
        assert theirs.SIZES[page] == dtype.itemsize
        for field, (offset, code) in getattr(theirs, page.upper()).items():
            kind, place = dtype.fields[field][:2]
            assert place == offset, field
            assert (kind.base.str, math.prod(kind.shape)) == ("<" + code[-1] + "4", int(code[:-1] or 1)), field


class Lap:
    """Drives a lap clock: each call is a frame."""

    def __init__(self, laps, ac, acsys, base):
        self.laps, self._ac, self._count, self._base = laps, ac, acsys.CS.LapCount, base

    def frame(self, count, time, out):
        pages = library("pages")
        self._ac.state[self._count] = count
        write_page(self._base, "graphics", 304, pages.GRAPHICS, {"iCurrentTime": time})
        write_page(self._base, "physics", 592, pages.PHYSICS, {"numberOfTyresOut": out})
        self.laps._pages.close()
        for page in (self.laps._pages.physics, self.laps._pages.graphics):
            page._retry_at = 0.0
        self.laps.watch()
        return self.laps.invalid, self.laps.last_valid


def test_three_tyres_out_spoil_a_lap_until_it_ends(reader, ac, acsys, made_pages):
    _, laps, _ = reader(made_pages)
    lap = Lap(laps, ac, acsys, made_pages)
    assert lap.frame(0, 10, 2) == (False, False)
    assert lap.frame(0, 20, 3) == (True, False)
    assert lap.frame(0, 30, 0) == (True, False)
    assert lap.frame(1, 5, 0) == (False, False)
    assert lap.frame(1, 15, 0) == (False, False)
    assert lap.frame(2, 5, 0) == (False, True)
    assert lap.frame(2, 15, 4) == (True, True)
    assert lap.frame(2, 0, 0) == (False, True), "the lap clock began anew: a first, untimed lap has ended"
    assert lap.frame(0, 0, 0) == (False, False), "the session began anew"


@pytest.fixture
def made_pages():
    import os

    from fake_game import remove_pages

    base = f"ac_gym_laps_{os.getpid()}"
    yield base
    remove_pages(base)
