"""The same averages as OpenCV's."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from pictures import FULL_HD, noise, scenery

from ac_gym.capture import convert


@pytest.mark.parametrize("size", [(84, 84), (320, 240), (160, 90)])
def test_within_one_level_of_opencv(size: tuple[int, int], instructions: str) -> None:
    for picture in (noise(*FULL_HD), scenery(*FULL_HD)):
        rgb = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_BGRA2RGB), size, interpolation=cv2.INTER_AREA)
        assert np.abs(convert(picture, size).astype(int) - rgb).max() <= 1
        # OpenCV has to round between its two steps; the order that rounds less is compared with.
        gray = cv2.cvtColor(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGRA2GRAY)
        assert np.abs(convert(picture, size, "gray")[..., 0].astype(int) - gray).max() <= 1
