"""The game's `fast_lane.ai` (version 7): the AI's line, its speeds, and the distances from it to the road's edges.

Little-endian: a header of four int32 (version, points, lap time, samples), a record of 20 bytes a point, an int32 with
the number of details, a record of 72 bytes a detail, and an int32 that is not 0 where a search grid follows.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ac_gym.errors import InvalidTrackError
from ac_gym.track import polyline
from ac_gym.track.model import Array, Track

VERSION = 7
MIN_POINTS = 10
MAX_POINTS = 200_000  # 300 km of road; a larger count is a damaged file

_HEADER = struct.Struct("<4i")
_POINT = np.dtype([("position", "<f4", 3), ("distance", "<f4"), ("id", "<i4")])
_DETAIL = np.dtype(
    [
        ("speed", "<f4"), ("gas", "<f4"), ("brake", "<f4"), ("lateral_g", "<f4"), ("radius", "<f4"),
        ("side_left", "<f4"), ("side_right", "<f4"), ("camber", "<f4"), ("direction", "<f4"), ("normal", "<f4", 3),
        ("length", "<f4"), ("forward", "<f4", 3), ("tag", "<f4"), ("grade", "<f4"),
    ]
)  # fmt: skip
_NEEDED = ("position", "side_left", "side_right")  # the rest may be left out by the tool that made the file

_STEP_M = 1.5  # between points, as in the game's own files
_BORDER_STEP_M = 0.5
_SEARCH_M = 24.0
_STRAIGHT_RADIUS_M = 10_000.0


@dataclass(frozen=True)
class FastLane:
    """A closed line of P points in the direction of driving; arrays of shape (P,), vectors (P, 3).

    Positions are the game's: x, z in the plane, y up, m. In the wire frame x is the game's z and y the game's x.
    """

    position: Array
    distance: Array
    """from the first point, m"""
    id: NDArray[np.int64]
    speed: Array
    """Readers disagree on the unit of the game's files, km/h or m/s; `fast_lane_of` writes m/s."""
    gas: Array
    """0..1"""
    brake: Array
    """0..1"""
    lateral_g: Array
    """not used by the game any more"""
    radius: Array
    """m"""
    side_left: Array
    """line to the left edge of the road, across the line, m"""
    side_right: Array
    camber: Array
    direction: Array
    """+1 or -1; multiplies the camber"""
    normal: Array
    length: Array
    """to the next point, m"""
    forward: Array
    tag: Array
    grade: Array

    @property
    def line(self) -> Array:
        """(P, 2) m, wire frame."""
        return self.position[:, [2, 0]]

    @property
    def height(self) -> Array:
        """(P,) m."""
        return self.position[:, 1]

    def borders(self) -> tuple[Array, Array, Array]:
        """Left border, right border and the line, each (P, 2) m in the wire frame, row by row across the line."""
        line = self.line
        across = polyline.left_normals(polyline.headings(line))
        return line + self.side_left[:, None] * across, line - self.side_right[:, None] * across, line


def read_fast_lane(path: str | Path) -> FastLane:
    """The lane in a file; InvalidTrackError where it is none of version 7, cut short, or has impossible figures."""
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidTrackError(f"{path}: cannot be read ({error.strerror or error})") from error
    return parse_fast_lane(content, str(path))


def parse_fast_lane(content: bytes, source: str) -> FastLane:
    """The lane in the bytes of a file; `source` is the name that messages carry."""
    count = _checked_count(content, source)
    details_at = _HEADER.size + count * _POINT.itemsize + 4
    points = np.frombuffer(content, _POINT, count, _HEADER.size)
    details = np.frombuffer(content, _DETAIL, count, details_at)
    columns = {name: points[name].astype(np.float64) for name in ("position", "distance")}
    columns |= {name: details[name].astype(np.float64) for name in _DETAIL.names or ()}
    for name in _NEEDED:
        finite = np.isfinite(columns[name].reshape(count, -1)).all(axis=1)
        if not finite.all():
            raise InvalidTrackError(f"{source}: {name} of point {int(np.argmin(finite))} is not a number")
    return FastLane(id=points["id"].astype(np.int64), **columns)


def _checked_count(content: bytes, source: str) -> int:
    """The number of points, once the file is known to hold that many."""
    if len(content) < _HEADER.size:
        raise InvalidTrackError(f"{source}: {len(content)} bytes are too few for a fast_lane.ai")
    version, count, _, _ = _HEADER.unpack_from(content)
    if version != VERSION:
        raise InvalidTrackError(f"{source}: fast_lane.ai of version {version}; version {VERSION} is the game's")
    if not MIN_POINTS <= count <= MAX_POINTS:
        raise InvalidTrackError(f"{source}: {count} points; a lane has {MIN_POINTS} to {MAX_POINTS}")
    after_points = _HEADER.size + count * _POINT.itemsize
    needed = after_points + 4 + count * _DETAIL.itemsize
    if len(content) < needed:
        raise InvalidTrackError(
            f"{source}: cut short: {count} points take {needed} bytes, the file has {len(content)}; copy it again"
        )
    (details,) = struct.unpack_from("<i", content, after_points)
    if details != count:
        raise InvalidTrackError(
            f"{source}: {count} points but {details} details, so the road's edges are not known; save the line in the "
            "game's own format"
        )
    return count


def write_fast_lane(path: str | Path, lane: FastLane) -> None:
    """Writes the lane as the game's file, without a search grid."""
    Path(path).write_bytes(fast_lane_bytes(lane))


def fast_lane_bytes(lane: FastLane) -> bytes:
    """The lane as the bytes of a file."""
    count = len(lane.position)
    points, details = np.zeros(count, _POINT), np.zeros(count, _DETAIL)
    for record in (points, details):
        for name in record.dtype.names or ():
            record[name] = getattr(lane, name)
    header = _HEADER.pack(VERSION, count, 0, 0)
    return header + points.tobytes() + struct.pack("<i", count) + details.tobytes() + struct.pack("<i", 0)


def fast_lane_of(track: Track, speed: Array | None = None) -> FastLane:
    """The lane of a track's racing line, a point about every 1.5 m from the start/finish line on.

    The sides reach to the white lines; `speed` (M,) m/s at the track's stations gives speed, gas and brake.
    """
    from scipy.interpolate import CubicSpline

    count = round(track.line_length_m / _STEP_M)
    u = np.arange(count) * track.line_length_m / count
    along = np.append(track.line_s, track.line_length_m)

    def curve(values: Array) -> Array:
        """Values (M, ...) at the stations, at the lane's points."""
        closed = np.concatenate([values, values[:1]])
        return np.asarray(CubicSpline(along, closed, bc_type="periodic")(u))

    line = curve(np.column_stack(track.racing_line()))
    heading = polyline.headings(line)
    height = curve(np.concatenate([[0.0], np.cumsum(track.grade[:-1] * track.step_m)]))
    grade = np.interp(u, track.line_s, track.grade, period=track.line_length_m)
    curvature = np.interp(u, track.line_s, track.line_curvature, period=track.line_length_m)
    bank = np.interp(u, track.line_s, track.bank, period=track.line_length_m)
    station = np.interp(u, along, np.append(track.s, track.length_m))
    step = np.hypot(polyline.chords(line), np.roll(height, -1) - height)
    level = np.hypot(1.0, grade)
    across = polyline.left_normals(heading)
    pedals = _pedals(track, speed, u)
    return FastLane(
        position=np.column_stack([line[:, 1], height, line[:, 0]]),
        distance=np.concatenate([[0.0], np.cumsum(step[:-1])]),
        id=np.arange(count),
        **pedals,
        lateral_g=np.zeros(count),
        radius=1.0 / np.maximum(np.abs(curvature), 1.0 / _STRAIGHT_RADIUS_M),
        side_left=_side(track, track.left_border(), line, across, station),
        side_right=_side(track, track.right_border(), line, -across, station),
        camber=np.abs(bank),
        direction=np.where(bank < 0.0, -1.0, 1.0),
        normal=_surface_normal(heading, grade, bank),
        length=step,
        forward=np.column_stack([np.sin(heading) / level, grade / level, np.cos(heading) / level]),
        tag=np.zeros(count),
        grade=grade,
    )


def _side(track: Track, border: tuple[Array, Array], line: Array, direction: Array, station: Array) -> Array:
    """Distance (P,) across the line to a border of the track."""
    from scipy.interpolate import CubicSpline

    fine = round(track.length_m / _BORDER_STEP_M)
    points = np.column_stack(border)
    spline = CubicSpline(np.append(track.s, track.length_m), np.concatenate([points, points[:1]]), bc_type="periodic")
    edge = np.asarray(spline(np.arange(fine) * track.length_m / fine))
    nearest = np.round(station * fine / track.length_m).astype(np.int64)
    found = polyline.distance_to(edge, line, direction, nearest, round(_SEARCH_M / _BORDER_STEP_M))
    return np.where(np.isfinite(found), found, np.hypot(*(edge[nearest % fine] - line).T))


def _pedals(track: Track, speed: Array | None, u: Array) -> dict[str, Array]:
    """Speed (P,) m/s, full gas where it does not fall, brake as a share of the hardest braking."""
    if speed is None:
        return {"speed": np.zeros(len(u)), "gas": np.ones(len(u)), "brake": np.zeros(len(u))}
    v = np.interp(u, track.line_s, speed, period=track.line_length_m)
    change = np.roll(v, -1) ** 2 - v**2
    return {
        "speed": v,
        "gas": np.where(change >= 0.0, 1.0, 0.0),
        "brake": np.maximum(-change, 0.0) / max(-change.min(), 1e-9),
    }


def _surface_normal(heading: Array, grade: Array, bank: Array) -> Array:
    """Unit vectors (P, 3), game axes, out of a road that climbs by `grade` and falls to the left by `bank`."""
    toward_left = np.tan(bank)
    x = -grade * np.sin(heading) + toward_left * np.cos(heading)
    z = -grade * np.cos(heading) - toward_left * np.sin(heading)
    normal = np.column_stack([x, np.ones(len(heading)), z])
    return normal / np.linalg.norm(normal, axis=1, keepdims=True)
