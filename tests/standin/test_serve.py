"""`ac-gym serve` as scripts and users have it: a process that says when it is up, and ends cleanly."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hosting import APPS, CAR, TRACK

from ac_gym.errors import GameDismissedError
from ac_gym.game.client import GameConnection

Serve = Callable[..., subprocess.Popen[str]]
PORTS = ("--ego-port", "0", "--opponents-port", "0", "--management-port", "0")


@pytest.fixture
def serve(pages: str) -> Iterator[Serve]:
    started: list[subprocess.Popen[str]] = []

    def start(*options: str, ports: tuple[str, ...] = PORTS) -> subprocess.Popen[str]:
        common = ("--track", TRACK, "--pages", pages)
        command = [sys.executable, "-m", "ac_gym.cli.main", "serve", *common, *ports, *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.terminate()
        try:
            process.communicate(timeout=20.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def ready(process: subprocess.Popen[str], path: Path) -> dict[str, object]:
    """What the ready file says, once it is there."""
    while not path.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    return json.loads(path.read_text(encoding="utf-8"))


def receive_all(game: GameConnection) -> None:
    while True:
        game.receive(5.0)


def test_it_says_when_it_is_up_and_ends_cleanly(serve: Serve, pages: str, tmp_path: Path) -> None:
    process = serve("--ready-file", str(tmp_path / "ready.json"))
    about = ready(process, tmp_path / "ready.json")
    assert (about["pid"], about["track"], about["car"], about["pages"]) == (process.pid, TRACK, CAR, pages)
    ports = about["ports"]
    with GameConnection(ego_port=ports["ego"], management_port=ports["management"]) as game:
        assert game.receive(10.0).frame[0] >= 1.0
    folder = Path(str(about["folder"]))
    assert folder.is_dir()
    process.send_signal(signal.SIGTERM)
    out, errors = process.communicate(timeout=20.0)
    assert (process.returncode, errors) == (0, "")
    assert "serving BMW Z4 GT3 on Indianapolis" in out
    assert f"UDP {ports['ego']}" in out
    assert "has connected as driver" in out  # the apps' log
    assert not folder.exists()
    assert not (tmp_path / "ready.json").exists()
    assert not list(Path("/dev/shm").glob(f"{pages}*"))


def test_it_says_where_its_pictures_are(serve: Serve, pages: str) -> None:
    process = serve(
        "--pictures", "32x24", "--view=chase", f"--pictures-name={pages}.pictures", "--until=0.1", "--print-ports"
    )
    out, errors = process.communicate(timeout=60.0)
    assert (process.returncode, errors) == (0, "")
    about, headline = out.splitlines()[:2]
    assert json.loads(about)["pictures"] == {"size": [32, 24], "view": "chase", "name": f"{pages}.pictures"}
    assert f"pictures {pages}.pictures, 32x24 from the chase" in headline


def test_print_ports_is_one_line_of_json(serve: Serve) -> None:
    process = serve("--print-ports", "--quiet", "--until", "0.5")
    out, errors = process.communicate(timeout=60.0)
    assert (process.returncode, errors) == (0, "")
    (line,) = out.splitlines()
    assert set(json.loads(line)["ports"]) == {"ego", "management", "opponents"}


def test_ctrl_c_tells_the_driver(serve: Serve, tmp_path: Path) -> None:
    process = serve("--ready-file", str(tmp_path / "ready.json"), "--quiet")
    ports = ready(process, tmp_path / "ready.json")["ports"]
    with GameConnection(ego_port=ports["ego"], management_port=ports["management"]) as game:
        game.receive(10.0)
        process.send_signal(signal.SIGINT)
        assert process.wait(20.0) == 0
        with pytest.raises(GameDismissedError, match="the game closes the app"):
            receive_all(game)


def test_other_apps_are_hosted_without_the_plugin(serve: Serve, tmp_path: Path) -> None:
    process = serve(
        "--no-plugin", "--app", str(APPS / "troublemaker"), "--until", "0.2", "--folder", str(tmp_path / "game"),
        ports=(),
    )  # fmt: skip
    out, _ = process.communicate(timeout=60.0)
    assert process.returncode == 0
    assert "no servers" in out
    assert "RuntimeError: acUpdate fails" in out
    assert (tmp_path / "game" / "logs" / "py_log.txt").is_file()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--track", "monzza"), "did you mean monza"),
        (("--speed", "fast"), "--speed must be a number or max"),
        (("--speed", "-1"), "speed must be greater than 0"),
        (("--set", "token"), "--set takes KEY=VALUE"),
        (("--set", "ego_rate=5"), "unknown setting of sensors_par.ini"),
        (("--host", "0.0.0.0"), "other machines could connect"),
        (("--app", "/no/such/app"), "no in-game app"),
        (("--reset", "home"), "unknown reset"),
        (("--pictures", "640"), "--pictures must be WIDTHxHEIGHT in pixels, as 640x480, is '640'"),
        (("--pictures", "640x480", "--view", "cokpit"), "unknown view 'cokpit'"),
    ],
)
def test_a_mistake_is_told_in_one_line(serve: Serve, options: tuple[str, ...], message: str) -> None:
    process = serve(*options)
    out, errors = process.communicate(timeout=60.0)
    assert process.returncode == 2
    assert out == ""
    (line,) = errors.splitlines()
    assert line.startswith("error: ")
    assert message in line


def test_an_app_that_does_not_start_ends_it(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "broken.py").write_text("import no_such_module_at_all")
    process = serve("--no-plugin", "--app", str(tmp_path / "broken"), ports=())
    _, errors = process.communicate(timeout=60.0)
    assert process.returncode == 2
    assert errors.startswith("error: broken did not start: ")
    assert "no_such_module_at_all" in errors


def test_two_on_the_same_pages(serve: Serve, tmp_path: Path) -> None:
    ready(serve("--ready-file", str(tmp_path / "ready.json"), "--quiet"), tmp_path / "ready.json")
    second = serve("--quiet")
    _, errors = second.communicate(timeout=60.0)
    assert second.returncode == 2
    assert "in use by the game or another stand-in host" in errors


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="files in /dev/shm")
def test_after_a_kill_the_next_one_runs(serve: Serve, pages: str, tmp_path: Path) -> None:
    first = serve("--ready-file", str(tmp_path / "first.json"), "--quiet")
    folder = Path(str(ready(first, tmp_path / "first.json")["folder"]))
    os.kill(first.pid, signal.SIGKILL)
    first.wait(20.0)
    assert len(list(Path("/dev/shm").glob(f"{pages}*"))) == 3
    second = serve("--until", "0.1", "--quiet")
    assert second.wait(60.0) == 0
    assert not list(Path("/dev/shm").glob(f"{pages}*"))
    for left in sorted(folder.rglob("*"), reverse=True):
        left.rmdir() if left.is_dir() else left.unlink()
    folder.rmdir()
