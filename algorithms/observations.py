"""Observations as learners see them: numbers (N, n) float32, pictures (N, stack, H, W, C) uint8, or both by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from gymnasium import Space, spaces
from torch import Tensor

from algorithms.errors import UserError

VECTOR, PIXELS = "vector", "pixels"  # the names in a dictionary of both

PixelShape = tuple[int, int, int, int]
"""How many pictures are stacked, and the height, width and channels of each"""
Shape = int | PixelShape | Mapping[str, Any]
"""Of one observation: how many numbers, or a `PixelShape`, or both by name"""
Observation = np.ndarray | dict[str, np.ndarray]
Seen = Tensor | dict[str, Tensor]


def shape_of(space: Space[Any]) -> Shape:
    """The shape of a Gymnasium space's observations; `UserError` for a space that learners cannot look at.

    Numbers are a Box (n,); pictures a uint8 Box (H, W, C), or (stack, H, W, C) oldest first, which is what Gymnasium's
    FrameStackObservation gives.
    """
    if isinstance(space, spaces.Dict) and {PIXELS} <= set(space) <= {PIXELS, VECTOR}:
        return {name: shape_of(part) for name, part in space.items()}
    if isinstance(space, spaces.Box):
        if space.dtype == np.uint8 and len(space.shape) in (3, 4):
            stack, height, width, channels = (1, *space.shape)[-4:]
            return stack, height, width, channels
        if space.dtype != np.uint8 and len(space.shape) == 1:
            return space.shape[0]
    raise UserError(
        f"cannot learn from {space}: observations are a Box (n,) of numbers, a uint8 Box (height, width, channels) or "
        f"(stack, height, width, channels), or a Dict of both named {VECTOR!r} and {PIXELS!r}"
    )


def mapped(function: Callable[..., Any], *observations: Any) -> Any:
    """`function` of the observations, or of each of their named parts."""
    first = observations[0]
    if isinstance(first, Mapping):
        return {name: function(*(observation[name] for observation in observations)) for name in first}
    return function(*observations)


def copied(observation: Any) -> Observation:
    """A copy that the environment cannot overwrite; pictures stay uint8, numbers become float32."""
    return mapped(lambda array: np.array(array, np.uint8 if array.dtype == np.uint8 else np.float32), observation)


def rows(observation: Any, which: Any) -> Any:
    """One or some of the observations of a batch."""
    return mapped(lambda array: array[which], observation)
