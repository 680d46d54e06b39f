"""Our own ego protocol: who is let in, who drives, and what becomes of controls."""

from __future__ import annotations

import socket
import struct

import pytest
from fake_game import NEUTRAL, FakeJoystick, library

from ac_gym import channels

FULL_THROTTLE = (16384, 32768, 1, 0)


def flags(state: bytes) -> int:
    return int(struct.unpack_from("<I", state, 40)[0])


def next_state(client, wanted=lambda state: True) -> bytes:
    """The next binary state of which `wanted` is true."""
    for _ in range(500):
        data = client.receive()
        if data[:4] == b"ACGS" and wanted(data):
            return data
    raise AssertionError("no such state")


def sequence(state: bytes) -> int:
    return int(struct.unpack_from("<I", state, 12)[0])


def test_welcome_tells_what_a_client_must_know(start, connect):
    welcome = connect(start(ego_sampling_freq=12.5)).hello()["welcome"]
    session = welcome.pop("session")
    assert 0 <= session < 2**32
    assert welcome.pop("version").count(".") == 2
    assert welcome == {
        "protocol": 1, "rate": 12.5, "role": "driver", "applies_controls": False, "width": channels.WIDTH,
        "channels": channels.DIGEST,
    }  # fmt: skip


def test_a_repeated_hello_gets_the_same_welcome(start, connect):
    client = connect(start())
    assert client.hello() == client.hello()


@pytest.mark.parametrize(
    ("hello", "reason"),
    [
        ({"protocol": 2}, "protocol"),
        ({"token": "wrong"}, "token"),
        ({"role": "passenger"}, "malformed"),
        ({"protocol": "one"}, "malformed"),
        ({"take_over": 3}, "malformed"),
        ({"token": "\ud800"}, "malformed"),
        ({"client": "x\nsensors_par: all is well"}, "malformed"),
    ],
)
def test_refusals_say_why(start, connect, hello, reason):
    client = connect(start(token="secret"))
    refused = client.hello(**{"token": "secret", **hello})["refused"]
    assert refused["reason"] == reason
    assert len(refused["message"]) > 10
    assert "\n" not in refused["message"]


def test_the_right_token_opens(start, connect):
    assert "welcome" in connect(start(token="secret")).hello(token="secret")


def test_several_observers_hear_one_driver(start, connect):
    running = start()
    driver, one, two = connect(running), connect(running), connect(running)
    driver.hello()
    for observer in (one, two):
        assert observer.hello("observer")["welcome"]["applies_controls"] is False
    for client in (driver, one, two):
        first, second = sequence(next_state(client)), sequence(next_state(client))
        assert second == first + 1


def test_a_second_driver_is_refused_and_told_who_drives(start, connect):
    running = start(driver_silent_after=60)
    first, second = connect(running), connect(running)
    first.hello()
    refused = second.hello()["refused"]
    assert refused["reason"] == "driver_busy"
    assert "test at 127.0.0.1:" in refused["message"]
    assert "observer" in refused["message"]
    next_state(first)


@pytest.mark.parametrize(
    ("settings", "hello"),
    [
        ({"second_driver": "take_over", "driver_silent_after": 60}, {}),
        ({"driver_silent_after": 60}, {"take_over": True}),
        ({"driver_silent_after": 0}, {}),
    ],
)
def test_a_second_driver_takes_over_and_the_first_is_told(start, connect, settings, hello):
    running = start(vjoy_executed_by_server=True, neutral_after=0, **settings)
    first, second = connect(running), connect(running)
    session = first.hello()["welcome"]["session"]
    first.drive(session, sequence(next_state(first)), acc=1.0)
    running.eventually(lambda: running.joystick.last == FULL_THROTTLE, "throttle")
    assert "welcome" in second.hello(**hello)
    assert first.answer()["dismissed"]["reason"] == "taken_over"
    assert running.joystick.last == NEUTRAL
    first.drive(session, 2, acc=1.0)
    running.eventually(lambda: running.app.meter.totals.get("stray"), "a stray")
    assert running.joystick.last == NEUTRAL


@pytest.mark.parametrize(
    ("setting", "asked", "applies"),
    [(True, "default", True), (False, "default", False), (False, "plugin", True), (True, "client", False)],
)
def test_who_applies_controls(start, connect, setting, asked, applies):
    running = start(vjoy_executed_by_server=setting)
    client = connect(running)
    welcome = client.hello(apply=asked)["welcome"]
    assert welcome["applies_controls"] is applies
    assert flags(next_state(client)) & 1 == applies
    assert bool(running.joystick.acquired) is applies


@pytest.mark.parametrize(("status", "words"), [(2, "held by another program"), (3, "has no device 1")])
def test_a_joystick_that_cannot_be_had_is_a_refusal(start, connect, status, words):
    refused = connect(start(joystick=FakeJoystick(status))).hello(apply="plugin")["refused"]
    assert refused["reason"] == "joystick"
    assert words in refused["message"]


def test_controls_answer_a_state_and_the_state_after_says_so(start, connect):
    client = connect(start())
    session = client.hello()["welcome"]["session"]
    answered = sequence(next_state(client))
    client.drive(session, answered)
    state = next_state(client, lambda state: struct.unpack_from("<I", state, 32)[0] == answered)
    assert 0.0 < struct.unpack_from("<f", state, 36)[0] < 5.0


def test_old_repeated_and_future_controls_are_dropped(start, connect):
    running = start(vjoy_executed_by_server=True, neutral_after=0, client_timeout=60)
    client = connect(running)
    session = client.hello()["welcome"]["session"]
    newest = sequence(next_state(client, lambda state: sequence(state) >= 3))
    client.drive(session, newest, acc=1.0)
    for steps in (newest, newest - 1, newest + 10_000):
        client.drive(session, steps, acc=-1.0, brake=1.0)
    running.eventually(lambda: running.app.meter.totals.get("stale") == 3, "three dropped")
    assert running.joystick.last == FULL_THROTTLE


def test_controls_out_of_range_are_clipped(start, connect):
    running = start(vjoy_executed_by_server=True)
    client = connect(running)
    session = client.hello()["welcome"]["session"]
    client.drive(session, sequence(next_state(client)), steer=-7, acc=1e300, brake=5)
    running.eventually(lambda: running.joystick.last == (1, 32768, 32768, 0), "clipped controls")
    assert running.app.meter.totals.get("malformed", 0) == 0  # out of range is not malformed


def test_silence_leaves_the_joystick_neutral(start, connect):
    running = start(vjoy_executed_by_server=True, neutral_after=0.15)
    client = connect(running)
    session = client.hello()["welcome"]["session"]
    client.drive(session, sequence(next_state(client)), acc=1.0)
    running.eventually(lambda: running.joystick.last == FULL_THROTTLE, "throttle")
    assert not flags(next_state(client)) & 8
    running.eventually(lambda: running.joystick.last == NEUTRAL, "neutral")
    next_state(client, lambda state: flags(state) & 8)
    running.logged("no controls")


def test_silence_is_noticed_while_no_frame_is_drawn(start, connect):
    running = start(vjoy_executed_by_server=True)
    client = connect(running)
    session = client.hello()["welcome"]["session"]
    client.drive(session, sequence(next_state(client)), acc=1.0)
    running.eventually(lambda: running.joystick.last == FULL_THROTTLE, "throttle")
    running.stop_frames()
    frames = running.app.meter.frames
    running.eventually(lambda: running.joystick.last == NEUTRAL, "neutral")
    assert running.app.meter.frames == frames


def test_frames_receive_where_the_thread_gets_no_turn(start, connect, monkeypatch):
    ego = library("ego")
    monkeypatch.setattr(ego.EgoServer, "_serve", lambda self: None)
    running = start(vjoy_executed_by_server=True)
    client = connect(running)
    session = client.hello()["welcome"]["session"]
    client.drive(session, sequence(next_state(client)), acc=1.0)
    running.eventually(lambda: running.joystick.last == FULL_THROTTLE, "throttle")
    running.eventually(lambda: running.joystick.last == NEUTRAL, "neutral")
    assert running.app.meter.totals["controls"] == 1


def test_a_silent_client_is_dropped_and_told(start, connect):
    running = start(client_timeout=0.1)
    client = connect(running)
    client.hello("observer")
    assert client.answer()["dismissed"]["reason"] == "timeout"
    assert not running.app.servers.ego.wanted


def test_an_observer_that_says_alive_stays(start, connect):
    running = start(client_timeout=1.0)
    client = connect(running)
    session = client.hello("observer")["welcome"]["session"]
    while running.app.clock.now < 2.5:
        next_state(client)
        client.send({"alive": {"session": session}})
    assert running.app.servers.ego.wanted


def test_bye_ends_and_leaves_neutral(start, connect):
    running = start(vjoy_executed_by_server=True, neutral_after=0)
    client = connect(running)
    session = client.hello()["welcome"]["session"]
    client.drive(session, sequence(next_state(client)), acc=1.0)
    running.eventually(lambda: running.joystick.last == FULL_THROTTLE, "throttle")
    client.send({"bye": {"session": session}})
    running.eventually(lambda: not running.app.servers.ego.wanted, "nobody listens")
    assert running.joystick.last == NEUTRAL


def test_controls_of_another_session_and_of_observers_are_ignored(start, connect):
    running = start(vjoy_executed_by_server=True)
    driver, observer = connect(running), connect(running)
    session = driver.hello()["welcome"]["session"]
    other = observer.hello("observer")["welcome"]["session"]
    driver.drive((session + 1) % 2**32, 1, acc=1.0)
    driver.drive(None, 1, acc=1.0)
    observer.drive(other, 1, acc=1.0)
    running.eventually(lambda: running.app.meter.totals.get("stray") == 3, "three strays")
    assert running.joystick.last == NEUTRAL


def test_shutdown_dismisses_everybody_and_gives_the_joystick_back(start, connect):
    running = start(vjoy_executed_by_server=True, neutral_after=0)
    driver, observer = connect(running), connect(running)
    session = driver.hello()["welcome"]["session"]
    observer.hello("observer")
    driver.drive(session, sequence(next_state(driver)), acc=1.0)
    running.eventually(lambda: running.joystick.last == FULL_THROTTLE, "throttle")
    running.close()
    for client in (driver, observer):
        assert client.answer()["dismissed"]["reason"] == "shutdown"
    assert running.joystick.last == NEUTRAL
    assert running.joystick.acquired == 0


GARBAGE = [
    b"", b"\xff\xfe\x00", b"connect?", b"[1, 2]", b"{}", b'{"hello": 3}', b'{"alive": {"session": "x"}}',
    b'{"bye": []}', b"[" * 2000, b'{"a":' * 400, b"9" * 2000, b"x" * 2049, b"\0" * 60_000, b"ACGS" + b"\0" * 1160,
    *(
        b'{"acc": 0, "brake": 0, %s}' % rest
        for rest in (
            b'"steer": NaN, "server_steps": 1', b'"steer": 1e999, "server_steps": 1',
            b'"steer": "0", "server_steps": 1', b'"steer": true, "server_steps": 1', b'"steer": 0',
            b'"steer": 0, "server_steps": -1',
            b'"steer": 0, "server_steps": 1e400', b'"steer": 0, "server_steps": 1.5',
            b'"steer": 0, "server_steps": 1, "enable_gear_shift": 1, "shift_up": [1]',
        )
    ),
]  # fmt: skip


def test_garbage_is_counted_and_changes_nothing(start, connect):
    running = start(vjoy_executed_by_server=True)
    driver, vandal = connect(running), connect(running)
    session = driver.hello()["welcome"]["session"]
    for data in GARBAGE:
        vandal.send(data)
        driver.send(data)
    running.eventually(lambda: running.app.meter.totals.get("malformed") == 2 * len(GARBAGE), "all counted")
    driver.drive(session, sequence(next_state(driver)), acc=1.0)
    running.eventually(lambda: running.joystick.last == FULL_THROTTLE, "throttle")
    assert sum("ignored" in line for line in running.ac.lines) <= 3, "one line a second"


def test_a_port_that_is_taken_is_told_and_the_rest_runs(start):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        running = start(ego_server_port=taken.getsockname()[1])
        running.logged("cannot be opened")
        assert running.app.servers.management.port > 0
        assert any("ego_server_port" in problem for problem in running.app.status()["problems"])


def test_a_pause_is_flagged(start, connect):
    running = start()
    client = connect(running)
    client.hello()
    assert not flags(next_state(client)) & 4
    running.page("graphics", status=3)
    next_state(client, lambda state: flags(state) & 4)


def test_what_one_client_breaks_the_others_do_not_feel(start, connect, monkeypatch):
    """Should there be a message after all that the app cannot bear."""
    running = start(vjoy_executed_by_server=True, neutral_after=1.0, driver_silent_after=60)
    driver, other = connect(running), connect(running)
    session = driver.hello()["welcome"]["session"]
    driver.drive(session, sequence(next_state(driver)), acc=1.0)
    running.eventually(lambda: running.joystick.last == FULL_THROTTLE, "throttle")

    def connect_badly(self, address):
        raise ZeroDivisionError

    monkeypatch.setattr(library("admission").Admission, "connect", connect_badly)
    for _ in range(20):
        other.send("connect")
    running.eventually(lambda: running.joystick.last == NEUTRAL, "neutral")
    running.logged("ZeroDivisionError")
    assert sequence(next_state(driver)) + 1 == sequence(next_state(driver))
