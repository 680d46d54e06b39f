"""Products of a decision: right, and made by the thread that asks."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from ac_gym.drivers.products import applied, convolved


@pytest.mark.parametrize("rows", [1, 7, 8, 64])
def test_a_layer_is_applied(rows: int) -> None:
    rng = np.random.default_rng(rows)
    x, weight = rng.normal(size=(rows, 300)).astype(np.float32), rng.normal(size=(40, 300)).astype(np.float32)
    expected = x.astype(np.float64) @ weight.astype(np.float64).T
    np.testing.assert_allclose(applied(x, weight), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_pictures_are_convolved(stride: int) -> None:
    rng = np.random.default_rng(stride)
    x, weight = rng.normal(size=(2, 3, 11, 13)).astype(np.float32), rng.normal(size=(5, 3, 4, 2)).astype(np.float32)
    found = convolved(x, weight, stride)
    assert found.shape == (2, 5, (11 - 4) // stride + 1, (13 - 2) // stride + 1)
    for b, n, i, j in ((0, 0, 0, 0), (1, 4, 1, 2), (0, 3, found.shape[2] - 1, found.shape[3] - 1)):
        part = x[b, :, i * stride : i * stride + 4, j * stride : j * stride + 2]
        assert found[b, n, i, j] == pytest.approx(float((part * weight[n]).sum()), rel=1e-4, abs=1e-4)


_DRIVE = """
import time
import numpy as np
from ac_gym.drivers.products import applied, convolved
rng = np.random.default_rng(0)
seen = rng.normal(size=(1, 3, 48, 96)).astype(np.float32)
kernels = [rng.normal(size=s).astype(np.float32) for s in ((32, 3, 8, 8), (48, 32, 4, 4), (64, 48, 3, 3))]
layers = [rng.normal(size=s).astype(np.float32) for s in ((256, 1024), (256, 256), (3, 256))]
def decide():
    x = seen
    for weight, stride in zip(kernels, (4, 2, 1)):
        x = np.maximum(convolved(x, weight, stride), 0.0)
    x = x.reshape(1, -1)
    for weight in layers:
        x = applied(x, weight)
decide()
own, whole = time.thread_time(), time.process_time()
for _ in range(50):
    decide()
    time.sleep(0.005)
print((time.process_time() - whole) / (time.thread_time() - own))
"""


def test_no_other_thread_works_or_spins() -> None:
    """CPU time of the process is that of the thread that asks."""
    answer = subprocess.run([sys.executable, "-c", _DRIVE], capture_output=True, text=True, check=True)
    assert float(answer.stdout) < 1.2
