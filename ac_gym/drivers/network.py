"""A learned policy as a driver, in NumPy: driving needs nothing of what learning needed.

Checkpoint folders of `train.py` hold a `policy.npz` (see `policy_file`) beside the networks of PyTorch. Here it is a
perceptron with ReLU between its layers; the first half of the last layer's output, squashed by tanh, is the action.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ac_gym.drivers.policy_file import PolicyFile, read_policy
from ac_gym.drivers.products import applied
from ac_gym.errors import PolicyFileError


class NetworkPolicy:
    """Observations (N, obs_dim) -> actions (N, action_dim) float32 in -1..1, without noise.

    A cloned driver (`train.py --algo bc`) sees `(observation - mean) * scale`, each (obs_dim,).
    """

    def __init__(
        self, weights: list[NDArray[np.float32]], biases: list[NDArray[np.float32]],
        mean: NDArray[np.float32] | None = None, scale: NDArray[np.float32] | None = None,
    ) -> None:  # fmt: skip
        self._layers = list(zip(weights, biases, strict=True))
        self._mean, self._scale = mean, scale

    @property
    def obs_dim(self) -> int:
        return self._layers[0][0].shape[1]

    @property
    def action_dim(self) -> int:
        return len(self._layers[-1][1]) // 2

    def __call__(self, observation: NDArray[np.float32]) -> NDArray[np.float32]:
        x = np.asarray(observation, np.float32)
        if self._mean is not None and self._scale is not None:
            x = standardised(x, self._mean, self._scale)
        *hidden, (weight, bias) = self._layers
        for w, b in hidden:
            x = np.maximum(applied(x, w) + b, 0.0)
        mean = applied(x, weight[: self.action_dim]) + bias[: self.action_dim]
        return np.tanh(mean)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """From a `policy.npz`, or from a checkpoint's folder that has one."""
        return cls.of(read_policy(path))

    @classmethod
    def of(cls, file: PolicyFile) -> Self:
        """From such a file; PolicyFileError for a driver by pictures."""
        if file.sees_pictures:
            raise PolicyFileError(f"{file.path} drives by pictures, not by numbers: see `ac-gym drive --model`")
        if len(file.biases[-1]) % 2:
            raise PolicyFileError(f"{file.path} is not a policy: its layers do not follow from one another")
        if not file.transform:
            return cls(file.weights, file.biases)
        size = (file.weights[0].shape[1],)
        try:
            mean, scale = (np.array(file.transform[name], np.float32) for name in ("mean", "scale"))
        except (KeyError, TypeError, ValueError) as error:
            raise PolicyFileError(f"{file.path} is not a policy: its transform has no mean and scale") from error
        if mean.shape != size or scale.shape != size or not np.isfinite([mean, scale]).all():
            raise PolicyFileError(f"{file.path} is not a policy: mean and scale are {size[0]} finite numbers each")
        return cls(file.weights, file.biases, mean, scale)


def standardised(
    observation: NDArray[np.float32], mean: NDArray[np.float32], scale: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Observations (N, obs_dim) as a cloned driver sees them, in learning and in driving."""
    return (observation - mean) * scale
