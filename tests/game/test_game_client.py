"""The connection against a scripted plugin: let in or not, lost and late states, silence, and the farewell."""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from fake_plugin import SESSION, FakePlugin, reference_state, state_bytes, welcome

from ac_gym import channels
from ac_gym.errors import (
    AcGymError,
    ConfigError,
    GameConnectionError,
    GameDismissedError,
    GameProtocolError,
    GameRefusedError,
    GameTimeoutError,
    UnknownNameError,
)
from ac_gym.game import conversation
from ac_gym.game.client import GameConnection

DRIVE = np.array([0.5, 1.0, -1.0, 0.0], np.float32)
NEUTRAL = b'{"steer": 0, "acc": -1, "brake": -1'


@pytest.fixture
def plugin() -> Iterator[FakePlugin]:
    with FakePlugin() as plugin:
        yield plugin


@pytest.fixture
def reference() -> Iterator[FakePlugin]:
    with FakePlugin(reference=True) as plugin:
        yield plugin


@pytest.fixture
def connected(plugin: FakePlugin) -> Iterator[GameConnection]:
    with GameConnection(**plugin.address) as connection:
        yield connection


def closed_port(kind: int) -> int:
    with socket.socket(socket.AF_INET, kind) as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def answers(message: dict[str, object], *, after: int = 0) -> Callable[[bytes], list[bytes]]:
    """A script that answers hellos with `message`, but not the first `after`."""
    heard = []

    def script(datagram: bytes) -> list[bytes]:
        if not datagram.startswith(b'{"hello"'):
            return []
        heard.append(datagram)
        return [json.dumps(message).encode()] if len(heard) > after else []

    return script


# --- let in ----------------------------------------------------------------------------------------------------------


def test_our_plugin_is_recognised_and_greeted(plugin: FakePlugin) -> None:
    with GameConnection(**plugin.address, take_over=True, apply="plugin") as connection:
        hello = json.loads(plugin.heard(b'{"hello"'))["hello"]
        assert (hello["role"], hello["take_over"], hello["apply"]) == ("driver", True, "plugin")
        assert connection.rate == 25.0
        assert connection.applies_controls
        assert connection.welcome.session == SESSION


def first_state(_: bytes) -> list[bytes]:
    return [b"identified", json.dumps(reference_state(1)).encode()]


def test_the_reference_plugin_is_recognised_and_hears_only_its_own_messages(reference: FakePlugin) -> None:
    reference.script = lambda datagram: first_state(datagram) if datagram == b"connect" else []
    with GameConnection(**reference.address) as connection:
        assert connection.rate == 25.0
        assert connection.applies_controls
        assert connection.receive().sequence == 1
        connection.send(DRIVE)
    heard = [reference.inbox.get(timeout=10.0) for _ in range(4)]
    assert heard[0] == b"connect"
    assert b'"steer": 0.5' in heard[1]
    assert heard[2].startswith(NEUTRAL)
    assert heard[3] == b"disconnect"


def test_the_reference_plugin_is_left_in_peace_before_the_first_controls(reference: FakePlugin) -> None:
    sent: list[float] = []

    def script(datagram: bytes) -> list[bytes]:
        sent.append(time.perf_counter())
        return first_state(datagram) if datagram == b"connect" else []

    reference.script = script
    with GameConnection(**reference.address) as connection:
        connection.send(DRIVE)
        reference.heard(b'{"steer": 0.5')
    assert sent[1] - sent[0] >= 0.1


def test_a_lost_hello_is_said_again(plugin: FakePlugin) -> None:
    plugin.script = answers(welcome(), after=2)
    with GameConnection(**plugin.address, timeout=0.6) as connection:
        assert connection.welcome.session == SESSION


def test_a_plugin_with_a_token_is_greeted_at_once(plugin: FakePlugin) -> None:
    del plugin.texts[b"get_config"]
    with GameConnection(**plugin.address, token="secret"):
        assert json.loads(plugin.heard(b'{"hello"'))["hello"]["token"] == "secret"


def test_a_plugin_that_wants_a_token_is_understood(plugin: FakePlugin) -> None:
    plugin.texts[b"get_config"] = b'{"error": "this server wants a token"}'
    with pytest.raises(GameRefusedError, match=r"wants a token.*sensors_par\.ini") as raised:
        GameConnection(**plugin.address).connect()
    assert raised.value.reason == "token"


@pytest.mark.parametrize("reason", ["driver_busy", "token", "joystick", "something new"])
def test_a_refusal_is_told_in_the_plugins_words(plugin: FakePlugin, reason: str) -> None:
    plugin.script = answers({"refused": {"reason": reason, "message": "another client drives"}})
    with pytest.raises(GameRefusedError, match="another client drives") as raised:
        GameConnection(**plugin.address).connect()
    assert raised.value.reason == reason


def test_the_reference_plugin_may_refuse_too(reference: FakePlugin) -> None:
    reference.script = lambda _: [b"disconnect"]
    with pytest.raises(GameRefusedError, match="disconnect"):
        GameConnection(**reference.address).connect()


@pytest.mark.parametrize("answer", [welcome(protocol=2), {"refused": {"reason": "protocol", "message": "I speak 2"}}])
def test_a_plugin_of_another_version_is_said_so(plugin: FakePlugin, answer: dict[str, object]) -> None:
    plugin.script = answers(answer)
    with pytest.raises(GameProtocolError, match=r"protocol 2|speak 2"):
        GameConnection(**plugin.address).connect()


def test_another_version_is_seen_before_a_datagram_is_sent(plugin: FakePlugin) -> None:
    plugin.texts[b"get_config"] = b"{'ac_gym_protocol': 7}"
    with pytest.raises(GameProtocolError, match=r"protocol 7.*ac-gym plugin install"):
        GameConnection(**plugin.address).connect()
    assert plugin.inbox.empty()


def test_no_management_server_is_one_line_that_says_where_and_what_to_do() -> None:
    port = closed_port(socket.SOCK_STREAM)
    with pytest.raises(GameConnectionError, match=f"127.0.0.1:{port} .TCP.*sensors_par.*doctor") as raised:
        GameConnection(management_port=port).connect()
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("open_port", [True, False])
def test_no_answer_to_hello_is_told_within_the_timeout(plugin: FakePlugin, open_port: bool) -> None:
    plugin.script = lambda _: []
    port = plugin.ego_port if open_port else closed_port(socket.SOCK_DGRAM)
    connection = GameConnection(ego_port=port, management_port=plugin.management_port, timeout=0.3)
    with pytest.raises(GameTimeoutError, match=f"127.0.0.1:{port} .UDP. to 3 greetings in 0.3 s.*sensors_par"):
        connection.connect()
    if open_port:
        heard = [plugin.inbox.get(timeout=10.0) for _ in range(4)]
        assert all(datagram.startswith(b'{"hello"') for datagram in heard[:3])
        assert heard[3] == b"disconnect", "a plugin that hears all this later lets nobody in"


def test_an_unknown_host_is_said_so() -> None:
    with pytest.raises(GameConnectionError, match=r"nowhere\.invalid"):
        GameConnection("nowhere.invalid", protocol="ac_gym").connect()


@pytest.mark.parametrize(
    "wrong", [{"role": "drivr"}, {"protocol": "acgym"}, {"apply": "server"}, {"timeout": 0.0}, {"timeout": -1.0}]
)
def test_a_wrong_choice_is_a_users_mistake(wrong: dict[str, object]) -> None:
    with pytest.raises((UnknownNameError, ConfigError)):
        GameConnection(**wrong)


def test_what_the_reference_plugin_cannot_do_is_said(reference: FakePlugin) -> None:
    with pytest.raises(GameRefusedError, match=r"observer|one client"):
        GameConnection(**reference.address, role="observer").connect()
    with pytest.raises(GameRefusedError, match="vjoy_executed_by_server"):
        GameConnection(**reference.address, apply="client").connect()
    reference.texts[b"get_config"] = b"{'ego_sampling_freq': 'fast'}"
    with pytest.raises(GameProtocolError, match="ego_sampling_freq"):
        GameConnection(**reference.address).connect()


def test_nothing_works_before_connecting() -> None:
    connection = GameConnection()
    for use in (connection.receive, connection.hello, connection.reset, lambda: connection.send(DRIVE)):
        with pytest.raises(GameConnectionError, match="connect"):
            use()
    connection.close()


# --- states and controls ---------------------------------------------------------------------------------------------


def test_states_come_in_and_controls_answer_the_newest(plugin: FakePlugin, connected: GameConnection) -> None:
    plugin.send(state_bytes(1, speed=30.0))
    state = connected.receive()
    assert state.frame[channels.COLUMNS["speed"]] == 30.0
    connected.send(DRIVE)
    message = json.loads(plugin.heard(b'{"steer"'))
    assert (message["steer"], message["acc"], message["server_steps"], message["session"]) == (0.5, 1.0, 1, SESSION)


def test_the_newest_state_is_returned_and_those_before_are_late(plugin: FakePlugin, connected: GameConnection) -> None:
    plugin.states(1)
    connected.receive()
    plugin.states(2, 3, 4)
    assert connected.receive().sequence == 4
    assert connected.counters.late == 2
    assert connected.counters.lost == 0
    assert connected.timing.skipped_states == 2


def test_states_before_the_first_that_is_asked_for_are_not_late(plugin: FakePlugin, connected: GameConnection) -> None:
    plugin.states(1, 2, 3)
    assert connected.receive().sequence == 3
    assert (connected.counters.received, connected.counters.late) == (3, 0)
    assert connected.timing.skipped_states == 0


def test_lost_doubled_and_swapped_states_are_counted(plugin: FakePlugin, connected: GameConnection) -> None:
    plugin.states(1, 1, 4)
    assert connected.receive().sequence == 4
    plugin.states(3, 5, 7)
    assert connected.receive().sequence == 7
    counters = connected.counters
    assert (counters.lost, counters.duplicates, counters.out_of_order, counters.late) == (2, 1, 1, 1)


def test_an_old_state_is_never_returned(plugin: FakePlugin, connected: GameConnection) -> None:
    plugin.states(5)
    connected.receive()
    plugin.states(4, 5, 3)
    with pytest.raises(GameTimeoutError):
        connected.receive(0.05)


def test_no_state_in_time_is_a_timeout_that_tells_what_came(plugin: FakePlugin, connected: GameConnection) -> None:
    with pytest.raises(GameTimeoutError, match=f"127.0.0.1:{plugin.ego_port}"):
        connected.receive(0.05)
    plugin.send(b"nonsense", b"x" * 65507, state_bytes(1)[:-8], state_bytes(1, session=5))
    with pytest.raises(GameTimeoutError, match="another session"):
        connected.receive(0.05)
    assert connected.counters.malformed == 4
    plugin.states(1)
    assert connected.receive().sequence == 1, "and it goes on"


def test_datagrams_of_others_are_not_heard(plugin: FakePlugin, connected: GameConnection) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(state_bytes(1), plugin.client)
    with pytest.raises(GameTimeoutError):
        connected.receive(0.05)
    assert connected.counters.malformed == 0


def test_a_welcome_said_twice_changes_nothing(plugin: FakePlugin, connected: GameConnection) -> None:
    plugin.send(json.dumps(welcome()).encode(), state_bytes(1))
    assert connected.receive().sequence == 1
    assert connected.counters.malformed == 0


@pytest.mark.parametrize("wrong", [(0.0, 0.0), (0.0, np.nan, 0.0, 0.0)])
def test_controls_that_are_none_never_leave(plugin: FakePlugin, connected: GameConnection, wrong: tuple[float]) -> None:
    with pytest.raises(ValueError, match="controls must be"):
        connected.send(wrong)


def test_an_observer_listens_and_says_that_it_is_there(plugin: FakePlugin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "_ALIVE_EVERY", 0.02)
    with GameConnection(**plugin.address, role="observer") as connection:
        with pytest.raises(ConfigError, match="observer"):
            connection.send(DRIVE)
        with pytest.raises(GameTimeoutError):
            connection.receive(0.1)
        assert json.loads(plugin.heard(b'{"alive"')) == {"alive": {"session": SESSION}}


# --- contact lost ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["taken_over", "shutdown"])
def test_a_dismissal_ends_it_for_good(plugin: FakePlugin, connected: GameConnection, reason: str) -> None:
    plugin.states(1)
    connected.receive()
    plugin.send(json.dumps({"dismissed": {"reason": reason, "message": "somebody else drives now"}}).encode())
    for _ in range(2):
        with pytest.raises(GameDismissedError, match="somebody else drives now") as raised:
            connected.receive()
        assert raised.value.reason == reason
    connected.send(DRIVE)
    assert connected.counters.reconnects == 0


def test_the_reference_plugin_says_disconnect(reference: FakePlugin) -> None:
    reference.script = lambda datagram: first_state(datagram) if datagram == b"connect" else []
    with GameConnection(**reference.address) as connection:
        reference.send(b"disconnect")
        with pytest.raises(GameDismissedError):
            connection.receive()


def test_dropped_for_its_silence_it_connects_again(plugin: FakePlugin, connected: GameConnection) -> None:
    plugin.script = lambda datagram: [*plugin.polite(datagram), state_bytes(1)] if b"hello" in datagram else []
    plugin.send(json.dumps({"dismissed": {"reason": "timeout", "message": "nothing heard"}}).encode())
    assert connected.receive().sequence == 1
    assert connected.counters.reconnects == 1


def test_after_silence_it_connects_again(plugin: FakePlugin, caplog: pytest.LogCaptureFixture) -> None:
    with GameConnection(**plugin.address, timeout=0.2) as connection:
        plugin.states(50)
        connection.receive()
        plugin.script = lambda datagram: [*plugin.polite(datagram), state_bytes(1)] if b"hello" in datagram else []
        with caplog.at_level(logging.WARNING, "ac_gym.game"):
            assert connection.receive().sequence == 1
        assert connection.counters.reconnects == 1
        assert connection.counters.lost == 0, "the new conversation counts from its own first state"
        assert plugin.heard(b'{"bye"'), "the old conversation was ended, so that its seat is free"
    assert "connecting again (1 of 3)" in caplog.text


def test_a_plugin_that_is_started_again_is_found_again(plugin: FakePlugin) -> None:
    with GameConnection(**plugin.address, timeout=0.3) as connection:
        plugin.states(1)
        connection.receive()
        plugin.stop()
        connection.send(DRIVE)
        with FakePlugin(ports=(plugin.ego_port, plugin.management_port)) as again:
            again.script = lambda datagram: [*again.polite(datagram), state_bytes(1)] if b"hello" in datagram else []
            assert connection.receive().sequence == 1
            connection.send(DRIVE)
            assert again.heard(b'{"steer": 0.5')


def test_a_plugin_that_stays_away_is_given_up(plugin: FakePlugin) -> None:
    with GameConnection(**plugin.address, timeout=0.1) as connection:
        plugin.states(1)
        connection.receive()
        plugin.stop()
        for _ in range(2):
            with pytest.raises(GameTimeoutError, match="3 times in vain"):
                connection.receive()
            connection.send(DRIVE)
        assert connection.counters.reconnects == 3


def test_a_plugin_that_lets_us_in_and_sends_nothing_is_given_up(plugin: FakePlugin) -> None:
    with GameConnection(**plugin.address, timeout=0.1) as connection:
        with pytest.raises(GameTimeoutError, match="is the game paused"):
            connection.receive()
        assert connection.counters.reconnects == 3


def test_a_seat_taken_meanwhile_is_not_fought_for(plugin: FakePlugin) -> None:
    with GameConnection(**plugin.address, timeout=0.1) as connection:
        plugin.script = answers({"refused": {"reason": "driver_busy", "message": "another client drives"}})
        for _ in range(2):
            with pytest.raises(GameRefusedError, match="another client drives"):
                connection.receive()
        assert connection.counters.reconnects == 1


# --- farewell --------------------------------------------------------------------------------------------------------


def left_neutral(plugin: FakePlugin) -> bool:
    """Neutral controls came, then a farewell, and nothing after it."""
    plugin.heard(NEUTRAL)
    return plugin.inbox.get(timeout=10.0) == b'{"bye": {"session": %d}}' % SESSION and plugin.inbox.empty()


def test_close_leaves_the_controls_neutral_once(plugin: FakePlugin) -> None:
    connection = GameConnection(**plugin.address)
    connection.connect()
    plugin.states(1)
    connection.receive()
    connection.send(DRIVE)
    connection.close()
    connection.close()
    assert left_neutral(plugin)


def test_an_exception_leaves_the_controls_neutral(plugin: FakePlugin) -> None:
    with pytest.raises(KeyboardInterrupt), GameConnection(**plugin.address):
        raise KeyboardInterrupt
    assert left_neutral(plugin)


def test_a_forgotten_connection_leaves_the_controls_neutral(plugin: FakePlugin) -> None:
    connection = GameConnection(**plugin.address)
    connection.connect()
    del connection
    assert left_neutral(plugin)


@pytest.mark.parametrize("end", ["", "raise SystemExit(3)", "1 / 0", "signal.raise_signal(signal.SIGINT)"])
def test_a_process_that_ends_leaves_the_controls_neutral(plugin: FakePlugin, end: str) -> None:
    code = f"""
        import signal
        from ac_gym.game.client import GameConnection
        connection = GameConnection(ego_port={plugin.ego_port}, management_port={plugin.management_port})
        connection.connect()
        connection.send((0.5, 1.0, -1.0, 0.0))
        {end}
    """
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=root, timeout=60, capture_output=True)
    plugin.heard(b'{"steer": 0.5')
    assert left_neutral(plugin)


def test_every_failure_is_a_users_error() -> None:
    for error in (GameTimeoutError, GameRefusedError, GameDismissedError, GameProtocolError):
        assert issubclass(error, GameConnectionError)
        assert issubclass(error, AcGymError)
