"""The opponents server: how many cars, then where they are, again and again."""

from __future__ import annotations

import ast
import contextlib
import json
import socket

from running_app import PATIENCE


def messages(running, count, token=b""):
    """The number of cars, and the first `count` lists as text; None where the server closes."""
    with contextlib.closing(socket.create_connection(("127.0.0.1", running.app.servers.ports[2]), PATIENCE)) as end:
        end.sendall(token)
        data = b""
        while data.count(b"HEADER-END") <= count:
            more = end.recv(65536)
            if not more:
                return None
            data += more
    cars, _, rest = data.partition(b"\n")
    texts = []
    for _ in range(count):
        length, _, rest = rest.partition(b"HEADER-END")
        texts.append(rest[: int(length)].decode())
        rest = rest[int(length) :]
    return int(cars), texts


def test_where_the_others_are(start):
    cars, (first, second) = messages(start(cars=3), 2)
    assert cars == 3
    assert ast.literal_eval(first) == json.loads(first)
    listed = json.loads(second)
    assert [car["id"] for car in listed] == [1, 2]
    assert listed[0] == {
        "id": 1, "driver": "driver 1", "car": "test_car", "isInPit": 0, "speed": 50.5, "LapCount": 3.0,
        "NormalizedSplinePosition": 0.25, "world_position_x": 300.0, "world_position_y": 100.0,
        "world_position_z": 200.0, "velocity_x": 10.0, "velocity_y": 11.0, "velocity_z": 12.0,
    }  # fmt: skip


def test_nobody_else_is_an_empty_list(start):
    assert messages(start(), 2) == (1, ["[]", "[]"])


def test_with_a_token_only_those_who_send_it_are_told(start):
    running = start(token="secret", cars=2)
    assert messages(running, 1, b"guess\n") is None
    assert messages(running, 1, b"\xff\n") is None
    running.logged("did not send the token")
    assert messages(running, 1, b"secret\n")[0] == 2
