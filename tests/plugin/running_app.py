"""An app that runs under the minimal game, in this process, and clients that know no more than its ports."""

from __future__ import annotations

import json
import math
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from fake_game import FakeAc, library, write_page

PATIENCE = 5.0  # s, longer than anything here takes
RING_POINTS = 420


class Running:
    """An app that draws frames in a thread of its own, as the game's main thread does, until `close`."""

    def __init__(self, folder: Path, ac: FakeAc, acsys: Any, base: str, settings: dict[str, Any]) -> None:
        self.ac, self.base, self.folder = ac, base, folder
        ports = ("ego_server_port", "opponents_server_port", "simulation_management_server_port")
        values = {**dict.fromkeys(ports, 0), "pages": base, "record_folder": str(folder / "laps"), **settings}
        text = "[sensors_par]\n" + "".join(f"{name} = {value}\n" for name, value in values.items())
        (folder / "sensors_par.ini").write_text(text)
        self.app = library("app").App(ac, acsys, str(folder), 1.16)
        self.errors: list[BaseException] = []
        self._going, self._closed = True, False
        self._thread = threading.Thread(target=self._frames)
        self._thread.start()

    def _frames(self) -> None:
        while self._going:
            try:
                self.app.update(0.02)
            except BaseException as error:  # the test that owns the app reports it
                self.errors.append(error)
                return
            time.sleep(0.002)

    def stop_frames(self) -> None:
        """Nothing is drawn any more: the game is loading, or hangs."""
        self._going = False
        self._thread.join()

    def close(self) -> None:
        """The end of the session; a second time does nothing."""
        if self._closed:
            return
        self._closed = True
        self.stop_frames()
        self.app.shutdown()
        assert not self.errors, self.errors

    def page(self, page: str, **values: Any) -> None:
        """Writes a page anew."""
        pages = library("pages")
        write_page(self.base, page, pages.SIZES[page], getattr(pages, page.upper()), values)

    @property
    def joystick(self) -> Any:
        return self.ac.vjoy_interface

    def eventually(self, condition: Callable[[], Any], what: str = "") -> Any:
        """Waits for `condition` to be true."""
        deadline = time.monotonic() + PATIENCE
        while not (found := condition()):
            assert time.monotonic() < deadline, f"it never came: {what}; log: {self.ac.lines}"
            assert not self.errors, self.errors
            time.sleep(0.005)
        return found

    def logged(self, text: str) -> None:
        self.eventually(lambda: any(text in line for line in self.ac.lines), f"{text!r} in the log")


class EgoClient:
    """A UDP client without any knowledge but the port."""

    def __init__(self, running: Running) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", running.app.servers.ego.port))
        self._socket.settimeout(PATIENCE)

    def send(self, message: bytes | str | dict[str, Any]) -> None:
        if isinstance(message, dict):
            message = json.dumps(message)
        self._socket.send(message.encode() if isinstance(message, str) else message)

    def receive(self) -> bytes:
        return self._socket.recv(65536)

    def answer(self) -> dict[str, Any]:
        """The next message that is no binary state."""
        while (data := self.receive())[:4] == b"ACGS":
            pass
        return dict(json.loads(data))

    def hello(self, role: str = "driver", **more: Any) -> dict[str, Any]:
        """Says hello, gives the answer."""
        self.send({"hello": {"protocol": 1, "role": role, "client": "test", **more}})
        return self.answer()

    def drive(self, session: int | None, steps: int, **more: Any) -> None:
        controls = {"steer": 0.0, "acc": -1.0, "brake": -1.0, "enable_gear_shift": 0, "shift_up": 0, "shift_down": 0}
        self.send({**controls, "server_steps": steps, **({} if session is None else {"session": session}), **more})

    def close(self) -> None:
        self._socket.close()


class ManagementClient:
    """One TCP connection to the management server."""

    def __init__(self, running: Running) -> None:
        self.socket = socket.create_connection(("127.0.0.1", running.app.servers.management.port), PATIENCE)

    def text(self, command: str) -> str:
        """A text command's whole answer."""
        self.socket.sendall(command.encode())
        return self.rest().decode()

    def rest(self) -> bytes:
        """All that comes until the server closes."""
        parts = []
        with suppress(ConnectionResetError):
            while part := self.socket.recv(65536):
                parts.append(part)
        return b"".join(parts)

    def framed(self, command: str, number: Any = 1, **more: Any) -> dict[str, Any]:
        return self.raw(json.dumps({"command": command, "id": number, **more}).encode())

    def raw(self, body: bytes) -> dict[str, Any]:
        self.socket.sendall(struct.pack(">I", len(body)) + body)
        (length,) = struct.unpack(">I", self._exactly(4))
        return dict(json.loads(self._exactly(length)))

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            assert part, "the server has closed"
            data += part
        return data

    def close(self) -> None:
        self.socket.close()


def ring(radius: float = 100.0, left: float = 4.0, right: float = 6.0) -> bytes:
    """A fast_lane.ai: a circle about the origin in the wire frame (x = game's z, y = game's x), left is inside."""
    step = 2.0 * math.pi / RING_POINTS
    points = b"".join(
        struct.pack("<4fi", radius * math.sin(i * step), 7.5, radius * math.cos(i * step), i * step * radius, i)
        for i in range(RING_POINTS)
    )
    detail = struct.pack("<18f", 40.0, 0.5, 0.25, 0.0, radius, left, right, *[0.0] * 11)
    header, count = struct.pack("<4i", 7, RING_POINTS, 0, 0), struct.pack("<i", RING_POINTS)
    return header + points + count + detail * RING_POINTS + b"\0" * 4


PAGES: dict[str, dict[str, Any]] = {
    "physics": {
        "fuel": 30.0, "heading": 0.5, "pitch": 0.125, "roll": -0.25, "carDamage": (1.0, 2.0, 3.0, 4.0, 5.0),
        "tyreWear": (99.0, 98.0, 97.0, 96.0), "numberOfTyresOut": 1, "brakeTemp": (400.0, 401.0, 300.0, 301.0),
        "tyreTempM": (85.0, 86.0, 87.0, 88.0), "tyreContactHeading": tuple(float(n) for n in range(12)),
        "autoShifterOn": 1,
    },
    "graphics": {
        "packetId": 77, "status": 2, "iCurrentTime": 12345, "iLastTime": 104500, "completedLaps": 3,
        "distanceTraveled": 1500.5, "currentSectorIndex": 1, "lastSectorTime": 33333, "penaltyTime": 2.5,
    },
    "static": {"tyreRadius": (0.33, 0.33, 0.34, 0.34), "penaltiesEnabled": 1},
}  # fmt: skip
