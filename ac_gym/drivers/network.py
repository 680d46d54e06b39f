"""A learned policy as a driver, in NumPy: driving needs nothing of what learning needed.

Checkpoint folders of `train.py` hold a `policy.npz` beside the networks of PyTorch: `weight_0` (n, obs_dim), `bias_0`
(n,), `weight_1`, ... of a perceptron with ReLU between its layers; the first half of the last layer's output, squashed
by tanh, is the action.
"""

from __future__ import annotations

import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ac_gym.errors import PolicyFileError

POLICY_FILE = "policy.npz"
_MAX_LAYERS, _MAX_UNITS = 32, 65536


class NetworkPolicy:
    """Observations (N, obs_dim) -> actions (N, action_dim) float32 in -1..1, without noise."""

    def __init__(self, weights: list[NDArray[np.float32]], biases: list[NDArray[np.float32]]) -> None:
        self._layers = list(zip(weights, biases, strict=True))

    @property
    def obs_dim(self) -> int:
        return self._layers[0][0].shape[1]

    @property
    def action_dim(self) -> int:
        return len(self._layers[-1][1]) // 2

    def __call__(self, observation: NDArray[np.float32]) -> NDArray[np.float32]:
        x = np.asarray(observation, np.float32)
        *hidden, (weight, bias) = self._layers
        for w, b in hidden:
            x = np.maximum(x @ w.T + b, 0.0)
        mean = x @ weight[: self.action_dim].T + bias[: self.action_dim]
        return np.tanh(mean)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """From a `policy.npz`, or from a checkpoint's folder that has one."""
        path = Path(path)
        file = path / POLICY_FILE if path.is_dir() else path
        if not file.is_file():
            if (file.parent / "policy_net.pth").is_file():
                raise PolicyFileError(
                    f"{file.parent} has networks of PyTorch only: python train.py --test --load_path {file.parent} "
                    f"drives them, and writes {POLICY_FILE} beside them"
                )
            raise PolicyFileError(f"no {POLICY_FILE} in {file.parent}: give the folder of a checkpoint of train.py")
        try:
            with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
                count = sum(name.startswith("weight_") for name in arrays.files)
                weights = [np.asarray(arrays[f"weight_{i}"]) for i in range(min(count, _MAX_LAYERS))]
                biases = [np.asarray(arrays[f"bias_{i}"]) for i in range(len(weights))]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise PolicyFileError(f"{file} is not a policy, or is damaged") from error
        _check(file, weights, biases)
        return cls([w.astype(np.float32) for w in weights], [b.astype(np.float32) for b in biases])


def _check(file: Path, weights: list[NDArray], biases: list[NDArray]) -> None:
    chained = bool(weights) and all(w.ndim == 2 and b.ndim == 1 for w, b in zip(weights, biases, strict=True))
    chained = chained and all(len(w) == len(b) for w, b in zip(weights, biases, strict=True))
    chained = chained and all(a.shape[0] == b.shape[1] for a, b in pairwise(weights))
    if not chained or len(biases[-1]) % 2 or max(map(max, (w.shape for w in weights))) > _MAX_UNITS:
        raise PolicyFileError(f"{file} is not a policy: its layers do not follow from one another")
    if not all(np.issubdtype(a.dtype, np.floating) and np.isfinite(a).all() for a in (*weights, *biases)):
        raise PolicyFileError(f"{file} is not a policy: its weights are not finite numbers")
