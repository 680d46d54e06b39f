"""The plugin, from the files that go into the game, under the host; clients over real sockets."""

from __future__ import annotations

import ast
import json
import math
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from ac_gym.car import load_car
from ac_gym.channels import CHANNELS, COLUMNS, WIRE_KEYS
from ac_gym.drivers import LineFollower
from ac_gym.game.client import GameConnection
from ac_gym.game.wire import State
from ac_gym.standin import Host
from ac_gym.task import Task, TaskSettings
from ac_gym.track import load_track
from ac_gym.worlds import SimulatedWorld, SimulationSettings

MakeHost = Callable[..., Host]
FULL_THROTTLE = np.array([0.0, 1.0, -1.0, 0.0], np.float32)


@contextmanager
def running(host: Host) -> Iterator[Host]:
    """The host's frames in a thread of their own."""
    host.start()
    thread = threading.Thread(target=host.run)
    thread.start()
    try:
        yield host
    finally:
        host.stop()
        thread.join(10.0)
        assert not thread.is_alive()


@contextmanager
def connected(host: Host, **options: object) -> Iterator[GameConnection]:
    ports = {"ego_port": host.ports["ego"], "management_port": host.ports["management"]}
    with GameConnection(**(ports | options)) as connection:  # type: ignore[arg-type]
        yield connection


def value(state: State, name: str) -> float:
    return float(state.frame[COLUMNS[name].start])


def ask(host: Host, command: str) -> str:
    """One text command of management, as the reference client asks it."""
    with socket.create_connection(("127.0.0.1", host.ports["management"]), 10.0) as end:
        end.sendall(command.encode())
        parts = []
        while part := end.recv(65536):
            parts.append(part)
    return b"".join(parts).decode()


def test_a_client_of_the_reference_project_drives(make_host: MakeHost) -> None:
    """Text `connect`, JSON both ways, Python literals from management."""
    with running(make_host(settings={}, speed=4.0)) as host, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        end.settimeout(10.0)
        end.connect(("127.0.0.1", host.ports["ego"]))
        end.send(b"connect")
        assert end.recv(1024) == b"identified"
        speeds = []
        for step in range(1, 151):
            state = json.loads(end.recv(65536))
            assert set(state) == set(WIRE_KEYS)
            assert state["steps"] == step
            speeds.append(state["speed"])
            answer = {
                "steer": 0.0, "acc": 1.0, "brake": -1.0, "enable_gear_shift": 0, "shift_up": 0, "shift_down": 0,
                "server_steps": state["steps"],
            }  # fmt: skip
            end.send(json.dumps(answer).encode())
        assert speeds[0] < 0.1
        assert speeds[-1] > 25.0
        assert state["world_position_x"] != 0.0
        assert state["accStatus"] == 1.0
        end.send(b"disconnect")
        static = ast.literal_eval(ask(host, "get_static_info"))
        assert (static["TrackName"], static["CarName"]) == ("indianapolis_sp", "bmw_z4_gt3")
        assert static["CAR_WHEELBASE"] == pytest.approx(2.51, abs=0.01)
        assert static["CAR_MASS"] == 1265.0
        track = ast.literal_eval(ask(host, "get_track_info"))
        assert len(track["left_lane"]) == len(track["fast_lane"]) > 2000
        assert ast.literal_eval(ask(host, "get_config"))["vjoy_executed_by_server"] is True


def test_our_client_drives_in_real_time(make_host: MakeHost) -> None:
    with running(make_host(settings={}, speed=5.0)) as host, connected(host) as game:
        assert game.applies_controls
        for _ in range(100):
            state = game.receive()
            game.send(FULL_THROTTLE)
        assert value(state, "speed") > 15.0
        assert state.game_time == pytest.approx(host.game_time, abs=1.0)
        assert "driver" in " ".join(host.screen.texts("sensors_par"))


def test_lock_step_is_faster_than_real_time_and_loses_nothing(make_host: MakeHost) -> None:
    with running(make_host(settings={}, speed=math.inf)) as host, connected(host) as game:
        first = game.receive()
        for _ in range(1000):
            game.send(FULL_THROTTLE)
            state = game.receive()
        assert state.sequence - first.sequence == 1000
        assert (game.counters.lost, game.counters.late) == (0, 0)
        assert state.game_time - first.game_time == pytest.approx(40.0)


def test_a_reset_does_not_wait_for_the_driver(make_host: MakeHost) -> None:
    """In lock-step the game stands still until the driver answers; a reset must come through all the same."""
    with running(make_host(settings={}, speed=math.inf, reset="line", patience=60.0)) as host, connected(host) as game:
        for _ in range(50):
            game.receive()
            game.send(FULL_THROTTLE)
        moving = game.receive()
        game.reset()
        after = game.receive()
        assert value(moving, "speed") > 3.0
        assert value(after, "speed") < 1.0
        assert value(after, "current_time") <= 40.0


def test_resets_need_the_patch(make_host: MakeHost) -> None:
    with running(make_host(settings={}, csp=False)) as host, connected(host) as game:
        with pytest.raises(Exception, match="Custom Shaders Patch"):
            game.reset()
        assert game.hello()["csp"] is None


def test_opponents_are_sent(make_host: MakeHost) -> None:
    with (
        running(make_host(settings={}, cars=3)) as host,
        connected(host, role="observer"),
        socket.create_connection(("127.0.0.1", host.ports["opponents"]), 10.0) as end,
    ):
        end.settimeout(10.0)
        text = ""
        while not (match := re.match(r"(\d+)\D.*?HEADER-END(\[.*?\])\d+HEADER-END", text, re.DOTALL)):
            part = end.recv(65536)
            assert part
            text += part.decode()
        assert int(match.group(1)) == 3
        cars = json.loads(match.group(2))
        assert [car["id"] for car in cars] == [1, 2]
        assert all(car["speed"] > 5.0 for car in cars)


def test_the_joystick_is_neutral_once_the_driver_is_gone(make_host: MakeHost) -> None:
    with running(make_host(settings={})) as host:
        with connected(host) as game:
            for _ in range(5):
                game.receive()
                game.send(FULL_THROTTLE)
        assert host.joystick.wait_for_write(0, 5.0)
        while host.joystick.position.throttle > 1:
            assert host.joystick.wait_for_write(host.joystick.writes, 5.0)


def test_the_record_button_records(make_host: MakeHost) -> None:
    with running(make_host(settings={})) as host, connected(host) as game:
        host.screen.click("sensors_par", "Record")
        for _ in range(20):
            game.receive()
        host.screen.click("sensors_par", "Stop")
        host.stop()
        assert any("sensors_par" in line for line in host.log.lines)


def quantised(controls: np.ndarray) -> np.ndarray:
    """What the joystick's 15 bits leave of controls."""
    axes = np.clip(np.round((controls[:3].astype(np.float64) + 1.0) * 16384.0), 1, 32768)
    pedals = [2.0 * (0.0 if axis <= 1 else axis / 32768.0) - 1.0 for axis in axes[1:]]
    return np.array([axes[0] / 16384.0 - 1.0, *pedals, 0.0], np.float32)


_CLOCKS = ("steps", "timestamp_ac", "total_errors_out_of_sync", "packet_id")
COMPARED = [channel.name for channel in CHANNELS if channel.source != "simulator only" and channel.name not in _CLOCKS]


@pytest.mark.parametrize("reset", ["random", "line"])
def test_the_same_seed_and_controls_give_the_same_channels(make_host: MakeHost, reset: str) -> None:
    """In process and through host, pages, `ac`, plugin and UDP: equal to the last bit of float32."""
    track, car = load_track("monza"), load_car("bmw_z4_gt3")
    world = SimulatedWorld(track, car, 1, SimulationSettings(start=reset), control_rate=50.0)
    world.seed(11)
    world.reset()
    task = Task(world, TaskSettings(ego_sampling_freq=50.0, use_relative_actions=False, enable_sensors=False))
    task.begin()
    driver = LineFollower(track, car, pace=0.9, control_rate=50.0)
    host = make_host("monza", settings={"ego_sampling_freq": 50}, speed=math.inf, reset=reset, seed=11)
    with running(host), connected(host) as game:
        game.receive()
        game.reset()
        state = game.receive()
        while value(state, "current_time") > 0.0:
            game.send(FULL_THROTTLE)
            state = game.receive()
        for step in range(400):
            for name in COMPARED:
                here, there = world.frames[0, COLUMNS[name]], state.frame[COLUMNS[name]]
                assert np.array_equal(here.astype(np.float32), there.astype(np.float32)), (step, name)
            controls = driver(task.telemetry)[0]
            world.step(quantised(controls)[None])
            task.observe()
            game.send(controls)
            state = game.receive()
        assert value(state, "speed") > 20.0
        assert sys.modules["sensors_par"].app is not None
