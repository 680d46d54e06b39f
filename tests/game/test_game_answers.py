"""Management answers: what is believed, and what is not."""

from __future__ import annotations

import json
import math
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ac_gym.game import answers
from ac_gym.game.wire import MessageError

STATIC = {
    "TrackName": "monza",
    "TrackConfiguration": "",
    "TrackLength": 5793.0,
    "CarName": "bmw_z4_gt3",
    "WindSpeed": 0,
}


def track(points: int = 5, **changes: Any) -> dict[str, Any]:
    lanes = {name: [[float(i), side] for i in range(points)] for name, side in
             (("left_lane", 5.0), ("right_lane", -5.0), ("fast_lane", 0.0))}  # fmt: skip
    profiles = dict.fromkeys(("throttle_arr", "brake_arr", "speed_arr", "angle_array"), [1] * points)
    return lanes | profiles | changes


def test_static_info_has_the_full_name_of_the_track() -> None:
    assert answers.static_info(STATIC)["TrackFullName"] == "monza"
    with_layout = answers.static_info(STATIC | {"TrackConfiguration": "layout_gp"})
    assert with_layout["TrackFullName"] == "monza-layout_gp"
    assert with_layout["WindSpeed"] == 0
    assert answers.static_info(STATIC | {"TrackConfiguration": -1})["TrackConfiguration"] == "", "as the game says it"


@pytest.mark.parametrize(
    "change",
    [
        {"TrackName": 5},
        {"CarName": None},
        {"TrackLength": "long"},
        {"TrackLength": 0.0},
        {"TrackName": ""},
        {"CarName": ""},
    ],
)
def test_static_info_of_other_types_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(MessageError):
        answers.static_info(STATIC | change)


def test_track_info_becomes_arrays() -> None:
    info = answers.track_info(track(height=[0.0, 1.0, 2.0, 3.0, 4.0], source="fast_lane.ai"))
    assert info["left_lane"].shape == (5, 2)
    assert info["left_lane"].dtype == np.float64
    assert info["left_lane"][3].tolist() == [3.0, 5.0]
    assert info["angle_array"].tolist() == [1.0] * 5
    assert info["height"].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert info["source"] == "fast_lane.ai"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"fast_lane": []}, "no racing line"),
        ({"left_lane": None}, "left_lane"),
        ({"left_lane": [[0.0, 1.0]] * 4}, "points"),
        ({"right_lane": [[0.0, 1.0]] * 6}, "points"),
        ({"right_lane": [[0.0, 1.0, 2.0]] * 5}, "not \\[x, y\\]"),
        ({"right_lane": [[0.0, 1.0]] * 4 + [[0.0]]}, "not \\[x, y\\]"),
        ({"right_lane": [0.0] * 5}, "not \\[x, y\\]"),
        ({"right_lane": "abcde"}, "not a list"),
        ({"fast_lane": [["0", "1"]] * 5}, "not a number"),
        ({"fast_lane": [[True, False]] * 5}, "not a number"),
        ({"fast_lane": [[0.0, math.inf]] * 5}, "not finite"),
        ({"fast_lane": [[0.0, 10**400]] * 5}, "too large"),
        ({"fast_lane": [[0.0, None]] * 5}, "not a number"),
        ({"speed_arr": [1.0] * 4}, "points"),
        ({"speed_arr": [[1.0]] * 5}, "not a number"),
        ({"height": [math.nan] * 5}, "not finite"),
        ({"height": 3.0}, "not a list"),
    ],
)
def test_track_info_that_is_no_track_is_refused(change: dict[str, object], why: str) -> None:
    with pytest.raises(MessageError, match=why):
        answers.track_info(track(**change))


def test_a_track_of_too_many_points_is_refused() -> None:
    with pytest.raises(MessageError, match="points"):
        answers.track_info(track(left_lane=[[0.0, 0.0]] * (answers.MAX_POINTS + 1)))


def test_configuration_is_a_python_literal_or_json() -> None:
    text = "{'version': 0.1, 'ego_sampling_freq': 25, 'enable': True, 'worker': None, 'color_mode': \"gray\"}"
    assert answers.config(text.encode()) == {
        "version": 0.1, "ego_sampling_freq": 25, "enable": True, "worker": None, "color_mode": "gray",
    }  # fmt: skip
    assert answers.config(json.dumps({"enable": True, "worker": None}).encode()) == {"enable": True, "worker": None}


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"error: token needed",
        b"[1]",
        b"{1: 2}",
        b"{'a': __import__('os')}",
        b"{'a': (lambda: 1)()}",
        b"{'a': 9**9**9}",
        b"\xff",
        b"\0",
        b"(" * 60000,
        b"-" * 60000 + b"1",
        b"[" * 30000 + b"]" * 30000,
        b"{'a':" * 10000 + b"1" + b"}" * 10000,
        b"9" * 60000,
        b"{'a': '" + b"x" * 65536 + b"'}",
    ],
)
def test_nothing_but_a_table_of_plain_values_is_a_configuration(text: bytes) -> None:
    with pytest.raises(MessageError):
        answers.config(text)


def test_the_spelling_of_a_configuration_is_nobodys_warning() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert answers.config(b"{'path': 'C:\\games'}") == {"path": "C:\\games"}
        with pytest.raises(MessageError):
            answers.config(b"{'n': 1or 2}")
    assert caught == []


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_text_makes_the_configuration_raise_anything_else(text: bytes) -> None:
    try:
        settings = answers.config(text)
    except MessageError:
        return
    assert isinstance(settings, dict)
