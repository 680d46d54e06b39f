"""The core built with mingw-w64 drives like the one built here."""

import os
import subprocess
import sys
from pathlib import Path

import environment
import numpy as np
import pytest
from wine import Wine

from ac_gym.channels import COLUMNS

DRIVE = Path(__file__).with_name("drive.py")
STEPS = 250  # 10 s


@pytest.fixture(scope="module")
def frames(windows: Wine, tmp_path_factory: pytest.TempPathFactory) -> tuple[np.ndarray, np.ndarray]:
    """Frames (STEPS + 1, cars, width) of Linux and of Windows."""
    linux, other = (tmp_path_factory.mktemp("frames") / f"{name}.npy" for name in ("linux", "windows"))
    variables = os.environ | {"AC_GYM_CACHE": str(environment.CACHE)}  # so that both read one built track
    subprocess.run([sys.executable, DRIVE, linux, str(STEPS)], env=variables, check=True)
    windows.run_python(DRIVE, other, str(STEPS))
    return np.load(linux), np.load(other)


def test_the_first_second_is_the_same_to_a_rounding(frames: tuple[np.ndarray, np.ndarray]) -> None:
    """Starts, random numbers and physics; sines of the two C libraries may differ in their last bit."""
    linux, windows = (each[:26] for each in frames)
    assert np.mean(linux == windows) > 0.99
    np.testing.assert_allclose(windows, linux, rtol=1e-5, atol=1e-5)


def test_roundings_stay_small_for_ten_seconds(frames: tuple[np.ndarray, np.ndarray]) -> None:
    linux, windows = frames
    for channel, tolerance in (("world_position", 0.05), ("speed", 0.02)):
        columns = COLUMNS[channel]
        assert np.abs(linux[..., columns] - windows[..., columns]).max() < tolerance, channel
