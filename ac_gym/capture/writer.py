"""Publishing pictures in shared memory, for `open_source("shm")` of any number of programs."""

from __future__ import annotations

import time as clock
from types import TracebackType
from typing import Any, Self

from numpy.typing import NDArray

from ac_gym import _core
from ac_gym.capture.conversion import Format, one_line_errors
from ac_gym.errors import CaptureError, UnknownNameError


class PictureWriter:
    """The one program that publishes pictures as `name`; a context manager.

    Readers never wait for the writer nor it for them, and never see half a picture. Pictures may change in size; a
    larger one than all before costs some milliseconds once.
    """

    def __init__(self, name: str = "ac_gym.pictures", *, slots: int = 3) -> None:
        """`slots` pictures are kept, 3 at least: readers have `slots` - 1 frame times to read the newest one."""
        with one_line_errors():
            self._writer = _core.PictureWriter(name, slots)
        self.name, self._number = name, 0

    def begin(self) -> None:
        """Says that the next picture is being drawn from now on; without it, `write` counts as its beginning.

        Readers that wait for a new frame take only pictures that were begun after they asked.
        """
        with one_line_errors():
            self._writer.begin()

    def write(
        self,
        picture: NDArray[Any],
        *,
        format: Format | None = None,
        number: int | None = None,
        time: float | None = None,
    ) -> None:
        """Publishes a copy of `picture`.

        Args:
            picture: (height, width, 3) uint8 RGB, or (height, width, 4) of `format` (uint8, or uint16 or float16 bits)
            format: of four channels: bgra8 (default), rgba8, rgba16 or rgba16f
            number: frame number; default: one more than that of the picture before
            time: s of time.perf_counter when it was drawn; default: now
        """
        if picture.ndim != 3:
            raise CaptureError(f"a picture has 3 dimensions (height, width, channels), this array {picture.ndim}")
        order: str = ("rgba8" if picture.shape[2] == 3 else "bgra8") if format is None else format
        if order not in _core.PICTURE_FORMATS:
            raise UnknownNameError("picture format", order, _core.PICTURE_FORMATS)
        self._number = self._number + 1 if number is None else int(number)
        drawn = clock.perf_counter() if time is None else float(time)
        samples = picture.view("uint16") if picture.dtype == "float16" else picture
        with one_line_errors():
            self._writer.write(samples, _core.PICTURE_FORMATS[order], self._number, drawn)

    def close(self) -> None:
        """Ends publishing; readers are told at once."""
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
