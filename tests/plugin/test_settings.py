"""Settings: what is wrong is told in one line, and the default holds."""

from __future__ import annotations

import pytest
from fake_game import library

from ac_gym.resources import plugin_dir


def read(tmp_path, text):
    path = tmp_path / "sensors_par.ini"
    path.write_text(text, encoding="utf-8")
    return library("settings").read(str(path))


def test_the_file_in_the_game_says_the_defaults():
    settings = library("settings")
    found = settings.read(str(plugin_dir() / "sensors_par.ini"))
    assert found.problems == []
    assert {name: getattr(found, name) for name in settings.DEFAULTS} == dict(settings.DEFAULTS)
    text = (plugin_dir() / "sensors_par.ini").read_text()
    for name in settings.DEFAULTS:
        before = text.split(f"\n{name} =")[0]
        assert before.splitlines()[-1].startswith("; "), f"{name} has a comment"


def test_values_are_taken_with_their_types(tmp_path):
    text = "\ufeff[sensors_par]\nego_sampling_freq = 50\nvjoy_executed_by_server = yes\ntoken = 100%\n"
    found = read(tmp_path, text)
    assert found.problems == []
    assert (found.ego_sampling_freq, found.vjoy_executed_by_server, found.token) == (50.0, True, "100%")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ego_server_port", "70000"), ("ego_server_port", "23.5"), ("ego_sampling_freq", "fast"),
        ("ego_sampling_freq", "nan"), ("vjoy_executed_by_server", "maybe"), ("vjoy_device", "17"),
        ("second_driver", "fight"), ("neutral_after", "-1"), ("pages", "../etc/passwd"), ("pages", ""),
    ],
)  # fmt: skip
def test_a_bad_value_is_one_line_and_the_default(tmp_path, name, value):
    found = read(tmp_path, f"[sensors_par]\n{name} = {value}\n")
    (problem,) = found.problems
    assert name in problem
    assert "default" in problem
    assert "\n" not in problem
    assert getattr(found, name) == library("settings").DEFAULTS[name]


def test_an_unknown_name_is_told(tmp_path):
    (problem,) = read(tmp_path, "[sensors_par]\nego_server_prot = 1\n").problems
    assert "ego_server_prot" in problem
    assert "ego_server_port" in problem


@pytest.mark.parametrize("text", ["", "[other]\na = 1\n", "no section\n", "[sensors_par]\ntoken = 1\ntoken = 2\n"])
def test_a_file_that_cannot_be_used_is_one_line(tmp_path, text):
    (problem,) = read(tmp_path, text).problems
    assert "sensors_par.ini" in problem
    assert "\n" not in problem


def test_no_file_is_one_line(tmp_path):
    (problem,) = library("settings").read(str(tmp_path / "missing.ini")).problems
    assert "missing.ini" in problem


def test_other_machines_are_let_in_only_when_allowed(tmp_path):
    closed = read(tmp_path, "[sensors_par]\nego_server_host_name = 0.0.0.0\n")
    assert closed.ego_server_host_name == "127.0.0.1"
    assert "allow_remote" in closed.problems[0]
    opened = read(tmp_path, "[sensors_par]\nego_server_host_name = 0.0.0.0\nallow_remote = True\n")
    assert (opened.ego_server_host_name, opened.problems) == ("0.0.0.0", [])


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost"])
def test_loopback_needs_no_leave(tmp_path, host):
    assert read(tmp_path, f"[sensors_par]\nego_server_host_name = {host}\n").problems == []


def test_the_app_logs_each_problem(start):
    start(vjoy_device=99).logged("vjoy_device = 99")
