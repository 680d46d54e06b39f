"""Closed lines through points (P, 2), the first point not repeated."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ac_gym.track.model import Array


def chords(points: Array) -> Array:
    """(P,) distance from each point to the next, from the last one to the first."""
    return np.hypot(*(np.roll(points, -1, axis=0) - points).T)


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


def distance_to(points: Array, origin: Array, direction: Array, nearest: NDArray[np.int64], reach: int) -> Array:
    """(N,) distance from each `origin` (N, 2) along its unit `direction` (N, 2) to the closed line; NaN if it misses.

    Only the `reach` points to either side of the point `nearest` (N,) count, and of several crossings the nearest.
    """
    window = (nearest[:, None] + np.arange(-reach, reach + 1)) % len(points)
    away = points[window] - origin[:, None, :]
    forth = away[..., 0] * direction[:, None, 0] + away[..., 1] * direction[:, None, 1]
    aside = away[..., 1] * direction[:, None, 0] - away[..., 0] * direction[:, None, 1]
    before, after = aside[:, :-1], aside[:, 1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        part = before / (before - after)
        distance = forth[:, :-1] + part * (forth[:, 1:] - forth[:, :-1])
    hit = ((before <= 0.0) != (after <= 0.0)) & (distance >= 0.0)
    found = np.where(hit, distance, np.inf).min(axis=1)
    return np.where(np.isfinite(found), found, np.nan)
