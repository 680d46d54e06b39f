"""Telemetry frames of the game's shared-memory pages; what the pages do not tell is NaN."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ac_gym.channels import COLUMNS, WIDTH
from ac_gym.constants import FULL_STEER_DEG
from ac_gym.telemetry.snapshot import Snapshot

_AXES = 2, 0, 1  # of the game's x, y, z: those that are x, y, z of a frame
_PHYSICS: tuple[tuple[str, str, float | tuple[float, ...]], ...] = (
    # channel, field, factor
    ("packet_id", "packetId", 1.0), ("velocity", "velocity", 1.0), ("angular_velocity", "localAngularVel", 1.0),
    ("yaw", "heading", -1.0), ("pitch", "pitch", 1.0), ("roll", "roll", 1.0), ("cg_height", "cgHeight", 1.0),
    ("ride_height", "rideHeight", 1.0), ("speed", "speedKmh", 1 / 3.6), ("throttle", "gas", 1.0),
    ("brake", "brake", 1.0), ("clutch", "clutch", 1.0), ("gear", "gear", 1.0), ("rpm", "rpms", 1.0),
    ("force_feedback", "finalFF", 1.0), ("turbo_boost", "turboBoost", 1.0), ("fuel", "fuel", 1.0),
    ("damage", "carDamage", 1.0), ("tyres_out", "numberOfTyresOut", 1.0), ("normalised_slip", "wheelSlip", 1.0),
    ("wheel_speed", "wheelAngularSpeed", 1.0), ("wheel_load", "wheelLoad", 1.0),
    ("tyre_pressure", "wheelsPressure", 1.0), ("tyre_core_temperature", "tyreCoreTemperature", 1.0),
    ("tyre_surface_temperature", "tyreTempM", 1.0), ("tyre_wear", "tyreWear", 1.0),
    ("brake_temperature", "brakeTemp", 1.0), ("suspension_travel", "suspensionTravel", 1.0),
    ("camber", "camberRAD", (1.0, -1.0, 1.0, -1.0)), ("contact_heading", "tyreContactHeading", 1.0),
)  # fmt: skip
_GRAPHICS = (
    ("current_time", "iCurrentTime"), ("last_lap_time", "iLastTime"), ("best_lap_time", "iBestTime"),
    ("completed_laps", "completedLaps"), ("lap_count", "completedLaps"), ("sector", "currentSectorIndex"),
    ("last_sector_time", "lastSectorTime"), ("is_in_pit", "isInPit"), ("penalty_time", "penaltyTime"),
    ("distance_travelled", "distanceTraveled"), ("spline_position", "normalizedCarPosition"),
)  # fmt: skip


class PageFrames:
    """Makes frames of snapshots, taken one after the other."""

    def __init__(self, steering_lock_deg: float = 0.0) -> None:
        """`steering_lock_deg`: of the car, since the page has shares of it; 0: not known, full axis is assumed."""
        self._lock = steering_lock_deg or FULL_STEER_DEG
        self._steps = 0
        self._laps: int | None = None
        self._valid, self._last_valid = True, False

    def frame(self, snapshot: Snapshot, time: float) -> NDArray[np.float64]:
        """(channels.WIDTH,), of a snapshot taken at `time` (s of perf_counter)."""
        made = np.full(WIDTH, np.nan)
        physics, graphics = snapshot.physics, snapshot.graphics
        for channel, field, factor in _PHYSICS:
            made[COLUMNS[channel]] = np.ravel(physics[field]) * factor
        for channel, field in _GRAPHICS:
            made[COLUMNS[channel]] = graphics[field]
        made[COLUMNS["world_position"]] = graphics["carCoordinates"][list(_AXES)]
        made[COLUMNS["local_velocity"]] = physics["localVelocity"][list(_AXES)]
        for channel, axis in (("accel_lateral", 0), ("accel_vertical", 1), ("accel_longitudinal", 2)):
            made[COLUMNS[channel]] = physics["accG"][axis]
        made[COLUMNS["steer_angle"]] = physics["steerAngle"] * self._lock
        self._add_laps(made, snapshot)
        made[COLUMNS["steps"]], made[COLUMNS["timestamp_ac"]] = self._steps, time
        made[COLUMNS["total_errors_out_of_sync"]] = 0
        self._steps += 1
        return made

    def _add_laps(self, made: NDArray[np.float64], snapshot: Snapshot) -> None:
        laps = int(snapshot.graphics["completedLaps"])
        if self._laps is not None and laps == self._laps + 1:
            self._last_valid = self._valid
        self._laps, self._valid = laps, snapshot.is_lap_valid
        made[COLUMNS["lap_invalidated"]] = not self._valid
        made[COLUMNS["last_lap_valid"]] = self._last_valid
