"""A client that knows the reference project's wire and nothing of ours: text `connect`, JSON states, JSON controls.

It follows the game's racing line by aiming at a point ahead of the car. Nothing here imports ac_gym.
"""

from __future__ import annotations

import json
import math
import socket
from ast import literal_eval
from collections.abc import Iterator
from typing import Any


def ask(port: int, command: str) -> str:
    """One text command a connection, one text answer, no framing."""
    with socket.create_connection(("127.0.0.1", port), timeout=5.0) as connection:
        connection.sendall(command.encode())
        chunks = iter(lambda: connection.recv(1 << 20), b"")
        return b"".join(chunks).decode()


def information(port: int, command: str) -> Any:
    """The answer as that project's client takes it, a Python literal, which has to be JSON as well where it is data."""
    return literal_eval(ask(port, command))


class EgoClient:
    """Talks to the ego server."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(5.0)
        self._server = ("127.0.0.1", port)
        self._socket.sendto(b"connect", self._server)
        assert self._socket.recv(1024) == b"identified"

    def state(self) -> dict[str, Any]:
        return json.loads(self._socket.recv(8192))

    def control(self, steer: float, acc: float, brake: float, steps: int) -> None:
        controls = {"steer": steer, "acc": acc, "brake": brake, "server_steps": steps}
        controls |= {"enable_gear_shift": 0, "shift_up": 0, "shift_down": 0}
        self._socket.sendto(json.dumps(controls).encode(), self._server)

    def close(self) -> None:
        self._socket.sendto(b"disconnect", self._server)
        self._socket.close()


def drive(client: EgoClient, track: dict[str, Any], pace: float = 0.8) -> Iterator[dict[str, Any]]:
    """Follows the racing line, without end; gives each state."""
    line, speeds = track["fast_lane"], track["speed_arr"]
    spacing, count, near = math.dist(line[100], line[101]), len(line), 0
    while True:
        state = client.state()
        yield state
        x, y, yaw, v = (state[key] for key in ("world_position_x", "world_position_y", "yaw", "speed"))
        window = range(count) if near == 0 else range(near - 5, near + 40)
        near = min(window, key=lambda i: math.dist(line[i % count], (x, y))) % count
        aim = line[(near + round((6.0 + 0.35 * v) / spacing)) % count]
        angle = math.remainder(math.atan2(aim[1] - y, aim[0] - x) - yaw, math.tau)
        wanted = pace * speeds[(near + round(0.2 * v / spacing)) % count]
        push = 0.5 * (wanted - v)
        pedals = (min(push, 1.0), 0.0) if push > 0 else (0.0, min(-0.5 * push, 0.7))
        acc, brake = (2.0 * pedal - 1.0 for pedal in pedals)
        client.control(max(-1.0, min(-1.4 * angle, 1.0)), acc, brake, state["steps"])
