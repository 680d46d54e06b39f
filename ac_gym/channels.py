"""THE telemetry table: every channel once, with its unit, shape, wire keys and source in the game.

A telemetry frame is one row of float64 numbers; a batch of frames is an array `(N, WIDTH)`. `CHANNELS` says which
columns hold what. The native core's column numbers are generated from this file when the package is built
(`native/generate_channels.py`), so this module imports nothing but the standard library.

Frames: world x, y, z on the wire are the game's (z, x, y): seen on a map, x points right, y up, z out of the page.
Car-local axes are x forward, y left, z up. Yaw is counter-clockwise from +x, so a left turn is positive. Steering is
the game's own sign: positive to the right. Wheels: front left, front right, rear left, rear right, always.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from types import MappingProxyType

WHEELS = ("fl", "fr", "rl", "rr")
_AXES = ("x", "y", "z")


@dataclass(frozen=True)
class Channel:
    """One telemetry quantity.

    `wire`: groups of keys of the reference plugin's JSON state that carry it; a group has one key for the whole (a
    number, or a list where `size` > 1) or one key an element. `source`: where the game has it (`acsys.CS.*`,
    `physics.*`, `graphics.*` page fields). `simulated`: what the simulator fills it with; empty means: the quantity
    itself, "not modelled" means a constant 0.
    """

    name: str
    unit: str
    doc: str
    size: int = 1
    wire: tuple[tuple[str, ...], ...] = ()
    source: str = ""
    simulated: str = ""


def _key(*keys: str) -> tuple[tuple[str, ...], ...]:
    """Each key carries the whole channel."""
    return tuple((key,) for key in keys)


def _each(pattern: str, suffixes: tuple[str, ...] = WHEELS) -> tuple[str, ...]:
    """One key an element: `SlipAngle_{}` with fl, fr, rl, rr."""
    return tuple(pattern.format(suffix) for suffix in suffixes)


_CONTACT_KEYS = tuple(f"tyreContactHeading_{wheel.upper()}_{axis}" for wheel in WHEELS for axis in _AXES)

CHANNELS: tuple[Channel, ...] = (
    # --- clock and session -------------------------------------------------------------------------------------------
    Channel("steps", "1", "control steps since the episode began", 1, _key("steps")),
    Channel("timestamp_ac", "s", "monotonic clock of the world", 1, _key("timestamp_ac"),
            "time.perf_counter in the game"),
    Channel("total_errors_out_of_sync", "1", "replies that answered another step than the last one sent", 1,
            _key("total_errors_out_of_sync"), "plugin", "always 0: nothing is lost in process"),
    Channel("packet_id", "1", "physics steps since the world began", 1, _key("packetId"), "graphics.packetId"),
    Channel("current_time", "ms", "time in this lap", 1, _key("currentTime"), "graphics.iCurrentTime"),
    Channel("last_lap_time", "ms", "last complete lap, 0 before one", 1, _key("iLastTime"), "graphics.iLastTime"),
    Channel("best_lap_time", "ms", "best valid lap of this episode, 0 before one", 1, _key("BestLap"),
            "acsys.CS.BestLap"),
    Channel("completed_laps", "1", "complete laps in this session", 1, _key("completedLaps"), "graphics.completedLaps"),
    Channel("lap_count", "1", "complete laps, from line to line", 1, _key("LapCount"), "acsys.CS.LapCount"),
    Channel("lap_invalidated", "0/1", "more than two tyres were out in this lap", 1, _key("LapInvalidated"),
            "acsys.CS.LapInvalidated (0 in 1.16)", "1 from three tyres out until the lap ends"),
    Channel("last_lap_valid", "0/1", "the last complete lap was driven without three tyres out", 1, (), "derived"),
    Channel("sector", "1", "current sector, 0-based", 1, (), "graphics.currentSectorIndex"),
    Channel("last_sector_time", "ms", "last complete sector", 1, (), "graphics.lastSectorTime"),
    Channel("is_in_pit", "0/1", "in the pit box", 1, _key("isInPit"), "graphics.isInPit", "not modelled"),
    Channel("penalty_time", "s", "penalty", 1, _key("penaltyTime"), "graphics.penaltyTime", "not modelled"),
    Channel("distance_travelled", "m", "distance driven in this session", 1, (), "graphics.distanceTraveled"),
    Channel("spline_position", "0..1", "progress along the racing line", 1, _key("NormalizedSplinePosition"),
            "acsys.CS.NormalizedSplinePosition"),
    # --- motion ------------------------------------------------------------------------------------------------------
    Channel("world_position", "m", "centre of gravity: x, y on the map, z height", 3,
            (_each("world_position_{}", _AXES),), "acsys.CS.WorldPosition z, x, y"),
    Channel("speed", "m/s", "speed over ground", 1, _key("speed"), "acsys.CS.SpeedMS"),
    Channel("local_velocity", "m/s", "forward, left, up in the car's axes", 3, (_each("local_velocity_{}", _AXES),),
            "acsys.CS.LocalVelocity z, x, y"),
    Channel("velocity", "m/s", "in the game's world order x, y (up), z", 3, (_each("velocity_{}", _AXES),),
            "acsys.CS.Velocity"),
    Channel("accel_lateral", "g", "towards the left", 1, _key("accelX"), "acsys.CS.AccG[0]"),
    Channel("accel_longitudinal", "g", "forward", 1, _key("accelY"), "acsys.CS.AccG[2]"),
    Channel("accel_vertical", "g", "up, of the sprung mass", 1, (), "acsys.CS.AccG[1]"),
    Channel("angular_velocity", "rad/s", "game's order: pitch rate, yaw rate, roll rate", 3,
            (_each("angular_velocity_{}", _AXES),), "acsys.CS.LocalAngularVelocity"),
    Channel("yaw", "rad", "-pi..pi, counter-clockwise from +x", 1, _key("yaw"), "-physics.heading"),
    Channel("pitch", "rad", "against the horizon, nose up positive", 1, _key("pitch"), "physics.pitch"),
    Channel("roll", "rad", "against the horizon, right side down positive", 1, _key("roll"), "physics.roll"),
    Channel("cg_height", "m", "centre of gravity over the road", 1, _key("cgHeight"), "acsys.CS.CGHeight"),
    Channel("ride_height", "m", "front, rear", 2, (), "acsys.CS.RideHeight"),
    # --- driver and drivetrain ---------------------------------------------------------------------------------------
    Channel("throttle", "0..1", "pedal as applied", 1, _key("accStatus"), "acsys.CS.Gas"),
    Channel("brake", "0..1", "pedal as applied, after the brake gamma", 1, _key("brakeStatus"), "acsys.CS.Brake"),
    Channel("clutch", "0..1", "1 = engaged", 1, (), "acsys.CS.Clutch"),
    Channel("steer_angle", "deg", "steering wheel, positive to the right", 1, _key("steerAngle"), "acsys.CS.Steer"),
    Channel("gear", "1", "0 reverse, 1 neutral, 2 first ...", 1, _key("actualGear"), "acsys.CS.Gear"),
    Channel("rpm", "1/min", "engine speed", 1, _key("RPM"), "acsys.CS.RPM"),
    Channel("force_feedback", "-1..1", "steering torque over the car's reference torque", 1, _key("LastFF"),
            "acsys.CS.LastFF"),
    Channel("turbo_boost", "bar", "turbo pressure", 1, (), "acsys.CS.TurboBoost", "not modelled"),
    Channel("fuel", "l", "fuel left", 1, (), "physics.fuel"),
    Channel("abs_active", "0..1", "share of brake torque taken away by ABS", 1, (), "simulator only"),
    Channel("tc_active", "0..1", "share of throttle taken away by traction control", 1, (), "simulator only"),
    Channel("damage", "1", "front, rear, left, right, total; 0 = none", 5, (), "physics.carDamage"),
    # --- wheels and tyres --------------------------------------------------------------------------------------------
    Channel("tyres_out", "0..4", "tyres beyond the white line", 1, _key("numberOfTyresOut"),
            "physics.numberOfTyresOut"),
    Channel("surface", "code", "under each wheel: 0 tarmac, 1 kerb, 2 grass, 3 gravel", 4, (), "simulator only"),
    Channel("slip_angle", "deg", "positive pushes the car to the left", 4, (_each("SlipAngle_{}"),),
            "acsys.CS.SlipAngle"),
    Channel("slip_ratio", "1", "(wheel speed - ground speed) / ground speed", 4, (_each("tyre_slip_ratio_{}"),),
            "acsys.CS.SlipRatio"),
    Channel("normalised_slip", "1", "combined slip over the slip of peak grip", 4, _key("NdSlip"), "acsys.CS.NdSlip"),
    Channel("lateral_friction", "1", "peak lateral friction coefficient at this load", 4, (_each("Dy_{}"),),
            "acsys.CS.DY"),
    Channel("wheel_speed", "rad/s", "spin", 4, (_each("wheel_speed_{}"),), "acsys.CS.WheelAngularSpeed"),
    Channel("self_aligning_torque", "N m", "about the steering axis", 4, _key("Mz"), "acsys.CS.Mz"),
    Channel("wheel_load", "N", "vertical", 4, (*_key("tyres_load"), _each("{}_wheel_load")), "acsys.CS.Load"),
    Channel("tyre_force_longitudinal", "N", "in the wheel's axes, forward", 4, (), "simulator only"),
    Channel("tyre_force_lateral", "N", "in the wheel's axes, left", 4, (), "simulator only"),
    Channel("tyre_pressure", "psi", "hot", 4, (*_key("dynamic_pressure"), _each("{}_tire_pressure")),
            "acsys.CS.DynamicPressure"),
    Channel("tyre_core_temperature", "degC", "carcass", 4, (_each("{}_tire_temperature_core"),),
            "acsys.CS.CurrentTyresCoreTemp"),
    Channel("tyre_surface_temperature", "degC", "tread", 4, (), "physics.tyreTempM"),
    Channel("tyre_wear", "%", "100 = new", 4, (), "physics.tyreWear"),
    Channel("brake_temperature", "degC", "disc", 4, (), "physics.brakeTemp"),
    Channel("tyre_loaded_radius", "m", "wheel centre over the road", 4, _key("tyre_loaded_radius"),
            "acsys.CS.TyreLoadedRadius"),
    Channel("suspension_travel", "m", "from the static position, bump positive", 4,
            (*_key("SuspensionTravel"), _each("{}_damper_linear_potentiometer")), "acsys.CS.SuspensionTravel"),
    Channel("camber", "rad", "to the road, top inwards negative", 4, _key("CamberRad"), "acsys.CS.CamberRad"),
    Channel("contact_heading", "1", "unit vectors of the wheels' rolling directions, game's x, y, z a wheel", 12,
            (_CONTACT_KEYS,), "physics.tyreContactHeading"),
)  # fmt: skip


def _columns() -> dict[str, slice]:
    """Column range of each channel in a frame, in the order of the table."""
    ranges, start = {}, 0
    for channel in CHANNELS:
        ranges[channel.name] = slice(start, start + channel.size)
        start += channel.size
    return ranges


COLUMNS = MappingProxyType(_columns())
"""Channel name -> columns of a frame."""

WIDTH = sum(channel.size for channel in CHANNELS)
"""Numbers in a frame."""

WIRE_KEYS = tuple(key for channel in CHANNELS for group in channel.wire for key in group)
"""Every key of the reference plugin's state message that the table fills (90)."""

DIGEST = zlib.crc32(" ".join(f"{channel.name}:{channel.size}" for channel in CHANNELS).encode())
"""Two ends that agree on this number lay a frame out alike."""
