"""Recordings as MoTeC logs: .ld for the samples, .ldx for where laps end, with the names that the ACTI app uses.

ACTI is the app with which human laps are logged in the game; its names and signs are those that the reference
project's loader takes. Channels that it does not know go under our own names. Samples are float32.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

from ac_gym import channels
from ac_gym.datasets.ld_file import LdChannel, LdFile, encode_ld, read_ld
from ac_gym.datasets.model import AT, Recording, flaws_of, stem
from ac_gym.datasets.whole import new_file
from ac_gym.errors import RecordingError
from ac_gym.recording.columns import CHANNEL_COLUMNS, CHANNEL_UNITS

_CONTROLS = ("Control Steer", "Control Throttle", "Control Brake", "Control Gear Request")
_MOVING = 1.0  # m/s from which the path tells the heading


@dataclass(frozen=True)
class _Name:
    """MoTeC's value = ours * factor + shift."""

    title: str
    unit: str
    column: str
    factor: float = 1.0
    shift: float = 0.0


_ACTI = (
    _Name("Ground Speed", "km/h", "speed", 3.6),
    _Name("Car Coord Y", "m", "world_position_x"),
    _Name("Car Coord X", "m", "world_position_y", -1.0),
    _Name("Car Coord Z", "m", "world_position_z"),
    _Name("Engine RPM", "rpm", "rpm"),
    _Name("Session Lap Count", "", "lap_count"),
    _Name("Car Pos Norm", "", "spline_position"),
    _Name("Num Tires Off Track", "", "tyres_out"),
    _Name("CG Accel Lateral", "G", "accel_lateral"),
    _Name("CG Accel Longitudinal", "G", "accel_longitudinal"),
    _Name("CG Accel Vertical", "G", "accel_vertical"),
    _Name("Chassis Velocity X", "m/s", "local_velocity_x"),
    _Name("Chassis Velocity Y", "m/s", "local_velocity_y", -1.0),
    _Name("Chassis Yaw Rate", "deg/s", "angular_velocity_y", -180.0 / np.pi),
    _Name("Steering Angle", "deg", "steer_angle"),
    _Name("Throttle Pos", "%", "throttle", 100.0),
    _Name("Brake Pos", "%", "brake", 100.0),
    _Name("Gear", "", "gear", 1.0, -1.0),
    _Name("Lap Time", "s", "current_time", 1e-3),
    _Name("Last Lap Time", "s", "last_lap_time", 1e-3),
    *(_Name(f"Tire Slip Angle {wheel.upper()}", "deg", f"slip_angle_{wheel}") for wheel in channels.WHEELS),
    *(_Name(f"Tire Slip Ratio {wheel.upper()}", "%", f"slip_ratio_{wheel}", 100.0) for wheel in channels.WHEELS),
)


def _names() -> dict[str, tuple[int, _Name]]:
    """MoTeC's name in lower case -> our column."""
    ours = {name: index for index, name in enumerate(CHANNEL_COLUMNS)}
    found = {entry.title.lower(): (ours[entry.column], entry) for entry in _ACTI}
    taken = {index for index, _ in found.values()}
    for name, index in ours.items():
        if index not in taken:
            title = name.replace("_", " ").title()[:31]
            found[title.lower()] = (index, _Name(title, CHANNEL_UNITS[index][:11], name))
    return found


def write_motec(path: Path, recording: Recording) -> list[Path]:
    """Writes `path` (.ld) and, beside it, the laps' ends (.ldx); RecordingError for a rate of no whole number of Hz."""
    rate = round(recording.rate)
    if abs(rate - recording.rate) > 0.01 or not 1 <= rate <= 65535:
        raise RecordingError(
            f"{recording.name}: MoTeC's files need a whole number of rows a second, not {recording.rate}"
        )
    logged = [
        LdChannel(name.title, name.unit, rate, _motec(recording.frames[:, index], index, name))
        for index, name in _names().values()
        if recording.known[index]
    ]
    if recording.controls is not None:
        logged += [
            LdChannel(title, "", rate, values.astype(np.float64))
            for title, values in zip(_CONTROLS, recording.controls.T, strict=True)
        ]
    log = LdFile(tuple(logged), vehicle=recording.car, venue=recording.track, comment=recording.name)
    beacons = path.with_suffix(".ldx")
    with new_file(path) as samples, new_file(beacons) as marks:
        samples.write_bytes(encode_ld(log))
        marks.write_text(_ldx(recording), encoding="utf-8")
    return [path, beacons]


def _motec(values: NDArray[np.float64], index: int, name: _Name) -> NDArray[np.float64]:
    """Clocks count from the first row: float32 holds them to the millisecond only while they are small."""
    if index == AT["timestamp_ac"] and len(values):
        values = values - values[0]
    return values * name.factor + name.shift


def _ldx(recording: Recording) -> str:
    """The file in which MoTeC's i2 looks for the ends of laps, times in us since the first row."""
    ends = [lap.stop for lap in recording.laps[:-1]]
    mark = '<Marker Version="100" ClassName="BCN" Name="Manual.{}" Flags="77" Time="{:f}"/>'
    marks = "".join(mark.format(number, 1e6 * end / recording.rate) for number, end in enumerate(ends, 1))
    details = "".join(
        f"<String Id={quoteattr(key)} Value={quoteattr(value)}/>"
        for key, value in (
            ("Venue", recording.track),
            ("Vehicle Id", recording.car),
            ("Total Laps", str(len(ends) + 1)),
        )
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<LDXFile Version="1.6" Locale="English"><Layers><Layer><MarkerBlock>'
        f'<MarkerGroup Name="Beacons" Index="3">{marks}</MarkerGroup></MarkerBlock><RangeBlock/></Layer>'
        f"<Details>{details}</Details></Layers></LDXFile>\n"
    )


def read_motec(path: Path) -> Recording:
    """A drive from an .ld file, at the rate of its fastest channel that we know; slower ones are held.

    The heading, which ACTI does not log, is the direction of the path less the car's drift.
    """
    log, names = read_ld(path), _names()
    mine = [(channel, *names[channel.name.lower()]) for channel in log.channels if channel.name.lower() in names]
    if not mine:
        some = ", ".join(channel.name for channel in log.channels[:5])
        raise RecordingError(f"{path}: none of its channels ({some or 'there are none'}) is one that we know")
    rate = max(channel.rate for channel, _, _ in mine)
    rows = min(len(channel.values) * rate // channel.rate for channel, _, _ in mine)
    frames, known = np.zeros((rows, channels.WIDTH)), np.zeros(channels.WIDTH, bool)
    for channel, index, name in mine:
        frames[:, index] = (_held(channel, rate, rows) - name.shift) / name.factor
        known[index] = True
    if not known[AT["timestamp_ac"]]:
        frames[:, AT["timestamp_ac"]] = np.arange(rows) / rate
        known[AT["timestamp_ac"]] = True
    if not known[AT["yaw"]] and known[AT["world_position"] : AT["world_position"] + 2].all():
        frames[:, AT["yaw"]] = _yaw(frames)
        known[AT["yaw"]] = True
    found = {channel.name: channel for channel in log.channels}
    controls = None
    if all(title in found for title in _CONTROLS):
        controls = np.column_stack([_held(found[title], rate, rows) for title in _CONTROLS]).astype(np.float32)
    recording = Recording(stem(path), frames, known, float(rate), controls, log.venue, log.vehicle)
    return replace(recording, flaws=flaws_of(frames, known, float(rate)))


def _held(channel: LdChannel, rate: int, rows: int) -> NDArray[np.float64]:
    if channel.rate == rate:
        return channel.values[:rows]
    return channel.values[np.arange(rows) * channel.rate // rate]


def _yaw(frames: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T,) rad, -pi..pi; a car that stands keeps the heading with which it came to stand."""
    if len(frames) < 3:
        return np.zeros(len(frames))
    x, y = frames[:, AT["world_position"]], frames[:, AT["world_position"] + 1]
    forward, left = frames[:, AT["local_velocity"]], frames[:, AT["local_velocity"] + 1]
    yaw = np.arctan2(np.gradient(y), np.gradient(x)) - np.arctan2(left, np.maximum(forward, _MOVING))
    moving = np.flatnonzero(frames[:, AT["speed"]] > _MOVING)
    if len(moving):
        yaw = yaw[moving[np.clip(np.searchsorted(moving, np.arange(len(yaw)), side="right") - 1, 0, None)]]
    return np.remainder(yaw + np.pi, 2.0 * np.pi) - np.pi
