"""Every field of every page has one readable name, the telemetry parser's names among them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ac_gym.channels import CHANNELS
from ac_gym.telemetry.fields import BY_NAME, FIELDS
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


def test_channels_name_fields_that_there_are() -> None:
    sources = re.findall(r"(physics|graphics)\.(\w+)", " ".join(channel.source for channel in CHANNELS))
    assert len(sources) > 15
    for page, field in sources:
        assert field in (PAGES[page].names or ()), (page, field)


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
