"""A driver that has learned from pictures, in NumPy.

Convolutions of a few small pictures take NumPy a millisecond or two, a twentieth of a control step, so that driving
needs no other library.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ac_gym import _core
from ac_gym.camera import Camera, Scene
from ac_gym.capture.transform import PictureMemory, PictureTransform
from ac_gym.drivers.base import Driver
from ac_gym.drivers.policy_file import PolicyFile, read_policy
from ac_gym.drivers.products import applied, convolved
from ac_gym.errors import ConfigError, PolicyFileError
from ac_gym.task import Telemetry

_ACTIONS = 3


@dataclass(frozen=True)
class Seen:
    """What pictures a driver learned from."""

    transform: PictureTransform
    view: str
    """where they were taken from: `cockpit`, ..."""
    size: tuple[int, int]
    """width and height before the transform [pixels]"""
    rate: float
    """decisions a second [Hz]"""


class PicturePolicy:
    """What is seen, (B, stack, height, width, channels) uint8 -> steering, throttle, brake (B, 3) in -1..1."""

    def __init__(
        self, weights: list[NDArray[np.float32]], biases: list[NDArray[np.float32]], strides: Sequence[int], seen: Seen
    ) -> None:
        self.seen = seen
        count = sum(weight.ndim == 4 for weight in weights)
        self._convolutions = list(zip(weights[:count], biases[:count], strides, strict=True))
        self._layers = list(zip(weights[count:], biases[count:], strict=True))

    def __call__(self, seen: NDArray[np.uint8]) -> NDArray[np.float32]:
        x = self.seen.transform.numbers(seen)
        for weight, bias, stride in self._convolutions:
            x = np.maximum(convolved(x, weight, stride) + bias[:, None, None], 0.0)
        x = x.reshape(len(x), -1)
        *hidden, (weight, bias) = self._layers
        for w, b in hidden:
            x = np.maximum(applied(x, w) + b, 0.0)
        return np.tanh(applied(x, weight) + bias)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """From a `policy.npz`, or from a checkpoint's folder that has one."""
        return cls.of(read_policy(path))

    @classmethod
    def of(cls, file: PolicyFile) -> Self:
        """From such a file; PolicyFileError for a driver by numbers, or one whose parts do not fit."""
        if not file.sees_pictures:
            raise PolicyFileError(f"{file.path} drives by numbers, not by pictures")
        try:
            values = file.transform
            width, height = values["size"]
            seen = Seen(
                PictureTransform.from_dict(values["picture"]), str(values["view"]), (int(width), int(height)),
                float(values["rate"]),
            )  # fmt: skip
            policy = cls(file.weights, file.biases, [int(stride) for stride in values["strides"]], seen)
            fits = policy(np.zeros((1, *seen.transform.shape), np.uint8)).shape == (1, _ACTIONS)
        except (KeyError, TypeError, ValueError, ConfigError) as error:
            reason = f": {error}" if isinstance(error, ConfigError) else ""
            raise PolicyFileError(f"{file.path}: its transform is not that of its network{reason}") from error
        if not fits or not 1.0 <= seen.rate <= 1000.0:
            raise PolicyFileError(f"{file.path} does not give steering, throttle and brake at a possible rate")
        return policy


class PictureDriver(Driver):
    """Drives one simulated car by the pictures of the simulator's camera; nothing else is looked at."""

    def __init__(self, policy: PicturePolicy, scene: Scene) -> None:
        self._policy, self._memory = policy, PictureMemory(policy.seen.transform)
        self._camera = Camera(scene, view=policy.seen.view, size=policy.seen.size)

    def __call__(self, telemetry: Telemetry) -> NDArray[np.float32]:
        """Controls (1, 4); ConfigError for more than one car."""
        if len(telemetry) != 1:
            raise ConfigError(f"a driver by pictures drives one car at a time, not {len(telemetry)}")
        (picture,) = self._camera.draw(telemetry.frames)
        self._memory.add(self._policy.seen.transform.apply(picture), float(telemetry["timestamp_ac"][0]))
        controls = np.zeros((1, _core.CONTROL_WIDTH), np.float32)
        controls[:, :_ACTIONS] = self._policy(self._memory.seen()[None])
        return controls
