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
    from scipy import sparse

    lower, upper = line_limits(width_left, width_right)
    offset = np.zeros(len(x))
    for _ in range(iterations):
        path = linearise(x, y, heading, offset)
        # Least squares of curvature * sqrt(arc length), whose derivative holds both factors.
        root = np.sqrt(path.weight)
        residual = path.curvature * root
        jacobian = sparse.diags(root) @ path.d_curvature + sparse.diags(0.5 * path.curvature / root) @ path.d_weight
        offset = _solve(jacobian.tocsc(), residual - jacobian @ offset, lower, upper)
    return measure_line(x, y, heading, offset)


def line_limits(width_left: Array, width_right: Array) -> tuple[Array, Array]:
    """Least and greatest offset (M,) that keep the car's sides within the white lines."""
    return CAR_HALF_WIDTH_M - width_right, width_left - CAR_HALF_WIDTH_M


def measure_line(x: Array, y: Array, heading: Array, offset: Array) -> Line:
    """Heading, curvature and arc length of the path at `offset` (M,) from the centre line."""
    px, py = x - offset * np.sin(heading), y + offset * np.cos(heading)
    dx, dy = np.roll(px, -1) - px, np.roll(py, -1) - py
    chord = np.hypot(dx, dy)
    # A chord's heading, unwrapped about the centre line's.
    along = np.arctan2(dy, dx)
    along = heading + _wrapped(along - heading)
    turn = _wrapped(along - np.roll(along, 1))
    before, after = np.roll(chord, 1), chord
    curvature = 2.0 * turn / (before + after)
    # The tangent at a station divides the turn of the two chords that meet there in proportion to their lengths.
    tangent = along - turn * after / (before + after)
    s = np.concatenate([[0.0], np.cumsum(chord)])
    return Line(offset, tangent, curvature, s[:-1], float(s[-1]))


@dataclass(frozen=True)
class Linearised:
    """A path's curvature and arc length a station, and how they change with the offsets (sparse, M x M)."""

    curvature: Array
    weight: Array
    """arc length that belongs to each station, m"""
    d_curvature: csc_matrix
    d_weight: csc_matrix


def linearise(x: Array, y: Array, heading: Array, offset: Array) -> Linearised:
    """The exact derivatives of `measure_line`: each station depends on itself and its two neighbours."""
    from scipy import sparse

    count = len(x)
    across_x, across_y = -np.sin(heading), np.cos(heading)
    px, py = x + offset * across_x, y + offset * across_y
    dx, dy = np.roll(px, -1) - px, np.roll(py, -1) - py
    chord = np.hypot(dx, dy)
    tx, ty = dx / chord, dy / chord
    along = np.arctan2(dy, dx)
    turn = _wrapped(along - np.roll(along, 1))
    i = np.arange(count)
    rows, columns = np.tile(i, 2), np.concatenate([i, (i + 1) % count])

    def of_chords(from_end: Array, to_end: Array) -> csc_matrix:
        return sparse.csc_matrix((np.concatenate([from_end, to_end]), (rows, columns)), shape=(count, count))

    next_x, next_y = np.roll(across_x, -1), np.roll(across_y, -1)
    d_chord = of_chords(-(tx * across_x + ty * across_y), tx * next_x + ty * next_y)
    d_along = of_chords((ty * across_x - tx * across_y) / chord, (tx * next_y - ty * next_x) / chord)
    earlier = sparse.csc_matrix((np.ones(count), (i, (i - 1) % count)), shape=(count, count))
    weight = 0.5 * (chord + np.roll(chord, 1))
    d_weight = 0.5 * (d_chord + earlier @ d_chord)
    curvature = turn / weight
    d_turn = d_along - earlier @ d_along
    d_curvature = sparse.diags(1.0 / weight) @ (d_turn - sparse.diags(curvature) @ d_weight)
    return Linearised(curvature, weight, d_curvature.tocsc(), d_weight.tocsc())


def _solve(matrix: csc_matrix, constant: Array, lower: Array, upper: Array) -> Array:
    """argmin over lower <= n <= upper of |matrix n + constant|^2."""
    import clarabel
    from scipy import sparse

    count = len(constant)
    # Scaled to numbers near one; a trace of stiffness makes straights unique.
    scale = 1e3
    quadratic = sparse.triu(scale * (matrix.T @ matrix) + 1e-9 * sparse.identity(count), format="csc")
    linear = scale * (matrix.T @ constant)
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
