"""What becomes of a picture before a network sees it: declared once, kept with the model, used to learn and to drive.

A picture is cut, scaled and coloured (by the grabber's own conversion, whether it comes from a file, the simulator's
camera or a running program), joined with pictures of some moments before, and its bytes become numbers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ac_gym.capture.conversion import Color, convert
from ac_gym.capture.source import Source
from ac_gym.capture.sources import Kind, open_source
from ac_gym.errors import ConfigError

_BREAK_S = 0.5  # without a picture for longer, what was seen before is of no use
_MOST_STACKED, _MOST_SIDE = 16, 1024


@dataclass(frozen=True)
class PictureTransform:
    """From pictures of any size to what a network sees; every field is a key of the section `BC`."""

    crop: tuple[float, float, float, float] = (0.0, 0.35, 1.0, 0.65)
    """x, y, width, height of the part that is looked at, as shares of the picture from its top left"""
    size: tuple[int, int] = (96, 48)
    """width and height that this part is scaled to [pixels]"""
    color: Color = "gray"
    """`gray`, `rgb` or `bgr`"""
    stack: int = 3
    """pictures that are seen at once: one alone shows no speed"""
    spacing: float = 0.12
    """time between these pictures [s]"""
    scale: float = 1.0 / 255.0
    """a byte times this ..."""
    offset: float = -0.5
    """... plus this is what the network gets"""

    def __post_init__(self) -> None:
        x, y, width, height = (*self.crop, *[0.0] * 4)[:4]
        inside = min(x, y) >= 0.0 < min(width, height) and max(x + width, y + height) <= 1.0 + 1e-9
        rules = (
            (len(self.crop) == 4 and inside, f"crop {self.crop}: x, y, width, height are shares inside the picture"),
            (len(self.size) == 2 and 1 <= min(self.size) <= max(self.size) <= _MOST_SIDE,
             f"size {self.size}: width and height are 1 to {_MOST_SIDE} pixels"),
            (self.color in ("gray", "rgb", "bgr"), f"color is gray, rgb or bgr, not {self.color!r}"),
            (1 <= self.stack <= _MOST_STACKED, f"stack must be 1 to {_MOST_STACKED} pictures, is {self.stack}"),
            (0.0 < self.spacing <= _BREAK_S, f"spacing must be above 0, at most {_BREAK_S:g} s, is {self.spacing:g}"),
            (np.isfinite([self.scale, self.offset]).all(), "scale and offset must be finite numbers"),
        )  # fmt: skip
        for holds, message in rules:
            if not holds:
                raise ConfigError(message)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> PictureTransform:
        """From what `as_dict` gave; ConfigError for anything else."""
        known = {entry.name for entry in fields(cls)}
        if set(values) != known:
            raise ConfigError(f"the transform of pictures has the fields {', '.join(sorted(known))}")
        try:
            return cls(
                tuple(float(share) for share in values["crop"]),  # type: ignore[arg-type]  # checked by __post_init__
                tuple(int(side) for side in values["size"]),  # type: ignore[arg-type]
                values["color"], int(values["stack"]),
                float(values["spacing"]), float(values["scale"]), float(values["offset"]),
            )  # fmt: skip
        except (TypeError, ValueError) as error:
            raise ConfigError(f"the transform of pictures is not valid: {error}") from None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(stack, height, width, channels) of what is seen at once."""
        width, height = self.size
        return self.stack, height, width, 1 if self.color == "gray" else 3

    def part(self, width: int, height: int) -> tuple[int, int, int, int]:
        """x, y, width, height of the cut-out in a picture of that size [pixels]."""
        x, y, w, h = self.crop
        left, top = round(x * width), round(y * height)
        right, bottom = round((x + w) * width), round((y + h) * height)
        return left, top, max(1, min(right, width) - left), max(1, min(bottom, height) - top)

    def apply(self, picture: NDArray[np.uint8], out: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
        """The wanted part (height, width, channels) of a picture (H, W, 3) RGB, (H, W, 1) gray or (H, W, 4) BGRA."""
        height, width, channels = picture.shape
        if channels == 4:
            return convert(picture, self.size, self.color, crop=self.part(width, height), out=out)
        rgba = np.full((height, width, 4), 255, np.uint8)
        rgba[..., :3] = picture
        return convert(rgba, self.size, self.color, crop=self.part(width, height), format="rgba8", out=out)

    def open_source(self, kind: Kind, name: str | None = None, *, timeout: float = 5.0) -> Source:
        """A source whose pictures come out as those of `apply`; errors as `ac_gym.capture.open_source`.

        The size of its pictures is seen from the first one, which `timeout` (s) bounds.
        """
        with open_source(kind, name) as source:
            height, width, _ = source.get_frame(False, timeout).image.shape
        return open_source(kind, name, size=self.size, color=self.color, crop=self.part(width, height))

    def rows(self, times: NDArray[np.float64]) -> NDArray[np.int64]:
        """Which pictures of `times` (T,) s are seen at each of them, (T, stack), oldest first.

        They are those nearest to `spacing` apart. Before the first, and across a gap of half a second or a clock that
        goes back, the first one after it is repeated.
        """
        here = np.arange(len(times))
        step = np.diff(times, prepend=times[:1])
        begins = (step < 0.0) | (step > _BREAK_S)
        first = np.maximum.accumulate(np.where(begins, here, 0))
        apart = np.ptp(times) + 2.0 * _MOST_STACKED * _BREAK_S if len(times) else 0.0
        clock = times - times[first] + apart * np.cumsum(begins)  # rises throughout
        wanted = clock[:, None] - self.spacing * np.arange(self.stack - 1, -1, -1)
        after = np.clip(np.searchsorted(clock, wanted, side="right"), 1, max(len(times) - 1, 1))
        before = np.minimum(after, len(times)) - 1
        nearer = wanted - clock[before] <= clock[np.minimum(after, len(times) - 1)] - wanted
        return np.clip(np.where(nearer, before, after), first[:, None], here[:, None])

    def numbers(self, seen: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(B, stack, height, width, channels) bytes -> (B, stack * channels, height, width) float32 for the network."""
        batch, stack, height, width, channels = seen.shape
        planes = np.ascontiguousarray(seen.transpose(0, 1, 4, 2, 3)).reshape(batch, stack * channels, height, width)
        return planes * np.float32(self.scale) + np.float32(self.offset)


class PictureMemory:
    """The pictures of the last moments, as one who drives by them sees them."""

    def __init__(self, transform: PictureTransform) -> None:
        self._transform = transform
        self._kept: deque[tuple[float, NDArray[np.uint8]]] = deque()
        self._reach = transform.spacing * (transform.stack + 1)

    def add(self, image: NDArray[np.uint8], time: float) -> None:
        """The next picture (height, width, channels), transformed, of `time` (s); it is copied."""
        if self._kept and not 0.0 <= time - self._kept[-1][0] <= _BREAK_S:
            self._kept.clear()
        self._kept.append((time, image.copy()))
        while time - self._kept[0][0] > self._reach:
            self._kept.popleft()

    def seen(self) -> NDArray[np.uint8]:
        """(stack, height, width, channels): what is seen at the time of the newest picture."""
        rows = self._transform.rows(np.array([time for time, _ in self._kept]))[-1]
        return np.stack([self._kept[row][1] for row in rows])
