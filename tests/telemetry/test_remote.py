"""The remote telemetry's datagrams are laid out as the game's, byte for byte, and nothing else is taken for one."""

from __future__ import annotations

import re
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ac_gym.telemetry import remote
from ac_gym.telemetry.remote import CAR_INFO, HANDSHAKE, LAP_INFO, CarInfo, Handshake, LapInfo, Operation

CAR_OFFSETS = """
identifier 0 size 4 speed_Kmh 8 speed_Mph 12 speed_Ms 16 isAbsEnabled 20 isAbsInAction 21 isTcInAction 22
isTcEnabled 23 isInPit 24 isEngineLimiterOn 25 accG_vertical 28 accG_horizontal 32 accG_frontal 36 lapTime 40
lastLap 44 bestLap 48 lapCount 52 gas 56 brake 60 clutch 64 engineRPM 68 steer 72 gear 76 cgHeight 80
wheelAngularSpeed 84 slipAngle 100 slipAngle_ContactPatch 116 slipRatio 132 tyreSlip 148 ndSlip 164 load 180 Dy 196
Mz 212 tyreDirtyLevel 228 camberRAD 244 tyreRadius 260 tyreLoadedRadius 276 suspensionHeight 292
carPositionNormalized 308 carSlope 312 carCoordinates 316
"""


def test_the_layout_of_a_frame() -> None:
    offsets = dict(re.findall(r"(\w+) (\d+)", CAR_OFFSETS))
    fields = {name: at for name, (_, at) in CAR_INFO.fields.items() if not name.startswith("_")}
    assert fields == {name: int(at) for name, at in offsets.items()}
    assert (CAR_INFO.itemsize, HANDSHAKE.itemsize, LAP_INFO.itemsize, remote.REQUEST.itemsize) == (328, 408, 212, 12)
    assert [HANDSHAKE.fields[n][1] for n in ("driverName", "identifier", "trackName", "trackConfig")] == [
        100, 200, 208, 308,
    ]  # fmt: skip
    assert [LAP_INFO.fields[n][1] for n in ("lap", "driverName", "carName", "time")] == [4, 8, 108, 208]


@pytest.mark.parametrize("operation", Operation)
def test_requests(operation: Operation) -> None:
    datagram = remote.encode_request(operation)
    assert struct.unpack("<iii", datagram)[1:] == (1, operation)
    assert remote.decode_request(datagram) is operation


@pytest.mark.parametrize(
    "datagram", [b"", b"connect", bytes(13), struct.pack("<iii", 0, 1, 9), struct.pack("<iii", 0, 1, -1)]
)
def test_what_is_no_request(datagram: bytes) -> None:
    assert remote.decode_request(datagram) is None


def test_text_ends_at_a_percent_sign_with_rubbish_behind() -> None:
    datagram = bytearray(HANDSHAKE.itemsize)
    text = "bmw_m3_e30_gra%\u1234rubbish\ud7ff".encode("utf-16-le")
    datagram[: len(text)] = text
    datagram[208:218] = "monza".encode("utf-16-le")
    datagram[308:408] = "x".encode("utf-16-le") * 50
    handshake = remote.decode(bytes(datagram))
    assert isinstance(handshake, Handshake)
    assert (handshake["carName"], handshake["driverName"]) == ("bmw_m3_e30_gra", "")
    assert (handshake["trackName"], handshake["trackConfig"]) == ("monza", "x" * 50)


def test_a_frame_comes_back() -> None:
    record = np.zeros((), CAR_INFO)
    record["identifier"], record["size"], record["isInPit"], record["gear"] = ord("a"), 328, True, 3
    record["slipRatio"], record["carCoordinates"] = (0.5, 0.25, 0.0, -1.0), (1.0, 2.0, 3.0)
    frame = remote.decode(record.tobytes())
    assert isinstance(frame, CarInfo)
    assert (frame["isInPit"], frame["gear"], frame["slipRatio"]) == (True, 3, [0.5, 0.25, 0.0, -1.0])
    assert frame.record["carCoordinates"].tolist() == [1.0, 2.0, 3.0]
    assert not any(name.startswith("_") for name in frame.values)


def test_a_lap_comes_back() -> None:
    record = np.zeros((), LAP_INFO)
    record["lap"], record["time"] = 2, 92_345
    remote.put_text(record, "driverName", "A driver")
    lap = remote.decode(record.tobytes())
    assert isinstance(lap, LapInfo)
    assert (lap["lap"], lap["time"], lap["driverName"]) == (2, 92_345, "A driver")


def test_a_frame_of_something_else_is_none() -> None:
    assert remote.decode(bytes(328)) is None


@given(st.binary(max_size=500))
def test_no_datagram_is_an_error(datagram: bytes) -> None:
    message = remote.decode(datagram)
    if message is not None:
        assert len(message.values) > 3
    remote.decode_request(datagram)
