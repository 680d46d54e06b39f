"""The screen as a picture source, through mss."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ac_gym import _core
from ac_gym.capture.conversion import one_line_errors
from ac_gym.capture.source import Frame, Source, Texture
from ac_gym.errors import AcGymError, CaptureError, CaptureTimeoutError, UnknownNameError


class ScreenSource(Source):
    """What a monitor shows at the moment of the call.

    Every picture is new in that it is taken after the call; whether the game drew anew in between, a screen does not
    tell.
    """

    def __init__(
        self, monitor: str, target: _core.PictureTarget, crop: tuple[int, int, int, int] | None = None
    ) -> None:
        """Only the part `crop` is taken from the screen; `target` is what that becomes."""
        mss = _package()
        self._failure: type[Exception] = mss.ScreenShotError
        try:
            self._mss: Any = mss.MSS()
        except self._failure as error:
            raise CaptureError(f"there is no screen to take pictures of: {error}") from error
        self._target, self._converter, self._number = target, _core.PictureConverter(), 0
        try:
            self._part = self._part_of(monitor, crop)
        except AcGymError:
            self.shutdown()
            raise

    def get_frame(
        self,
        wait_for_new_frame: bool = True,
        timeout: float = 1.0,
        out: NDArray[np.uint8] | None = None,
        at_least: int = 0,
    ) -> Frame:
        if self._mss is None:
            raise CaptureError("this picture source was shut down")
        if at_least > self._number + 1:
            raise CaptureTimeoutError(f"a screen has no frame numbers; this is picture {self._number + 1} of it")
        now = time.perf_counter()
        try:
            shot = self._mss.grab(self._part)
        except self._failure as error:
            raise CaptureError(f"the screen cannot be read: {error}") from error
        picture = np.frombuffer(shot.raw, np.uint8).reshape(shot.height, shot.width, 4)
        self._number += 1
        with one_line_errors():
            image = self._converter.convert(picture, _core.PICTURE_FORMATS["bgra8"], self._target, out)
        return Frame(image, self._number, now)

    def list_textures(self, timeout: float = 1.0) -> list[Texture]:
        return [
            Texture(name, "all monitors" if name == "0" else f"monitor {name}", part["width"], part["height"])
            for name, part in self._monitors().items()
        ]

    def shutdown(self) -> None:
        if self._mss is not None:
            self._mss.close()
            self._mss = None

    def _monitors(self) -> dict[str, dict[str, int]]:
        return {str(i): monitor for i, monitor in enumerate(self._mss.monitors)}

    def _part_of(self, name: str, crop: tuple[int, int, int, int] | None) -> dict[str, int]:
        monitors = self._monitors()
        if name not in monitors:
            raise UnknownNameError("monitor", name, monitors)
        left, top, width, height = (monitors[name][key] for key in ("left", "top", "width", "height"))
        if crop is None:
            return {"left": left, "top": top, "width": width, "height": height}
        x, y, crop_width, crop_height = crop
        if x + crop_width > width or y + crop_height > height:
            raise CaptureError(
                f"crop of {crop_width} x {crop_height} at ({x}, {y}) is not inside monitor {name} of {width} x {height}"
            )
        return {"left": left + x, "top": top + y, "width": crop_width, "height": crop_height}


def _package() -> Any:
    try:
        import mss
    except ImportError:
        raise CaptureError('pictures of the screen need the package mss: pip install "ac_gym[screen]"') from None
    return mss
