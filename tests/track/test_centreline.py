"""The centre line: closed forms, closure, continuity."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ac_gym.track.centreline import Curve, close_curve


def stadium(radius: float, straight: float, easing: float = 10.0) -> Curve:
    half = np.pi * radius
    return Curve(np.array([straight, half, straight, half]), np.array([0.0, np.pi, 0.0, np.pi]), easing)


def test_circle_is_a_circle() -> None:
    radius = 80.0
    curve = Curve(np.full(2, np.pi * radius), np.full(2, np.pi), 15.0)
    x, y, dx, dy = curve.positions(300)
    assert np.hypot(x, y - radius) == pytest.approx(np.full(300, radius), abs=1e-6)
    assert abs(dx) < 1e-6
    assert abs(dy) < 1e-6


def test_right_turns_have_negative_curvature() -> None:
    curve = Curve(np.array([50.0, 50.0]), np.array([0.0, -1.0]), 10.0)
    _, curvature = curve.heading_and_curvature(np.array([25.0, 75.0]))
    assert curvature == pytest.approx([0.0, -1.0 / 50.0])


def test_given_heading_is_the_heading_at_the_start() -> None:
    curve = Curve(np.array([100.0, 100.0]), np.array([np.pi, np.pi]), 20.0, heading_rad=1.0)
    heading, _ = curve.heading_and_curvature(np.array([0.0]))
    assert heading[0] == pytest.approx(1.0)


def test_curvature_is_continuous_and_its_ramps_have_the_easing_length() -> None:
    curve = stadium(50.0, 200.0, easing=20.0)
    s = np.linspace(0.0, curve.length_m, 20_001)
    heading, curvature = curve.heading_and_curvature(s)
    steepest = (1.0 / 50.0) / 20.0
    assert np.abs(np.diff(curvature)).max() <= steepest * (s[1] - s[0]) * (1 + 1e-6)
    assert np.gradient(heading, s)[1:-1] == pytest.approx(curvature[1:-1], abs=1e-4)
    assert heading[-1] - heading[0] == pytest.approx(2.0 * np.pi)


def test_closed_curve_is_left_alone() -> None:
    curve = stadium(50.0, 200.0)
    closed = close_curve(curve, winding=1)
    assert closed.length == pytest.approx(curve.length, abs=1e-6)


def test_closing_keeps_straights_straight() -> None:
    curve = stadium(50.0, 200.0)
    spoiled = Curve(curve.length * np.array([1.0, 1.01, 0.99, 1.0]), curve.angle * np.array([1, 1.01, 1, 0.98]), 10.0)
    closed = close_curve(spoiled, winding=1)
    assert closed.angle[[0, 2]].tolist() == [0.0, 0.0]
    assert np.abs(closed.closing_error(1)).max() < 1e-8


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_any_slightly_wrong_polygon_of_corners_closes(data: st.DataObject) -> None:
    """A regular polygon with rounded corners, each figure up to 1 % off, closes by changes of a few percent."""
    corners = data.draw(st.integers(3, 9))
    radius = data.draw(st.floats(20.0, 120.0))
    side = data.draw(st.floats(80.0, 400.0))
    winding = data.draw(st.sampled_from([1, -1]))
    error = st.floats(-0.01, 0.01)
    spoil = lambda: 1.0 + np.array(data.draw(st.lists(error, min_size=2 * corners, max_size=2 * corners)))  # noqa: E731
    turn = 2.0 * np.pi / corners * winding
    length = np.tile([side, abs(turn) * radius], corners)
    angle = np.tile([0.0, turn], corners)
    written = Curve(length * spoil(), angle * spoil(), 15.0)
    closed = close_curve(written, winding)
    assert np.abs(closed.closing_error(winding)).max() < 1e-6
    assert np.abs(closed.length / written.length - 1.0).max() < 0.1
