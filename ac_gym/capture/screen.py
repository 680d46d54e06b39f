"""The screen as a picture source, through mss."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ac_gym import _core
from ac_gym.capture.conversion import one_line_errors
from ac_gym.capture.source import Frame, Source, Texture
from ac_gym.errors import CaptureError, UnknownNameError


class ScreenSource(Source):
    """What a monitor shows at the moment of the call.

    Every picture is new in that it is taken after the call; whether the game drew anew in between, a screen does not
    tell.
    """

    def __init__(
        self, monitor: str, target: _core.PictureTarget, crop: tuple[int, int, int, int] | None, opened: Any
    ) -> None:
        """`opened` is an `mss.MSS`, `target` is what a picture of the cropped part becomes."""
        self._mss, self._target, self._number = opened, target, 0
        self._converter = _core.PictureConverter()
        monitors = _monitors(opened)
        if monitor not in monitors:
            raise UnknownNameError("monitor", monitor, monitors)
        self._part = dict(monitors[monitor])
        if crop is not None:
            x, y, width, height = crop
            if x + width > self._part["width"] or y + height > self._part["height"]:
                raise CaptureError(
                    f"crop of {width} x {height} at ({x}, {y}) is not inside monitor {monitor} of "
                    f"{self._part['width']} x {self._part['height']}"
                )
            left, top = self._part["left"] + x, self._part["top"] + y
            self._part = {"left": left, "top": top, "width": width, "height": height}

    def get_frame(
        self, wait_for_new_frame: bool = True, timeout: float = 1.0, out: NDArray[np.uint8] | None = None
    ) -> Frame:
        import mss

        if self._mss is None:
            raise CaptureError("this picture source was shut down")
        now = time.perf_counter()
        try:
            shot = self._mss.grab(self._part)
        except mss.ScreenShotError as error:
            raise CaptureError(f"the screen cannot be read: {error}") from error
        picture = np.frombuffer(shot.raw, np.uint8).reshape(shot.height, shot.width, 4)
        self._number += 1
        with one_line_errors():
            image = self._converter.convert(picture, _core.PICTURE_FORMATS["bgra8"], self._target, out)
        return Frame(image, self._number, now)

    def list_textures(self, timeout: float = 1.0) -> list[Texture]:
        return [
            Texture(name, "all monitors" if name == "0" else f"monitor {name}", part["width"], part["height"])
            for name, part in _monitors(self._mss).items()
        ]

    def shutdown(self) -> None:
        if self._mss is not None:
            self._mss.close()
            self._mss = None


def open_screen() -> Any:
    """An `mss.MSS`; CaptureError where the package or the screen is missing."""
    try:
        import mss
    except ImportError:
        raise CaptureError('pictures of the screen need the package mss: pip install "ac_gym[screen]"') from None
    try:
        return mss.MSS()
    except mss.ScreenShotError as error:
        raise CaptureError(f"there is no screen to take pictures of: {error}") from error


def _monitors(opened: Any) -> dict[str, dict[str, int]]:
    return {str(i): monitor for i, monitor in enumerate(opened.monitors)}
