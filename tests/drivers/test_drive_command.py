"""`ac-gym drive`: settings that cannot be are told before anything moves."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from ac_gym.cli.main import app
from ac_gym.errors import AcGymError


@pytest.mark.parametrize("duration", ["nan", "inf", "-3", "0"])
def test_a_duration_is_a_time(duration: str) -> None:
    said = CliRunner().invoke(app, ["drive", "--source", "shm", "--duration", duration])
    assert isinstance(said.exception, AcGymError)
    assert str(said.exception) == f"--duration must be a number greater than 0, is {duration}"


@pytest.mark.parametrize(
    "settings",
    [("--pace", "nan"), ("--pace", "2"), ("--noise", "nan"), ("--noise", "-1"), ("--seed", "-1"), ("--ego-port", "0")],
)
def test_numbers_out_of_range_are_refused(settings: tuple[str, str]) -> None:
    said = CliRunner().invoke(app, ["drive", *settings])
    assert said.exit_code == 2
    assert settings[0] in said.output


@pytest.mark.parametrize("settings", [("--duration", "3"), ("--source-name", "game")])
def test_what_only_pictures_have_is_not_ignored_without_them(settings: tuple[str, str]) -> None:
    said = CliRunner().invoke(app, ["drive", *settings])
    assert isinstance(said.exception, AcGymError)
    assert "--source" in str(said.exception)
