"""Border and line coordinates -> Track: for circuits that come from the game, from a file, or over the wire.

The centre line is the given line moved sideways to the middle of the road. Coordinates from the game are noisy there
(a point of a border is a point of the line and a distance), so the sideways way is smoothed: by little, and by more
where the road would fold. The widths are then measured from the smooth line, so the borders stay where they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ac_gym.track import border_checks as checks
from ac_gym.track import polyline
from ac_gym.track.corners import find_corners
from ac_gym.track.crosssection import barrier
from ac_gym.track.model import GRASS, Array, StartPose, Track
from ac_gym.track.polyline import ClosedCurve
from ac_gym.track.racing_line import Line, measure_line

_STEP_M = 2.0
_LINE_WAVELENGTH_M = 20.0  # what the given line's noise is shorter than
_CENTRE_WAVELENGTH_M = 15.0
_SIDEWAYS_WAVELENGTHS_M = (20.0, 40.0, 80.0)
_ROUNDS = 3
_FOLD_LIMIT = 0.8  # the road's inside edge stays within this fraction of the radius
_MARGIN_M = 0.5  # and so does this much beyond it, for the barrier
_FINE_M = 0.5
_REACH = 60  # points of `_FINE_M` to either side in which a border is looked for
_HEIGHT_WAVELENGTH_M = 20.0
_WALL_M = 12.0
_HOTLAP_M = -150.0


@dataclass(frozen=True)
class Borders:
    """Rows in the direction of driving, in the wire frame: left border, right border and racing line, (P, 2) m each.

    `height` (P,) m and `bank` (P,) rad (+ where the road falls to the left) may be None: level.
    """

    left: Array
    right: Array
    line: Array
    height: Array | None = None
    bank: Array | None = None


def track_from_borders(
    name: str,
    left: Array,
    right: Array,
    line: Array,
    *,
    height: Array | None = None,
    bank: Array | None = None,
    title: str = "",
    start: StartPose | None = None,
) -> Track:
    """The track between two borders (P, 2) with the given racing line (P, 2), all in the wire frame, m.

    Rows follow the direction of driving; the first one is the start/finish line, where the lap begins. Raises
    InvalidTrackError, with the place, for borders that do not close, cross, change sides, or are too near or too far.
    """
    columns, profiles = checks.checked_arrays(
        name, {"left border": left, "right border": right, "line": line}, {"height": height, "bank": bank}
    )
    left, right, line = columns["left border"], columns["right border"], columns["line"]
    checks.check_line(name, line)
    checks.check_sides(name, left, right, line)
    left, right = (checks.clean_border(name, side, border) for side, border in (("left", left), ("right", right)))
    checks.check_apart(name, left, right)
    return _ribbon(name, title or name, Borders(left, right, line, **profiles), start)


def _ribbon(name: str, title: str, given: Borders, start: StartPose | None) -> Track:
    """The track between checked borders."""
    driven = _smooth(given.line, _LINE_WAVELENGTH_M)
    sides = _Sides(polyline.resampled(given.left, _FINE_M), polyline.resampled(given.right, _FINE_M))
    centre, at = _centre_line(name, driven, sides, given.line[0])
    step_m = centre.length_m / len(at)
    s = step_m * np.arange(len(at), dtype=np.float64)
    points = centre.points(at)
    x, y = np.ascontiguousarray(points.T)
    heading, curvature = centre.heading_and_curvature(at)
    checks.check_round(name, curvature, step_m)
    width_left, width_right = sides.widths(points, heading)
    checks.check_widths(name, s, points, width_left, width_right)
    line = measure_line(x, y, heading, _offset(driven, points, heading))
    wall = [
        barrier(sign, s, x, y, heading, curvature, centre.length_m, width, width, np.full(len(s), _WALL_M))
        for sign, width in ((1.0, width_left), (-1.0, width_right))
    ]
    height = _along(given, given.height, line)
    bank = _along(given, given.bank, line)
    return Track(
        name=name,
        title=title,
        length_m=centre.length_m,
        s=s,
        x=x,
        y=y,
        heading=heading,
        curvature=curvature,
        width_left=width_left,
        width_right=width_right,
        kerb_left=np.zeros(len(s)),
        kerb_right=np.zeros(len(s)),
        wall_left=wall[0],
        wall_right=wall[1],
        runoff_left=np.full(len(s), GRASS),
        runoff_right=np.full(len(s), GRASS),
        bank=bank,
        grade=(np.roll(height, -1) - height) / step_m,
        line_offset=line.offset,
        line_heading=line.heading,
        line_s=line.s,
        line_curvature=line.curvature,
        line_length_m=line.length_m,
        sector_s=(centre.length_m / 3.0, centre.length_m * 2.0 / 3.0),
        corners=find_corners(curvature, step_m),
        start=start or StartPose(s_m=_HOTLAP_M % centre.length_m, offset_m=0.0),
    )


def _smooth(points: Array, wavelength_m: float) -> ClosedCurve:
    """The curve through points (P, 2) without their noise."""
    curve = ClosedCurve.through(points)
    at = curve.stations(_STEP_M)
    return ClosedCurve.through(polyline.smoothed(curve.points(at), curve.length_m / len(at), wavelength_m))


@dataclass(frozen=True)
class _Sides:
    """The borders as dense points."""

    left: Array
    right: Array

    def widths(self, points: Array, heading: Array) -> tuple[Array, Array]:
        """Distance (M,) from points (M, 2) across their heading to the left and to the right border; NaN for none."""
        across = polyline.left_normals(heading)
        return _distance(self.left, points, across), _distance(self.right, points, -across)


def _distance(dense: Array, points: Array, direction: Array, *, both_ways: bool = False) -> Array:
    from scipy.spatial import cKDTree

    nearest = cKDTree(dense).query(points)[1]
    return polyline.distance_to(dense, points, direction, nearest, _REACH, both_ways=both_ways)


def _centre_line(name: str, driven: ClosedCurve, sides: _Sides, first: Array) -> tuple[ClosedCurve, Array]:
    """The middle of the road and the arc lengths of its stations, the first of them beside the point `first`."""
    for wavelength in _SIDEWAYS_WAVELENGTHS_M:
        centre = _moved_to_the_middle(driven, sides, wavelength)
        at = centre.stations(_STEP_M, centre.nearest(first))
        points = centre.points(at)
        heading, curvature = centre.heading_and_curvature(at)
        left, right = sides.widths(points, heading)
        tight = np.nan_to_num(np.maximum(curvature * (left + _MARGIN_M), -curvature * (right + _MARGIN_M)))
        worst = int(tight.argmax())
        if tight[worst] < _FOLD_LIMIT:
            return centre, at
    raise checks.fail(
        name,
        f"the inside of the road folds, the radius is {1.0 / abs(curvature[worst]):.1f} m",
        at[worst] - at[0],
        points[worst],
    )


def _moved_to_the_middle(driven: ClosedCurve, sides: _Sides, wavelength_m: float) -> ClosedCurve:
    """The line moved sideways until it has as much road to its left as to its right, but for `wavelength_m`."""
    centre = driven
    for _ in range(_ROUNDS):
        at = centre.stations(_STEP_M)
        step_m = centre.length_m / len(at)
        points = centre.points(at)
        heading, _ = centre.heading_and_curvature(at)
        left, right = sides.widths(points, heading)
        sideways = polyline.smoothed(np.nan_to_num(0.5 * (left - right)), step_m, wavelength_m)
        centre = _smooth(points + sideways[:, None] * polyline.left_normals(heading), _CENTRE_WAVELENGTH_M)
    return centre


def _offset(driven: ClosedCurve, points: Array, heading: Array) -> Array:
    """Lateral offset (M,) of the racing line from the stations, m."""
    dense = driven.points(driven.stations(_FINE_M))
    offset = _distance(dense, points, polyline.left_normals(heading), both_ways=True)
    return np.interp(np.arange(len(offset)), np.flatnonzero(np.isfinite(offset)), offset[np.isfinite(offset)])


def _along(given: Borders, values: Array | None, line: Line) -> Array:
    """A figure of the given rows (P,), smoothed, at the stations; level where there is none."""
    if values is None:
        return np.zeros(len(line.s))
    at = polyline.distances(given.line)
    even = np.arange(len(line.s)) * line.length_m / len(line.s)
    rows = np.interp(even * at[-1] / line.length_m, at, np.append(values, values[0]))
    smooth = polyline.smoothed(rows, line.length_m / len(even), _HEIGHT_WAVELENGTH_M)
    return np.interp(line.s, even, smooth, period=line.length_m)
