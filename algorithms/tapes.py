"""What a replay memory's rows hold of the observations: numbers as they are, pictures each once, as uint8.

A row of a tape is one step of one environment. Stacks of pictures are put together when they are read: the memory says
which rows a stack consists of.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from algorithms.observations import PixelShape


class Tape(Protocol):
    """Rows of one kind of observation."""

    stack: int  # rows that make one observation
    data: np.ndarray  # (rows, environments, ...)

    def write(self, row: np.ndarray, env: np.ndarray, obs: np.ndarray) -> None:
        """Observations (K, ...) to rows (K,) of the environments (K,)."""

    def read(self, rows: np.ndarray, env: np.ndarray) -> Tensor:
        """Observations (B, ...) whose newest rows are the last of `rows` (at least `stack`, B), oldest first."""


class VectorTape:
    """Numbers, float32."""

    stack = 1

    def __init__(self, rows: int, num_envs: int, size: int) -> None:
        # Zeroed pages cost nothing until they are written: a large capacity may be asked for on a small machine.
        self.data = np.zeros((rows, num_envs, size), np.float32)

    def write(self, row: np.ndarray, env: np.ndarray, obs: np.ndarray) -> None:
        self.data[row, env] = obs

    def read(self, rows: np.ndarray, env: np.ndarray) -> Tensor:
        return torch.from_numpy(self.data[rows[-1], env])


class FrameTape:
    """Pictures, of which an observation is a stack: only its newest is written, (stack, H, W, C) are read."""

    def __init__(self, rows: int, num_envs: int, shape: PixelShape) -> None:
        self.stack, *self._frame = shape
        self.data = np.zeros((rows, num_envs, *self._frame), np.uint8)

    def write(self, row: np.ndarray, env: np.ndarray, obs: np.ndarray) -> None:
        self.data[row, env] = obs.reshape(len(obs), self.stack, *self._frame)[:, -1]

    def read(self, rows: np.ndarray, env: np.ndarray) -> Tensor:
        return torch.from_numpy(self.data[rows[-self.stack :].T, env[:, None]])


def tape_of(shape: int | PixelShape, rows: int, num_envs: int) -> Tape:
    """An empty tape for observations of that shape."""
    return VectorTape(rows, num_envs, shape) if isinstance(shape, int) else FrameTape(rows, num_envs, shape)
