"""The stand-in's side of the game's remote telemetry, UDP 9996: answers handshakes, sends frames and laps."""

from __future__ import annotations

import math
import socket

import numpy as np

from ac_gym.channels import COLUMNS
from ac_gym.errors import ConfigError
from ac_gym.standin.acsys import CS
from ac_gym.standin.car_state import get_car_state
from ac_gym.standin.place_names import TrackName
from ac_gym.standin.session import Session
from ac_gym.telemetry.remote import (
    CAR_IDENTIFIER,
    CAR_INFO,
    HANDSHAKE,
    HANDSHAKE_IDENTIFIER,
    LAP_INFO,
    VERSION,
    Operation,
    decode_request,
    put_text,
)

_MOST_CLIENTS = 16
_REQUESTS_A_FRAME = 32
_DRIVER = "Stand-in"

Address = tuple[str, int]

_NUMBERS = {
    "speed_Kmh": "SpeedKMH", "speed_Mph": "SpeedMPH", "speed_Ms": "SpeedMS", "isEngineLimiterOn": "IsEngineLimiterOn",
    "lapTime": "LapTime", "lastLap": "LastLap", "bestLap": "BestLap", "lapCount": "LapCount", "gas": "Gas",
    "brake": "Brake", "clutch": "Clutch", "engineRPM": "RPM", "steer": "Steer", "gear": "Gear", "cgHeight": "CGHeight",
    "wheelAngularSpeed": "WheelAngularSpeed", "slipAngle": "SlipAngle",
    "slipAngle_ContactPatch": "SlipAngleContactPatch",
    "slipRatio": "SlipRatio", "tyreSlip": "TyreSlip", "ndSlip": "NdSlip", "load": "Load", "Dy": "DY", "Mz": "Mz",
    "tyreDirtyLevel": "TyreDirtyLevel", "camberRAD": "CamberRad", "tyreRadius": "TyreRadius",
    "tyreLoadedRadius": "TyreLoadedRadius", "suspensionHeight": "SuspensionTravel",
    "carPositionNormalized": "NormalizedSplinePosition", "carCoordinates": "WorldPosition",
}  # fmt: skip
"""field of CAR_INFO -> what acsys calls it"""


class RemoteTelemetryServer:
    """Serves on `host`:`port` (0: a free one, see `port`); `frame` is to be called once a frame and waits for nothing.

    ConfigError where the port cannot be had.
    """

    def __init__(self, session: Session, host: str, port: int) -> None:
        self._session = session
        self._frames: set[Address] = set()
        self._laps: set[Address] = set()
        self._lap_count = session.laps.count
        self._record = np.zeros((), CAR_INFO)
        self._end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._end.bind((host, port))
        except (OSError, OverflowError) as error:
            self._end.close()
            reason = getattr(error, "strerror", None) or error
            raise ConfigError(f"UDP {host}:{port} cannot be had ({reason}); choose another, or 0") from error
        self._end.setblocking(False)
        self.port: int = self._end.getsockname()[1]

    def frame(self) -> None:
        """Takes requests, and sends the present frame, and the lap if one has ended, to whoever wants them."""
        for _ in range(_REQUESTS_A_FRAME):
            try:
                datagram, sender = self._end.recvfrom(2048)
            except BlockingIOError:
                break
            except ConnectionError:  # Windows tells here that a client has gone
                continue
            self._answer(decode_request(datagram), sender)
        if self._frames:
            self._send_all(self._frames, self._car_info())
        if self._session.laps.count != self._lap_count:
            ended = self._session.laps.count > self._lap_count
            self._lap_count = self._session.laps.count
            if ended and self._laps:
                self._send_all(self._laps, self._lap_info())

    def close(self) -> None:
        self._end.close()

    def _answer(self, operation: Operation | None, sender: Address) -> None:
        if operation == Operation.HANDSHAKE:
            self._send(self._handshake(), sender)
        elif operation == Operation.DISMISS:
            self._forget(sender)
        elif operation is not None and (len(self._frames | self._laps) < _MOST_CLIENTS or self._knows(sender)):
            (self._frames if operation == Operation.SUBSCRIBE_UPDATE else self._laps).add(sender)

    def _knows(self, address: Address) -> bool:
        return address in self._frames or address in self._laps

    def _forget(self, address: Address) -> None:
        self._frames.discard(address)
        self._laps.discard(address)

    def _send_all(self, addresses: set[Address], message: bytes) -> None:
        for address in list(addresses):
            self._send(message, address)

    def _send(self, message: bytes, address: Address) -> None:
        try:
            self._end.sendto(message, address)
        except BlockingIOError:
            return  # the system's buffer is full: this one is lost, as datagrams are
        except OSError:
            self._forget(address)

    def _handshake(self) -> bytes:
        record, place = np.zeros((), HANDSHAKE), TrackName.of(self._session.track.name)
        record["identifier"], record["version"] = HANDSHAKE_IDENTIFIER, VERSION
        for field, text in (
            ("carName", self._session.car.name), ("driverName", _DRIVER), ("trackName", place.track),
            ("trackConfig", place.layout),
        ):  # fmt: skip
            put_text(record, field, text)
        return record.tobytes()

    def _car_info(self) -> bytes:
        session, record = self._session, self._record
        for field, quantity in _NUMBERS.items():
            record[field] = get_car_state(session, 0, CS[quantity])
        row, settings = session.row(0), session.settings
        record["identifier"], record["size"] = CAR_IDENTIFIER, CAR_INFO.itemsize
        record["accG_horizontal"], record["accG_vertical"], record["accG_frontal"] = get_car_state(
            session, 0, CS["AccG"]
        )
        record["isAbsEnabled"], record["isTcEnabled"] = settings.abs, settings.traction_control
        record["isAbsInAction"] = row[COLUMNS["abs_active"].start] > 0.0
        record["isTcInAction"] = row[COLUMNS["tc_active"].start] > 0.0
        record["isInPit"] = row[COLUMNS["is_in_pit"].start] > 0.0
        record["carSlope"] = math.tan(row[COLUMNS["pitch"].start])
        return record.tobytes()

    def _lap_info(self) -> bytes:
        record, laps = np.zeros((), LAP_INFO), self._session.laps
        record["lap"], record["time"] = laps.count, round(laps.last_ms)
        put_text(record, "driverName", _DRIVER)
        put_text(record, "carName", self._session.car.name)
        return record.tobytes()
