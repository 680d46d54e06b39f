"""The racing line against what geometry says it must be."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from circuits import layout_text, ring_text, stadium_text

from ac_gym.errors import InvalidTrackError
from ac_gym.track import Track
from ac_gym.track.minimum_time import Ground, NominalCar, quicken_line
from ac_gym.track.racing_line import CAR_HALF_WIDTH_M, Line, linearise, measure_line, optimise_line
from ac_gym.track.speed import profile

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


def minimum_curvature(track: Track) -> Line:
    return optimise_line(track.x, track.y, track.heading, track.width_left, track.width_right)


def ground(track: Track) -> Ground:
    return Ground(track.x, track.y, track.heading, track.width_left, track.width_right, track.bank, track.grade)


def test_on_a_ring_least_curvature_is_the_largest_circle_and_least_time_the_smallest(build: Build) -> None:
    """Curvature squared over the lap is 2 pi / R; the time at sqrt(mu g R) is 2 pi sqrt(R / (mu g))."""
    track = build(ring_text(100.0))
    assert minimum_curvature(track).offset == pytest.approx(-(5.0 - CAR_HALF_WIDTH_M), abs=0.05)
    assert track.line_offset == pytest.approx(5.0 - CAR_HALF_WIDTH_M, abs=0.05)
    assert track.line_curvature == pytest.approx(1.0 / 96.0, rel=1e-3)


def square_text(**header: str) -> str:
    corner = 0.5 * np.pi * 30.0
    segments = [f"{{name: side {i}, length_m: 300}}" for i in range(4)]
    corners = [f"{{corner: corner {i}, length_m: {corner:.6f}, radius_m: 30}}" for i in range(4)]
    pairs = [entry for pair in zip(segments, corners, strict=True) for entry in pair]
    return layout_text(pairs, 1200.0 + 4.0 * corner, **header)


def test_through_a_right_angle_the_line_goes_out_in_out(build: Build) -> None:
    """Round 90 degrees the circle that touches both outer edges and the inner apex is the largest that fits."""
    track = build(square_text())
    line = minimum_curvature(track)
    apex = round(track.corners[0].apex_m / track.step_m)
    before = slice(apex - 40, apex - 10)
    room = 5.0 - CAR_HALF_WIDTH_M
    assert line.offset[apex] == pytest.approx(room, abs=0.05)
    assert line.offset[before].min() < -0.8 * room
    outer, inner = 30.0 + room, 30.0 - room
    largest = outer + (outer - inner) / (np.sqrt(2.0) - 1.0)
    assert 1.0 / line.curvature.max() == pytest.approx(largest, rel=0.3)


def test_least_time_is_no_more_than_least_curvature(build: Build) -> None:
    track = build(square_text())
    envelope = NominalCar().envelope()
    slow = minimum_curvature(track)
    fast = quicken_line(ground(track), slow)
    times = [profile(ground(track).road(line), envelope).lap_time_s for line in (slow, fast)]
    assert times[1] < 0.999 * times[0]


def test_least_time_apexes_late_before_a_long_straight(build: Build) -> None:
    """With little power the exit matters, so the line turns in later than the symmetric one of least curvature."""
    track = build(square_text())
    slow = minimum_curvature(track)
    fast = quicken_line(ground(track), slow)
    apex = round(track.corners[1].apex_m / track.step_m)
    around = np.arange(apex - 15, apex + 16)
    tightest = [around[line.curvature[around].argmax()] for line in (slow, fast)]
    assert tightest[1] <= tightest[0]


def test_line_is_symmetric_on_a_symmetric_track(build: Build) -> None:
    track = build(stadium_text(60.0, 300.0))
    half = len(track.s) // 2
    offset = minimum_curvature(track).offset
    assert offset[:half] == pytest.approx(offset[half : 2 * half], abs=0.15)


def test_a_mirrored_track_has_a_mirrored_line(build: Build) -> None:
    left = build(stadium_text(60.0, 300.0))
    right = build(stadium_text(60.0, 300.0, direction="clockwise").replace("radius_m: 60", "radius_m: -60"))
    assert right.line_offset == pytest.approx(-left.line_offset, abs=0.3)


def test_a_road_narrower_than_the_car_has_no_line(build: Build) -> None:
    track = build(ring_text(100.0))
    narrow = np.full(len(track.s), 0.9)
    with pytest.raises(InvalidTrackError, match="at least 2 m wide"):
        optimise_line(track.x, track.y, track.heading, narrow, narrow)
