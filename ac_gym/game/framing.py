"""Framed messages of the management connection: a length and a JSON object; bytes in, messages out."""

from __future__ import annotations

import struct
from typing import Any

from ac_gym.game.wire import Malformed, MessageError, from_json, to_json

MAX_REQUEST = 65536  # bytes
MAX_ANSWER = 16 * 2**20

_LENGTH = struct.Struct(">I")


def frame(message: dict[str, Any]) -> bytes:
    """The message with its length in front."""
    data = to_json(message)
    return _LENGTH.pack(len(data)) + data


class FrameReader:
    """Takes the bytes of a stream in pieces of any size and gives the messages; the pieces make no difference."""

    def __init__(self, limit: int = MAX_ANSWER) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self.broken = False
        """a length was impossible, so nothing that follows can be told apart"""

    def feed(self, data: bytes) -> list[dict[str, Any] | Malformed]:
        """The messages that are complete with `data`; never raises."""
        messages: list[dict[str, Any] | Malformed] = []
        if self.broken:
            return messages
        self._buffer += data
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            if not 0 < length <= self._limit:
                self.broken = True
                self._buffer.clear()
                messages.append(Malformed(f"a message of {length} bytes; at most {self._limit}"))
                break
            end = _LENGTH.size + length
            if len(self._buffer) < end:
                break
            messages.append(self._message(bytes(self._buffer[_LENGTH.size : end])))
            del self._buffer[:end]
        return messages

    def _message(self, data: bytes) -> dict[str, Any] | Malformed:
        try:
            return from_json(data, self._limit)
        except MessageError as error:
            return Malformed(str(error))
