"""The racing line against what geometry says it must be."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from conftest import ring_text, stadium_text

from ac_gym.track import Track
from ac_gym.track.racing_line import CAR_HALF_WIDTH_M, linearise, measure_line

Build = Callable[[str], Track]


def test_measured_curvature_of_a_circle_off_the_centre_line(build: Build) -> None:
    track = build(ring_text(100.0))
    line = measure_line(track.x, track.y, track.heading, np.full(len(track.s), 4.0))
    assert line.curvature == pytest.approx(1.0 / 96.0, rel=1e-3)
    assert line.length_m == pytest.approx(2.0 * np.pi * 96.0, rel=1e-3)
    assert line.heading == pytest.approx(track.heading, abs=1e-6)


def test_derivatives_agree_with_finite_differences(build: Build) -> None:
    track = build(stadium_text(30.0, 100.0))
    rng = np.random.default_rng(0)
    offset = 2.0 * np.sin(2.0 * np.pi * track.s / track.length_m * 6.0)
    nudge = rng.normal(size=len(offset))
    path = linearise(track.x, track.y, track.heading, offset)
    step = 1e-6
    ahead, behind = (linearise(track.x, track.y, track.heading, offset + h * nudge) for h in (step, -step))
    assert path.d_curvature @ nudge == pytest.approx((ahead.curvature - behind.curvature) / (2 * step), abs=1e-6)
    assert path.d_weight @ nudge == pytest.approx((ahead.weight - behind.weight) / (2 * step), abs=1e-6)


def test_on_a_ring_the_line_takes_the_largest_radius(build: Build) -> None:
    track = build(ring_text(100.0))
    assert track.line_offset == pytest.approx(-(5.0 - CAR_HALF_WIDTH_M), abs=0.05)
    assert track.line_curvature == pytest.approx(1.0 / 104.0, rel=0.01)


def test_in_a_stadium_the_line_goes_out_in_out(build: Build) -> None:
    track = build(stadium_text(60.0, 300.0))
    apex = round((300.0 + 0.5 * np.pi * 60.0) / track.step_m)
    entry = round(300.0 / track.step_m)
    room = 5.0 - CAR_HALF_WIDTH_M
    assert track.line_offset[apex] == pytest.approx(room, abs=0.6)
    assert track.line_offset[entry - 15 : entry + 10].min() < -0.5 * room
    assert track.line_curvature.max() < 1.0 / 60.0
    assert track.line_length_m < track.length_m


def test_line_is_symmetric_on_a_symmetric_track(build: Build) -> None:
    track = build(stadium_text(60.0, 300.0))
    half = len(track.s) // 2
    assert track.line_offset[:half] == pytest.approx(track.line_offset[half : 2 * half], abs=0.15)


def test_a_mirrored_track_has_a_mirrored_line(build: Build) -> None:
    left = build(stadium_text(60.0, 300.0))
    mirrored = stadium_text(60.0, 300.0, direction="clockwise").replace("radius_m: 60", "radius_m: -60")
    right = build(mirrored)
    assert right.line_offset == pytest.approx(-left.line_offset, abs=0.05)
