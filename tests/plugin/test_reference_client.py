"""A client of the reference project drives the app: text in, JSON out."""

from __future__ import annotations

import json

from fake_game import NEUTRAL


def connect_as_reference(running, connect):
    client = connect(running)
    client.send("connect")
    assert client.receive() == b"identified"
    return client


def test_states_are_counted_and_controls_reach_the_joystick(start, connect):
    running = start(vjoy_executed_by_server=True)
    client = connect_as_reference(running, connect)
    for steps in (1, 2, 3):
        assert json.loads(client.receive())["steps"] == steps
        client.drive(None, steps, steer=0.5, acc=1.0, brake=-1.0)
    running.eventually(lambda: running.joystick.last == (24576, 32768, 1, 0), "controls on the joystick")


def test_without_vjoy_in_the_server_the_joystick_is_left_alone(start, connect):
    running = start(vjoy_executed_by_server=False)
    client = connect_as_reference(running, connect)
    steps = json.loads(client.receive())["steps"]
    client.drive(None, steps, steer=0.5)
    running.eventually(lambda: running.app.meter.totals.get("controls"), "controls")
    assert running.joystick.acquired == 0
    assert running.joystick.positions == []


def test_shifts_press_buttons_only_when_enabled(start, connect):
    running = start(vjoy_executed_by_server=True)
    client = connect_as_reference(running, connect)
    client.drive(None, json.loads(client.receive())["steps"], enable_gear_shift=1, shift_up=1)
    running.eventually(lambda: running.joystick.last[3] == 1, "button 1")
    client.drive(None, json.loads(client.receive())["steps"], enable_gear_shift=1, shift_down=1)
    running.eventually(lambda: running.joystick.last[3] == 2, "button 2")
    client.drive(None, json.loads(client.receive())["steps"], enable_gear_shift=0, shift_up=1)
    running.eventually(lambda: running.joystick.last[3] == 0, "no button")


def test_replies_to_another_state_than_the_last_are_counted(start, connect):
    running = start()
    client = connect_as_reference(running, connect)
    running.eventually(lambda: running.app.servers.ego.driver.sequence >= 3, "three states")
    client.drive(None, 1)
    running.eventually(lambda: json.loads(client.receive())["total_errors_out_of_sync"] == 1, "one error")


def test_a_second_connect_starts_counting_anew(start, connect):
    client = connect_as_reference(start(), connect)
    while json.loads(client.receive())["steps"] < 3:
        pass
    client.send("connect")
    while client.receive() != b"identified":
        pass
    assert json.loads(client.receive())["steps"] == 1


def test_reset_is_ignored_and_disconnect_ends(start, connect):
    running = start(vjoy_executed_by_server=True)
    client = connect_as_reference(running, connect)
    client.send("reset")
    client.drive(None, json.loads(client.receive())["steps"], acc=1.0)
    running.eventually(lambda: running.joystick.last[1] == 32768, "throttle")
    client.send("disconnect")
    running.eventually(lambda: not running.app.servers.ego.wanted, "nobody listens")
    assert running.joystick.last == NEUTRAL


def test_a_server_that_stops_sends_disconnect(start, connect):
    running = start()
    client = connect_as_reference(running, connect)
    running.close()
    while (message := client.receive()) != b"disconnect":
        json.loads(message)


def test_a_second_driver_gets_disconnect_while_the_first_drives(start, connect):
    running = start(driver_silent_after=60)
    first, second = connect_as_reference(running, connect), connect(running)
    second.send("connect")
    assert second.receive() == b"disconnect"
    running.logged("drives already")
    assert json.loads(first.receive())["steps"] >= 1


def test_with_a_token_text_connect_is_refused_and_logged(start, connect):
    running = start(token="secret")
    client = connect(running)
    client.send("connect")
    assert client.receive() == b"disconnect"
    running.logged("token")
