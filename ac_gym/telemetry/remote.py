"""The game's remote telemetry (UDP 9996): what its datagrams mean. No sockets here.

A client sends HANDSHAKE, gets a Handshake, subscribes to every frame (CarInfo) or to laps (LapInfo), and sends DISMISS
at the end. All little-endian; text is UTF-16 of 50 code units that ends at a % or NUL, with rubbish behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import Any

import numpy as np

PORT = 9996
_TEXT = ("<u2", 50)


class Operation(IntEnum):
    """What a client asks for."""

    HANDSHAKE = 0
    SUBSCRIBE_UPDATE = 1
    SUBSCRIBE_SPOT = 2
    DISMISS = 3


REQUEST = np.dtype([("identifier", "<i4"), ("version", "<i4"), ("operationId", "<i4")])
"""12 bytes: client to game"""

HANDSHAKE = np.dtype(
    [
        ("carName", *_TEXT), ("driverName", *_TEXT), ("identifier", "<i4"), ("version", "<i4"), ("trackName", *_TEXT),
        ("trackConfig", *_TEXT),
    ]
)  # fmt: skip
"""408 bytes: the game's answer to a handshake"""

_PER_WHEEL = (
    "wheelAngularSpeed", "slipAngle", "slipAngle_ContactPatch", "slipRatio", "tyreSlip", "ndSlip", "load", "Dy", "Mz",
    "tyreDirtyLevel", "camberRAD", "tyreRadius", "tyreLoadedRadius", "suspensionHeight",
)  # fmt: skip
CAR_INFO = np.dtype(
    [
        ("identifier", "<u2"), ("_pad_identifier", "V2"), ("size", "<i4"), ("speed_Kmh", "<f4"), ("speed_Mph", "<f4"),
        ("speed_Ms", "<f4"), ("isAbsEnabled", "?"), ("isAbsInAction", "?"), ("isTcInAction", "?"),
        ("isTcEnabled", "?"), ("isInPit", "?"), ("isEngineLimiterOn", "?"), ("_pad_flags", "V2"),
        ("accG_vertical", "<f4"), ("accG_horizontal", "<f4"), ("accG_frontal", "<f4"), ("lapTime", "<i4"),
        ("lastLap", "<i4"), ("bestLap", "<i4"), ("lapCount", "<i4"), ("gas", "<f4"), ("brake", "<f4"),
        ("clutch", "<f4"), ("engineRPM", "<f4"), ("steer", "<f4"), ("gear", "<i4"), ("cgHeight", "<f4"),
        *((name, "<f4", 4) for name in _PER_WHEEL),
        ("carPositionNormalized", "<f4"), ("carSlope", "<f4"), ("carCoordinates", "<f4", 3),
    ]
)  # fmt: skip
"""328 bytes: one a frame to subscribers of updates. Times in ms, gear 0 reverse, slip angles and steer in degrees."""

LAP_INFO = np.dtype(
    [("carIdentifierNumber", "<i4"), ("lap", "<i4"), ("driverName", *_TEXT), ("carName", *_TEXT), ("time", "<i4")]
)
"""212 bytes: one a lap to who subscribed to spots. `time` in ms."""

CAR_IDENTIFIER = ord("a")
HANDSHAKE_IDENTIFIER = 4242
VERSION = 1


@dataclass(frozen=True)
class Message:
    """A datagram of the game: `record` as it came, `values` as plain numbers, lists and text."""

    record: np.void

    @property
    def values(self) -> Mapping[str, Any]:
        return _plain(self.record)

    def __getitem__(self, field: str) -> Any:
        return self.values[field]


class Handshake(Message):
    """`carName`, `driverName`, `trackName`, `trackConfig`"""


class CarInfo(Message):
    """The fields of CAR_INFO"""


class LapInfo(Message):
    """The fields of LAP_INFO"""


_MESSAGES: dict[int, tuple[type[Message], np.dtype]] = {
    HANDSHAKE.itemsize: (Handshake, HANDSHAKE),
    CAR_INFO.itemsize: (CarInfo, CAR_INFO),
    LAP_INFO.itemsize: (LapInfo, LAP_INFO),
}


def decode(datagram: bytes) -> Message | None:
    """What the game sent; None for a datagram that is none of its messages."""
    if len(datagram) not in _MESSAGES:
        return None
    message, dtype = _MESSAGES[len(datagram)]
    record = np.frombuffer(datagram, dtype)[0]
    if message is CarInfo and (record["identifier"] != CAR_IDENTIFIER or record["size"] != dtype.itemsize):
        return None
    return message(record)


def encode_request(operation: Operation) -> bytes:
    """A client's datagram."""
    return np.array((0, VERSION, operation), REQUEST).tobytes()


def decode_request(datagram: bytes) -> Operation | None:
    """What a client asks for; None for a datagram that is no request."""
    if len(datagram) != REQUEST.itemsize:
        return None
    try:
        return Operation(int(np.frombuffer(datagram, REQUEST)[0]["operationId"]))
    except ValueError:
        return None


def put_text(record: np.ndarray, field: str, text: str) -> None:
    """Writes text as the game does, with a % after it where there is room."""
    units = np.frombuffer(f"{text}%".encode("utf-16-le"), "<u2")[:50]
    record[field] = 0
    record[field][: len(units)] = units


def _plain(record: np.void) -> Mapping[str, Any]:
    names = [name for name in record.dtype.names or () if not name.startswith("_")]
    return MappingProxyType({name: _value(record, name) for name in names})


def _value(record: np.void, name: str) -> Any:
    value = record[name]
    if record.dtype[name].base == np.dtype("<u2") and record.dtype[name].shape:
        text = value.tobytes().decode("utf-16-le", errors="replace")
        return text.partition("%")[0].partition("\0")[0]
    return value.tolist()
