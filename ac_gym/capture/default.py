"""Two calls for people who come from accapture: a source that opens with the first picture and stays open."""

from __future__ import annotations

import sys
import threading

import numpy as np
from numpy.typing import NDArray

from ac_gym.capture.source import Source
from ac_gym.capture.sources import open_source

_lock = threading.Lock()
_source: Source | None = None


def get_frame(wait_for_new_frame: bool = True, timeout: float = 1.0) -> NDArray[np.uint8]:
    """(height, width, 3) uint8 BGR: the game's picture at its own size, as `Source.get_frame` describes.

    From Custom Shaders Patch's shared texture on Windows, from shared memory elsewhere. `open_source` gives the choice
    of source, size and colour, frame numbers and times, and writes into an array of yours.
    """
    global _source
    with _lock:
        if _source is None:
            _source = open_source("csp" if sys.platform == "win32" else "shm", color="bgr")
        return _source.get_frame(wait_for_new_frame, timeout).image


def shutdown() -> None:
    """Lets go of the source; the next `get_frame` opens it again."""
    global _source
    with _lock:
        if _source is not None:
            _source.shutdown()
        _source = None
