"""Fills the game's shared-memory pages from the session's telemetry."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ac_gym.channels import COLUMNS
from ac_gym.constants import air_density
from ac_gym.errors import AcGymError
from ac_gym.standin.place_names import TrackName
from ac_gym.standin.session import Session
from ac_gym.telemetry.pages import GRAPHICS, PAGES, PHYSICS, STATIC, SessionType, Status, page_name, set_text
from ac_gym.telemetry.shared_memory import SharedPage

Factor = float | tuple[float, ...]
"""for all elements of a field, or one for each"""
Source = tuple[list[int], Factor]
"""columns of the frame, and what they are multiplied by"""

TYRE_COMPOUND = "Simulated"
_POWER = math.tau / 60.0  # W of 1 N m at 1 rpm


class PageWriter:
    """The three pages, made with the base name `base` and taken away by `close`."""

    def __init__(self, session: Session, base: str) -> None:
        self._session = session
        self._physics, self._graphics = np.zeros((), PHYSICS), np.zeros((), GRAPHICS)
        _fill_constants(self._physics, self._graphics, session)
        lock = session.car.values["steering_lock_deg"]
        self._fill_physics = _Filler(self._physics, _PHYSICS_FLOATS, _PHYSICS_INTEGERS, {"steerAngle": 1.0 / lock})
        self._fill_graphics = _Filler(self._graphics, _GRAPHICS_FLOATS, _GRAPHICS_INTEGERS, {})
        self._pages: dict[str, SharedPage] = {}
        try:
            for kind, dtype in PAGES.items():
                self._pages[kind] = SharedPage.create(page_name(kind, base), dtype)
        except AcGymError:
            self.close()
            raise
        self._pages["static"].write(static_page(session))

    @property
    def number(self) -> int:
        """Of the frame that the pages show: `graphics.packetId`, which goes up by 2 a frame, as in the game."""
        return int(self._graphics["packetId"])

    def write(self) -> None:
        """Publishes the present frame of the ego."""
        frame = self._session.frames[0]
        self._fill_physics(frame)
        self._physics["packetId"] = int(frame[COLUMNS["packet_id"].start]) & 0x7FFFFFFF
        self._physics["tyreContactPoint"] = self._session.contact_points(0)
        self._pages["physics"].write(self._physics)
        self._fill_graphics(frame)
        self._graphics["packetId"] += 2
        for field, milliseconds in (
            ("currentTime", self._graphics["iCurrentTime"]),
            ("lastTime", self._graphics["iLastTime"]),
            ("bestTime", self._graphics["iBestTime"]),
            ("split", self._graphics["lastSectorTime"]),
        ):
            set_text(self._graphics, field, lap_time_text(int(milliseconds)))
        self._pages["graphics"].write(self._graphics)

    def close(self) -> None:
        """Says that the session is over and takes the pages away."""
        if "graphics" in self._pages:
            self._graphics["status"] = Status.OFF
            self._pages["graphics"].write(self._graphics)
        for page in self._pages.values():
            page.close()
        self._pages.clear()


def lap_time_text(milliseconds: int) -> str:
    """As the game shows times: 1:52:345, or dashes where there is none."""
    if milliseconds <= 0:
        return "-:--:---"
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 60}:{seconds % 60:02d}:{rest:03d}"


class _Filler:
    """Copies channels of a frame into the float and integer fields of a page, each in one go."""

    def __init__(
        self,
        record: NDArray[np.void],
        floats: Mapping[str, Source],
        integers: Mapping[str, int],
        factors: Mapping[str, float],
    ) -> None:
        flat = record.reshape(1)
        self._float_words, self._integer_words = flat.view("<f4"), flat.view("<i4")
        self._float_at = np.concatenate([_words(record, field) for field in floats])
        self._float_from = np.concatenate([columns for columns, _ in floats.values()])
        self._factor = np.concatenate([np.broadcast_to(factors.get(f, by), len(at)) for f, (at, by) in floats.items()])
        self._integer_at = np.concatenate([_words(record, field) for field in integers])
        self._integer_from = np.array(list(integers.values()))

    def __call__(self, frame: NDArray[np.float64]) -> None:
        self._float_words[self._float_at] = frame[self._float_from] * self._factor
        self._integer_words[self._integer_at] = frame[self._integer_from]


def _words(record: NDArray[np.void], field: str) -> NDArray[np.int64]:
    """Places of a field's elements in the page, in units of 4 bytes."""
    assert record.dtype.fields is not None
    kind, offset = record.dtype.fields[field][:2]
    return offset // 4 + np.arange(kind.itemsize // 4)


def _columns(channel: str, *order: int) -> list[int]:
    """Columns of a channel, or of its elements `order`."""
    columns = COLUMNS[channel]
    return [columns.start + i for i in order or range(columns.stop - columns.start)]


def _same(channel: str, *order: int, factor: Factor = 1.0) -> Source:
    return _columns(channel, *order), factor


_PHYSICS_FLOATS = {
    "gas": _same("throttle"), "brake": _same("brake"), "fuel": _same("fuel"), "steerAngle": _same("steer_angle"),
    "speedKmh": _same("speed", factor=3.6), "velocity": _same("velocity"),
    "accG": (_columns("accel_lateral") + _columns("accel_vertical") + _columns("accel_longitudinal"), 1.0),
    "wheelSlip": _same("normalised_slip"), "wheelLoad": _same("wheel_load"), "wheelsPressure": _same("tyre_pressure"),
    "wheelAngularSpeed": _same("wheel_speed"), "tyreWear": _same("tyre_wear"),
    "tyreCoreTemperature": _same("tyre_core_temperature"), "camberRAD": _same("camber", factor=(1.0, -1.0, 1.0, -1.0)),
    "suspensionTravel": _same("suspension_travel"), "heading": _same("yaw", factor=-1.0), "pitch": _same("pitch"),
    "roll": _same("roll"), "cgHeight": _same("cg_height"), "carDamage": _same("damage"),
    "rideHeight": _same("ride_height"), "turboBoost": _same("turbo_boost"),
    "localAngularVel": _same("angular_velocity"), "finalFF": _same("force_feedback"),
    "brakeTemp": _same("brake_temperature"), "clutch": _same("clutch"),
    "tyreTempI": _same("tyre_surface_temperature"), "tyreTempM": _same("tyre_surface_temperature"),
    "tyreTempO": _same("tyre_surface_temperature"), "tyreContactHeading": _same("contact_heading"),
    "localVelocity": _same("local_velocity", 1, 2, 0),
}  # fmt: skip
_PHYSICS_INTEGERS = {name: _columns(channel)[0] for name, channel in (
    ("gear", "gear"), ("rpms", "rpm"), ("numberOfTyresOut", "tyres_out"),
)}  # fmt: skip
_GRAPHICS_FLOATS = {
    "distanceTraveled": _same("distance_travelled"), "normalizedCarPosition": _same("spline_position"),
    "carCoordinates": _same("world_position", 1, 2, 0), "penaltyTime": _same("penalty_time"),
}  # fmt: skip
_GRAPHICS_INTEGERS = {name: _columns(channel)[0] for name, channel in (
    ("completedLaps", "completed_laps"), ("iCurrentTime", "current_time"), ("iLastTime", "last_lap_time"),
    ("iBestTime", "best_lap_time"), ("isInPit", "is_in_pit"), ("currentSectorIndex", "sector"),
    ("lastSectorTime", "last_sector_time"),
)}  # fmt: skip


def _fill_constants(physics: np.ndarray, graphics: np.ndarray, session: Session) -> None:
    """What does not change in a session."""
    p, settings = session.car.values, session.settings
    physics["abs"] = p["brakes_abs_slip"] if settings.abs else 0.0
    physics["tc"] = p["engine_tc_slip"] if settings.traction_control else 0.0
    physics["autoShifterOn"] = not settings.manual_gearbox
    physics["airTemp"], physics["roadTemp"] = settings.air_temperature, settings.road_temperature
    physics["airDensity"] = air_density(settings.air_temperature)
    physics["tyreContactNormal"] = 0.0, 1.0, 0.0
    physics["brakeBias"], physics["currentMaxRpm"] = p["brakes_front_share"], p["engine_limiter_rpm"]
    physics["P2PStatus"] = 1
    graphics["packetId"] = -1
    graphics["status"] = Status.LIVE
    graphics["session"] = SessionType.HOTLAP if session.cars == 1 else SessionType.PRACTICE
    graphics["position"], graphics["surfaceGrip"] = 1, 1.0
    graphics["timeLimitSessionLeft"] = -1.0
    set_text(graphics, "tyreCompound", TYRE_COMPOUND)


def static_page(session: Session) -> np.ndarray:
    """The page that is written once a session."""
    page = np.zeros((), STATIC)
    car, p, track = session.car, session.car.values, session.track
    name = TrackName.of(track.name)
    for field, text in (
        ("smVersion", "1.7"), ("acVersion", "1.16.4"), ("carModel", car.name), ("track", name.track),
        ("trackConfiguration", name.layout), ("playerName", "Stand-in"), ("playerSurname", "Host"),
        ("playerNick", "Stand-in"), ("carSkin", "default"),
    ):  # fmt: skip
        set_text(page, field, text)
    rpm, torque = np.transpose(car.torque_curve)
    page["numberOfSessions"], page["numCars"], page["sectorCount"] = 1, session.cars, len(track.sector_s) + 1
    page["maxTorque"], page["maxPower"] = torque.max(), (rpm * torque).max() * _POWER
    page["maxRpm"], page["maxFuel"] = p["engine_limiter_rpm"], p["fuel_start"]
    page["tyreRadius"] = np.repeat([p["tyres_front_radius"], p["tyres_rear_radius"]], 2)
    page["suspensionMaxTravel"] = np.repeat([p["suspension_front_ride_height"], p["suspension_rear_ride_height"]], 2)
    page["penaltiesEnabled"], page["aidAutoClutch"], page["aidAllowTyreBlankets"] = 1, 1, 1
    page["aidFuelRate"], page["aidTireRate"] = session.settings.fuel_rate, session.settings.tyre_wear_rate
    page["aidMechanicalDamage"] = session.settings.damage_rate
    page["trackSPlineLength"] = track.line_length_m
    return page
