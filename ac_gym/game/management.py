"""The plugin's management server (TCP): what the game has loaded, its track, resets, recording.

`AcGymManagement` speaks our plugin's framed JSON, `ReferenceManagement` the text commands of the reference plugin. Each
request has a connection of its own and a deadline, so that nothing is left half-open between two of them.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from ac_gym.errors import GameCommandError, GameConnectionError, GameProtocolError, GameTimeoutError
from ac_gym.game import answers
from ac_gym.game.framing import MAX_ANSWER, FrameReader, frame
from ac_gym.game.link import check_port
from ac_gym.game.wire import PROTOCOL, Malformed, MessageError, field, from_json, line, other_version

_CHUNK = 65536  # bytes
_RESET_WAIT = 1.0  # s; the reference plugin does not say when the car is back on the road

WHERE_TO_LOOK = (
    "is a session running in the game, the app sensors_par enabled (Options > General > UI Modules), the port the one "
    "in its settings, and open in the firewall? `ac-gym doctor` looks for the cause"
)

Checked = TypeVar("Checked")


class Management(Protocol):
    """What can be asked of the plugin."""

    def hello(self) -> dict[str, Any]:
        """`protocol`, `version`, `ac_version`, `csp` (code, or None without Custom Shaders Patch), `track`, `car`,
        `track_crc32` (None where the plugin does not know it)."""

    def config(self) -> dict[str, Any]:
        """The plugin's settings."""

    def static_info(self) -> dict[str, Any]:
        """Facts of the session; see `ac_gym.game.answers.static_info`."""

    def track_info(self) -> dict[str, Any]:
        """The track's lanes as arrays; see `ac_gym.game.answers.track_info`."""

    def reset(self) -> None:
        """Put the car back on the road; raises GameCommandError where the game cannot (it needs CSP)."""

    def status(self) -> dict[str, Any]:
        """Clients, rates and time per frame of the plugin."""

    def record(self, on: bool) -> dict[str, Any]:
        """Start or stop the plugin's own recording; says whether it is `recording`, and into which `file`."""


class AcGymManagement:
    """Our plugin's framed JSON."""

    def __init__(self, host: str, port: int, *, token: str = "", timeout: float = 5.0) -> None:
        self._server = _Server(host, port, timeout)
        self._token = token
        self._number = 0

    def hello(self) -> dict[str, Any]:
        answer = self._ask("hello", _hello)
        if answer["protocol"] != PROTOCOL:
            raise GameProtocolError(other_version(f"{answer['version']} (protocol {answer['protocol']})"))
        return answer

    def config(self) -> dict[str, Any]:
        return self._ask("config", dict)

    def static_info(self) -> dict[str, Any]:
        return self._ask("static_info", answers.static_info)

    def track_info(self) -> dict[str, Any]:
        return self._ask("track_info", answers.track_info)

    def reset(self) -> None:
        self._ask("reset", dict)

    def status(self) -> dict[str, Any]:
        return self._ask("status", dict)

    def record(self, on: bool) -> dict[str, Any]:
        return self._ask("record", dict, on=on)

    def _ask(self, command: str, check: Callable[[dict[str, Any]], Checked], **arguments: Any) -> Checked:
        self._number += 1
        request = {"command": command, "id": self._number, "token": self._token, **arguments}
        reader = FrameReader(MAX_ANSWER)
        for data in self._server.talk(frame(request), command):
            for answer in reader.feed(data):
                with self._server.understanding(command):
                    if isinstance(answer, Malformed):
                        raise MessageError(answer.reason)
                    if answer.get("id") not in (self._number, None):  # None: it could not tell which
                        continue
                    if not field(answer, "ok", bool):
                        raise GameCommandError(f"{command}: {line(field(answer, 'error', str))}")
                    return check(field(answer, "result", dict))
        raise self._server.hung_up(command)


class ReferenceManagement:
    """The reference plugin's text commands; our plugin knows them too."""

    def __init__(self, host: str, port: int, *, timeout: float = 5.0) -> None:
        self._server = _Server(host, port, timeout)

    def hello(self) -> dict[str, Any]:
        static, settings = self.static_info(), self.config()
        return {
            "protocol": 0, "version": str(settings.get("version", "")), "ac_version": None, "csp": None,
            "track": static["TrackFullName"], "car": static["CarName"], "track_crc32": None,
        }  # fmt: skip

    def config(self) -> dict[str, Any]:
        return self._ask("get_config", answers.config, dict)

    def static_info(self) -> dict[str, Any]:
        return self._ask("get_static_info", _json, answers.static_info)

    def track_info(self) -> dict[str, Any]:
        return self._ask("get_track_info", _json, answers.track_info)

    def reset(self) -> None:
        for _ in self._server.talk(b"reset", "reset", patience=_RESET_WAIT):
            pass

    def status(self) -> dict[str, Any]:
        raise GameCommandError("status: the reference plugin does not tell; our own does (`ac-gym plugin install`)")

    def record(self, on: bool) -> dict[str, Any]:
        raise GameCommandError("record: the reference plugin is told by its keys; our own by its button and by clients")

    def _ask(
        self, command: str, read: Callable[[bytes], dict[str, Any]], check: Callable[[dict[str, Any]], Checked]
    ) -> Checked:
        """The server may keep the connection open after its answer, so this ends where the text is complete."""
        text, misfit = bytearray(), MessageError("an empty answer")
        for data in self._server.talk(command.encode(), command):
            text += data
            misfit = MessageError("a text that is no table")
            if len(text) > MAX_ANSWER:
                misfit = MessageError(f"more than {MAX_ANSWER} bytes")
                break
            if data.rstrip().endswith(b"}"):
                try:
                    answer = read(bytes(text))
                    if isinstance(trouble := answer.get("error"), str):  # in our plugin's text form
                        raise GameCommandError(f"{command}: {line(trouble)}")
                    return check(answer)
                except MessageError as error:
                    misfit = error
        said = f": {line(text.decode(errors='replace'))}" if 0 < len(text) < 200 else ""
        raise GameProtocolError(f"{command}: {self._server.name} answered with {misfit}{said}")


class _Server:
    """Where the management server is, and how to talk to it once."""

    def __init__(self, host: str, port: int, timeout: float) -> None:
        check_port(port)
        self._address, self._timeout = (host, port), timeout
        self.name = f"{host}:{port} (TCP)"

    def talk(self, request: bytes, command: str, *, patience: float | None = None) -> Iterator[bytes]:
        """Send a request and give what comes back, piece by piece, until the server hangs up.

        Raises GameTimeoutError when the timeout has passed; with `patience` (s), that ends the talk in peace.
        """
        deadline = time.monotonic() + self._timeout
        try:
            connection = socket.create_connection(self._address, timeout=self._timeout)
        except UnicodeError as error:  # a name that no computer can have
            raise GameConnectionError(f"no such address: {self.name} ({error})") from None
        except OSError as error:
            raise GameConnectionError(
                f"no management server at {self.name}: {error.strerror or error}; {WHERE_TO_LOOK}"
            ) from None
        with connection:
            try:
                connection.sendall(request)
                if patience is not None:
                    connection.shutdown(socket.SHUT_WR)
                    deadline = time.monotonic() + patience
                while data := self._receive(connection, deadline):
                    yield data
            except TimeoutError:
                if patience is None:
                    raise GameTimeoutError(
                        f"{command}: {self.name} took the request but gave no whole answer in {self._timeout:g} s; "
                        "is the game paused or still loading? Is it the plugin that listens there?"
                    ) from None
            except OSError as error:
                raise GameConnectionError(
                    f"{command}: {self.name} broke the connection: {error.strerror or error}"
                ) from None

    @staticmethod
    def _receive(connection: socket.socket, deadline: float) -> bytes:
        remaining = deadline - time.monotonic()
        if remaining <= 0.0:
            raise TimeoutError
        connection.settimeout(remaining)
        return connection.recv(_CHUNK)

    def hung_up(self, command: str) -> GameConnectionError:
        return GameConnectionError(f"{command}: {self.name} hung up without an answer; is it the plugin of ac_gym?")

    @contextmanager
    def understanding(self, command: str) -> Iterator[None]:
        """Makes a MessageError inside the `with` a GameProtocolError that tells who answered what."""
        try:
            yield
        except MessageError as error:
            raise GameProtocolError(f"{command}: {self.name} answered with {error}") from None


def _json(text: bytes) -> dict[str, Any]:
    return from_json(text, MAX_ANSWER)


def _hello(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer to `hello`, checked; `track_crc32` and `csp` may be None."""
    for name, kind in (("protocol", int), ("version", str), ("track", str), ("car", str)):
        field(answer, name, kind)
    for name in ("csp", "track_crc32"):
        if answer.get(name) is not None:
            field(answer, name, int)
    return answer | {"version": line(answer["version"]), "track_crc32": answer.get("track_crc32")}
