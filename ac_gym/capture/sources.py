"""Opening a picture source by its name."""

from __future__ import annotations

from typing import Literal

from ac_gym import _core
from ac_gym.capture.conversion import Color, Hdr, one_line_errors, target
from ac_gym.capture.csp import CspSettings, open_csp
from ac_gym.capture.native import NativeSource
from ac_gym.capture.screen import ScreenSource
from ac_gym.capture.source import Source
from ac_gym.errors import UnknownNameError

Kind = Literal["shm", "csp", "screen"]
DEFAULT_NAMES = {"shm": "ac_gym.pictures", "csp": "Scene", "screen": "1"}


def open_source(
    kind: Kind,
    name: str | None = None,
    *,
    size: tuple[int, int] | None = None,
    color: Color = "rgb",
    crop: tuple[int, int, int, int] | None = None,
    hdr: Hdr = "clamp",
    csp: CspSettings | None = None,
) -> Source:
    """A source of pictures.

    Args:
        kind: "shm", "csp" or "screen"; see `ac_gym.capture`
        name: which one: the publisher's name of shared memory, the texture's name, or the monitor's number (0: all)
        size: (width, height) of the images in pixels; None: that of the pictures
        color: "rgb", "bgr" or "gray"
        crop: (x, y, width, height) of the part of the pictures that is wanted, in their own pixels
        hdr: how 16-bit pictures become 8-bit ones, see `convert`
        csp: more for the source of that name

    Raises:
        NoPicturesError: nobody publishes any
        UnknownNameError: there is no such source, monitor, colour, ... (of a texture, `get_frame` says so)
        CaptureError: it cannot be opened
    """
    if kind not in DEFAULT_NAMES:
        raise UnknownNameError("picture source", kind, DEFAULT_NAMES)
    name = DEFAULT_NAMES[kind] if name is None else name
    wanted = target(size, color, crop, hdr)
    if kind == "screen":
        return ScreenSource(name, target(size, color, None, hdr), crop)  # what is taken needs no cutting
    if kind == "csp":
        return open_csp(name, wanted, csp or CspSettings())
    with one_line_errors():
        return NativeSource(_core.PictureSource.shm(name), wanted, name)
