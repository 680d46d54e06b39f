"""The stand-in's picture: what a camera on the ego sees of each frame, published in shared memory."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ac_gym.camera import VIEWS, Camera, checked_size
from ac_gym.capture import PictureWriter
from ac_gym.errors import UnknownNameError
from ac_gym.standin.session import Session


@dataclass(frozen=True)
class PictureSettings:
    """What is published, and under which name."""

    size: tuple[int, int] = (640, 480)
    """width and height [pixels]"""
    view: str = "cockpit"
    """`cockpit`, `chase` or `top`"""
    name: str = "ac_gym.pictures"
    """of the shared memory; readers give it to `ac_gym.capture.open_source("shm", name)`"""

    def __post_init__(self) -> None:
        checked_size(self.size)
        if self.view not in VIEWS:
            raise UnknownNameError("view", self.view, VIEWS)


class _Shown(NamedTuple):
    """A frame to draw."""

    frames: NDArray[np.float64]
    number: int
    time: float


class Pictures:
    """Publishes pictures of the session. A picture has the number of the frame that it shows: `graphics.packetId`.

    They are drawn from the numbers that the game tells, float32, so whoever draws a state with the same camera and the
    same track gets the same bytes. The other cars are in the picture.

    Without `every`, a thread draws the newest frame: frames wait for nothing, and where drawing takes longer than a
    frame, those in between have no picture. With `every`, each `every`-th frame is drawn at once, the others not at
    all.
    """

    def __init__(self, session: Session, settings: PictureSettings, every: int | None = None) -> None:
        self._session, self._every = session, every
        self._camera = Camera(session, view=settings.view, size=settings.size)
        self._picture: NDArray[np.uint8] = np.empty((1, *self._camera.shape), np.uint8)
        self._writer = PictureWriter(settings.name)
        self._count = 0
        self._newest: _Shown | None = None
        self._changed = threading.Condition()
        self._closing = False
        self._failure: BaseException | None = None
        self._thread: threading.Thread | None = None
        if every is None:
            self._thread = threading.Thread(target=self._draw_newest, name="pictures", daemon=True)
            self._thread.start()

    def frame(self, number: int) -> None:
        """The session has a new frame, `number`. Raises CaptureError where pictures cannot be published."""
        self._count += 1
        if self._every is not None and self._count % self._every:
            return
        shown = _Shown(self._session.frames.astype(np.float32).astype(np.float64), number, time.perf_counter())
        if self._thread is None:
            self._writer.begin()
            self._draw(shown)
            return
        with self._changed:
            if self._failure is not None:
                raise self._failure
            self._newest = shown
            self._changed.notify()

    def close(self) -> None:
        """Draws no more, and tells the readers."""
        if self._thread is not None:
            with self._changed:
                self._closing = True
                self._changed.notify()
            self._thread.join()
        self._writer.close()

    def _draw_newest(self) -> None:
        try:
            while self._wait():
                self._writer.begin()
                with self._changed:
                    shown, self._newest = self._newest, None
                assert shown is not None
                self._draw(shown)
        except BaseException as error:
            with self._changed:
                self._failure = error

    def _wait(self) -> bool:
        """For a frame; False where none comes any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._closing or self._newest is not None)
            return not self._closing

    def _draw(self, shown: _Shown) -> None:
        self._camera.draw(shown.frames[:1], self._picture, others=shown.frames)
        self._writer.write(self._picture[0], number=shown.number, time=shown.time)
