"""The racing line: the closed path within the borders of least squared curvature.

The path is p = centre + n * normal at every station, n (M,) unknown. With the chord lengths and the normals of the
current path held fixed, its curvature is affine in n with three coefficients a station, so the least integral of
squared curvature within the borders is a sparse convex QP (clarabel). The path is then linearised again.
After Heilmeier et al., Minimum curvature trajectory planning and control for an autonomous race car (2019).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ac_gym.errors import InvalidTrackError
from ac_gym.track.model import Array

if TYPE_CHECKING:
    from scipy.sparse import csc_matrix

CAR_HALF_WIDTH_M = 1.0

_ITERATIONS = 4


@dataclass(frozen=True)
class Line:
    """A closed path over M stations: offset m (+ left), heading rad, curvature 1/m, own arc length m."""

    offset: Array
    heading: Array
    curvature: Array
    s: Array
    length_m: float


def optimise_line(
    x: Array, y: Array, heading: Array, width_left: Array, width_right: Array, iterations: int = _ITERATIONS
) -> Line:
    """The line of minimum curvature that keeps the car's sides within the white lines."""
    upper = width_left - CAR_HALF_WIDTH_M
    lower = CAR_HALF_WIDTH_M - width_right
    offset = np.zeros(len(x))
    for _ in range(iterations):
        matrix, constant, weight = linear_curvature(x, y, heading, offset)
        offset = _solve(matrix, constant, weight, lower, upper)
    return measure_line(x, y, heading, offset)


def measure_line(x: Array, y: Array, heading: Array, offset: Array) -> Line:
    """Heading, curvature and arc length of the path at `offset` (M,) from the centre line."""
    px, py = x - offset * np.sin(heading), y + offset * np.cos(heading)
    dx, dy = np.roll(px, -1) - px, np.roll(py, -1) - py
    chord = np.hypot(dx, dy)
    # A chord's heading, unwrapped about the centre line's.
    along = np.arctan2(dy, dx)
    along = heading + np.angle(np.exp(1j * (along - heading)))
    turn = _wrapped(along - np.roll(along, 1))
    before, after = np.roll(chord, 1), chord
    curvature = 2.0 * turn / (before + after)
    # The tangent at a station divides the turn of the two chords that meet there in proportion to their lengths.
    tangent = along - turn * after / (before + after)
    s = np.concatenate([[0.0], np.cumsum(chord)])
    return Line(offset, tangent, curvature, s[:-1], float(s[-1]))


def linear_curvature(x: Array, y: Array, heading: Array, offset: Array) -> tuple[csc_matrix, Array, Array]:
    """(matrix, constant, weight): curvature ~ matrix @ n + constant near `offset`, weight = arc length a station."""
    from scipy import sparse

    count = len(x)
    line = measure_line(x, y, heading, offset)
    after = np.diff(line.s, append=line.length_m)
    before = np.roll(after, 1)
    weight = 0.5 * (before + after)
    normal_x, normal_y = -np.sin(line.heading), np.cos(line.heading)
    across_x, across_y = -np.sin(heading), np.cos(heading)

    def onto(px: Array, py: Array, shift: int) -> Array:
        return np.roll(px, -shift) * normal_x + np.roll(py, -shift) * normal_y

    # Second difference of the position over unequal chords, along the path's normal.
    ahead, behind = 1.0 / (after * weight), 1.0 / (before * weight)
    here = -(ahead + behind)
    constant = ahead * onto(x, y, 1) + here * onto(x, y, 0) + behind * onto(x, y, -1)
    i = np.arange(count)
    rows = np.concatenate([i, i, i])
    columns = np.concatenate([(i + 1) % count, i, (i - 1) % count])
    values = np.concatenate(
        [
            ahead * onto(across_x, across_y, 1),
            here * onto(across_x, across_y, 0),
            behind * onto(across_x, across_y, -1),
        ]
    )
    return sparse.csc_matrix((values, (rows, columns)), shape=(count, count)), constant, weight


def _solve(matrix: csc_matrix, constant: Array, weight: Array, lower: Array, upper: Array) -> Array:
    """argmin over lower <= n <= upper of sum weight * (matrix n + constant)^2."""
    import clarabel
    from scipy import sparse

    count = len(constant)
    weighted = matrix.T @ sparse.diags(weight)
    # Scaled to numbers near one; a trace of stiffness makes straights unique.
    scale = 1e3
    quadratic = sparse.triu(scale * (weighted @ matrix) + 1e-9 * sparse.identity(count), format="csc")
    linear = scale * (weighted @ constant)
    identity = sparse.identity(count, format="csc")
    bounds = sparse.vstack([identity, -identity], format="csc")
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1
    solver = clarabel.DefaultSolver(
        quadratic,
        linear,
        bounds,
        np.concatenate([upper, -lower]),
        [clarabel.NonnegativeConeT(2 * count)],
        settings,
    )
    solution = solver.solve()
    if str(solution.status) not in ("Solved", "AlmostSolved"):
        raise InvalidTrackError(f"no racing line found ({solution.status}); is the road at least 2 m wide everywhere?")
    return np.clip(np.array(solution.x), lower, upper)


def _wrapped(angle: Array) -> Array:
    return (angle + np.pi) % (2.0 * np.pi) - np.pi
