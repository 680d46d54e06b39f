"""What goes wrong between a learner and the game, done to real processes: a clear message, no hang, nothing pressed."""

from __future__ import annotations

import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from serving import Served, serving
from udp_proxy import UdpProxy

from ac_gym.channels import COLUMNS
from ac_gym.envs import AssettoCorsaEnv
from ac_gym.errors import (
    AcGymError,
    ConfigError,
    GameConnectionError,
    GameDismissedError,
    GameProtocolError,
    GameRefusedError,
    GameTimeoutError,
)
from ac_gym.game.client import GameConnection
from ac_gym.resources import plugin_dir

TRACK, CAR = "indianapolis_sp", "dallara_f317"
FULL_THROTTLE = np.array([0.0, 1.0, -1.0, 0.0], np.float32)

DRIVER = """
import sys
from ac_gym.game.client import GameConnection
ego, management = map(int, sys.argv[1:])
game = GameConnection(ego_port=ego, management_port=management, take_over=True)
game.connect()
while True:
    game.receive()
    game.send([0.3, 1.0, -1.0, 0.0])
    print("driving", flush=True)
"""


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving("--track", TRACK, "--car", CAR, "--reset=line") as host:
        yield host


def connection(served: Served, ego_port: int = 0, **options: object) -> GameConnection:
    """Takes over from the test before: its client may have died without a goodbye."""
    ports = {"ego_port": ego_port or served.ports["ego"], "management_port": served.ports["management"]}
    return GameConnection(**(ports | {"timeout": 2.0, "take_over": True} | options))


def pedals(frame: np.ndarray) -> np.ndarray:
    """Throttle, brake and steering wheel of a frame, as the game applies them."""
    return np.array([frame[COLUMNS[name]][0] for name in ("throttle", "brake", "steer_angle")])


def drive(game: GameConnection, states: int) -> list[int]:
    """Answers that many states with full throttle; their sequence numbers."""
    seen = []
    for _ in range(states):
        seen.append(game.receive().sequence)
        game.send(FULL_THROTTLE)
    return seen


def message(error: pytest.ExceptionInfo[AcGymError]) -> str:
    """The error's one line."""
    text = str(error.value)
    assert "\n" not in text
    return text


# --- who goes away ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_client_that_dies_leaves_nothing_pressed(served: Served, end: signal.Signals) -> None:
    ports = [str(served.ports[name]) for name in ("ego", "management")]
    client = subprocess.Popen([sys.executable, "-c", DRIVER, *ports], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with connection(served, role="observer") as observer:
        while pedals(observer.receive().frame)[0] < 0.9:
            assert client.poll() is None
        client.send_signal(end)
        client.communicate(timeout=20.0)  # it has ended
        died = observer.receive().game_time
        while (state := observer.receive()).game_time < died + 5.0:
            if not pedals(state.frame).any():
                break
    assert not pedals(state.frame).any()
    assert state.game_time - died <= 0.2 + 0.04  # and a state's way


def test_an_exception_leaves_nothing_pressed(served: Served) -> None:
    with connection(served, role="observer") as observer:

        def careless() -> None:
            with connection(served) as game:
                drive(game, 25)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            careless()
        left = observer.receive().game_time
        while (state := observer.receive()).game_time < left + 0.2:
            pass
        assert not pedals(state.frame).any()


def test_a_server_killed_and_started_again_is_found_again() -> None:
    with serving("--track", TRACK, "--car", CAR) as served, connection(served, timeout=8.0) as game:
        drive(game, 10)
        served.kill()
        served.start()
        after = drive(game, 10)
        assert after[0] < 10  # a new session counts anew
        assert game.counters.reconnects >= 1


def test_a_server_that_stays_away_is_told_of() -> None:
    with serving("--track", TRACK, "--car", CAR) as served, connection(served, timeout=0.5) as game:
        drive(game, 10)
        served.kill()
        began = time.monotonic()
        with pytest.raises(GameTimeoutError, match="connected again 3 times in vain") as error:
            drive(game, 100)
        assert time.monotonic() - began < 10.0
        assert str(served.ports["ego"]) in message(error)
        with pytest.raises(GameConnectionError):
            game.receive()


def test_a_server_that_ends_says_so() -> None:
    with serving("--track", TRACK, "--car", CAR) as served, connection(served) as game:
        drive(game, 10)
        assert served.stop() == 0
        with pytest.raises(GameDismissedError, match="ended the connection"):
            drive(game, 100)


def test_nobody_there_is_one_clear_line() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(GameConnectionError) as error:
        AssettoCorsaEnv(TRACK, CAR, world="game", simulation_management_server_port=port, game_timeout=1.0)
    assert f"127.0.0.1:{port}" in message(error)


# --- a bad network ---------------------------------------------------------------------------------------------------


def test_loss_duplicates_and_reordering_are_driven_through_and_counted(served: Served) -> None:
    with UdpProxy(("127.0.0.1", served.ports["ego"])) as proxy, connection(served, proxy.port) as game:
        faults = proxy.faults
        faults.loss, faults.duplication, faults.reordering = 0.05, 0.05, 0.05
        seen = drive(game, 250)
        counters = game.counters
        assert (np.diff(seen) > 0).all()  # no state twice, none out of order
        missing = seen[-1] - seen[0] + 1 - len(seen)
        assert counters.lost > 0
        assert counters.duplicates > 0
        assert missing <= counters.lost + counters.late + counters.out_of_order
        assert counters.malformed == counters.reconnects == 0
        assert proxy.lost > 5
        state = game.receive()
        assert pedals(state.frame)[0] == 1.0  # its controls arrive all the same


def test_stalls_of_200_ms_are_driven_through(served: Served) -> None:
    with UdpProxy(("127.0.0.1", served.ports["ego"])) as proxy, connection(served, proxy.port) as game:
        for _ in range(5):
            drive(game, 10)
            proxy.stall(0.2)
        drive(game, 25)
        ages = []
        for _ in range(5):
            ages.append(game.receive().answer_age)
            game.send(FULL_THROTTLE)
        assert min(ages) < 0.15  # s: it answers the present again, not what came 0.2 s ago
        assert game.counters.late > 5
        assert game.counters.lost == game.counters.reconnects == 0
        assert game.timing.deadline_misses >= 5


# --- who does not belong here ----------------------------------------------------------------------------------------


def test_garbage_disturbs_nobody(served: Served) -> None:
    rng = random.Random(0)
    with connection(served) as game, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as vandal:
        for _ in range(50):
            drive(game, 1)
            for size in (0, 1, 40, 1500, 65507):
                vandal.sendto(rng.randbytes(size), ("127.0.0.1", served.ports["ego"]))
            vandal.sendto(b'{"steer": NaN, "acc": 1e999, "brake": []}', ("127.0.0.1", served.ports["ego"]))
            vandal.sendto(b"[" * 2000, ("127.0.0.1", served.ports["ego"]))
        assert game.counters.lost == game.counters.malformed == 0
        assert pedals(game.receive().frame)[0] == 1.0
        totals = game.management.status()["totals"]
    assert totals["malformed"] > 100


def test_connections_half_open_do_not_shut_others_out(served: Served) -> None:
    address = ("127.0.0.1", served.ports["management"])
    idle = [socket.create_connection(address) for _ in range(4)]
    for number, half in enumerate(idle):
        half.sendall((b"", b"get_tr", b"\x00\x00", b"\x00\x00\xff\xff{")[number])
    with connection(served) as game:
        assert game.static_info()["TrackFullName"] == TRACK
        drive(game, 5)
        game.reset()
        drive(game, 5)
    for half in idle:
        half.close()


def test_a_second_driver_is_refused_and_may_watch_or_take_over(served: Served) -> None:
    with connection(served) as first:
        drive(first, 5)
        with pytest.raises(GameRefusedError, match="drives already") as error:
            connection(served, take_over=False).connect()
        assert error.value.reason == "driver_busy"
        message(error)
        drive(first, 5)
        with connection(served, role="observer") as observer:
            assert observer.receive().sequence >= 1
            drive(first, 5)
        with connection(served, take_over=True) as second:
            drive(second, 5)
            with pytest.raises(GameDismissedError, match="drives now"):
                drive(first, 50)


# --- what does not fit -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"track": "monza"}, "has loaded track 'indianapolis_sp', not 'monza'"),
        ({"car": "bmw_z4_gt3"}, "has loaded car 'dallara_f317', not 'bmw_z4_gt3'"),
        ({"ego_sampling_freq": 50.0}, "sends 25 states a second"),
        ({"controls": "wheel"}, "unknown controls 'wheel'"),
        ({"protocol": "morse"}, "unknown protocol 'morse'"),
    ],
)
def test_another_track_car_or_rate_is_one_clear_line(served: Served, asked: dict[str, object], said: str) -> None:
    with pytest.raises(AcGymError, match=said) as error:
        AssettoCorsaEnv(**{"track": TRACK, "car": CAR} | served.settings() | asked)
    message(error)
    AssettoCorsaEnv(TRACK, CAR, **served.settings()).close()  # nobody is left at the wheel


def test_a_plugin_of_another_version_is_one_clear_line(tmp_path: Path, free_ports: Callable[[int], list[int]]) -> None:
    other = shutil.copytree(plugin_dir(), tmp_path / "sensors_par")
    version = other / "sensors_par_lib" / "__init__.py"
    text = version.read_text()
    assert "PROTOCOL = 1" in text
    version.write_text(text.replace("PROTOCOL = 1", "PROTOCOL = 2"))
    ego, management, opponents = free_ports(3)
    settings = other / "sensors_par.ini"
    ini = settings.read_text()
    for port, number in (("2345", ego), ("2346", opponents), ("2347", management)):
        ini = ini.replace(f"= {port}", f"= {number}")
    settings.write_text(ini)
    host = serving("--track", TRACK, "--car", CAR, "--no-plugin", f"--app={other}")
    with host, pytest.raises(GameProtocolError, match="protocol 2") as error:
        GameConnection(ego_port=ego, management_port=management, timeout=2.0).connect()
    assert "ac-gym plugin install" in message(error)


def test_without_the_patch_a_reset_says_what_to_do() -> None:
    with serving("--track", TRACK, "--car", CAR, "--no-csp") as served:
        env = AssettoCorsaEnv(TRACK, CAR, **served.settings())
        with pytest.raises(AcGymError, match="Custom Shaders Patch") as error:
            env.reset()
        message(error)
        env.close()
        env = AssettoCorsaEnv(TRACK, CAR, **served.settings(reset_car=False))
        env.reset()
        env.step(np.zeros(3, np.float32))
        env.close()


def test_a_token_keeps_others_out() -> None:
    with serving("--track", TRACK, "--car", CAR, "--token=kerb") as served:
        with pytest.raises(GameConnectionError, match="token"):
            connection(served).connect()
        with connection(served, token="kerb") as game:
            drive(game, 3)


def test_other_machines_need_an_explicit_word() -> None:
    host = subprocess.run(
        [sys.executable, "-m", "ac_gym.cli.main", "serve", "--host=0.0.0.0", "--until=0.1", "--pages=remote_test"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert host.returncode == 2
    assert "allow_remote" in host.stderr or "--allow-remote" in host.stderr
    assert "Traceback" not in host.stderr
    assert ConfigError.__name__ not in host.stderr
