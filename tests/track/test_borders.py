"""Borders and a line from elsewhere make the same track, whatever they came from, or are refused with the place."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from circuits import point_mass, stadium_text
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from ac_gym.errors import InvalidTrackError
from ac_gym.track import StartPose, Track, load_track, speed_profile
from ac_gym.track.borders import track_from_borders
from ac_gym.track.fast_lane import fast_lane_bytes, fast_lane_of, parse_fast_lane
from ac_gym.track.polyline import crossings, resampled

Rows = dict[str, np.ndarray]
Ends = tuple[np.ndarray, np.ndarray]

CIRCUITS = ["monza", "ks_barcelona-layout_gp", "ks_red_bull_ring-layout_gp", "ks_laguna_seca"]


def rows_of(track: Track) -> Rows:
    """What the game would have of a track: its line and borders after the way through a fast_lane.ai."""
    lane = parse_fast_lane(fast_lane_bytes(fast_lane_of(track)), "lane")
    left, right, line = lane.borders()
    return {"left": left, "right": right, "line": line, "height": lane.height}


def ring(radius: float = 100.0, half_width: float = 5.0, count: int = 400) -> Rows:
    """Driven anticlockwise."""
    angle = np.arange(count) * math.tau / count
    way = np.column_stack([np.cos(angle), np.sin(angle)])
    return {"left": (radius - half_width) * way, "right": (radius + half_width) * way, "line": radius * way}


def off(points: Ends, truth: Ends) -> float:
    """Greatest distance of points from a line."""
    dense = resampled(np.column_stack(truth), 0.02)
    return float(cKDTree(dense).query(np.column_stack(points))[0].max())


@pytest.fixture(scope="module", params=CIRCUITS)
def pair(request: pytest.FixtureRequest) -> tuple[Track, Track]:
    """A built circuit, and the same from its borders."""
    built = load_track(request.param)
    return built, track_from_borders(request.param, **rows_of(built))


def test_borders_and_line_lie_where_they_lay(pair: tuple[Track, Track]) -> None:
    built, again = pair
    assert off(again.left_border(), built.left_border()) < 0.1
    assert off(again.right_border(), built.right_border()) < 0.1
    assert off(again.racing_line(), built.racing_line()) < 0.05
    assert off((again.x, again.y), (built.x, built.y)) < 0.15


def test_lengths_curvature_and_slope_are_the_same(pair: tuple[Track, Track]) -> None:
    built, again = pair
    assert again.length_m == pytest.approx(built.length_m, rel=1e-4)
    assert again.line_length_m == pytest.approx(built.line_length_m, rel=1e-5)
    assert again.direction == built.direction

    def there(name: str) -> np.ndarray:
        return np.interp(again.line_s, built.line_s, getattr(built, name), period=built.line_length_m)

    error = again.line_curvature - there("line_curvature")
    assert np.sqrt((error**2).mean()) < 2e-4
    assert np.abs(error).max() < 0.04 * np.abs(built.line_curvature).max()
    assert np.sqrt(((again.curvature - there("curvature")) ** 2).mean()) < 1e-3
    assert np.abs(again.grade - there("grade")).max() < 0.02
    assert again.grade.sum() == pytest.approx(0.0, abs=1e-9)


def test_the_limit_lap_is_the_same(pair: tuple[Track, Track]) -> None:
    built, again = pair
    car = point_mass(1.4, lift=0.001, drag=0.0005)
    assert speed_profile(again, car).lap_time_s == pytest.approx(speed_profile(built, car).lap_time_s, rel=0.005)


def test_the_lap_begins_at_the_first_row_and_the_line_is_measured_from_there(pair: tuple[Track, Track]) -> None:
    built, again = pair
    assert again.line_s[0] == 0.0
    assert (np.diff(again.line_s) > 0.0).all()
    assert math.dist((again.x[0], again.y[0]), (built.x[0], built.y[0])) < 0.05
    assert again.start == StartPose(s_m=pytest.approx(again.length_m - 150.0), offset_m=0.0)


def test_a_track_from_borders_is_sound(pair: tuple[Track, Track]) -> None:
    _, track = pair
    count = len(track.s)
    for name, value in vars(track).items():
        if isinstance(value, np.ndarray):
            assert value.shape == (count,), name
            assert np.isfinite(value).all(), name
    x, y = track.x, track.y
    assert np.allclose(np.hypot(np.roll(x, -1) - x, np.roll(y, -1) - y), track.step_m, rtol=0.01)
    assert np.allclose(np.hypot(np.cos(track.heading), np.sin(track.heading)), 1.0)
    assert np.abs(np.diff(track.heading)).max() < 0.4
    assert (track.wall_left > track.width_left).all()
    assert (track.wall_right > track.width_right).all()
    assert (track.curvature * track.wall_left < 1.0).all()
    assert (-track.curvature * track.wall_right < 1.0).all()


def test_corners_are_numbered_and_turn_where_the_written_ones_do(pair: tuple[Track, Track]) -> None:
    built, again = pair
    assert [corner.name for corner in again.corners] == [f"T{k}" for k in range(1, len(again.corners) + 1)]
    apexes = [corner.apex_m for corner in again.corners]
    assert apexes == sorted(apexes)
    tightest = built.s[np.abs(built.curvature).argmax()]
    assert min(abs(apex - tightest) for apex in apexes) < 10.0


def test_a_ring_has_its_own_figures() -> None:
    track = track_from_borders("ring", **ring(100.0, 5.0))
    assert track.length_m == pytest.approx(math.tau * 100.0, rel=1e-4)
    assert np.allclose(track.curvature, 0.01, rtol=3e-3)
    assert np.allclose(track.line_curvature, 0.01, rtol=1e-3)
    assert np.allclose(track.width_left, 5.0, atol=0.01)
    assert np.allclose(track.width_right, 5.0, atol=0.01)
    assert track.direction == "anticlockwise"
    assert len(track.corners) == 1
    assert not track.kerb_left.any()
    assert (track.title, track.name) == ("ring", "ring")


def test_bank_and_height_are_those_of_the_rows() -> None:
    rows = ring(200.0, 6.0, 800)
    angle = np.arange(800) * math.tau / 800
    track = track_from_borders("ring", **rows, height=4.0 * np.sin(angle), bank=0.1 + 0.05 * np.cos(angle))
    assert np.allclose(track.bank, 0.1 + 0.05 * np.cos(track.s / 200.0), atol=1e-3)
    assert np.allclose(track.grade, 0.02 * np.cos(track.s / 200.0), atol=5e-4)


def test_a_start_of_ones_own_is_kept() -> None:
    assert track_from_borders("ring", **ring(), start=StartPose(10.0, 1.0)).start == StartPose(10.0, 1.0)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.floats(-0.1, 0.1), min_size=3, max_size=3),
    st.floats(0.0, math.tau),
    st.floats(4.0, 9.0),
    st.booleans(),
    st.floats(-3000.0, 3000.0),
)
def test_any_smooth_loop_is_built_and_keeps_its_width(
    bumps: list[float], phase: float, half_width: float, clockwise: bool, shift: float
) -> None:
    angle = np.arange(900) * math.tau / 900 * (-1.0 if clockwise else 1.0)
    radius = 200.0 * (1.0 + sum(b * np.cos(k * angle + phase) for k, b in enumerate(bumps, start=2)))
    line = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]) + shift
    tangent = np.roll(line, -1, axis=0) - np.roll(line, 1, axis=0)
    tangent /= np.hypot(*tangent.T)[:, None]
    across = np.column_stack([-tangent[:, 1], tangent[:, 0]])
    track = track_from_borders("loop", line + half_width * across, line - half_width * across, line)
    assert np.allclose(track.width_left + track.width_right, 2.0 * half_width, atol=0.1)
    assert np.abs(track.line_offset).max() < 0.1
    assert track.direction == ("clockwise" if clockwise else "anticlockwise")


def test_noise_of_the_rows_does_not_reach_the_curvature() -> None:
    rows, rng = ring(150.0, 6.0, 600), np.random.default_rng(4)
    noisy = {key: value + rng.normal(0.0, 0.02, value.shape) for key, value in rows.items()}
    track = track_from_borders("ring", **noisy)
    assert np.abs(track.curvature - 1.0 / 150.0).max() < 3e-3
    assert np.abs(track.width_left - 6.0).max() < 0.15


def test_a_long_step_at_the_seam_and_points_beyond_the_start_do_no_harm(build: Callable[[str], Track]) -> None:
    rows = rows_of(build(stadium_text(60.0, 300.0)))
    plain = track_from_borders("stadium", **rows)
    seam = np.delete(np.arange(len(rows["line"])), [24, 25, 26])
    over = np.concatenate([seam, [0, 1, 2]])
    for chosen in (seam, over):
        track = track_from_borders("stadium", **{key: value[chosen] for key, value in rows.items()})
        assert track.length_m == pytest.approx(plain.length_m, abs=0.05)
        assert off((track.x, track.y), (plain.x, plain.y)) < 0.1


def test_a_border_that_loops_where_the_line_is_unsteady_is_cut_there() -> None:
    """Each row of a border lies square to the line: far out, a little wave of the line turns it back and forth."""
    angle = np.arange(1600) * math.tau / 1600
    way = np.column_stack([np.cos(angle), np.sin(angle)])
    waves = 209
    line = (200.0 + 0.2 * np.cos(waves * angle))[:, None] * way
    turned = angle + 0.001 * waves * np.sin(waves * angle)
    across = np.column_stack([np.cos(turned), np.sin(turned)])
    left = line - 15.0 * across
    assert len(crossings(left, left)[0]) > 100
    track = track_from_borders("unsteady", left, line + 15.0 * across, line)
    assert np.allclose(track.width_left + track.width_right, 30.0, atol=1.5)
    assert np.allclose(track.curvature, 1.0 / 200.0, atol=2e-3)


def test_a_road_that_folds_inside_a_bend_is_refused_with_its_radius() -> None:
    assert "the inside of the road folds, the radius is 20.0 m" in failing(ring(20.0, 17.0, 100))


def failing(rows: Rows, **changes: np.ndarray) -> str:
    with pytest.raises(InvalidTrackError) as caught:
        track_from_borders("ring", **(rows | changes))
    message = str(caught.value)
    assert message.startswith("ring: ")
    assert "\n" not in message
    return message


def test_an_open_lap_is_refused_with_its_gap() -> None:
    rows = {key: value[:350] for key, value in ring().items()}
    assert "does not close: its last point is 78 m from its first" in failing(rows)


def test_a_jump_is_refused_with_its_place() -> None:
    rows = {key: np.delete(value, range(100, 130), axis=0) for key, value in ring().items()}
    assert "the line jumps by 48 m at 156 m along the lap (x 1.6, y 100.0)" in failing(rows)


def test_the_wrong_direction_or_swapped_sides_are_refused() -> None:
    rows = ring()
    backwards = {key: value[::-1] for key, value in rows.items()}
    mirrored = {key: value[:, ::-1] for key, value in rows.items()}
    swapped = {"left": rows["right"], "right": rows["left"], "line": rows["line"]}
    for wrong in (backwards, mirrored, swapped):
        assert "the left border lies to the right" in failing(wrong)


def test_borders_that_change_sides_are_refused_with_the_place() -> None:
    rows = ring()
    left = rows["left"].copy()
    left[200:205] = 1.06 * rows["line"][200:205]
    assert "left and right border change sides at 314 m along the lap (x -105.5, y 0.0)" in failing(rows, left=left)


def test_a_road_too_narrow_or_too_wide_is_refused() -> None:
    assert "the road is too narrow, 2.4 m (3 to 60 m are possible) at" in failing(ring(100.0, 1.2))
    assert "the road is too wide, 70.0 m" in failing(ring(200.0, 35.0))


def test_a_lap_that_crosses_itself_is_refused() -> None:
    angle = np.arange(800) * math.tau / 800
    line = np.column_stack([200.0 * np.sin(angle), 100.0 * np.sin(2.0 * angle)])
    tangent = np.column_stack([200.0 * np.cos(angle), 200.0 * np.cos(2.0 * angle)])
    across = np.column_stack([-tangent[:, 1], tangent[:, 0]]) / np.hypot(*tangent.T)[:, None]
    eight = {"left": line + 5.0 * across, "right": line - 5.0 * across, "line": line}
    assert "border crosses itself" in failing(eight)


def test_a_lap_of_two_rounds_is_refused() -> None:
    angle = np.arange(800) * 2.0 * math.tau / 800
    radius = 150.0 + 20.0 * np.cos(angle / 2.0)
    way = np.column_stack([np.cos(angle), np.sin(angle)])
    twice = {
        "left": (radius - 4.0)[:, None] * way,
        "right": (radius + 4.0)[:, None] * way,
        "line": radius[:, None] * way,
    }
    assert "cross" in failing(twice)


def test_numbers_that_are_none_and_rows_that_do_not_match_are_refused() -> None:
    rows = ring()
    line = rows["line"].copy()
    line[7, 1] = math.nan
    assert "line of row 8 is not a number" in failing(rows, line=line)
    assert "left border has the shape (399, 2), the line (400, 2)" in failing(rows, left=rows["left"][1:])
    assert "height has the shape (3,)" in failing(rows, height=np.zeros(3))
    assert "9 different points of the line" in failing({key: value[:9] for key, value in rows.items()})
    assert "the lap is 6.3 m long" in failing(ring(1.0, 0.5))
    assert "0 different points of the line" in failing(rows, line=np.zeros(5))


def test_points_that_never_move_are_refused() -> None:
    still = {key: np.zeros((50, 2)) for key in ("left", "right", "line")}
    assert "1 different points of the line" in failing(still)
