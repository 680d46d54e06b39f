"""Remote telemetry end to end: the stand-in sends, our client receives, and nobody holds up a frame."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from ac_gym.channels import COLUMNS
from ac_gym.errors import ConfigError, GameTimeoutError
from ac_gym.standin import Host
from ac_gym.standin.remote_telemetry import RemoteTelemetryServer
from ac_gym.standin.session import Session
from ac_gym.telemetry.remote import CarInfo, LapInfo, Operation, decode, encode_request
from ac_gym.telemetry.remote_client import RemoteTelemetry

MakeHost = Callable[..., Host]


@pytest.fixture
def host(make_host: MakeHost) -> Iterator[Host]:
    """A host that runs at ten times real time until the test ends."""
    running = make_host(udp_port=0, speed=10.0).start()
    thread = threading.Thread(target=running.run)
    thread.start()
    yield running
    running.stop()
    thread.join(20.0)


def test_frames_are_the_cars_telemetry(host: Host) -> None:
    assert host.udp_port
    with RemoteTelemetry(port=host.udp_port, timeout=10.0) as game:
        assert (game.handshake["carName"], game.handshake["trackName"]) == ("bmw_z4_gt3", "indianapolis_sp")
        first, second = game.receive(), game.receive()
        assert isinstance(first, CarInfo)
        assert second["lapTime"] >= first["lapTime"]
        x, y, z = first["carCoordinates"]
        assert [z, x, y] == pytest.approx(host.session.frames[0, COLUMNS["world_position"]], abs=1.0)  # it stands
        assert first["load"] == pytest.approx(list(host.session.frames[0, COLUMNS["wheel_load"]]), rel=0.05)
        assert first["engineRPM"] > 500.0
        assert game.ignored == 0


def test_who_says_goodbye_gets_no_more(host: Host) -> None:
    assert host.udp_port
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        end.settimeout(10.0)
        end.connect(("127.0.0.1", host.udp_port))
        end.send(encode_request(Operation.SUBSCRIBE_UPDATE))
        assert isinstance(decode(end.recv(2048)), CarInfo)
        end.send(encode_request(Operation.DISMISS))
        end.send(encode_request(Operation.HANDSHAKE))
        while isinstance(decode(end.recv(2048)), CarInfo):  # until the answer, which comes after the goodbye
            pass
        end.settimeout(0.2)
        with pytest.raises(TimeoutError):
            end.recv(2048)


def test_laps_go_to_who_asked_for_them(make_session: Callable[..., Session]) -> None:
    session = make_session()
    server = RemoteTelemetryServer(session, "127.0.0.1", 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        end.settimeout(10.0)
        end.connect(("127.0.0.1", server.port))
        end.send(encode_request(Operation.SUBSCRIBE_SPOT))
        server.frame()
        session.laps.count, session.laps.last_ms = 1, 92_345.0
        server.frame()
        lap = decode(end.recv(2048))
        server.frame()
        end.settimeout(0.05)
        with pytest.raises(TimeoutError):
            end.recv(2048)
    server.close()
    assert isinstance(lap, LapInfo)
    assert (lap["lap"], lap["time"], lap["carName"]) == (1, 92_345, "bmw_z4_gt3")


def test_rubbish_and_clients_that_have_gone_do_no_harm(make_session: Callable[..., Session]) -> None:
    server = RemoteTelemetryServer(make_session(), "127.0.0.1", 0)
    ends = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(20)]
    for end in ends:
        end.settimeout(0.1)
        end.connect(("127.0.0.1", server.port))
        end.send(b"x" * 1500)
        end.send(encode_request(Operation.SUBSCRIBE_UPDATE))
    for _ in range(3):
        server.frame()
    served = []
    for end in ends:
        try:
            served.append(len(end.recv(2048)) == 328)
        except TimeoutError:
            continue
    assert len(served) == 16  # the rest found it full
    for end in ends:
        end.close()
    for _ in range(5):
        server.frame()
    server.close()


def test_nobody_there_is_said() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        with pytest.raises(GameTimeoutError, match="does not answer; start the game"):
            RemoteTelemetry(port=silent.getsockname()[1], timeout=0.2)
        port = silent.getsockname()[1]
    with pytest.raises(GameTimeoutError, match="does not answer"):
        RemoteTelemetry(port=port, timeout=0.2)


def test_a_port_that_is_taken(make_host: MakeHost) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        with pytest.raises(ConfigError, match="cannot be had"):
            make_host(udp_port=other.getsockname()[1]).start()


def test_the_games_own_port_is_left_to_whoever_has_it(make_host: MakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        monkeypatch.setattr("ac_gym.standin.host.REMOTE_TELEMETRY_PORT", port)
        with make_host(udp_port="auto") as host:
            host.step()
            assert host.udp_port is None
    with make_host(udp_port="auto") as host:
        assert host.udp_port == port
