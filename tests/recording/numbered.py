"""Pictures that carry their number, as black and white blocks that survive a video codec."""

from __future__ import annotations

import threading
import time

import numpy as np

from ac_gym.capture import Frame
from ac_gym.errors import AcGymError

BITS = 16
_BLOCK = 16


def numbered(number: int, height: int = 96, width: int = 288) -> np.ndarray:
    """A picture (height, width, 3) with `number` in its top rows."""
    image = np.full((height, width, 3), 96, np.uint8)
    image[40:, :, number % 3] = number * 7 % 200
    for bit in range(BITS):
        image[:_BLOCK, bit * _BLOCK : (bit + 1) * _BLOCK] = 255 * (number >> bit & 1)
    return image


def number_of(image: np.ndarray) -> int:
    """The number that a picture carries."""
    middles = image[_BLOCK // 2, _BLOCK // 2 : BITS * _BLOCK : _BLOCK].mean(axis=-1)
    return sum(int(value > 127) << bit for bit, value in enumerate(middles))


class NumberedSource:
    """A source of pictures at `rate`, which numbers them from 0 and forgets what nobody takes."""

    def __init__(
        self, rate: float, height: int = 96, width: int = 288, limit: int = 1 << BITS, *, grain: bool = False
    ) -> None:
        """`grain` makes a video of them large."""
        self._rate, self._size, self._limit, self._grain = rate, (height, width), limit, grain
        self._began = time.perf_counter()
        self._next = 0
        self.finished = threading.Event()

    def get_frame(self, wait_for_new_frame: bool = True, timeout: float = 1.0) -> Frame:
        due = max(self._next, int((time.perf_counter() - self._began) * self._rate))
        if due >= self._limit:
            self.finished.set()
            raise AcGymError("no more pictures")
        time.sleep(max(0.0, self._began + due / self._rate - time.perf_counter()))
        self._next = due + 1
        image = numbered(due, *self._size)
        if self._grain:
            image[_BLOCK:] = np.random.default_rng(due).integers(0, 256, image[_BLOCK:].shape, np.uint8)
        return Frame(image, due, self._began + due / self._rate)
