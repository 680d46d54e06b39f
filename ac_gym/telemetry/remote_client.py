"""Receives the game's remote telemetry (UDP 9996), from this computer or another."""

from __future__ import annotations

import contextlib
import socket
import time
from types import TracebackType
from typing import Self

from ac_gym.errors import GameConnectionError, GameTimeoutError
from ac_gym.telemetry.remote import PORT, CarInfo, Handshake, LapInfo, Message, Operation, decode, encode_request

_TRIES = 4  # datagrams are lost; each handshake waits its share of the timeout
_BIGGEST = 2048


class RemoteTelemetry:
    """Asks the game at `host` for every frame (`laps=False`) or every completed lap (`laps=True`).

    `handshake` names car, driver and track. Raises GameTimeoutError where nobody answers within `timeout` s.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = PORT, *, laps: bool = False, timeout: float = 2.0) -> None:
        self.ignored = 0
        """datagrams that were none of the game's messages"""
        self._timeout = timeout
        self._where = f"{host}:{port}"
        self._end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._end.connect((host, port))
            self.handshake = self._shake_hands()
            self._send(Operation.SUBSCRIBE_SPOT if laps else Operation.SUBSCRIBE_UPDATE)
        except OSError as error:
            self._end.close()
            raise GameConnectionError(f"{self._where} cannot be reached ({error.strerror or error})") from error
        except GameTimeoutError:
            self._end.close()
            raise

    def receive(self, timeout: float | None = None) -> CarInfo | LapInfo:
        """The next message, in order; GameTimeoutError where none comes within `timeout` s (default: the client's)."""
        until = time.monotonic() + (self._timeout if timeout is None else timeout)
        while True:
            message = self._next(until)
            if message is None:
                raise GameTimeoutError(f"no telemetry from {self._where}; is the game in a session?")
            if isinstance(message, CarInfo | LapInfo):
                return message

    def close(self) -> None:
        """Tells the game that it need not send any more; again does nothing."""
        if self._end.fileno() >= 0:
            with contextlib.suppress(OSError):  # it has gone already: nobody is left to tell
                self._send(Operation.DISMISS)
            self._end.close()

    def _shake_hands(self) -> Handshake:
        for _ in range(_TRIES):
            self._send(Operation.HANDSHAKE)
            until = time.monotonic() + self._timeout / _TRIES
            while (message := self._next(until)) is not None:
                if isinstance(message, Handshake):
                    return message
        raise GameTimeoutError(
            f"{self._where} does not answer; start the game (or `ac-gym serve`), and a session in it"
        )

    def _send(self, operation: Operation) -> None:
        self._end.send(encode_request(operation))

    def _next(self, until: float) -> Message | None:
        """The next message of the game before `until`."""
        while (left := until - time.monotonic()) > 0.0:
            self._end.settimeout(left)
            try:
                message = decode(self._end.recv(_BIGGEST))
            except TimeoutError:
                return None
            except ConnectionRefusedError:  # nobody listens there, yet
                time.sleep(min(0.05, max(0.0, until - time.monotonic())))
                continue
            if message is not None:
                return message
            self.ignored += 1
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
