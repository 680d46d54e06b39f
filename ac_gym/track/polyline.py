"""Closed lines through points (P, 2), the first point not repeated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ac_gym.track.model import Array

if TYPE_CHECKING:
    from scipy.interpolate import CubicSpline

_FINER = 4  # pieces of a chord when a curve's own length is measured


def chords(points: Array) -> Array:
    """(P,) distance from each point to the next, from the last one to the first."""
    return np.hypot(*(np.roll(points, -1, axis=0) - points).T)


def distances(points: Array) -> Array:
    """(P + 1,) way from the first point to each, and all the way round, chord by chord."""
    return np.concatenate([[0.0], np.cumsum(chords(points))])


def headings(points: Array) -> Array:
    """(P,) direction of travel at each point in rad, continuous: the two chords that meet there, each weighted by the
    other's length, which is exact on a circle."""
    step = np.roll(points, -1, axis=0) - points
    length = np.maximum(np.hypot(*step.T), 1e-9)
    along = np.arctan2(step[:, 1], step[:, 0])
    turn = wrapped(along - np.roll(along, 1))
    tangent = along - turn * length / (length + np.roll(length, 1))
    return tangent[0] + np.concatenate([[0.0], np.cumsum(wrapped(np.diff(tangent)))])


def left_normals(heading: Array) -> Array:
    """(P, 2) unit vectors to the left of each heading."""
    return np.column_stack([-np.sin(heading), np.cos(heading)])


def wrapped(angle: Array) -> Array:
    """The same angles between -pi and pi."""
    return (angle + np.pi) % (2.0 * np.pi) - np.pi


def smoothed(values: Array, step_m: float, wavelength_m: float) -> Array:
    """Values (P, ...) at equal steps of a closed line without what changes within `wavelength_m`.

    A sixth-order low-pass without phase (a periodic smoothing spline): a wave twice as long keeps 98 % of itself.
    """
    frequency = np.fft.rfftfreq(len(values), step_m) * wavelength_m
    gain = 1.0 / (1.0 + frequency**6)
    spectrum = np.fft.rfft(values, axis=0) * gain.reshape(-1, *[1] * (values.ndim - 1))
    return np.fft.irfft(spectrum, len(values), axis=0)


@dataclass(frozen=True)
class ClosedCurve:
    """A smooth closed curve, periodic in its arc length."""

    spline: CubicSpline
    length_m: float

    @classmethod
    def through(cls, points: Array) -> ClosedCurve:
        """The cubic spline through points (P, 2), no two neighbours at one place, taken anew at equal steps."""
        rough = cls._over(distances(points), points)
        count = _FINER * len(points)
        fine = rough.points(np.arange(count) * rough.length_m / count)
        return cls._over(distances(fine)[::_FINER], fine[::_FINER])

    @classmethod
    def _over(cls, at: Array, points: Array) -> ClosedCurve:
        from scipy.interpolate import CubicSpline

        return cls(CubicSpline(at, np.concatenate([points, points[:1]]), bc_type="periodic"), float(at[-1]))

    def points(self, s: Array) -> Array:
        """(K, 2) m at arc lengths `s` (K,)."""
        return np.asarray(self.spline(s))

    def stations(self, step_m: float, start: float = 0.0) -> Array:
        """Arc lengths (M,) of equal steps of about `step_m`, round the curve once from `start`."""
        count = round(self.length_m / step_m)
        return start + np.arange(count) * self.length_m / count

    def heading_and_curvature(self, s: Array) -> tuple[Array, Array]:
        """Heading in rad, continuous along `s` (K,), and curvature in 1/m."""
        first, second = np.asarray(self.spline(s, 1)), np.asarray(self.spline(s, 2))
        speed = np.hypot(*first.T)
        curvature = (first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]) / speed**3
        return np.unwrap(np.arctan2(first[:, 1], first[:, 0])), curvature

    def nearest(self, point: Array) -> float:
        """Arc length of the place nearest to a point (2,)."""
        s = self.stations(0.5)
        at = float(s[np.hypot(*(self.points(s) - point).T).argmin()])
        for _ in range(5):  # Newton's steps on the condition that the way there is square to the curve
            away, first, second = point - self.spline(at), self.spline(at, 1), self.spline(at, 2)
            at += float(away @ first / (first @ first - away @ second))
        return at % self.length_m


def resampled(points: Array, step_m: float) -> Array:
    """Points at equal steps of about `step_m` on the straight lines between `points`, from the first one on."""
    at = distances(points)
    count = max(round(at[-1] / step_m), 3)
    s = np.arange(count) * at[-1] / count
    closed = np.concatenate([points, points[:1]])
    return np.column_stack([np.interp(s, at, closed[:, 0]), np.interp(s, at, closed[:, 1])])


def distance_to(
    points: Array, origin: Array, direction: Array, nearest: NDArray[np.int64], reach: int, *, both_ways: bool = False
) -> Array:
    """(N,) distance from each `origin` (N, 2) along its unit `direction` (N, 2) to the closed line; NaN if it misses.

    Only the `reach` points to either side of the point `nearest` (N,) count, and of several crossings the nearest.
    With `both_ways` the crossing may lie behind the origin, at a negative distance.
    """
    window = (nearest[:, None] + np.arange(-reach, reach + 1)) % len(points)
    away = points[window] - origin[:, None, :]
    forth = away[..., 0] * direction[:, None, 0] + away[..., 1] * direction[:, None, 1]
    aside = away[..., 1] * direction[:, None, 0] - away[..., 0] * direction[:, None, 1]
    before, after = aside[:, :-1], aside[:, 1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        part = before / (before - after)
        distance = forth[:, :-1] + part * (forth[:, 1:] - forth[:, :-1])
    hit = (before <= 0.0) != (after <= 0.0)
    if not both_ways:
        hit &= distance >= 0.0
    first = np.where(hit, np.abs(distance), np.inf).argmin(axis=1)[:, None]
    found = np.take_along_axis(np.where(hit, distance, np.nan), first, axis=1)
    return found[:, 0]


def crossings(a: Array, b: Array) -> tuple[NDArray[np.int64], NDArray[np.int64], Array]:
    """Where pieces of two closed lines cross: the piece of each (K,), and the places (K, 2).

    Piece i runs from point i to the next. A line may be compared with itself; each crossing is then named once, and
    neighbouring pieces, which share a point, do not count.
    """
    from scipy.spatial import cKDTree

    end_a, end_b = np.roll(a, -1, axis=0), np.roll(b, -1, axis=0)
    reach = 0.5 * float(chords(a).max() + chords(b).max())
    near = cKDTree(0.5 * (a + end_a)).query_ball_tree(cKDTree(0.5 * (b + end_b)), reach)
    i = np.repeat(np.arange(len(a)), [len(found) for found in near])
    j = np.fromiter((index for found in near for index in found), dtype=np.int64, count=len(i))
    if a is b:
        apart = np.abs(i - j)
        once = (i < j) & (np.minimum(apart, len(a) - apart) > 1)
        i, j = i[once], j[once]
    u, v, w = end_a[i] - a[i], end_b[j] - b[j], b[j] - a[i]
    with np.errstate(divide="ignore", invalid="ignore"):
        across = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
        along_a = (w[:, 0] * v[:, 1] - w[:, 1] * v[:, 0]) / across
        along_b = (w[:, 0] * u[:, 1] - w[:, 1] * u[:, 0]) / across
        meet = (along_a >= 0.0) & (along_a < 1.0) & (along_b >= 0.0) & (along_b < 1.0)
    return i[meet], j[meet], a[i[meet]] + along_a[meet, None] * u[meet]
