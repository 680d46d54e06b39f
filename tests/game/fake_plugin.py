"""A scripted plugin on free ports: lets clients in, sends the states that a test asks for, answers management."""

from __future__ import annotations

import json
import math
import queue
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from ac_gym import channels
from ac_gym.game.framing import frame
from ac_gym.game.wire import PROTOCOL

HEADER = struct.Struct("<4sHHIIddIfI")  # written from the contract, not imported
SESSION = 0x01020304
PATIENCE = 10.0  # s, for what should come at once


def state_bytes(
    sequence: int, *, session: int = SESSION, answered: int = 0, age: float = math.nan, **channel: Any
) -> bytes:
    """Our plugin's state number `sequence`; keywords fill channels."""
    row = np.zeros(channels.WIDTH)
    for name, value in channel.items():
        row[channels.COLUMNS[name]] = value
    head = HEADER.pack(b"ACGS", 1, 140, session, sequence, 0.04 * sequence, 100.0 + 0.04 * sequence, answered, age, 1)
    return head + row.astype("<f8").tobytes()


def reference_state(steps: object, **values: Any) -> dict[str, Any]:
    """The reference plugin's state: 90 keys, the value of each is the column it goes to; keywords overwrite."""
    state: dict[str, Any] = {}
    for channel in channels.CHANNELS:
        columns = channels.COLUMNS[channel.name]
        numbers = list(range(columns.start, columns.stop))
        for group in channel.wire:
            state |= dict(zip(group, numbers if len(group) == channel.size else [numbers], strict=True))
    state |= {"steps": steps, "numberOfTyresOut": 0, "LapInvalidated": 0, "LapCount": 0, "timestamp_ac": 4.25}
    return state | values


def welcome(**changes: Any) -> dict[str, Any]:
    """What our plugin answers to hello."""
    body = {
        "protocol": PROTOCOL, "version": "0.2.0", "session": SESSION, "rate": 25.0, "role": "driver",
        "applies_controls": True, "width": channels.WIDTH, "channels": channels.DIGEST,
    }  # fmt: skip
    return {"welcome": body | changes}


class FakePlugin:
    """`script` may be replaced: it takes each datagram and gives the answers to it. `inbox` has all that came."""

    def __init__(self, *, reference: bool = False, ports: tuple[int, int] = (0, 0)) -> None:
        self.reference = reference
        self.script: Callable[[bytes], list[bytes]] = self.polite
        self.inbox: queue.Queue[bytes] = queue.Queue()
        self.texts_heard: queue.Queue[bytes] = queue.Queue()
        self.texts: dict[bytes, bytes] = {b"get_config": self.config_text(), b"reset": b""}
        self.commands: dict[str, Any] = {}
        self.hangs_up = True
        self.client: Any = None
        self._stop = threading.Event()
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", ports[0]))
        self._udp.settimeout(0.05)
        self._tcp = socket.create_server(("127.0.0.1", ports[1]))
        self._tcp.settimeout(0.05)
        self.ego_port, self.management_port = self._udp.getsockname()[1], self._tcp.getsockname()[1]
        self._threads = [threading.Thread(target=serve, daemon=True) for serve in (self._serve_ego, self._serve_tcp)]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> FakePlugin:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._udp.close()
        self._tcp.close()

    @property
    def address(self) -> dict[str, int]:
        return {"ego_port": self.ego_port, "management_port": self.management_port}

    def config_text(self) -> bytes:
        ours = {} if self.reference else {"ac_gym_protocol": PROTOCOL}
        settings = {
            "version": "0.1",
            "ego_sampling_freq": 25,
            "vjoy_executed_by_server": True,
            "screen_capture_worker": None,
        }
        return str(settings | ours).encode()

    def polite(self, datagram: bytes) -> list[bytes]:
        if datagram == b"connect":
            return [b"identified"]
        return [json.dumps(welcome()).encode()] if datagram.startswith(b'{"hello"') else []

    def send(self, *datagrams: bytes) -> None:
        """To the client that was heard last."""
        for datagram in datagrams:
            self._udp.sendto(datagram, self.client)

    def states(self, *sequences: int) -> None:
        self.send(*(state_bytes(sequence) for sequence in sequences))

    def heard(self, begins: bytes) -> bytes:
        """The next datagram that begins so; others before it are forgotten."""
        while True:
            datagram = self.inbox.get(timeout=PATIENCE)
            if datagram.startswith(begins):
                return datagram

    def _serve_ego(self) -> None:
        while not self._stop.is_set():
            try:
                datagram, self.client = self._udp.recvfrom(65536)
            except OSError:
                continue
            self.inbox.put(datagram)
            self.send(*self.script(datagram))

    def _serve_tcp(self) -> None:
        held = []
        while not self._stop.is_set():
            try:
                connection, _ = self._tcp.accept()
            except OSError:
                continue
            connection.settimeout(PATIENCE)
            try:
                answer = self._answer(connection.recv(65536))
                for begin in range(0, len(answer), 1000):  # in pieces
                    connection.sendall(answer[begin : begin + 1000])
            except OSError:
                pass
            if self.hangs_up:
                connection.close()
            else:
                held.append(connection)
        for connection in held:
            connection.close()

    def _answer(self, request: bytes) -> bytes:
        if request[:1] != b"\0":
            self.texts_heard.put(request)
            return self.texts.get(request, b"")
        message = json.loads(request[4:])
        self.inbox.put(request[4:])
        result = self.commands.get(message["command"])
        if isinstance(result, bytes):
            return result
        if isinstance(result, str):
            return frame({"id": message["id"], "ok": False, "error": result})
        return frame({"id": message["id"], "ok": True, "result": result})
