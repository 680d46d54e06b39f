"""Host and in-game app under Windows, the learner's side here: UDP and TCP between the two systems."""

from __future__ import annotations

import ast
import collections
import json
import re
import socket

import numpy as np
import pytest
from serving import drive, restarted, serving
from wine import Wine

from ac_gym.channels import COLUMNS, WIRE_KEYS
from ac_gym.errors import GameConnectionError

CLOCKS = ("steps", "timestamp_ac", "total_errors_out_of_sync", "packet_id")
READ_PAGES = """
import sys, time
from ac_gym.errors import GameNotRunningError
from ac_gym.telemetry.pages import PHYSICS, STATIC, get_text, page_name
from ac_gym.telemetry.shared_memory import SharedPage
try:
    with SharedPage.open(page_name("physics", sys.argv[1]), PHYSICS) as physics:
        first = physics.read()["packetId"]
        time.sleep(0.5)
        print("packets", physics.read()["packetId"] - first)
    with SharedPage.open(page_name("static", sys.argv[1]), STATIC) as static:
        print("car", get_text(static.read(), "carModel"))
except GameNotRunningError as error:
    print("away", error)
"""


def test_our_client_drives_in_real_time(windows: Wine) -> None:
    with serving(windows, "--speed=3") as served, served.connection() as game:
        assert game.applies_controls
        assert game.static_info()["TrackName"] == "indianapolis_sp"
        frames = drive(game, 100)
        assert frames[-1, COLUMNS["speed"].start] > 5.0
        assert (game.counters.lost, game.counters.malformed) == (0, 0)


def test_a_client_of_the_reference_project_drives(windows: Wine) -> None:
    with serving(windows, "--speed=3") as served, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        ports = served.about["ports"]
        end.settimeout(10.0)
        end.connect(("127.0.0.1", ports["ego"]))
        end.send(b"connect")
        assert end.recv(65536) == b"identified"
        for _ in range(50):
            state = json.loads(end.recv(65536))
            answer = {
                "steer": 0.0, "acc": 1.0, "brake": -1.0, "enable_gear_shift": 0, "shift_up": 0, "shift_down": 0,
                "server_steps": state["steps"],
            }  # fmt: skip
            end.send(json.dumps(answer).encode())
        assert set(state) == set(WIRE_KEYS)
        assert state["speed"] > 3.0
        with socket.create_connection(("127.0.0.1", ports["management"]), 10.0) as management:
            management.sendall(b"get_config")
            text = b"".join(iter(lambda: management.recv(65536), b""))
        assert ast.literal_eval(text.decode())["ac_gym_protocol"] == 1


def test_the_same_seed_and_controls_give_the_same_drive_on_both_systems(windows: Wine) -> None:
    drives = []
    for system in (windows, None):
        options = ("--speed=max", "--reset=random", "--seed=5", "--set=ego_sampling_freq=50", "--patience=60")
        with serving(system, *options) as served, served.connection() as game:
            drives.append(drive(game, 100, restarted(game)))
            assert game.counters.lost == 0
    for name, columns in COLUMNS.items():
        if name not in CLOCKS:
            here, there = (frames[:, columns] for frames in drives)
            np.testing.assert_allclose(here, there, rtol=1e-4, atol=1e-4, err_msg=name)


def test_the_pages_are_the_games_until_the_host_is_killed(windows: Wine) -> None:
    with serving(windows) as served:
        pages = served.about["pages"]
        packets, car = windows.run_python("-c", READ_PAGES, pages).splitlines()
        assert int(packets.split()[1]) > 0
        assert car == "car bmw_z4_gt3"
    assert windows.run_python("-c", READ_PAGES, pages).startswith("away there is no shared memory")


def test_a_host_that_is_killed_is_an_error_in_words(windows: Wine) -> None:
    with serving(windows) as served, served.connection(timeout=0.5) as game:
        game.receive()
        served.process.kill()
        with pytest.raises(GameConnectionError, match=re.escape("127.0.0.1")):
            collections.deque(iter(game.receive, None), maxlen=0)
