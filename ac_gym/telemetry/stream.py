"""Streams telemetry to any number of WebSocket clients, one JSON snapshot a message, and serves the dashboard.

Nobody is waited for: a client that does not read is dropped. `TelemetryStream` needs the package `websockets`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Callable, Collection
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State

from ac_gym.errors import ConfigError
from ac_gym.telemetry.dashboard import dashboard_file
from ac_gym.telemetry.origins import is_loopback, may_connect
from ac_gym.telemetry.pace import Beat, check_rate
from ac_gym.telemetry.reader import Follower
from ac_gym.telemetry.snapshot import Snapshot

MAX_RATE = 60.0
MAX_CLIENTS = 200
_UNSENT_S = 1.0  # a client that has this much unsent, beyond what the system buffers, is dropped
_LEAST_UNSENT = 64 * 1024  # bytes
_SEND_BUFFER = 128 * 1024  # bytes in the system; its own choice would hide a stalled client for most of a minute
_POLICY = "default-src 'self'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"

_log = logging.getLogger(__name__)
_log.addHandler(logging.NullHandler())

TrackShape = Callable[[str], dict[str, Any] | None]
"""name of a track, as TRACK or TRACK-LAYOUT -> what the dashboard draws of it; None for an unknown one"""


class TelemetryStream:
    """A server on `host`:`port` that sends the snapshots of `pages` at `rate` a second (1 to 60).

    `origins` are further web pages that may connect, such as http://localhost:3000; programs that are no browser always
    may. Hosts but the loopback need `allow_remote`. `track_shape` is asked for `/track.json`. `on_log` gets one line
    about whoever comes, goes or is dropped. ConfigError for settings that cannot be.
    """

    def __init__(
        self,
        *,
        pages: str = "acpmf",
        rate: float = 10.0,
        host: str = "localhost",
        port: int = 8765,
        origins: Collection[str] = (),
        allow_remote: bool = False,
        track_shape: TrackShape = lambda name: None,
        on_log: Callable[[str], None] = lambda line: None,
    ) -> None:
        if not is_loopback(host) and not allow_remote:
            raise ConfigError(f"on {host} other machines could connect; allow that (--allow-remote), or use localhost")
        self.rate, self.host, self.port = check_rate(rate, MAX_RATE), host, port
        self.dropped = self.sent = 0
        self._follower = Follower(pages)
        self._origins, self._track_shape, self._on_log = frozenset(origins), track_shape, on_log
        self._clients: set[ServerConnection] = set()
        self._latest: Snapshot | None = None
        self._shapes: dict[str, bytes | None] = {}

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serves until cancelled; calls `ready` once clients can connect, with `port` the real one."""
        async with await self._listen() as server:
            self.port = next(iter(server.sockets)).getsockname()[1]
            ready()
            try:
                await self._send_all()
            finally:
                self._follower.close()

    async def _listen(self) -> Server:
        try:
            return await serve(
                self._stay,
                _interfaces(self.host, self.port),  # type: ignore[arg-type]  # asyncio takes several
                self.port,
                process_request=self._answer,
                compression=None,  # 50 clients would cost a core
                max_size=4096,  # nobody has anything to say
                server_header=None,
                logger=_log,
            )
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ConfigError(f"TCP {self.host}:{self.port} cannot be had ({reason}); choose another --port") from error

    # --- snapshots ---------------------------------------------------------------------------------------------------
    async def _send_all(self) -> None:
        beat = Beat(self.rate)
        while True:
            await asyncio.sleep(beat.wait_s())
            turn = beat.next()
            self._latest = self._follower.poll()
            if turn and self._clients and self._latest is not None:
                self._send(self._latest.as_json().encode())

    def _send(self, message: bytes) -> None:
        unsent = max(_LEAST_UNSENT, round(self.rate * _UNSENT_S) * len(message))
        for client in [client for client in self._clients if client.transport.get_write_buffer_size() > unsent]:
            self._clients.discard(client)
            self.dropped += 1
            self._on_log(f"dropped {_who(client)}, which does not read what it is sent")
            client.transport.abort()
        frame = Frame(Opcode.TEXT, message).serialize(mask=False)  # once for all; `broadcast` makes one for each
        for client in self._clients:
            if client.state is State.OPEN:
                client.transport.write(frame)
        self.sent += 1

    async def _stay(self, client: ServerConnection) -> None:
        """Keeps a client until it goes."""
        end = client.transport.get_extra_info("socket")
        if end is not None:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        self._clients.add(client)
        self._on_log(f"{_who(client)} has connected, {len(self._clients)} in all")
        try:
            async for _ in client:  # what it says is of no interest, but for its pongs and its goodbye
                pass
        except Exception as error:
            _log.info("%s: %s", _who(client), error)
        finally:
            if client in self._clients:
                self._clients.discard(client)
                self._on_log(f"{_who(client)} has gone")

    # --- plain requests ----------------------------------------------------------------------------------------------
    async def _answer(self, client: ServerConnection, request: Request) -> Response | None:
        """A response to a plain request, or one that refuses; None lets a WebSocket client in."""
        if reason := may_connect(request.headers.get("Host"), request.headers.get("Origin"), self._origins):
            return _response(HTTPStatus.FORBIDDEN, "text/plain; charset=utf-8", f"{reason}\n".encode())
        path = request.path.partition("?")[0]
        if "websocket" in request.headers.get("Upgrade", "").lower():
            if len(self._clients) >= MAX_CLIENTS:
                return _response(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", b"there are too many clients\n")
            return None
        if path == "/track.json":
            return await self._track()
        if path == "/laps.json":
            laps = [lap._asdict() for lap in self._follower.laps]
            return _response(HTTPStatus.OK, "application/json", json.dumps(laps).encode())
        if (found := dashboard_file(path)) is not None:
            return _response(HTTPStatus.OK, *found)
        return _response(HTTPStatus.NOT_FOUND, "text/plain", b"there is no such page\n")

    async def _track(self) -> Response:
        """The present track; 404 where there is none, or nobody knows its shape."""
        if self._latest is None:
            return _response(HTTPStatus.NOT_FOUND, "text/plain", b"the game is not in a session\n")
        name = "-".join(part for part in (self._latest["track"], self._latest["track_configuration"]) if part)
        if name not in self._shapes:
            shape = await asyncio.to_thread(self._track_shape, name)  # may have to be built first
            self._shapes[name] = None if shape is None else json.dumps(shape, separators=(",", ":")).encode()
        body = self._shapes[name]
        if body is None:
            return _response(HTTPStatus.NOT_FOUND, "text/plain", b"the shape of this track is not known\n")
        return _response(HTTPStatus.OK, "application/json", body)


def _interfaces(host: str, port: int) -> list[str]:
    """`localhost` is both loopbacks, where there are two; with a free port (0) only one, as they would differ."""
    if host != "localhost":
        return [host]
    return ["127.0.0.1", "::1"] if port and _has_ipv6() else ["127.0.0.1"]


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as end:
            end.bind(("::1", 0))
    except OSError:
        return False
    return True


def _who(client: ServerConnection) -> str:
    address = client.remote_address
    return f"{address[0]}:{address[1]}" if address else "a client"


def _response(status: HTTPStatus, kind: str, body: bytes) -> Response:
    headers = Headers(
        {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Connection": "close",
            "Cache-Control": "no-store",
            "Content-Security-Policy": _POLICY,
            "X-Content-Type-Options": "nosniff",
        }
    )
    return Response(status.value, status.phrase, headers, body)
