"""`ac-gym read`: a table for people, JSON lines for programs, one line where there is no game."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from publishing import FakeGame
from rich.console import Console

from ac_gym.cli.read import telemetry_table
from ac_gym.telemetry.pages import Status
from ac_gym.telemetry.reader import TelemetryReader

Read = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def read(game: FakeGame) -> Iterator[Read]:
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, pages: str = game.pages) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "ac_gym.cli.main", "read", "--pages", pages, *arguments]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def wait_for_lines(path: Path, count: int) -> None:
    until = time.monotonic() + 30.0
    while not path.exists() or path.read_bytes().count(b"\n") < count:
        assert time.monotonic() < until
        time.sleep(0.01)


def test_lines_come_at_the_rate_until_the_time_is_up(game: FakeGame, read: Read, tmp_path: Path) -> None:
    game.show(speedKmh=123.4)
    path = tmp_path / "telemetry.jsonl"
    process = read("--rate", "50", "--json-output", str(path), "--until", "1")
    out, errors = process.communicate(timeout=30.0)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert (process.returncode, errors) == (0, "")
    assert f"{len(lines)} snapshots in" in out
    assert 5 <= len(lines) <= 51
    assert {line["speed_kmh"] for line in lines} == {123.4}
    times = [line["timestamp"] for line in lines]
    assert times == sorted(times)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_whoever_ends_it_leaves_whole_lines(read: Read, tmp_path: Path, how: int) -> None:
    path = tmp_path / "telemetry.jsonl"
    process = read("--rate", "100", "--json-output", str(path))
    wait_for_lines(path, 20)
    process.send_signal(how)
    _, errors = process.communicate(timeout=20.0)
    assert process.returncode == (-signal.SIGKILL if how == signal.SIGKILL else 0)
    assert errors == ""
    assert all("speed_kmh" in json.loads(line) for line in path.read_text().splitlines())


def test_it_ends_with_the_game(game: FakeGame, read: Read, tmp_path: Path) -> None:
    path = tmp_path / "telemetry.jsonl"
    process = read("--rate", "100", "--json-output", str(path))
    wait_for_lines(path, 5)
    game.show(status=Status.OFF)
    assert process.wait(20.0) == 0


def test_it_waits_for_a_game_if_it_is_told_to(game: FakeGame, read: Read, tmp_path: Path) -> None:
    path = tmp_path / "telemetry.jsonl"
    later = game.pages + "_later"
    process = read("--wait", "--json-output", str(path), "--rate", "50", pages=later)
    time.sleep(0.2)
    with FakeGame(later):
        wait_for_lines(path, 2)
        assert process.poll() is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "the game is not running"),
        (("--rate", "101"), "the rate must be 1 to 100 a second"),
        (("--rate", "0"), "the rate must be 1 to 100 a second"),
        (("--rate", "nan"), "the rate must be 1 to 100 a second"),
        (("--until", "nan"), "--until must be a number greater than 0, is nan"),
        (("--until", "inf"), "--until must be a number greater than 0, is inf"),
        (("--until", "-1"), "--until must be a number greater than 0, is -1"),
        (("--until", "0"), "--until must be a number greater than 0, is 0"),
    ],
)
def test_a_mistake_is_one_line(game: FakeGame, read: Read, arguments: tuple[str, ...], message: str) -> None:
    process = read(*arguments, pages=game.pages + "_nobody")
    out, errors = process.communicate(timeout=30.0)
    assert (process.returncode, out) == (2, "")
    (line,) = errors.splitlines()
    assert line.startswith("error: ")
    assert message in line


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a device that is always full")
def test_a_full_disk_is_one_line(read: Read) -> None:
    process = read("--json-output", "/dev/full")
    _, errors = process.communicate(timeout=30.0)
    assert process.returncode == 2
    (line,) = errors.splitlines()
    assert line.startswith("error: /dev/full: cannot be written (No space left on device)")


def test_no_session_is_said(game: FakeGame, read: Read) -> None:
    game.show(status=Status.OFF)
    process = read()
    _, errors = process.communicate(timeout=30.0)
    assert process.returncode == 2
    assert "the game is not in a session; start one, or wait for it with --wait" in errors


def shown(game: FakeGame) -> str:
    with TelemetryReader(game.pages) as reader:
        console = Console(file=io.StringIO(), width=100)
        console.print(telemetry_table(reader.snapshot()))
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_the_table(game: FakeGame) -> None:
    game.show(speedKmh=187.6, gear=5, rpms=7123, brake=1.0, wheelSlip=0.9, iLastTime=92_345, completedLaps=2)
    text = shown(game)
    for part in ("bmw_z4_gt3 on monza", "188 km/h", "7123 rpm", "1:32.345", "valid", "wheel lock detected", "100.0"):
        assert part in text
    game.show(numberOfTyresOut=3, speedKmh=float("nan"))
    assert "not valid" in shown(game)
