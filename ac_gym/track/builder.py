"""Layout -> Track: close the loop, sample it, lay the road across it, and find the racing line."""

from __future__ import annotations

import numpy as np

from ac_gym.track import checks, crosssection
from ac_gym.track.centreline import Curve, close_curve
from ac_gym.track.layout import Layout
from ac_gym.track.minimum_time import Ground, quicken_line
from ac_gym.track.model import Array, Corner, StartPose, Track
from ac_gym.track.racing_line import optimise_line

_STEP_M = 2.0


def build_track(layout: Layout) -> Track:
    """The track that a layout describes; InvalidTrackError where it describes none."""
    checks.check_segments(layout)
    written = Curve(
        length=np.array([segment.length_m for segment in layout.segments]),
        angle=np.array([segment.angle_rad for segment in layout.segments]),
        easing_m=layout.easing_m,
        heading_rad=np.deg2rad(layout.start.heading_deg),
    )
    curve = close_curve(written, layout.winding)
    checks.check_closing(layout, written, curve)

    length_m = curve.length_m
    count = round(length_m / _STEP_M)
    step_m = length_m / count
    s = step_m * np.arange(count, dtype=np.float64)
    heading, curvature = curve.heading_and_curvature(s)
    x, y, _, _ = curve.positions(count)
    x, y = x + layout.start.x_m, y + layout.start.y_m
    bounds = np.concatenate([[0.0], np.cumsum(curve.length)])
    bounds[-1] = length_m

    half = crosssection.half_width(layout, bounds, s)
    checks.check_crossing(layout, x, y, half, s, bounds)
    corners = named_corners(layout, bounds, s, curvature)
    kerb_left, kerb_right = crosssection.kerbs(layout, corners, curvature, step_m)
    checks.check_folds(layout, s, curvature, half + kerb_left + 0.5, half + kerb_right + 0.5, bounds)
    wall_left, wall_right = crosssection.walls(
        layout, bounds, s, x, y, heading, curvature, half + kerb_left, half + kerb_right
    )
    bank = crosssection.bank(layout, bounds, s, step_m)
    grade = crosssection.grade(layout, bounds, s, step_m)
    ground = Ground(x, y, heading, half, half, bank, grade)
    line = quicken_line(ground, optimise_line(x, y, heading, half, half))
    return Track(
        name=layout.name,
        title=layout.title,
        length_m=length_m,
        s=s,
        x=x,
        y=y,
        heading=heading,
        curvature=curvature,
        width_left=half,
        width_right=half.copy(),
        kerb_left=kerb_left,
        kerb_right=kerb_right,
        wall_left=wall_left,
        wall_right=wall_right,
        runoff_left=crosssection.runoff(layout, bounds, s, 1.0),
        runoff_right=crosssection.runoff(layout, bounds, s, -1.0),
        bank=bank,
        grade=grade,
        line_offset=line.offset,
        line_heading=line.heading,
        line_s=line.s,
        line_curvature=line.curvature,
        line_length_m=line.length_m,
        sector_s=layout.sectors_m,
        corners=corners,
        start=StartPose(s_m=layout.start.hotlap_m % length_m, offset_m=layout.start.hotlap_offset_m),
    )


def named_corners(layout: Layout, bounds: Array, s: Array, curvature: Array) -> tuple[Corner, ...]:
    """The corners in driving order; neighbouring segments with one corner name are one corner."""
    spans: list[tuple[str, float, float]] = []
    previous = None
    for segment, start, end in zip(layout.segments, bounds[:-1], bounds[1:], strict=True):
        if segment.is_corner:
            if previous == segment.name:
                spans[-1] = (segment.name, spans[-1][1], float(end))
            else:
                spans.append((segment.name, float(start), float(end)))
        previous = segment.name if segment.is_corner else None
    found = []
    for name, start, end in spans:
        inside = np.flatnonzero((s >= start) & (s <= end))
        apex = s[inside[np.abs(curvature[inside]).argmax()]] if len(inside) else 0.5 * (start + end)
        found.append(Corner(name, start, end, float(apex)))
    return tuple(found)
