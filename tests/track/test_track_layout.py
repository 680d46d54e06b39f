"""Mistakes in a track file: each is one clear line that names the file and the segment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from circuits import layout_text, ring_text, stadium_text

from ac_gym.errors import InvalidTrackError
from ac_gym.track import Track
from ac_gym.track.layout import parse_layout, read_layout

GOOD = stadium_text(60.0, 300.0)


def test_a_good_file_is_read() -> None:
    layout = parse_layout(GOOD, "good.yaml")
    assert [segment.name for segment in layout.segments] == ["start", "east", "back", "west"]
    assert [segment.is_corner for segment in layout.segments] == [False, True, False, True]
    assert layout.winding == 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "radius_m: 60",
            "radus_m: 60",
            r"bad.yaml segment 2 \(east\): unknown key 'radus_m'; did you mean 'radius_m'?",
        ),
        ("title: Test", "titel: Test", r"bad.yaml: unknown key 'titel'; did you mean 'title'?"),
        ("width_m: 10", "with_m: 10", r"bad.yaml defaults: unknown key 'with_m'; did you mean 'width_m'?"),
        ("length_m: 300", "length_m: -300", r"bad.yaml segment 1 \(start\): length_m must be between 0.5 and 20000"),
        ("length_m: 300", "length_m: long", r"bad.yaml segment 1 \(start\): length_m must be a number, got 'long'"),
        ("length_m: 300", "length_m: .nan", r"bad.yaml segment 1 \(start\): length_m must be a number, got nan"),
        ("length_m: 300", "width_m: 9", r"bad.yaml segment 1 \(start\): length_m is missing"),
        ("radius_m: 60", "radius_m: 0", r"bad.yaml segment 2 \(east\): radius_m must not be 0; leave it out"),
        ("name: start", "nam: start", r"bad.yaml segment 1: unknown key 'nam'; did you mean 'name'?"),
        ("name: start", "width_m: 9", r"bad.yaml segment 1: needs either name .* or corner"),
        ("name: start", "name: a, corner: b", r"bad.yaml segment 1 \(b\): needs either name .* or corner"),
        ("anticlockwise", "leftwards", r"bad.yaml: direction must be clockwise or anticlockwise, got 'leftwards'"),
        ("direction: anticlockwise", "", r"bad.yaml: direction is missing"),
        ("title: Test", "title: 7", r"bad.yaml: title must be a text, got 7"),
        ("easing_m: 10", "sectors_m: [400, 200]", r"bad.yaml: sectors_m must rise"),
        ("sources: {all: invented for a test}", "", r"bad.yaml: sources must say for each group of figures"),
        ("easing_m: 10", "easing_m: [10", r"bad.yaml line \d+: not valid YAML"),
        (
            "radius_m: 60}",
            "radius_m: 60, runoff: sand}",
            r"segment 2 \(east\): runoff must be grass or gravel, got 'sand'",
        ),
    ],
)
def test_mistakes_in_the_text(old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(InvalidTrackError, match=message) as caught:
        parse_layout(GOOD.replace(old, new, 1), "bad.yaml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "just words", "[1, 2]", "name: x\ndirection: clockwise\nsources: {}\nsegments: 3"]
)
def test_files_that_are_no_track(text: str) -> None:
    with pytest.raises(InvalidTrackError, match=r"^bad\.yaml: "):
        parse_layout(text, "bad.yaml")


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "noise.yaml").write_bytes(bytes(range(128, 256)))
    with pytest.raises(InvalidTrackError, match=r"noise\.yaml: cannot be read"):
        read_layout(tmp_path / "noise.yaml")


def test_radius_within_the_road(build: Callable[[str], Track]) -> None:
    text = stadium_text(4.0, 300.0)
    with pytest.raises(InvalidTrackError, match=r"segment 2 \(east\): radius_m 4 is within half the road width"):
        build(text)


def test_a_corner_too_tight_for_its_road(build: Callable[[str], Track]) -> None:
    text = stadium_text(6.5, 300.0, easing_m="2")
    with pytest.raises(InvalidTrackError, match=r"segment [24] \((east|west)\): the inside edge folds"):
        build(text)


def test_a_lap_that_does_not_close(build: Callable[[str], Track]) -> None:
    text = GOOD.replace("{name: back, length_m: 300}", "{name: back, length_m: 380}")
    with pytest.raises(InvalidTrackError, match=r"test\.yaml: .*does not close: it ends 80\.0 m from its start"):
        build(text.replace(f"length_m: {2 * (300 + np.pi * 60):g}", "length_m: 1057"))


def test_a_lap_driven_the_other_way_round(build: Callable[[str], Track]) -> None:
    with pytest.raises(InvalidTrackError, match="does not close"):
        build(GOOD.replace("anticlockwise", "clockwise"))


def test_segments_that_do_not_add_up(build: Callable[[str], Track]) -> None:
    with pytest.raises(InvalidTrackError, match=r"test\.yaml: the segments add up to 628 m, but length_m is 900"):
        build(ring_text(100.0).replace(f"length_m: {2 * np.pi * 100:g}", "length_m: 900"))


def test_a_road_that_crosses_itself(build: Callable[[str], Track]) -> None:
    """A ring with a small circle inside and one outside: it closes after one turn in all, over itself."""
    half, small = np.pi * 200.0, 2.0 * np.pi * 40.0
    segments = [
        f"{{name: north, length_m: {half:.5f}, radius_m: 200}}",
        f"{{name: inner loop, length_m: {small:.5f}, radius_m: 40}}",
        f"{{name: south, length_m: {half:.5f}, radius_m: 200}}",
        f"{{name: outer loop, length_m: {small:.5f}, radius_m: -40}}",
    ]
    with pytest.raises(InvalidTrackError, match=r"test\.yaml: the road runs over itself: segment \d \(.*\) meets \d"):
        build(layout_text(segments, 2.0 * (half + small)))
