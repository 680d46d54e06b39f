"""What a picture is turned into: part, size, colour; and that conversion for arrays of one's own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ac_gym import _core
from ac_gym.errors import (
    AcGymError,
    CaptureError,
    CaptureTimeoutError,
    ConfigError,
    NoPicturesError,
    UnknownNameError,
)

Color = Literal["gray", "rgb", "bgr"]
Format = Literal["bgra8", "rgba8", "rgba16", "rgba16f"]
Hdr = Literal["clamp", "srgb", "curve"]

_NAMES = {number: name for name, number in _core.GRAB_STATUS.items()}
_per_thread = threading.local()


def convert(
    picture: NDArray[Any],
    size: tuple[int, int] | None = None,
    color: Color = "rgb",
    *,
    crop: tuple[int, int, int, int] | None = None,
    format: Format = "bgra8",
    hdr: Hdr = "clamp",
    out: NDArray[np.uint8] | None = None,
) -> NDArray[np.uint8]:
    """Cuts, scales and colours a picture in one pass.

    Every output pixel is the average of the area it covers (OpenCV's INTER_AREA; enlarging, too, averages areas).

    Args:
        picture: (height, width, 4): uint8, or uint16 or float16 for the formats rgba16 and rgba16f
        size: (width, height) of the result; None: that of the part
        color: gray is ITU-R BT.601 luma
        crop: (x, y, width, height) of the part in pixels, from the top left
        format: order and depth of the picture's samples
        hdr: how 16-bit samples become bytes: 0..1 cut ("clamp"), the same encoded as sRGB from linear light ("srgb"),
            or that with the highlights bent so that 4 is white ("curve")
        out: (height, width, 3 or 1) uint8 to write into

    Returns:
        (height, width, 3 or 1) uint8: `out`, where it was given
    """
    converter = getattr(_per_thread, "converter", None)
    if converter is None:
        converter = _per_thread.converter = _core.PictureConverter()
    wanted = target(size, color, crop, hdr)
    number = _number("picture format", format, _core.PICTURE_FORMATS)
    samples = np.asarray(picture)
    if samples.ndim != 3:
        raise CaptureError(f"a picture has 3 dimensions (height, width, 4), this array {samples.ndim}")
    if samples.dtype == np.float16:
        samples = samples.view(np.uint16)  # the bits are what counts
    with one_line_errors():
        return converter.convert(samples, number, wanted, out)


def target(
    size: tuple[int, int] | None, color: str, crop: tuple[int, int, int, int] | None, hdr: str
) -> _core.PictureTarget:
    """What the native core is asked for; ConfigError or UnknownNameError where that makes no sense for any picture."""
    if size is not None and (len(size) != 2 or min(size) < 1):
        raise ConfigError(f"size {size}: a picture needs a width and a height of at least 1 pixel")
    if crop is not None and (len(crop) != 4 or min(crop[:2]) < 0 or min(crop[2:]) < 1):
        raise ConfigError(f"crop {crop}: x, y from the top left, then a width and a height of at least 1 pixel")
    return _core.PictureTarget(
        _whole(crop or (0, 0, 0, 0)),
        _whole(size or (0, 0)),
        _number("picture colour", color, _core.PICTURE_COLORS),
        _number("hdr conversion", hdr, _core.PICTURE_TONES),
    )


@contextmanager
def one_line_errors(**special: Callable[[str], AcGymError]) -> Iterator[None]:
    """The native core's errors as ours; `special` makes those of some statuses from the core's message."""
    kinds = {"timeout": CaptureTimeoutError, "not_running": NoPicturesError} | special
    try:
        yield
    except _core.GrabError as error:
        status, message = error.args
        raise kinds.get(_NAMES[status], CaptureError)(message) from None


def _number(kind: str, name: str, numbers: dict[str, int]) -> int:
    if name not in numbers:
        raise UnknownNameError(kind, name, numbers)
    return numbers[name]


def _whole(values: tuple[int, ...]) -> Any:
    return tuple(int(value) for value in values)
