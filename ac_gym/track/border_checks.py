"""Checks of borders and a line from elsewhere; each failure is one line that names the place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ac_gym.errors import InvalidTrackError
from ac_gym.track import polyline
from ac_gym.track.model import Array

MIN_POINTS = 10
MAX_POINTS = 200_000
MIN_LENGTH_M = 100.0
MIN_WIDTH_M, MAX_WIDTH_M = 3.0, 60.0

_MAX_GAP_M = 30.0  # the game's own lines have a step of up to 7 m at their seam
_MAX_OVERLAP_M = 30.0  # points beyond the first one again, which some tools leave at the end
_LOOP_M = 40.0  # a border drawn point by point across the line loops inside a tight bend; such a loop is cut off
_LOOP_ROUNDS = 5


def fail(name: str, problem: str, at_m: float | None = None, xy: Array | None = None) -> InvalidTrackError:
    """The error for a problem, with its place along the lap and on the map."""
    place = "" if at_m is None else f" at {at_m:.0f} m along the lap"
    where = "" if xy is None else f" (x {xy[0]:.1f}, y {xy[1]:.1f})"
    return InvalidTrackError(f"{name}: {problem}{place}{where}")


def checked_arrays(
    name: str, columns: dict[str, Array], profiles: dict[str, Array | None]
) -> tuple[dict[str, Array], dict[str, Array | None]]:
    """Points (P, 2) and figures (P,) as float64 of one length and finite, without repeated rows at the end."""
    points = {key: np.asarray(value, dtype=np.float64) for key, value in columns.items()}
    figures = {key: None if value is None else np.asarray(value, dtype=np.float64) for key, value in profiles.items()}
    count = len(points["line"]) if points["line"].ndim == 2 else 0
    _check_count(name, count)
    for key, value in (*points.items(), *figures.items()):
        wanted = (count, 2) if key in points else (count,)
        if value is None:
            continue
        if value.shape != wanted:
            raise fail(name, f"{key} has the shape {value.shape}, the line {points['line'].shape}; one row a point")
        if not np.isfinite(value).all():
            row = int(np.argmin(np.isfinite(value).reshape(count, -1).all(axis=1)))
            raise fail(name, f"{key} of row {row + 1} is not a number")
    kept = _kept_rows(points["line"])
    _check_count(name, len(kept))
    return (
        {key: value[kept] for key, value in points.items()},
        {key: None if value is None else value[kept] for key, value in figures.items()},
    )


def _check_count(name: str, count: int) -> None:
    if not MIN_POINTS <= count <= MAX_POINTS:
        raise fail(name, f"{count} different points of the line; {MIN_POINTS} to {MAX_POINTS} make a lap")


def _kept_rows(line: Array) -> NDArray[np.int64]:
    """Rows without those that stand still, and without those at the end that run past the first one again."""
    moved = np.hypot(*np.diff(line, axis=0, prepend=line[:1] - 1.0).T) > 1e-3
    rows = np.flatnonzero(moved)
    if len(rows) < MIN_POINTS:
        return rows
    first, then = line[rows[0]], line[rows[1]]
    forward = (then - first) / np.hypot(*(then - first))
    while len(rows) > MIN_POINTS:
        beyond = line[rows[-1]] - first
        if np.hypot(*beyond) > _MAX_OVERLAP_M or beyond @ forward < -1e-3:
            break
        rows = rows[:-1]
    return rows


def check_line(name: str, line: Array) -> None:
    """The line (P, 2) closes, has no jumps, and goes round once."""
    step = polyline.chords(line)
    along = polyline.distances(line)
    if step[-1] > _MAX_GAP_M:
        gap = line[0] - line[-1]
        raise fail(
            name,
            f"the lap does not close: its last point is {step[-1]:.0f} m from its first "
            f"(x {gap[0]:+.1f}, y {gap[1]:+.1f}); only closed circuits can be driven",
        )
    worst = int(step[:-1].argmax())
    if step[worst] > _MAX_GAP_M:
        raise fail(name, f"the line jumps by {step[worst]:.0f} m", along[worst], line[worst])
    if along[-1] < MIN_LENGTH_M:
        raise fail(name, f"the lap is {along[-1]:.1f} m long, at least {MIN_LENGTH_M:.0f} m are needed; in metres?")


def check_sides(name: str, left: Array, right: Array, line: Array) -> None:
    """The left border lies to the left of the right one, row by row, as seen in the direction of driving."""
    across = polyline.left_normals(polyline.headings(line))
    wrong = ((left - right) * across).sum(axis=1) <= 0.0
    if wrong.mean() > 0.5:
        raise fail(
            name,
            "the left border lies to the right: the points must follow the direction of driving, in a frame with "
            "x = the game's z and y = the game's x; reverse them, or swap left and right",
        )
    if wrong.any():
        row = int(wrong.argmax())
        raise fail(
            name, "left and right border change sides", polyline.distances(line)[row], 0.5 * (left[row] + right[row])
        )


def clean_border(name: str, side: str, border: Array) -> Array:
    """The border (K, 2) without standing points and small loops; an error where it runs over itself."""
    border = border[polyline.chords(border) > 1e-3]
    for _ in range(_LOOP_ROUNDS):
        if len(border) < MIN_POINTS:
            break
        first, second, place = polyline.crossings(border, border)
        if not len(first):
            return border
        border = _cut_loops(name, side, border, first, second, place)
    raise fail(name, f"the {side} border is tangled; draw it with fewer points")


def _cut_loops(
    name: str, side: str, border: Array, first: NDArray[np.int64], second: NDArray[np.int64], place: Array
) -> Array:
    """The border without the loops between pieces `first` and `second` (K,) that cross at `place` (K, 2)."""
    along = polyline.distances(border)
    inner = along[second] - along[first]
    length = np.minimum(inner, along[-1] - inner)
    if length.max() > _LOOP_M:
        worst = int(length.argmax())
        raise fail(
            name,
            f"the {side} border crosses itself, {length[worst]:.0f} m further on (circuits with a bridge cannot be "
            "driven here)",
            along[first[worst]],
            place[worst],
        )
    keep = np.ones(len(border), dtype=bool)
    moved = border.copy()
    for k in np.argsort(-length):
        i, j = int(first[k]), int(second[k])
        loop = np.arange(i + 1, j + 1) if inner[k] <= _LOOP_M else np.arange(j + 1, len(border) + i + 1) % len(border)
        if keep[loop].all():
            keep[loop[1:]] = False
            moved[loop[0]] = place[k]
    return moved[keep]


def check_apart(name: str, left: Array, right: Array) -> None:
    """The borders do not cross each other, nor a neighbouring stretch."""
    first, _, place = polyline.crossings(left, right)
    if len(first):
        raise fail(name, "left and right border cross", polyline.distances(left)[first[0]], place[0])


def check_widths(name: str, s: Array, centre: Array, left: Array, right: Array) -> None:
    """Both borders were met from every station, and the road is neither narrow nor wide beyond belief."""
    for side, width in (("left", left), ("right", right)):
        if not np.isfinite(width).all():
            k = int(np.argmin(np.isfinite(width)))
            raise fail(name, f"there is no {side} border beside the line", s[k], centre[k])
    width = left + right
    too_narrow, too_wide = width.min() < MIN_WIDTH_M, width.max() > MAX_WIDTH_M
    if too_narrow or too_wide:
        k = int(width.argmin() if too_narrow else width.argmax())
        raise fail(
            name,
            f"the road is too {'narrow' if too_narrow else 'wide'}, {width[k]:.1f} m "
            f"({MIN_WIDTH_M:.0f} to {MAX_WIDTH_M:.0f} m are possible)",
            s[k],
            centre[k],
        )


def check_round(name: str, curvature: Array, step_m: float) -> None:
    """The lap turns once round, to one side on balance."""
    turns = float(curvature.sum() * step_m) / (2.0 * np.pi)
    if abs(abs(turns) - 1.0) > 0.05:
        raise fail(
            name, f"the lap turns round {turns:.1f} times; a circuit that does not cross itself turns round once"
        )
