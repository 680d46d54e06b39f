"""The game's fast_lane.ai: what is written is read back, and what is damaged is refused in one line."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ac_gym.errors import InvalidTrackError
from ac_gym.track import load_track, polyline
from ac_gym.track.fast_lane import (
    FastLane,
    fast_lane_bytes,
    fast_lane_of,
    parse_fast_lane,
    read_fast_lane,
    write_fast_lane,
)


def file_of(
    points: list[tuple[float, float, float]], sides: list[tuple[float, float]], *, version: int = 7, tail: bytes = b""
) -> bytes:
    """A file packed number by number from the layout that is published, apart from the code under test."""
    content = struct.pack("<iiii", version, len(points), 0, 0)
    for number, point in enumerate(points):
        content += struct.pack("<ffffi", *point, 1.5 * number, number)
    content += struct.pack("<i", len(sides))
    for left, right in sides:
        detail = [50.0, 1.0, 0.0, 0.0, 100.0, left, right, 0.0, 1.0, 0.0, 1.0, 0.0, 1.5, 0.0, 0.0, 1.0, 0.0, 0.0]
        content += struct.pack("<18f", *detail)
    return content + (tail or struct.pack("<i", 0))


def circle(count: int = 200, radius: float = 50.0) -> list[tuple[float, float, float]]:
    """Points (x, y, z) of the game, driven anticlockwise on the true map, where right is z and up is x."""
    angle = [math.tau * k / count for k in range(count)]
    return [(radius * math.sin(a), 3.0, radius * math.cos(a)) for a in angle]


def test_a_file_of_the_published_layout_gives_its_borders() -> None:
    lane = parse_fast_lane(file_of(circle(), [(4.0, 7.0)] * 200), "lane")
    left, right, line = lane.borders()
    assert np.allclose(np.hypot(*line.T), 50.0, atol=1e-4)
    assert np.allclose(np.hypot(*left.T), 46.0, atol=1e-4)  # anticlockwise: left is inside
    assert np.allclose(np.hypot(*right.T), 57.0, atol=1e-4)
    assert np.allclose(line[0], (50.0, 0.0), atol=1e-4)
    assert line[1, 1] > 0.0
    assert np.allclose(lane.height, 3.0)
    assert np.allclose(lane.distance[:3], (0.0, 1.5, 3.0))
    assert lane.id.tolist() == list(range(200))
    assert set(lane.speed) == {50.0}


def test_a_search_grid_behind_the_details_is_passed_over() -> None:
    grid = struct.pack("<i6fifi", 1, *[1.0] * 6, 2, 0.5, 1) + struct.pack("<ii", 1, 0)
    plain = parse_fast_lane(file_of(circle(), [(4.0, 7.0)] * 200), "lane")
    assert np.array_equal(parse_fast_lane(file_of(circle(), [(4.0, 7.0)] * 200, tail=grid), "lane").line, plain.line)


@pytest.mark.parametrize("name", ["monza", "indianapolis_sp", "ks_red_bull_ring-layout_gp"])
def test_the_lane_of_a_track_has_its_borders_line_and_heights(name: str) -> None:
    track = load_track(name)
    left, right, line = fast_lane_of(track).borders()
    for points, border in ((left, track.left_border()), (right, track.right_border()), (line, track.racing_line())):
        drawn = np.column_stack(border)
        fine = np.concatenate([drawn + (np.roll(drawn, -1, axis=0) - drawn) * part for part in np.linspace(0, 1, 60)])
        from scipy.spatial import cKDTree

        assert cKDTree(fine).query(points)[0].max() < 0.08  # the sagitta of a station and half a piece
    assert np.allclose(polyline.chords(line), 1.5, atol=0.01)
    assert np.allclose(line[0], np.column_stack(track.racing_line())[0], atol=1e-6)
    climbed = np.ptp(np.cumsum(track.grade) * track.step_m)
    assert np.ptp(fast_lane_of(track).height) == pytest.approx(climbed, abs=0.1)


def test_the_directions_of_a_lane_are_unit_vectors_at_right_angles() -> None:
    lane = fast_lane_of(load_track("ks_red_bull_ring-layout_gp"))
    assert np.allclose(np.linalg.norm(lane.forward, axis=1), 1.0)
    assert np.allclose(np.linalg.norm(lane.normal, axis=1), 1.0)
    assert np.abs((lane.forward * lane.normal).sum(axis=1)).max() < 1e-9
    step = np.roll(lane.position, -1, axis=0) - lane.position
    assert ((step * lane.forward).sum(axis=1) / lane.length).min() > 0.99


def test_the_pedals_follow_the_speed() -> None:
    track = load_track("monza")
    speed = 50.0 + 20.0 * np.sin(track.line_s / 100.0)
    lane = fast_lane_of(track, speed)
    assert lane.speed.max() == pytest.approx(70.0, abs=0.1)
    assert lane.brake.max() == 1.0
    assert not (lane.gas * lane.brake).any()


def test_a_written_file_is_read_back_byte_for_byte(tmp_path: Path) -> None:
    path = tmp_path / "fast_lane.ai"
    write_fast_lane(path, fast_lane_of(load_track("monza")))
    lane = read_fast_lane(path)
    assert fast_lane_bytes(lane) == path.read_bytes()
    assert path.stat().st_size == 16 + 92 * len(lane.speed) + 8


@given(st.integers(10, 40), st.data())
def test_any_figures_survive_the_way_through_a_file(count: int, data: st.DataObject) -> None:
    number = st.floats(-1e6, 1e6, width=32)
    columns = {}
    for field in dataclasses.fields(FastLane):
        shape = (count, 3) if field.name in ("position", "normal", "forward") else (count,)
        one = data.draw(number)
        columns[field.name] = np.full(shape, one if field.name != "id" else 7)
        columns[field.name].flat[count // 2] = data.draw(number) if field.name != "id" else 9
    lane = FastLane(**columns)
    again = parse_fast_lane(fast_lane_bytes(lane), "lane")
    for name, values in columns.items():
        assert np.array_equal(getattr(again, name), values)


@given(st.integers(0, 16 + 92 * 20 + 3))
def test_a_file_cut_anywhere_is_refused_or_whole(length: int) -> None:
    content = file_of(circle(20), [(4.0, 7.0)] * 20)
    if length >= len(content) - 4:  # only the mark of the search grid is missing
        assert len(parse_fast_lane(content[:length], "lane").speed) == 20
        return
    with pytest.raises(InvalidTrackError, match=r"^lane: .*(too few|cut short)"):
        parse_fast_lane(content[:length], "lane")


@given(st.binary(max_size=4000))
def test_any_bytes_give_a_lane_or_the_error_for_it(content: bytes) -> None:
    with contextlib.suppress(InvalidTrackError):
        assert len(parse_fast_lane(content, "lane").speed) >= 10


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (file_of(circle(), [(4.0, 7.0)] * 200, version=-1), "version -1; version 7"),
        (struct.pack("<4i", 7, 2**31 - 1, 0, 0) + bytes(100), "2147483647 points"),
        (struct.pack("<4i", 7, -5, 0, 0) + bytes(100), "-5 points"),
        (struct.pack("<4i", 7, 3, 0, 0) + bytes(1000), "3 points"),
        (file_of(circle(), [], tail=bytes(72 * 200)), "200 points but 0 details"),
        (file_of(circle(), [(4.0, math.nan)] * 200), "side_right of point 0 is not a number"),
        (file_of([*circle(199), (0.0, math.inf, 0.0)], [(4.0, 7.0)] * 200), "position of point 199"),
    ],
)
def test_what_is_no_lane_is_told_in_one_line(content: bytes, message: str) -> None:
    with pytest.raises(InvalidTrackError, match=message) as caught:
        parse_fast_lane(content, "lane")
    assert str(caught.value).startswith("lane: ")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidTrackError, match=r"fast_lane\.ai: cannot be read"):
        read_fast_lane(tmp_path / "fast_lane.ai")
