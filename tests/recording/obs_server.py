"""A server that speaks obs-websocket v5 (msgpack, with authentication) and records nothing."""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from types import TracebackType
from typing import Any, Self

import msgpack
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

CHALLENGE, SALT = "+IxH4CnCiqpX1rM9scsNynZzbOe4KhDeYcTNS3PDaeY=", "lM1GncleQOaCu9lT1yeUZhFYnqhsLLP1G5lAGo3ixaI="
WRONG_PASSWORD, NOT_IDENTIFIED = 4009, 4007


class ObsServer:
    """Runs in a thread of this process on a free port; `requests` has what was asked for."""

    def __init__(self, password: str = "", *, recording: bool = False, starts: bool = True) -> None:
        self.password, self.starts = password, starts
        self.started_at = time.perf_counter() if recording else None
        self.silent = False
        self.requests: list[str] = []
        self.path = "C:/Videos/2026-11-21 15-00-00.mkv"
        self._connections: list[ServerConnection] = []
        self._server = serve(self._talk, "127.0.0.1", 0, subprotocols=["obswebsocket.msgpack"])  # type: ignore[list-item]
        self.port: int = self._server.socket.getsockname()[1]
        self._thread = threading.Thread(target=self._server.serve_forever)

    def hang_up(self) -> None:
        """As OBS does when it is closed."""
        for connection in self._connections:
            connection.close(1001)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.hang_up()
        self._server.shutdown()
        self._thread.join()

    def _talk(self, connection: ServerConnection) -> None:
        self._connections.append(connection)
        hello: dict[str, Any] = {"obsStudioVersion": "31.0.0", "obsWebSocketVersion": "5.5.0", "rpcVersion": 1}
        if self.password:
            hello["authentication"] = {"challenge": CHALLENGE, "salt": SALT}
        try:
            self._send(connection, 0, hello)
            identify = msgpack.unpackb(connection.recv())
            if identify["op"] != 1:
                connection.close(NOT_IDENTIFIED)
            elif self.password and identify["d"].get("authentication") != self._expected():
                connection.close(WRONG_PASSWORD, "Authentication failed.")
            else:
                self._send(connection, 2, {"negotiatedRpcVersion": 1})
                for message in connection:
                    if not self.silent:
                        self._answer(connection, msgpack.unpackb(message)["d"])
        except ConnectionClosed:
            pass  # the client has gone

    def _answer(self, connection: ServerConnection, request: dict[str, Any]) -> None:
        name = request["requestType"]
        self.requests.append(name)
        code, data = getattr(self, f"_{name}", lambda: (204, None))()
        status = {"result": code == 100, "code": code} | ({} if code == 100 else {"comment": f"no {name} today"})
        answer = {"requestType": name, "requestId": request["requestId"], "requestStatus": status}
        self._send(connection, 7, answer | ({} if data is None else {"responseData": data}))

    def _GetRecordStatus(self) -> tuple[int, dict[str, Any]]:  # noqa: N802 - the protocol's names
        active = self.started_at is not None
        duration = int(1000 * (time.perf_counter() - self.started_at)) if self.started_at is not None else 0
        return 100, {"outputActive": active, "outputPaused": False, "outputDuration": duration}

    def _StartRecord(self) -> tuple[int, None]:  # noqa: N802
        if self.started_at is not None:
            return 500, None
        if self.starts:
            self.started_at = time.perf_counter()
        return 100, None

    def _StopRecord(self) -> tuple[int, dict[str, Any] | None]:  # noqa: N802
        if self.started_at is None:
            return 501, None
        self.started_at = None
        return 100, {"outputPath": self.path}

    def _expected(self) -> str:
        secret = base64.b64encode(hashlib.sha256((self.password + SALT).encode()).digest())
        return base64.b64encode(hashlib.sha256(secret + CHALLENGE.encode()).digest()).decode()

    @staticmethod
    def _send(connection: ServerConnection, op: int, data: dict[str, Any]) -> None:
        connection.send(msgpack.packb({"op": op, "d": data}))
