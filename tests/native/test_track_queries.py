"""Projection and rays of the native core against brute force on every circuit."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

from ac_gym import _core
from ac_gym.track import Track, available_tracks, load_track
from ac_gym.track.native import native_track

Array = NDArray[np.float64]
ANGLES = np.radians(np.linspace(-90.0, 90.0, 11))
REACH = 200.0


@lru_cache
def built(name: str) -> tuple[Track, _core.Track]:
    track = load_track(name)
    return track, native_track(track, np.full(len(track.s), 50.0))


def points_near(track: Track, count: int, share: float, seed: int) -> tuple[Array, Array, Array]:
    """Points (N, 2) at known s and offset, within `share` of the way to the barriers."""
    rng = np.random.default_rng(seed)
    i = rng.integers(len(track.s), size=count)
    offset = rng.uniform(-share * track.wall_right[i], share * track.wall_left[i])
    x, y = track.x[i] - offset * np.sin(track.heading[i]), track.y[i] + offset * np.cos(track.heading[i])
    return np.stack([x, y], axis=1), track.s[i], offset


def project(native: _core.Track, points: Array) -> tuple[Array, Array]:
    out = np.empty_like(points)
    native.project(np.ascontiguousarray(points), out)
    return out[:, 0], out[:, 1]


@pytest.mark.parametrize("name", available_tracks())
def test_points_of_cross_sections_project_back(name: str) -> None:
    track, native = built(name)
    points, s, offset = points_near(track, 1500, 0.95, seed=1)
    found_s, found_offset = project(native, points)
    # Where barriers of two parts of the track overlap, the nearer centre line is as right an answer.
    nearer = np.abs(found_offset) < np.abs(offset) - 1e-3
    away = (found_s - s + 0.5 * track.length_m) % track.length_m - 0.5 * track.length_m
    same = ~nearer
    assert same.mean() > 0.95
    assert np.abs(away[same]).max() < 0.02
    assert np.abs((found_offset - offset)[same]).max() < 0.01


@pytest.mark.parametrize("name", available_tracks())
def test_projection_is_the_nearest_point_of_the_centre_line(name: str) -> None:
    track, native = built(name)
    rng = np.random.default_rng(2)
    i = rng.integers(len(track.s), size=400)
    at = rng.uniform(-0.9, 0.9, 400) * np.where(rng.random(400) < 0.5, track.width_left[i], track.width_right[i])
    points = np.stack([track.x[i] - at * np.sin(track.heading[i]), track.y[i] + at * np.cos(track.heading[i])], axis=1)
    points += rng.uniform(-1.0, 1.0, points.shape)
    _, found = project(native, points)
    ends = np.roll(np.stack([track.x, track.y], axis=1), -1, axis=0)
    starts = np.stack([track.x, track.y], axis=1)
    edge = ends - starts
    for point, offset in zip(points, found, strict=True):
        share = np.clip(((point - starts) * edge).sum(axis=1) / (edge**2).sum(axis=1), 0.0, 1.0)
        nearest = np.linalg.norm(starts + share[:, None] * edge - point, axis=1).min()
        assert abs(abs(offset) - nearest) < 0.06  # chords of 2 m at the tightest corner


def cast_by_hand(track: Track, point: Array, directions: Array, edges: slice | Array = slice(None)) -> Array:
    """Nearest crossing of each ray (R, 2) with any of the edges of either border, straight from the definition."""
    distance = np.full(len(directions), REACH)
    for x, y in (track.left_border(), track.right_border()):
        a = np.stack([x, y], axis=1) - point
        edge = (np.roll(a, -1, axis=0) - a)[edges]
        a = a[edges]
        for k, (dx, dy) in enumerate(directions):
            cross = dx * edge[:, 1] - dy * edge[:, 0]
            with np.errstate(divide="ignore", invalid="ignore"):
                along = (a[:, 0] * edge[:, 1] - a[:, 1] * edge[:, 0]) / cross
                part = (a[:, 0] * dy - a[:, 1] * dx) / cross
            hit = (along >= 0.0) & (part >= 0.0) & (part < 1.0)
            if hit.any():
                distance[k] = min(distance[k], along[hit].min())
    return distance


@pytest.mark.parametrize("off_road", [False, True])
@pytest.mark.parametrize("name", available_tracks())
def test_rays_find_the_nearest_border(name: str, off_road: bool) -> None:
    track, native = built(name)
    rng = np.random.default_rng(3)
    i = rng.integers(len(track.s), size=150)
    left = rng.random(150) < 0.5
    width = np.where(left, track.width_left[i], track.width_right[i])
    wall = np.where(left, track.wall_left[i], track.wall_right[i])
    size = rng.uniform(1.02 * width, 0.98 * wall) if off_road else rng.uniform(0.0, 0.98 * width)
    offset = np.where(left, size, -size)
    points = np.stack(
        [track.x[i] - offset * np.sin(track.heading[i]), track.y[i] + offset * np.cos(track.heading[i])], 1
    )
    points += rng.uniform(0.0, track.step_m, (150, 1)) * np.stack(
        [np.cos(track.heading[i]), np.sin(track.heading[i])], 1
    )
    wrong = 0
    for point, road, station in zip(np.ascontiguousarray(points), track.heading[i], i, strict=True):
        heading = road + rng.choice([rng.uniform(-np.pi, np.pi), rng.normal(0.0, 0.02)])
        directions = np.stack([np.cos(heading + ANGLES), np.sin(heading + ANGLES)], axis=1)
        out = np.empty((1, len(ANGLES)), np.float32)
        native.rays(point[None], directions.astype(np.float32), REACH, out)
        # Off the road the core looks at the borders up to the reach along the road, not at other parts of the circuit.
        away = (np.arange(len(track.s)) - station + len(track.s) // 2) % len(track.s) - len(track.s) // 2
        near = np.abs(away) < REACH / track.step_m - 1 if off_road else slice(None)
        expected = cast_by_hand(track, point, directions, near)
        wrong += int((np.abs(out[0] - expected) > 0.02 + 1e-3 * expected).sum())
    assert wrong <= (0 if not off_road else 3), f"{wrong} of {150 * len(ANGLES)} rays"


def test_queries_of_wild_points_do_not_crash() -> None:
    track, native = built("monza")
    wild = np.array([[np.nan, 0.0], [np.inf, 1.0], [-np.inf, np.inf], [1e300, -1e300], [1e9, 1e9], [-1e7, 3.0]])
    along = project(native, wild)[0][3:]
    assert np.all((along >= 0.0) & (along <= track.length_m))
    distances = np.empty((len(wild), 1), np.float32)
    native.rays(wild, np.array([[1.0, 0.0]], np.float32), REACH, distances)
    assert np.all(distances[3:] == REACH), "no border is near"
