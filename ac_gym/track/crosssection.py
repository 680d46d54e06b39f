"""What lies across the road at each station: width, kerbs, barriers, runoff, bank and grade."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ac_gym.errors import InvalidTrackError
from ac_gym.track.layout import Layout, Segment
from ac_gym.track.model import SURFACE_CODES, Array, Corner

_PROFILE_RAMP_M = 40.0  # bank, grade and barrier distance change over this length
_KERB_RAMP_M = 6.0
_KERB_CURVATURE = 1.0 / 400.0  # corners gentler than this have no kerbs
_KERB_EXIT_M = 45.0
_KERB_ENTRY_M = 25.0
_FOLD_LIMIT = 0.75  # a barrier inside a corner stays within this fraction of the radius
_MAX_MEAN_GRADE = 0.005  # a larger height error over the lap is a mistake in the file
_BARRIER_GAP_M = 0.5  # least distance from kerb to barrier
_NEIGHBOUR_M = 80.0  # stretches farther apart along the lap than this are neighbours, not the same road


def segment_at(bounds: Array, s: Array) -> NDArray[np.int64]:
    """Index (M,) of the segment at each station; `bounds` (S+1,) are the segment ends with 0 first."""
    return np.clip(np.searchsorted(bounds, s, side="right") - 1, 0, len(bounds) - 2)


def smooth_periodic(values: Array, window_m: float, step_m: float) -> Array:
    """Moving average (M,) over `window_m`, wrapping round the lap."""
    half = max(0, round(0.5 * window_m / step_m))
    if half == 0:
        return values.copy()
    padded = np.concatenate([values[-half:], values, values[:half]])
    total = np.concatenate([[0.0], np.cumsum(padded)])
    return (total[2 * half + 1 :] - total[: -2 * half - 1]) / (2 * half + 1)


def half_width(layout: Layout, bounds: Array, s: Array) -> Array:
    """Half the road width (M,): given at segment middles, linear between them, the default where nothing is given."""
    middle = 0.5 * (bounds[:-1] + bounds[1:])
    given = [(m, g.width_m) for m, g in zip(middle, layout.segments, strict=True) if g.width_m is not None]
    if not given:
        return np.full(len(s), 0.5 * layout.defaults.width_m)
    at, width = np.array(given).T
    return 0.5 * np.interp(s, at, width, period=bounds[-1])


def profile(
    segments: Sequence[Segment], bounds: Array, s: Array, step_m: float, value: Callable[[Segment], float]
) -> Array:
    """A per-segment figure (M,) with its jumps smoothed."""
    constant = np.array([value(segment) for segment in segments])
    return smooth_periodic(constant[segment_at(bounds, s)], _PROFILE_RAMP_M, step_m)


def bank(layout: Layout, bounds: Array, s: Array, step_m: float) -> Array:
    """Bank angle (M,) in rad, positive where the surface falls toward the left."""
    return profile(layout.segments, bounds, s, step_m, lambda g: np.deg2rad(g.bank_deg or 0.0))


def grade(layout: Layout, bounds: Array, s: Array, step_m: float) -> Array:
    """Slope dz/ds (M,), corrected by a constant so that the lap ends at the height it began."""
    slope = profile(layout.segments, bounds, s, step_m, lambda g: (g.grade_percent or 0.0) / 100.0)
    if abs(slope.mean()) > _MAX_MEAN_GRADE:
        raise InvalidTrackError(
            f"{layout.source}: grade_percent climbs {slope.mean() * bounds[-1]:.0f} m over a lap; it must end level"
        )
    return slope - slope.mean()


def kerbs(layout: Layout, corners: Sequence[Corner], curvature: Array, step_m: float) -> tuple[Array, Array]:
    """Kerb widths (M,) left and right: inside round the apex, outside before entry and after exit."""
    count = len(curvature)
    left, right = np.zeros(count), np.zeros(count)
    for corner in corners:
        first, last = round(corner.start_m / step_m), round(corner.end_m / step_m)
        inside_of = np.arange(first, last + 1) % count
        bend = np.abs(curvature[inside_of])
        if bend.max() < _KERB_CURVATURE:
            continue
        turns_left = curvature[inside_of[bend.argmax()]] > 0
        inner, outer = (left, right) if turns_left else (right, left)
        inner[inside_of[bend > 0.5 * bend.max()]] = layout.defaults.kerb_m
        exit_ = np.arange(last - round(10.0 / step_m), last + round(_KERB_EXIT_M / step_m))
        entry = np.arange(first - round(_KERB_ENTRY_M / step_m), first)
        outer[np.concatenate([entry, exit_]) % count] = layout.defaults.kerb_m
    return smooth_periodic(left, _KERB_RAMP_M, step_m), smooth_periodic(right, _KERB_RAMP_M, step_m)


def own_side(layout: Layout, bounds: Array, s: Array, sign: float) -> NDArray[np.bool_]:
    """Where (M,) a segment's roadside figures hold on the left (`sign` +1) or right (-1): outside a bend, else both."""
    bend = np.array([np.sign(segment.angle_rad) for segment in layout.segments])
    return (sign * bend <= 0)[segment_at(bounds, s)]


def runoff(layout: Layout, bounds: Array, s: Array, sign: float) -> NDArray[np.int64]:
    """Surface codes (M,) beyond the kerb on one side."""
    default = SURFACE_CODES[layout.defaults.runoff]
    own = np.array([SURFACE_CODES[g.runoff] if g.runoff else default for g in layout.segments], dtype=np.int64)
    return np.where(own_side(layout, bounds, s, sign), own[segment_at(bounds, s)], default)


def walls(
    layout: Layout, bounds: Array, s: Array, x: Array, y: Array, heading: Array, curvature: Array,
    edge_left: Array, edge_right: Array,
) -> tuple[Array, Array]:  # fmt: skip
    """Centre line to barrier (M,) left and right; `edge_*` is the outer edge of the kerb.

    A barrier never folds over itself inside a tight corner, and gives way to a neighbouring stretch of the road.
    """
    step_m = bounds[-1] / len(s)
    own = np.array([segment.wall_m or layout.defaults.wall_m for segment in layout.segments])[segment_at(bounds, s)]
    half = half_width(layout, bounds, s)
    found = []
    for sign, edge in ((1.0, edge_left), (-1.0, edge_right)):
        distance = np.where(own_side(layout, bounds, s, sign), own, layout.defaults.wall_m)
        distance = smooth_periodic(distance, _PROFILE_RAMP_M, step_m)
        found.append(barrier(sign, s, x, y, heading, curvature, bounds[-1], half, edge, distance))
    return found[0], found[1]


def barrier(
    sign: float, s: Array, x: Array, y: Array, heading: Array, curvature: Array, length_m: float,
    width: Array, edge: Array, distance: Array,
) -> Array:  # fmt: skip
    """Centre line to barrier (M,) on the left (`sign` +1) or right (-1), at most `distance` beyond the white line.

    All arrays are (M,); `width` reaches to the white line, `edge` to the outer edge of the kerb.
    """
    step_m = length_m / len(s)
    bend = np.maximum(sign * curvature, 1e-9)
    room = np.minimum(_FOLD_LIMIT / bend, _room_beside(s, x, y, heading, edge, sign, length_m, edge + distance))
    wall = np.minimum(width + distance, room)
    # A running minimum before the average keeps the smoothed barrier within the room.
    window = round(_PROFILE_RAMP_M / step_m) | 1
    lowest = np.lib.stride_tricks.sliding_window_view(
        np.concatenate([wall[-(window // 2) :], wall, wall[: window // 2]]), window
    ).min(axis=1)
    wall = np.minimum(smooth_periodic(lowest, _PROFILE_RAMP_M, step_m), wall)
    return np.maximum(wall, edge + _BARRIER_GAP_M)


def _room_beside(
    s: Array, x: Array, y: Array, heading: Array, edge: Array, sign: float, length_m: float, reach: Array
) -> Array:
    """Distance (M,) from the centre line, on one side, that is free before the middle of the gap to other stretches."""
    from scipy.spatial import cKDTree

    room = reach.copy()
    points = np.column_stack([x, y])
    tree = cKDTree(points)
    radius = 2.0 * float(reach.max())
    pairs = tree.query_pairs(radius, output_type="ndarray")
    apart = np.abs(s[pairs[:, 0]] - s[pairs[:, 1]])
    pairs = pairs[np.minimum(apart, length_m - apart) > _NEIGHBOUR_M]
    pairs = np.concatenate([pairs, pairs[:, ::-1]])
    i, j = pairs[:, 0], pairs[:, 1]
    away = points[j] - points[i]
    across = sign * (-np.sin(heading[i]) * away[:, 0] + np.cos(heading[i]) * away[:, 1])
    along = np.cos(heading[i]) * away[:, 0] + np.sin(heading[i]) * away[:, 1]
    beside = (across > 0.0) & (np.abs(along) < across)
    i, j, across = i[beside], j[beside], across[beside]
    other_edge = edge[j]
    np.minimum.at(room, i, edge[i] + 0.5 * (across - edge[i] - other_edge) - 0.5)
    return np.maximum(room, edge)
