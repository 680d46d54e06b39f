"""Controls through pyvjoy and through the in-game app's own ctypes, down to the 108 bytes that reach vJoyInterface.dll.

The DLL is tests/windows/native/vjoy_interface.c, which writes down each call; each test runs a process with it.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ac_gym.resources import plugin_dir

VJOY = Path(os.environ["AC_GYM_TEST_VJOY"])
DLL = VJOY / "pyvjoy" / "utils" / "x64" / "vJoyInterface.dll"
NEUTRAL = (16384, 1, 1, 0)

Drive = Callable[..., tuple[str, list[str]]]

CLIENT = """
import numpy as np
from ac_gym.errors import AcGymError
from ac_gym.game.controls import open_controls
try:
    joystick = open_controls("vjoy")
    for row in {rows}:
        joystick.apply(np.array(row, np.float32))
    joystick.close()
except AcGymError as error:
    print(type(error).__name__, error)
"""

APP = """
import sys
sys.path.insert(0, {plugin!r})
from sensors_par_lib.joystick import Joystick
joystick = Joystick(1, None, None)
if joystick.acquire():
    for steer, throttle, brake, gear in {rows}:
        assert joystick.write(steer, throttle, brake, gear > 0, gear < 0)
    joystick.release()
print(joystick.problem)
"""


@pytest.fixture(params=["client", "app"])
def drive(request: pytest.FixtureRequest, tmp_path: Path) -> Drive:
    """Runs one of the two with rows of controls: what it prints, and the lines of the DLL."""

    def driven(rows: list[tuple[float, ...]], **fake: str) -> tuple[str, list[str]]:
        log = tmp_path / "vjoy.log"
        log.touch()
        code = CLIENT if request.param == "client" else APP
        installed = tmp_path / "Program Files" / "vJoy" / "x64"  # where the app looks
        installed.mkdir(parents=True, exist_ok=True)
        (installed / DLL.name).write_bytes(DLL.read_bytes())
        variables = {
            "PYTHONPATH": os.pathsep.join([str(VJOY), os.environ["PYTHONPATH"]]),
            "PROGRAMW6432": str(tmp_path / "Program Files"),
            "FAKE_VJOY_LOG": str(log),
            **{f"FAKE_VJOY_{name.upper()}": value for name, value in fake.items()},
        }
        process = subprocess.run(
            [sys.executable, "-c", code.format(rows=rows, plugin=str(plugin_dir()))],
            env=os.environ | variables, capture_output=True, text=True, timeout=60, stdin=subprocess.PIPE,
        )  # fmt: skip
        assert process.returncode == 0, process.stderr
        return process.stdout.strip(), log.read_text().splitlines()

    return driven


def axes(line: str) -> tuple[int, int, int, int]:
    """X, Y, Z and buttons of an update."""
    word, device, hexadecimal = line.split()
    assert (word, device) == ("update", "1")
    data = bytes.fromhex(hexadecimal)
    assert len(data) == 108
    assert data[0] == 1  # the device
    x, y, z = struct.unpack_from("<3i", data, 16)
    return x, y, z, *struct.unpack_from("<I", data, 76)


def updates(lines: list[str]) -> list[tuple[int, int, int, int]]:
    return [axes(line) for line in lines if line.startswith("update")]


def test_positions_arrive_whole_and_scaled(drive: Drive) -> None:
    said, lines = drive([(-1, -1, -1, 0), (0, 0, 0, 0), (1, 1, 1, 0), (0.5, -0.5, 0.25, 0)])
    assert said == ""
    assert lines[0] == "acquire 1"
    assert lines[-1] == "relinquish 1"
    driven = [position for position in updates(lines) if position != NEUTRAL]
    assert driven == [(1, 1, 1, 0), (16384, 16384, 16384, 0), (32768, 32768, 32768, 0), (24576, 8192, 20480, 0)]
    assert not [line for line in lines if line.startswith(("axis", "button"))]  # nothing in pieces


def test_gears_are_buttons_1_and_2(drive: Drive) -> None:
    _, lines = drive([(0, -1, -1, 1), (0, -1, -1, -1)])
    assert [position for position in updates(lines) if position != NEUTRAL] == [(16384, 1, 1, 1), (16384, 1, 1, 2)]


def test_the_device_is_left_neutral(drive: Drive) -> None:
    _, lines = drive([(1, 1, -1, 0)])
    assert updates(lines)[-1] == NEUTRAL
    assert lines.index("relinquish 1") == len(lines) - 1


def test_a_dropped_position_is_sent_again_after_acquiring(drive: Drive) -> None:
    said, lines = drive([(1, -1, -1, 0)], drops="1")
    assert said == ""
    assert lines[:3] == ["acquire 1", "dropped 1", "acquire 1"]
    assert (32768, 1, 1, 0) in updates(lines)


@pytest.mark.parametrize(
    ("fake", "words"),
    [({"status": "2"}, "another program"), ({"status": "3"}, "no device 1"), ({"disabled": "1"}, "driver")],
)
def test_what_is_missing_is_told_in_one_line(drive: Drive, fake: dict[str, str], words: str) -> None:
    said, lines = drive([(1, 1, 1, 0)], **({"status": "3"} | fake))
    assert words in said
    assert "\n" not in said
    assert updates(lines) == []


def test_a_killed_client_leaves_the_device_neutral(tmp_path: Path) -> None:
    log = tmp_path / "vjoy.log"
    driving = CLIENT.format(rows=[(1, 1, -1, 0)]).replace("joystick.close()", "print(flush=True); input()")
    driving = "from ac_gym.game.controls import base\nbase.NEUTRAL_AFTER = 60.0" + driving
    path = os.pathsep.join([str(VJOY), os.environ["PYTHONPATH"]])
    with subprocess.Popen(
        [sys.executable, "-c", driving], env=os.environ | {"PYTHONPATH": path, "FAKE_VJOY_LOG": str(log)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as client:  # fmt: skip
        assert client.stdout is not None
        client.stdout.readline()
        time.sleep(1.0)  # so that the second process waits already
        assert updates(log.read_text().splitlines())[-1] == (32768, 32768, 1, 0)
        client.kill()
        began = time.monotonic()
        while not log.read_text().endswith("relinquish 1\n") and time.monotonic() < began + 20.0:
            time.sleep(0.01)
        print(f"neutral {time.monotonic() - began:.3f} s after the kill")
    assert updates(log.read_text().splitlines())[-1] == NEUTRAL


def test_vjoys_own_dll_without_its_driver_is_told_in_one_line() -> None:
    process = subprocess.run(
        [sys.executable, "-c", CLIENT.format(rows=[(0, 0, 0, 0)])],
        capture_output=True, text=True, timeout=60, stdin=subprocess.PIPE,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    assert process.stdout.startswith("MissingDriverError")
    assert "install it from" in process.stdout
