"""MoTeC's .ld log file: a header, four blocks about the session, a linked list of channels, their samples.

The layout is not published by MoTeC. Offsets, block sizes and the scaling rule are those that public descriptions made
from logs agree on (a table of an EDL3 v5.6 log; the structures of github.com/riccardotornesello/motecldparser).
Everything is little-endian; texts are padded with NUL. A sample's value is (raw / scale * 10**-decimals + shift) * mul.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ac_gym.errors import RecordingError

_HEADER = struct.Struct("<Q II 20x I 24x HHHI 8s HHHH I 32s 32s 64s 64s 64s 64s 1088x I 2x 64s 64s 8x H 38x 32s 46x")
_EVENT = struct.Struct("<64s 64s 1024s I I 1996x")
_VENUE = struct.Struct("<64s 2x I 1028x I 32s 1968x")
_VEHICLE = struct.Struct("<64s 64s 64s HH 32s 32s 12H I 1024s 4x 32s 1968x")
_WEATHER = struct.Struct("<1400x 776x")
_CHANNEL = struct.Struct("<IIII HHHH hhhh 32s 8s 12s 40x")
_TYPES = {(7, 4): "<f4", (7, 2): "<f2", (5, 4): "<i4", (3, 4): "<i4", (3, 2): "<i2", (5, 2): "<i2", (0, 2): "<i2"}
_FIRST_ID = 0x2EE1
_MAX_CHANNELS = 4096
MAX_BYTES = 1 << 30


@dataclass(frozen=True)
class LdChannel:
    """Samples of one quantity."""

    name: str
    """at most 31 characters"""
    unit: str
    """at most 11"""
    rate: int
    """[Hz]"""
    values: NDArray[np.float64]


@dataclass(frozen=True)
class LdFile:
    """What an .ld file holds, as far as anyone but MoTeC knows."""

    channels: tuple[LdChannel, ...]
    driver: str = ""
    vehicle: str = ""
    venue: str = ""
    comment: str = ""
    recorded: datetime = field(default_factory=lambda: datetime(2000, 1, 1))


def decode_ld(data: bytes, name: str = "file") -> LdFile:
    """An .ld file's content; RecordingError, naming the place, for one that is broken off or something else."""
    if len(data) < _HEADER.size or data[:4] != b"\x40\0\0\0":
        raise RecordingError(f"{name}: not a MoTeC .ld file, or broken off in its header ({len(data)} bytes)")
    fields = _HEADER.unpack_from(data)
    date, time, driver, vehicle, _, venue = (_text(value) for value in fields[14:20])
    channels: list[LdChannel] = []
    seen: set[int] = set()
    at = fields[1]
    while at:
        if at in seen or len(seen) >= _MAX_CHANNELS:
            raise RecordingError(f"{name}: its list of channels goes in circles")
        seen.add(at)
        channel, at = _channel(data, at, name)
        channels.append(channel)
    return LdFile(tuple(channels), driver, vehicle, venue, _text(fields[22]), _moment(date, time))


def _channel(data: bytes, at: int, name: str) -> tuple[LdChannel, int]:
    """The channel described at a place, and where the next one is (0: nowhere)."""
    if at + _CHANNEL.size > len(data):
        raise RecordingError(f"{name}: broken off: a channel should be at byte {at}, the file has {len(data)}")
    _, following, start, count, _, kind, size, rate, shift, mul, scale, decimals, *texts = _CHANNEL.unpack_from(
        data, at
    )
    title, _, unit = (_text(text) for text in texts)
    if (code := _TYPES.get((kind, size))) is None:
        raise RecordingError(f"{name}: channel {title!r} has samples of an unknown kind ({kind}, {size} bytes)")
    if start + count * size > len(data):
        whole = max(len(data) - start, 0) // size
        raise RecordingError(f"{name}: broken off in channel {title!r}: {whole:,} of {count:,} samples are there")
    if scale == 0 or mul == 0 or abs(decimals) > 20 or rate == 0:
        raise RecordingError(f"{name}: channel {title!r} has no valid scale or rate")
    raw = np.frombuffer(data, code, count, start).astype(np.float64)
    return LdChannel(title, unit, rate, (raw / scale * 10.0**-decimals + shift) * mul), following


def encode_ld(log: LdFile) -> bytes:
    """The file; samples are float32."""
    at_event = _HEADER.size
    at_venue = at_event + _EVENT.size
    at_vehicle = at_venue + _VENUE.size
    at_weather = at_vehicle + _VEHICLE.size
    at_channels = at_weather + _WEATHER.size
    at_samples = at_channels + _CHANNEL.size * len(log.channels)
    count, vehicle, venue = len(log.channels), _bytes(log.vehicle, 64), _bytes(log.venue, 64)
    date, time = log.recorded.strftime("%d/%m/%Y").encode(), log.recorded.strftime("%H:%M:%S").encode()
    blocks = [
        _HEADER.pack(
            0x40, at_channels if count else 0, at_samples, at_event, 0, 0x4240, 0xF, 0x1F44, b"ADL", 420, 0xADB0,
            count, 0, 0, date, time, _bytes(log.driver, 64), vehicle, b"", venue, 0xC81A4, b"", _bytes(log.comment, 64),
            0, b"",
        ),
        _EVENT.pack(b"", b"", _bytes(log.comment, 1024), at_venue, at_weather),
        _VENUE.pack(venue, 0, at_vehicle, b""),
        _VEHICLE.pack(vehicle, b"", b"", 0, 0, b"", b"", *[0] * 12, 0, b"", b""),
        _WEATHER.pack(),
    ]  # fmt: skip
    start = at_samples
    for number, channel in enumerate(log.channels):
        here = at_channels + number * _CHANNEL.size
        blocks.append(
            _CHANNEL.pack(
                here - _CHANNEL.size if number else 0, here + _CHANNEL.size if number + 1 < count else 0,
                start, len(channel.values), _FIRST_ID + number, 7, 4, channel.rate, 0, 1, 1, 0,
                _bytes(channel.name, 32), _bytes(channel.name, 8), _bytes(channel.unit, 12),
            )
        )  # fmt: skip
        start += 4 * len(channel.values)
    blocks += [channel.values.astype("<f4").tobytes() for channel in log.channels]
    return b"".join(blocks)


def read_ld(path: Path) -> LdFile:
    """Reads a file; RecordingError where it cannot be."""
    try:
        if (size := path.stat().st_size) > MAX_BYTES:
            raise RecordingError(f"{path}: {size >> 20} MiB; at most {MAX_BYTES >> 20} MiB are read")
        return decode_ld(path.read_bytes(), str(path))
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror or error}") from None


def _text(value: bytes) -> str:
    return value.split(b"\0")[0].decode("latin-1").strip()


def _bytes(text: str, size: int) -> bytes:
    """Cut so that a NUL follows."""
    return text.encode("latin-1", "replace")[: size - 1]


def _moment(date: str, time: str) -> datetime:
    try:
        return datetime.strptime(f"{date} {time}", "%d/%m/%Y %H:%M:%S")
    except ValueError:
        return datetime(2000, 1, 1)
