"""Matrix products of one car's decision: a fraction of a millisecond each, in the thread that asks.

BLAS would share them out among threads which then spin, waiting for the next: a whole core for a network that needs
2 % of it, and on a busy machine tens of milliseconds a product.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FEW = 8  # rows: more of them are a batch, which threads are good for


def applied(x: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """x (B, m) through a layer's weight (n, m): (B, n)."""
    if len(x) < _FEW:
        return np.einsum("bm,nm->bn", x, weight)  # NumPy's own loops
    return x @ weight.T


def convolved(x: NDArray[np.float32], weight: NDArray[np.float32], stride: int) -> NDArray[np.float32]:
    """x (B, m, H, W) with kernels (n, m, h, w) -> (B, n, H', W'), without padding."""
    windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    batch, _, height, width = windows.shape[:4]
    rows = windows.transpose(0, 2, 3, 1, 4, 5).reshape(batch, height, width, -1)
    # A product for each row of the picture: too small for BLAS to share out.
    return (rows @ weight.reshape(len(weight), -1).T).transpose(0, 3, 1, 2)
