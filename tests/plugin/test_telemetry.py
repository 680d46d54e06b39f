"""What is read of the game, also where it answers -1, nonsense or nothing."""

from __future__ import annotations

import math

import pytest
from fake_game import FakeAc, acsys_module, library

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
        laps = telemetry.Laps(shared)
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


class Pages:
    """Pages of three fields."""

    def __init__(self):
        self.values = {}
        self.physics = self.graphics = self

    def field(self, name):
        return self.values[name]


def test_three_tyres_out_spoil_a_lap_until_it_ends():
    shared = Pages()
    laps = library("telemetry").Laps(shared)

    def frame(count, time, out):
        shared.values = {"completedLaps": count, "iCurrentTime": time, "numberOfTyresOut": out}
        laps.watch()
        return laps.invalid, laps.last_valid

    assert frame(7, 10, 2) == (False, False), "of laps before it nothing is known"
    assert frame(7, 20, 3) == (True, False)
    assert frame(7, 30, 0) == (True, False)
    assert frame(8, 5, 0) == (False, False)
    assert frame(8, 15, 0) == (False, False)
    assert frame(9, 5, 0) == (False, True)
    assert frame(9, 15, 4) == (True, True)
    assert frame(9, 0, 0) == (False, True), "the lap clock began anew: a first, untimed lap has ended"
    assert frame(0, 0, 0) == (False, False), "the session began anew"
