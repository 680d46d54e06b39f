"""Checks of a circuit's geometry; each failure is one line that names the file and the segment."""

from __future__ import annotations

import numpy as np

from ac_gym.errors import InvalidTrackError
from ac_gym.track.centreline import Curve
from ac_gym.track.layout import Layout
from ac_gym.track.model import Array

_LENGTH_TOLERANCE = 0.05  # the segments add up to the official length within this fraction
_MAX_LENGTH_CHANGE = 0.03  # closing may change a segment by this fraction ...
_MAX_ANGLE_CHANGE = 0.03  # ... and turn a corner by this fraction more or less


def check_segments(layout: Layout) -> None:
    """Radii leave room for the road, and the lengths add up to about the official length."""
    for number, segment in enumerate(layout.segments, start=1):
        half = 0.5 * (segment.width_m or layout.defaults.width_m)
        if segment.radius_m is not None and abs(segment.radius_m) <= half:
            raise InvalidTrackError(
                f"{layout.source} segment {number} ({segment.name}): radius_m {segment.radius_m:g} is within half the "
                f"road width ({half:g} m)"
            )
    total = sum(segment.length_m for segment in layout.segments)
    if abs(total - layout.length_m) > _LENGTH_TOLERANCE * layout.length_m:
        raise InvalidTrackError(
            f"{layout.source}: the segments add up to {total:.0f} m, but length_m is {layout.length_m:.0f}"
        )


def check_closing(layout: Layout, written: Curve, closed: Curve) -> None:
    """The correction that closes the lap is small; else the file has a mistake, and the gap helps to find it."""
    missing, dx, dy = written.closing_error(layout.winding)
    left_over = np.abs(closed.closing_error(layout.winding)).max()
    length_change = np.abs(closed.length / written.length - 1.0)
    turning = written.angle != 0.0
    angle_change = np.abs(closed.angle[turning] / written.angle[turning] - 1.0)
    worst = np.argmax(length_change)
    too_far = length_change[worst] > _MAX_LENGTH_CHANGE or angle_change.max(initial=0.0) > _MAX_ANGLE_CHANGE
    if left_over > 1e-3 or too_far:
        raise InvalidTrackError(
            f"{layout.source}: the lap does not close: it ends {np.hypot(dx, dy):.1f} m from its start "
            f"(x {dx:+.1f}, y {dy:+.1f}) and {np.degrees(missing):+.1f} deg from its first heading; "
            "correct lengths and radii"
        )


def check_crossing(layout: Layout, x: Array, y: Array, half_width: Array, s: Array, bounds: Array) -> None:
    """No stretch of the road runs over another one."""
    from scipy.spatial import cKDTree

    widest = float(half_width.max())
    pairs = cKDTree(np.column_stack([x, y])).query_pairs(2.0 * widest, output_type="ndarray")
    i, j = pairs[:, 0], pairs[:, 1]
    apart = np.abs(s[i] - s[j])
    apart = np.minimum(apart, bounds[-1] - apart)
    gap = np.hypot(x[i] - x[j], y[i] - y[j])
    # Points of one hairpin are close too; half a turn round the smallest possible circle is the limit between them.
    bad = (apart > np.pi * 2.0 * widest) & (gap < half_width[i] + half_width[j])
    if bad.any():
        first = np.flatnonzero(bad)[0]
        names = [
            f"{k + 1} ({layout.segments[k].name})"
            for k in (np.searchsorted(bounds, s[[i[first], j[first]]], side="right") - 1).clip(0, len(bounds) - 2)
        ]
        raise InvalidTrackError(f"{layout.source}: the road runs over itself: segment {names[0]} meets {names[1]}")


def check_folds(layout: Layout, s: Array, curvature: Array, left: Array, right: Array, bounds: Array) -> None:
    """The edges at offsets `left` and `right` (M,) do not fold over themselves inside a corner."""
    tight = np.maximum(curvature * left, -curvature * right)
    worst = int(np.argmax(tight))
    if tight[worst] >= 0.8:
        k = int(np.clip(np.searchsorted(bounds, s[worst], side="right") - 1, 0, len(bounds) - 2))
        raise InvalidTrackError(
            f"{layout.source} segment {k + 1} ({layout.segments[k].name}): the inside edge folds, the radius is "
            f"{1.0 / abs(curvature[worst]):.1f} m; widen the corner or narrow the road"
        )
