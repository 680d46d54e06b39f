"""Every field of every page has one readable name, the telemetry parser's names among them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from ac_gym.channels import CHANNELS, COLUMNS, Channel
from ac_gym.standin import page_writer
from ac_gym.telemetry.fields import BY_NAME, FIELDS, Field
from ac_gym.telemetry.pages import PAGES


@pytest.mark.parametrize("page", PAGES)
def test_the_fields_are_the_pages_in_their_order(page: str) -> None:
    assert [field.game_name for field in FIELDS[page]] == list(PAGES[page].names or ())
    assert all(field.kind == "text" for field in FIELDS[page] if field.dtype.base.str == "<u2")


def test_names_are_readable_and_there_once() -> None:
    names = [field.name for fields in FIELDS.values() for field in fields]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names)


def test_a_readable_name_never_means_another_field_of_the_game() -> None:
    for fields in FIELDS.values():
        for field in fields:
            assert BY_NAME[field.name] is field


# --- the channels, which have units and axes of their own -------------------------------------------------------------
FACTOR = {("m/s", "km/h"): 3.6}
SAME = {  # units of a channel and of a field that mean the same numbers
    ("%", "%, 100=new"), ("0/1", "yes/no"), ("1", "0=R, 1=N"), ("1", "0.."), ("1", "0..1"), ("-1..1", "1"),
    ("deg", "-1..1"),  # steering: degrees over the car's own lock
}  # fmt: skip
AGAINST = {"heading", "camberRAD"}  # fields that count the other way, camber on the right
IN_FRAME = {column: channel for channel in CHANNELS for column in range(*COLUMNS[channel.name].indices(10**6))}


def field_of(page: str, game_name: str) -> Field:
    (field,) = (field for field in FIELDS[page] if field.game_name == game_name)
    return field


def check_units(channel: Channel, field: Field, factor: float = 1.0) -> None:
    units = channel.unit, field.unit
    assert channel.unit == field.unit or units in SAME or units in FACTOR, (channel.name, field.game_name)
    assert abs(factor) == FACTOR.get(units, 1.0), (channel.name, field.game_name)
    assert factor > 0.0 or field.game_name in AGAINST


def test_channels_that_come_from_a_page_have_its_unit_and_size() -> None:
    sources = [(one, *re.findall(r"(physics|graphics)\.(\w+)", one.source)) for one in CHANNELS]
    found = [(channel, field_of(*named[0])) for channel, *named in sources if named]
    assert len(found) > 15
    for channel, field in found:
        assert field.dtype.itemsize == 4 * channel.size, (channel.name, field.game_name)
        check_units(channel, field)


def test_the_stand_in_fills_fields_with_channels_of_their_unit_and_size() -> None:
    filled = 0
    for page, table in (("physics", page_writer._PHYSICS_FLOATS), ("graphics", page_writer._GRAPHICS_FLOATS)):
        for game_name, (columns, factors) in table.items():
            field = field_of(page, game_name)
            assert (field.kind, field.dtype.itemsize) == ("float", 4 * len(columns)), game_name
            for column, factor in zip(columns, np.broadcast_to(factors, len(columns)), strict=True):
                check_units(IN_FRAME[column], field, float(factor))
                filled += 1
    for page, integers in (("physics", page_writer._PHYSICS_INTEGERS), ("graphics", page_writer._GRAPHICS_INTEGERS)):
        for game_name, column in integers.items():
            field = field_of(page, game_name)
            assert (field.dtype.str, field.kind != "text") == ("<i4", True), game_name
            check_units(IN_FRAME[column], field)
            filled += 1
    assert filled > 80


@pytest.mark.parametrize(
    ("name", "game_name"),
    [
        ("speed_kmh", "speedKmh"), ("wheel_slip", "wheelSlip"), ("rpm", "rpms"),
        ("tyre_core_temp", "tyreCoreTemperature"),
        ("angular_velocity", "localAngularVel"), ("world_position", "carCoordinates"), ("current_time", "iCurrentTime"),
        ("normalized_position", "normalizedCarPosition"), ("number_of_tyres_out", "numberOfTyresOut"),
    ],
)  # fmt: skip
def test_the_parsers_names(name: str, game_name: str) -> None:
    assert BY_NAME[name] is BY_NAME[game_name]


def test_the_documentation_lists_every_field() -> None:
    text = (Path(__file__).parents[2] / "docs" / "telemetry.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+)(?:_x, _y, _z)? \| (\w+) \| (.+?)(?: × [\d ×]+)? \|$", text, re.MULTILINE)
    told = [(name, game_name, unit) for name, game_name, unit in rows if game_name != "game"]
    assert told == [(field.name, field.game_name, field.unit) for fields in FIELDS.values() for field in fields]
