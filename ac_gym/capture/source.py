"""The contract of picture sources."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


class Frame(NamedTuple):
    """A picture and when it was made."""

    image: Image
    """(height, width, 3) uint8, or (height, width, 1) where it is gray"""
    number: int
    """the publisher's frame number; of sources that have none, a count of the pictures taken"""
    time: float
    """s, on the clock of time.perf_counter"""


@dataclass(frozen=True)
class Texture:
    """One of the pictures that a source offers."""

    name: str
    description: str
    width: int
    """pixels; 0 where it is not known before it is drawn"""
    height: int
    flags: tuple[str, ...] = ()
    """what its publisher says of it: `unavailable` at present, `hdr`, `srgb`, `transparent`, ..."""


class Source(ABC):
    """Where pictures come from; `open_source` makes one. A context manager; for any thread, but one at a time."""

    @abstractmethod
    def get_frame(
        self,
        wait_for_new_frame: bool = True,
        timeout: float = 1.0,
        out: NDArray[np.uint8] | None = None,
        at_least: int = 0,
    ) -> Frame:
        """The newest picture.

        Args:
            wait_for_new_frame: only a picture whose drawing began after this call; else any, at once where there is one
            timeout: s to wait at most
            out: where the image goes, of its shape (or (height, width) for a gray one), uint8 and C-contiguous; it
                comes back as `Frame.image`, and nothing is allocated
            at_least: only a picture with this frame number or a higher one

        Raises:
            CaptureTimeoutError: nothing new in time
            NoPicturesError: nobody publishes pictures (any more); calling again later is fine
            CaptureError: the picture cannot be read, or does not fit what was asked for
        """

    @abstractmethod
    def list_textures(self, timeout: float = 1.0) -> list[Texture]:
        """What this source could show, waiting at most `timeout` s for the publisher's list."""

    @abstractmethod
    def shutdown(self) -> None:
        """Lets go of everything; more calls do nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.shutdown()
