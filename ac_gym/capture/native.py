"""Sources of the native core: shared memory, and textures that Custom Shaders Patch shares."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ac_gym import _core
from ac_gym.capture.conversion import one_line_errors
from ac_gym.capture.source import Frame, Source, Texture
from ac_gym.errors import UnknownNameError


class NativeSource(Source):
    """A source of the native core, whose pictures are converted to `target` on their way."""

    def __init__(
        self,
        source: _core.PictureSource,
        target: _core.PictureTarget,
        name: str,
        flags: Mapping[str, int] | None = None,
    ) -> None:
        """`flags` are the bits that textures are described with."""
        self._source, self._target, self._name, self._flags = source, target, name, flags or {}

    def get_frame(
        self,
        wait_for_new_frame: bool = True,
        timeout: float = 1.0,
        out: NDArray[np.uint8] | None = None,
        at_least: int = 0,
    ) -> Frame:
        with one_line_errors(unknown_texture=self._unknown):
            mark = self._source.mark() if wait_for_new_frame else 0
            return Frame(*self._source.next(self._target, mark, timeout, out, at_least))

    def list_textures(self, timeout: float = 1.0) -> list[Texture]:
        with one_line_errors():
            items = self._source.list(timeout)
        return [
            Texture(
                _text(name), _text(description), width, height, tuple(f for f, bit in self._flags.items() if bits & bit)
            )
            for name, description, width, height, bits in items
        ]

    def shutdown(self) -> None:
        self._source.close()

    def _unknown(self, message: str) -> UnknownNameError:
        return UnknownNameError("texture", self._name, [texture.name for texture in self.list_textures()])


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
