"""Pictures of a world's cars as an observation: those of the frames that the world holds."""

from __future__ import annotations

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from ac_gym.envs.settings import ObservationSettings
from ac_gym.envs.sight import Cars, sight_of
from ac_gym.worlds import World
from ac_gym.worlds.base import Mask


class Pixels:
    """`pictures` (N, H, W, C), or (N, stack, H, W, C) oldest first where pictures are stacked; uint8.

    An episode begins with its first picture in the whole stack. Where they come from is told in `ac_gym.envs.sight`.
    """

    def __init__(self, world: World, settings: ObservationSettings, threads: int) -> None:
        self._settings = settings
        self._sight = sight_of(world, settings, threads)
        self._stacked: NDArray[np.uint8] = np.zeros((world.count, settings.obs_stack, *self._sight.shape), np.uint8)
        self.space = spaces.Box(0, 255, self.pictures.shape[1:], np.uint8)

    @property
    def pictures(self) -> NDArray[np.uint8]:
        return self._stacked[:, 0] if self._settings.obs_stack == 1 else self._stacked

    @property
    def age(self) -> float:
        """s by which the pictures are older than their states."""
        return self._sight.age

    def begin(self, mask: Mask | None = None) -> None:
        """Take the first pictures of the cars whose mask is not 0, or of all."""
        cars: Cars = slice(None) if mask is None else np.flatnonzero(mask)
        first = self._stacked[cars, -1].copy()
        if len(first):
            self._sight.look(cars, first, begins=True)
            self._stacked[cars] = first[:, None]

    def take(self, begun: Mask | None = None, *, renew: bool = False) -> None:
        """Take the next pictures of all cars; an episode began for those whose mask is not 0.

        `renew` puts them into a new array, so that the last ones stay whole for whoever holds them.
        """
        last = self._stacked
        if renew:
            self._stacked = np.empty_like(last)
        if len(last[0]) > 1:
            self._stacked[:, :-1] = last[:, 1:]
        begins = begun is not None and bool(begun.any())
        self._sight.look(slice(None), self._stacked[:, -1], begins=begins)
        if begun is not None and len(last[0]) > 1:
            rows = np.flatnonzero(begun)
            self._stacked[rows, :-1] = self._stacked[rows, -1:]

    def renew(self) -> None:
        """Go on in a copy, so that the last pictures stay whole for whoever holds them."""
        self._stacked = self._stacked.copy()

    def close(self) -> None:
        """Take no more pictures."""
        self._sight.close()
