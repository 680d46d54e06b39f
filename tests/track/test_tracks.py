"""The circuits that come with the package: each builds, and is what a circuit must be."""

from __future__ import annotations

import numpy as np
import pytest
from circuits import point_mass

from ac_gym.track import Track, available_tracks, load_track, speed_profile
from ac_gym.track.racing_line import CAR_HALF_WIDTH_M

# name: official length m, direction, corners named at least, centre-line bounding box m (measured in the game)
CIRCUITS = {
    "monza": (5793, "clockwise", 7, (2165, 1259)),
    "ks_barcelona-layout_gp": (4655, "clockwise", 14, (1151, 962)),
    "ks_red_bull_ring-layout_gp": (4318, "clockwise", 9, (783, 1258)),
    "ks_silverstone-gp": (5891, "clockwise", 15, (1720, 1009)),
    "indianapolis_sp": (4067, "anticlockwise", 4, (1536, 741)),
    "imola": (4909, "anticlockwise", 8, (1007, 1811)),
    "ks_laguna_seca": (3602, "anticlockwise", 11, (970, 787)),
}


@pytest.fixture(params=CIRCUITS)
def track(request: pytest.FixtureRequest) -> Track:
    return load_track(request.param)


def test_all_are_available() -> None:
    assert set(CIRCUITS) <= set(available_tracks())


def test_length_direction_and_size(track: Track) -> None:
    length, direction, corners, box = CIRCUITS[track.name]
    assert track.length_m == pytest.approx(length, rel=0.005)
    assert track.direction == direction
    assert len(track.corners) >= corners
    assert (np.ptp(track.x), np.ptp(track.y)) == pytest.approx(box, rel=0.02)


def test_closed_and_uniform(track: Track) -> None:
    x, y = np.append(track.x, track.x[0]), np.append(track.y, track.y[0])
    chord = np.hypot(np.diff(x), np.diff(y))
    assert track.step_m == pytest.approx(2.0, abs=0.01)
    assert chord == pytest.approx(track.step_m, abs=0.02)
    turn = track.heading[-1] - track.heading[0]
    assert abs(turn) == pytest.approx(2.0 * np.pi, abs=0.05)


def test_curvature_has_no_jumps(track: Track) -> None:
    jump = np.abs(np.diff(track.curvature, append=track.curvature[0]))
    assert jump.max() < 0.02  # a clothoid of 16 m between radii of 10 m and -30 m changes by this in a station


def test_borders_and_barriers_do_not_fold(track: Track) -> None:
    forward = np.column_stack([np.cos(track.heading), np.sin(track.heading)])
    edges = (track.width_left, -track.width_right, track.wall_left, -track.wall_right)
    for offset in edges:
        points = np.column_stack(track.points(offset))
        move = np.roll(points, -1, axis=0) - points
        assert ((move * forward).sum(axis=1) > 0.0).all()
    assert (track.wall_left * track.curvature).max() < 0.8
    assert (-track.wall_right * track.curvature).max() < 0.8


def test_order_across_the_road(track: Track) -> None:
    assert (track.width_left > 0).all()
    assert (track.width_right > 0).all()
    assert (track.kerb_left >= 0).all()
    assert (track.kerb_right >= 0).all()
    assert (track.wall_left > track.width_left + track.kerb_left).all()
    assert (track.wall_right > track.width_right + track.kerb_right).all()
    assert set(np.unique(track.runoff_left)) | set(np.unique(track.runoff_right)) <= {2, 3}


def test_racing_line_stays_on_the_road(track: Track) -> None:
    assert (track.line_offset <= track.width_left - CAR_HALF_WIDTH_M + 1e-9).all()
    assert (track.line_offset >= CAR_HALF_WIDTH_M - track.width_right - 1e-9).all()
    assert track.line_length_m < track.length_m
    assert track.line_s[0] == 0.0
    assert (np.diff(track.line_s) > 0).all()
    assert np.abs(track.line_heading - track.heading).max() < 0.5
    assert np.abs(track.line_curvature).max() < 1.0 / 14.0


def test_height_closes(track: Track) -> None:
    assert track.grade.sum() * track.step_m == pytest.approx(0.0, abs=1e-6)


def test_corners_come_in_order_and_hold_their_apex(track: Track) -> None:
    ends = [corner.end_m for corner in track.corners]
    assert ends == sorted(ends)
    assert all(0 <= c.start_m <= c.apex_m <= c.end_m <= track.length_m + 1e-6 for c in track.corners)


def test_marks_lie_on_the_lap(track: Track) -> None:
    assert len(track.sector_s) == 2
    assert 0 < track.sector_s[0] < track.sector_s[1] < track.length_m
    assert 100.0 <= track.length_m - track.start.s_m <= 300.0


def test_arrays_are_of_one_shape_and_read_only(track: Track) -> None:
    count = len(track.s)
    for name in ("x", "heading", "line_s", "wall_left", "runoff_right", "grade"):
        array = getattr(track, name)
        assert array.shape == (count,)
        assert not array.flags.writeable
        assert np.isfinite(array).all()


def test_a_lap_of_a_racing_car_takes_a_plausible_time(track: Track) -> None:
    """A point mass like a GT3 averages 140 to 280 km/h on these circuits."""
    lap = speed_profile(track, point_mass(mu=1.3, lift=0.0018, drag=0.0006, power_per_kg=240.0))
    assert 140.0 < 3.6 * lap.mean_speed_mps < 280.0
    assert lap.time[0] == 0.0
    assert (np.diff(lap.time) > 0).all()


def test_indianapolis_is_banked_in_its_turns() -> None:
    track = load_track("indianapolis_sp")
    apex = round(track.corners[0].apex_m / track.step_m)
    assert np.rad2deg(track.bank[apex]) == pytest.approx(9.2, abs=0.01)
    assert track.bank[round(1800.0 / track.step_m)] == 0.0


def test_heights_of_the_hilly_circuits_respect_the_published_ones() -> None:
    for name, height in (("ks_red_bull_ring-layout_gp", 65.0), ("ks_laguna_seca", 55.0)):
        track = load_track(name)
        assert np.ptp(np.cumsum(track.grade) * track.step_m) == pytest.approx(height, rel=0.1)
