"""The picture of an environment: the camera's, with instruments over it, as an array or in a window."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from ac_gym.camera import Camera, Scene
from ac_gym.envs.settings import RenderSettings

if TYPE_CHECKING:
    from ac_gym.task import Telemetry

Picture = NDArray[np.uint8]


def import_pygame() -> Any:
    """pygame, or one line that says how to get it."""
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    try:
        import pygame
    except ModuleNotFoundError as error:
        raise gym.error.DependencyNotInstalled(
            'the window needs pygame, which is not installed: pip install "ac_gym[human]"'
        ) from error
    return pygame


class Renderer:
    """Pictures of any rows of a batch of telemetry; in `human` mode in a window, `fps` pictures a second.

    Closing the window ends the pictures, not the driving: from then on `draw` does nothing.
    """

    def __init__(
        self,
        scene: Scene,
        telemetry: Telemetry,
        settings: RenderSettings | None = None,
        *,
        render_mode: str = "rgb_array",
        fps: float = 25.0,
        threads: int = 1,
    ) -> None:
        self.scene, self.telemetry, self.settings = scene, telemetry, settings or RenderSettings()
        s = self.settings
        self.camera = Camera(
            scene, view=s.render_view, size=s.render_size, bonnet=True, racing_line=s.render_line, threads=threads
        )
        self._human, self._fps = render_mode == "human", fps
        self._pygame = import_pygame() if self._human else _pygame_if_installed()
        self._hud: Any = None
        self._size = self.camera.width, self.camera.height
        if s.render_hud and self._pygame is not None:
            from ac_gym.envs.hud import Hud

            self._hud = Hud(self._pygame, scene.track, scene.car, self._size)
            self._canvas = self._pygame.Surface(self._size, depth=32)
        self._window: Any = None
        self._closed = False

    def draw(self, index: int) -> Picture | None:
        """The picture of car `index`, (H, W, 3); None in `human` mode, where it is shown."""
        if self._closed:
            return None
        picture = self._pictures(slice(index, index + 1))[0]
        if not self._human:
            return picture
        self._show(picture)
        return None

    def draw_all(self) -> tuple[Picture, ...]:
        """A picture (H, W, 3) of each car."""
        return tuple(self._pictures(slice(None)))

    def close(self) -> None:
        """Close the window, if there is one, and draw no more."""
        if self._window is not None:
            self._pygame.display.quit()
            self._window = None
        self._closed = True

    def _pictures(self, rows: slice) -> Picture:
        frames = self.telemetry.frames
        pictures = self.camera.draw(frames[rows], others=frames if self.settings.render_cars else None)
        if self._hud is not None:
            for picture, index in zip(pictures, range(len(frames))[rows], strict=True):
                self._add_instruments(picture, index)
        return pictures

    def _add_instruments(self, picture: Picture, index: int) -> None:
        # On a surface of 32 bits: pygame's smooth lines read beyond the end of one of 24.
        self._canvas.blit(self._surface(picture), (0, 0))
        self._hud.draw(self._canvas, self.telemetry, index)
        drawn = self._pygame.image.tobytes(self._canvas, "RGB")
        picture[:] = np.frombuffer(drawn, np.uint8).reshape(picture.shape)

    def _surface(self, picture: Picture) -> Any:
        return self._pygame.image.frombuffer(picture, self._size, "RGB")

    def _show(self, picture: Picture) -> None:
        pg = self._pygame
        if self._window is None:
            pg.display.init()
            self._window = pg.display.set_mode(self._size)
            self._clock = pg.time.Clock()
            pg.display.set_caption(f"ac_gym: {self.scene.car.title}, {self.scene.track.title}")
        if any(event.type == pg.QUIT for event in pg.event.get()):
            self.close()
            gym.logger.warn("the window was closed: driving goes on without pictures")
            return
        self._window.blit(self._surface(picture), (0, 0))
        pg.display.flip()
        self._clock.tick(self._fps)


def _pygame_if_installed() -> Any:
    try:
        return import_pygame()
    except gym.error.DependencyNotInstalled:
        return None
