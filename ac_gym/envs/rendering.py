"""The picture of an environment: the road from above, turned so that the car drives up, with instruments."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from ac_gym.car import Car
from ac_gym.envs.hud import Hud
from ac_gym.envs.scenery import Camera, Ground, draw_car
from ac_gym.track import Track

if TYPE_CHECKING:
    from ac_gym.task import Telemetry

_SUPERSAMPLE = 2  # drawn this much larger, then averaged down: smooth edges
_CAR_AT = 0.64  # of the picture's height
_VIEW_STILL_M, _VIEW_SECONDS = 42.0, 0.6  # height of the view: at standstill, and what a m/s adds


def import_pygame() -> Any:
    """pygame, or one line that says how to get it."""
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    try:
        import pygame
    except ModuleNotFoundError as error:
        raise gym.error.DependencyNotInstalled(
            'rendering needs pygame, which is not installed: pip install "ac_gym[human]"'
        ) from error
    return pygame


class Renderer:
    """Draws any row of a batch of telemetry; in `human` mode shows it in a window, `fps` pictures a second.

    Closing the window ends the pictures, not the driving: from then on `draw` does nothing.
    """

    def __init__(
        self,
        track: Track,
        car: Car,
        telemetry: Telemetry,
        render_mode: str = "rgb_array",
        fps: float = 25.0,
        size: tuple[int, int] = (640, 480),
    ) -> None:
        self._pygame = pg = import_pygame()
        self.track, self.car, self.telemetry, self.size = track, car, telemetry, size
        self._human, self._fps = render_mode == "human", fps
        self._large = pg.Surface((size[0] * _SUPERSAMPLE, size[1] * _SUPERSAMPLE), depth=32)
        self._picture = pg.Surface(size, depth=32)
        self._ground, self._hud = Ground(track, car), Hud(pg, track, car, size)
        self._window: Any = None
        self._closed = False

    def draw(self, index: int) -> NDArray[np.uint8] | None:
        """The picture of car `index`, (H, W, 3); None in `human` mode, where it is shown."""
        if self._closed:
            return None
        camera = self.camera(index, _SUPERSAMPLE)
        self._ground.draw(self._pygame, self._large, camera)
        draw_car(self._pygame, self._large, camera, self.car, float(self.telemetry["steer_angle"][index]))
        self._pygame.transform.smoothscale(self._large, self.size, self._picture)
        self._hud.draw(self._picture, self.telemetry, index)
        if self._human:
            self._show()
            return None
        pixels = np.frombuffer(self._pygame.image.tobytes(self._picture, "RGB"), np.uint8)
        return pixels.reshape(self.size[1], self.size[0], 3).copy()

    def camera(self, index: int, supersample: int = 1) -> Camera:
        """Where the picture of car `index` is taken from: the faster, the higher."""
        width, height = self.size[0] * supersample, self.size[1] * supersample
        view_m = _VIEW_STILL_M + _VIEW_SECONDS * float(self.telemetry["speed"][index])
        position = np.array(self.telemetry["world_position"][index, :2], np.float64)
        return Camera(position, float(self.telemetry["yaw"][index]), height / view_m, (0.5 * width, _CAR_AT * height))

    def close(self) -> None:
        """Close the window, if there is one, and draw no more."""
        if self._window is not None:
            self._pygame.display.quit()
            self._window = None
        self._closed = True

    def _show(self) -> None:
        pg = self._pygame
        if self._window is None:
            pg.display.init()
            self._window = pg.display.set_mode(self.size)
            self._clock = pg.time.Clock()
            pg.display.set_caption(f"ac_gym: {self.car.title}, {self.track.title}")
        if any(event.type == pg.QUIT for event in pg.event.get()):
            self.close()
            gym.logger.warn("the window was closed: driving goes on without pictures")
            return
        self._window.blit(self._picture, (0, 0))
        pg.display.flip()
        self._clock.tick(self._fps)
