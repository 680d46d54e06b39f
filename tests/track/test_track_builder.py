"""From a layout to a track: sides, widths, kerbs, barriers, bank and grade."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from circuits import layout_text, ring_text, stadium_text

from ac_gym.errors import InvalidTrackError
from ac_gym.track import Track
from ac_gym.track.model import GRAVEL

Build = Callable[[str], Track]


def test_stations_are_uniform_and_the_loop_is_closed(build: Build) -> None:
    track = build(stadium_text(60.0, 300.0))
    assert track.step_m == pytest.approx(2.0, abs=0.01)
    assert np.diff(track.s) == pytest.approx(track.step_m)
    steps = np.hypot(np.roll(track.x, -1) - track.x, np.roll(track.y, -1) - track.y)
    assert steps == pytest.approx(track.step_m, abs=0.001)


def test_left_is_inside_a_left_turn(build: Build) -> None:
    track = build(ring_text(100.0))
    centre_x, centre_y = track.x.mean(), track.y.mean()
    left = np.hypot(*np.subtract(track.left_border(), [[centre_x], [centre_y]]))
    right = np.hypot(*np.subtract(track.right_border(), [[centre_x], [centre_y]]))
    assert left == pytest.approx(95.0, abs=0.01)
    assert right == pytest.approx(105.0, abs=0.01)
    assert track.curvature == pytest.approx(0.01)
    assert track.direction == "anticlockwise"


def test_start_lies_where_the_file_says(build: Build) -> None:
    track = build(stadium_text(60.0, 300.0, start="{x_m: 7, y_m: -3, heading_deg: 90, hotlap_m: -100}"))
    assert (track.x[0], track.y[0]) == (7.0, -3.0)
    assert track.heading[0] == pytest.approx(np.pi / 2, abs=0.05)
    assert track.start.s_m == pytest.approx(track.length_m - 100.0)


def test_width_is_the_given_one_at_segment_middles_and_linear_between(build: Build) -> None:
    text = stadium_text(60.0, 300.0).replace("length_m: 300}", "length_m: 300, width_m: 12}", 1)
    text = text.replace("{name: back, length_m: 300}", "{name: back, length_m: 300, width_m: 16}")
    track = build(text)
    width = track.width_left + track.width_right
    station = lambda s: round(s / track.step_m)  # noqa: E731
    quarter = np.pi * 60.0
    assert width[station(150.0)] == pytest.approx(12.0, abs=0.05)
    assert width[station(300.0 + quarter + 150.0)] == pytest.approx(16.0, abs=0.05)
    assert width[station(300.0 + 0.5 * quarter)] == pytest.approx(14.0, abs=0.05)


def test_kerbs_lie_inside_at_the_apex_and_outside_at_the_exit(build: Build) -> None:
    track = build(stadium_text(60.0, 300.0, defaults="{width_m: 10, kerb_m: 1.5}"))
    apex = round(track.corners[0].apex_m / track.step_m)
    exit_ = round((track.corners[0].end_m + 15.0) / track.step_m)
    straight = round(150.0 / track.step_m)
    assert track.kerb_left[apex] == pytest.approx(1.5)
    assert track.kerb_right[exit_] == pytest.approx(1.5)
    assert track.kerb_left[exit_] == 0.0
    assert track.kerb_right[straight] == track.kerb_left[straight] == 0.0


def test_barriers_do_not_fold_inside_a_tight_corner(build: Build) -> None:
    track = build(stadium_text(15.0, 300.0, defaults="{width_m: 10, wall_m: 30}"))
    assert (track.wall_left * track.curvature).max() < 0.8
    assert (track.wall_left > track.width_left + track.kerb_left).all()


def test_barriers_give_way_to_the_opposite_stretch(build: Build) -> None:
    """The two straights of a narrow stadium, 50 m apart, leave 20 m to each side's barrier at most."""
    track = build(stadium_text(25.0, 400.0, defaults="{width_m: 10, wall_m: 60}"))
    middle = round(200.0 / track.step_m)
    assert track.wall_left[middle] < 25.0
    assert track.wall_right[middle] == pytest.approx(65.0, abs=0.5)


def test_gravel_lies_outside_the_bend_only(build: Build) -> None:
    track = build(stadium_text(60.0, 300.0, extra=", runoff: gravel"))
    apex = round(track.corners[0].apex_m / track.step_m)
    assert track.runoff_right[apex] == GRAVEL
    assert track.runoff_left[apex] != GRAVEL


def test_bank_keeps_its_sign_and_angle(build: Build) -> None:
    track = build(ring_text(200.0, extra=", bank_deg: 9"))
    assert np.rad2deg(track.bank) == pytest.approx(9.0)


def test_height_closes(build: Build) -> None:
    text = stadium_text(60.0, 300.0).replace("length_m: 300}", "length_m: 300, grade_percent: 3}", 1)
    text = text.replace("{name: back, length_m: 300}", "{name: back, length_m: 300, grade_percent: -2.8}")
    track = build(text)
    assert track.grade.mean() == pytest.approx(0.0, abs=1e-12)
    assert track.grade.max() == pytest.approx(0.03, abs=0.002)


def test_a_lap_that_ends_higher_is_refused(build: Build) -> None:
    text = stadium_text(60.0, 300.0).replace("length_m: 300}", "length_m: 300, grade_percent: 3}", 1)
    with pytest.raises(InvalidTrackError, match=r"test\.yaml: grade_percent climbs 9 m over a lap"):
        build(text)


def test_neighbouring_segments_of_one_name_are_one_corner(build: Build) -> None:
    quarter = 0.5 * np.pi
    segments = [
        "{name: start, length_m: 220}",
        f"{{corner: hairpin, length_m: {quarter * 80:.4f}, radius_m: 80}}",
        f"{{corner: hairpin, length_m: {quarter * 40:.4f}, radius_m: 40}}",
        "{name: back, length_m: 300}",
        f"{{corner: final, length_m: {quarter * 40:.4f}, radius_m: 40}}",
        f"{{corner: final, length_m: {quarter * 80:.4f}, radius_m: 80}}",
    ]
    track = build(layout_text(segments, 520.0 + quarter * 240.0))
    assert [corner.name for corner in track.corners] == ["hairpin", "final"]
    hairpin = track.corners[0]
    assert hairpin.start_m < 220.0 + quarter * 80.0 < hairpin.apex_m < hairpin.end_m
