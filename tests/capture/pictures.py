"""Pictures to convert."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FULL_HD = (1920, 1080)


def noise(width: int, height: int, seed: int = 0) -> NDArray[np.uint8]:
    """Black and white noise is the hardest picture: nothing in it is near the average."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random((height, width, 4)) < 0.5, 0, 255).astype(np.uint8)


def scenery(width: int, height: int) -> NDArray[np.uint8]:
    """Smooth colours with lines across, as a game's picture has them."""
    y, x = np.mgrid[0:height, 0:width]
    channels = [128 + 100 * np.sin(x / (40 + 30 * c)) * np.cos(y / 90) for c in range(3)]
    picture = np.stack([*channels, np.full_like(x, 255)], axis=-1).astype(np.uint8)
    picture[(x + y) % 97 < 3] = 255
    return picture
