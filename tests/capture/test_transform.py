"""The transform that travels with a model: the same bytes in learning and in driving."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ac_gym.capture import PictureWriter
from ac_gym.capture.transform import PictureMemory, PictureTransform
from ac_gym.errors import ConfigError

TRANSFORM = PictureTransform(crop=(0.1, 0.4, 0.8, 0.55), size=(31, 17), stack=3, spacing=0.12)


@pytest.mark.parametrize("color", ["gray", "rgb", "bgr"])
def test_a_grabbed_picture_is_the_one_learned_from(color: Any) -> None:
    transform = replace(TRANSFORM, color=color)
    picture = np.random.default_rng(0).integers(0, 256, (123, 217, 3), dtype=np.uint8)
    name = f"ac_gym.test.{uuid.uuid4().hex[:10]}"
    with PictureWriter(name) as writer:
        writer.write(picture)
        with transform.open_source("shm", name) as source:
            grabbed = source.get_frame(False).image
    assert np.array_equal(grabbed, transform.apply(picture))
    bgra = np.dstack([picture[..., ::-1], np.zeros(picture.shape[:2], np.uint8)])
    assert np.array_equal(grabbed, transform.apply(bgra))


def test_it_is_the_same_after_json() -> None:
    again = PictureTransform.from_dict(json.loads(json.dumps(TRANSFORM.as_dict())))
    assert again == TRANSFORM


def test_the_crop_is_a_share_of_any_size() -> None:
    assert PictureTransform(crop=(0.0, 0.35, 1.0, 0.65)).part(1920, 1080) == (0, 378, 1920, 702)
    assert PictureTransform(crop=(0.5, 0.0, 0.5, 1.0)).part(3, 1) == (2, 0, 1, 1)


def test_stacked_pictures_are_spaced_in_time_whatever_their_rate() -> None:
    assert TRANSFORM.rows(np.arange(12) / 25.0)[-1].tolist() == [5, 8, 11]
    assert TRANSFORM.rows(np.arange(30) / 50.0)[-1].tolist() == [17, 23, 29]


def test_a_gap_or_a_clock_that_goes_back_begins_anew() -> None:
    rows = TRANSFORM.rows(np.array([0.0, 0.04, 0.12, 5.0, 5.12, 1.0, 1.12]))
    assert rows.tolist() == [[0, 0, 0], [0, 0, 1], [0, 0, 2], [3, 3, 3], [3, 3, 4], [5, 5, 5], [5, 5, 6]]


def test_who_drives_sees_the_rows_that_were_learned_from() -> None:
    rng = np.random.default_rng(1)
    times = 1000.0 + np.cumsum(rng.choice([0.016, 0.04, 0.05, 0.9], 200, p=[0.5, 0.3, 0.18, 0.02]))
    pictures = rng.integers(0, 256, (200, *TRANSFORM.shape[1:]), dtype=np.uint8)
    memory = PictureMemory(TRANSFORM)
    for picture, time, rows in zip(pictures, times, TRANSFORM.rows(times), strict=True):
        memory.add(picture, time)
        assert np.array_equal(memory.seen(), pictures[rows])


def test_numbers_are_planes_in_the_declared_scale() -> None:
    seen = np.zeros((2, *TRANSFORM.shape), np.uint8)
    seen[1, 2, 3, 4, 0] = 255
    numbers = TRANSFORM.numbers(seen)
    assert numbers.shape == (2, 3, 17, 31)
    assert numbers[1, 2, 3, 4] == pytest.approx(0.5)
    assert (numbers[0] == -0.5).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"crop": (0.5, 0.0, 0.6, 1.0)}, "inside the picture"),
        ({"size": (0, 4)}, "1 to 1024 pixels"),
        ({"stack": 0}, "stack must be"),
        ({"spacing": 3.0}, "spacing must be"),
        ({"color": "sepia"}, "gray, rgb or bgr"),
        ({"scale": float("nan")}, "finite"),
    ],
)
def test_what_makes_no_sense_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        replace(TRANSFORM, **change)
    with pytest.raises(ConfigError):
        PictureTransform.from_dict({**TRANSFORM.as_dict(), **change})
