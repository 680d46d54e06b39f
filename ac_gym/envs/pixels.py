"""Pictures of a world's cars as an observation: always those of the frames that the world holds."""

from __future__ import annotations

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from ac_gym.camera import Camera
from ac_gym.envs.settings import ObservationSettings
from ac_gym.worlds import World
from ac_gym.worlds.base import Mask


class Pixels:
    """`pictures` (N, H, W, C), or (N, stack, H, W, C) oldest first where pictures are stacked; uint8.

    An episode begins with its first picture in the whole stack.
    """

    age = 0.0
    """s between the state and the picture: none, the picture is drawn from the state"""

    def __init__(self, world: World, settings: ObservationSettings, threads: int) -> None:
        s = settings
        self._world, self._settings = world, settings
        self._camera = Camera(world, view=s.obs_view, size=s.obs_size, color=s.obs_color, threads=threads)
        self._stacked: NDArray[np.uint8] = np.zeros((world.count, s.obs_stack, *self._camera.shape), np.uint8)
        self.space = spaces.Box(0, 255, self.pictures.shape[1:], np.uint8)

    @property
    def pictures(self) -> NDArray[np.uint8]:
        return self._stacked[:, 0] if self._settings.obs_stack == 1 else self._stacked

    def begin(self, mask: Mask | None = None) -> None:
        """Take the first pictures of the cars whose mask is not 0, or of all."""
        frames = self._world.frames
        begun = slice(None) if mask is None else np.flatnonzero(mask)
        self._stacked[begun] = self._camera.draw(frames[begun], others=self._others())[:, None]

    def take(self, begun: Mask | None = None, *, renew: bool = False) -> None:
        """Take the next pictures of all cars; an episode began for those whose mask is not 0.

        `renew` puts them into a new array, so that the last ones stay whole for whoever holds them.
        """
        last = self._stacked
        if renew:
            self._stacked = np.empty_like(last)
        if len(last[0]) > 1:
            self._stacked[:, :-1] = last[:, 1:]
        self._camera.draw(self._world.frames, self._stacked[:, -1], others=self._others())
        if begun is not None and len(last[0]) > 1:
            rows = np.flatnonzero(begun)
            self._stacked[rows, :-1] = self._stacked[rows, -1:]

    def renew(self) -> None:
        """Go on in a copy, so that the last pictures stay whole for whoever holds them."""
        self._stacked = self._stacked.copy()

    def _others(self) -> NDArray[np.float64] | None:
        return self._world.frames if self._settings.obs_cars else None
