"""Files of learned drivers: `policy.npz`, plain arrays and, as JSON, what becomes of observations before they are seen.

`weight_0`, `bias_0`, `weight_1`, ... are the layers, with ReLU between them: (n, m) of a perceptron, (n, m, height,
width) of convolutions, which come first. `transform` is JSON; checkpoints of reinforcement learning have none.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ac_gym.errors import PolicyFileError

POLICY_FILE = "policy.npz"
_MAX_LAYERS, _MAX_UNITS = 32, 65536
_DAMAGED = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)


@dataclass(frozen=True)
class PolicyFile:
    """What such a file holds; the layers are finite float32 numbers and follow from one another."""

    path: Path
    weights: list[NDArray[np.float32]]
    biases: list[NDArray[np.float32]]
    transform: dict[str, Any]

    @property
    def sees_pictures(self) -> bool:
        return self.weights[0].ndim == 4


def read_policy(path: str | Path) -> PolicyFile:
    """A `policy.npz`, or that of a checkpoint's folder; PolicyFileError where there is none or it is not sound."""
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
            transform = json.loads(str(arrays["transform"])) if "transform" in arrays.files else {}
    except _DAMAGED as error:
        raise PolicyFileError(f"{file} is not a policy, or is damaged") from error
    _check(file, weights, biases)
    if not isinstance(transform, dict):
        raise PolicyFileError(f"{file} is not a policy: its transform is not a JSON object")
    return PolicyFile(file, [w.astype(np.float32) for w in weights], [b.astype(np.float32) for b in biases], transform)


def _check(file: Path, weights: list[NDArray], biases: list[NDArray]) -> None:
    chained = bool(weights) and all(w.ndim in (2, 4) and b.ndim == 1 for w, b in zip(weights, biases, strict=True))
    chained = chained and all(len(w) == len(b) for w, b in zip(weights, biases, strict=True))
    chained = chained and weights[-1].ndim == 2 and all(_follows(a, b) for a, b in pairwise(weights))
    if not chained or max(max(w.shape) for w in weights) > _MAX_UNITS:
        raise PolicyFileError(f"{file} is not a policy: its layers do not follow from one another")
    if not all(np.issubdtype(a.dtype, np.floating) and np.isfinite(a).all() for a in (*weights, *biases)):
        raise PolicyFileError(f"{file} is not a policy: its weights are not finite numbers")


def _follows(layer: NDArray, following: NDArray) -> bool:
    """A perceptron's first layer takes whole pictures of as many channels as the last convolution gives."""
    if layer.ndim == 4 and following.ndim == 2:
        return following.shape[1] % len(layer) == 0
    return layer.ndim == following.ndim and following.shape[1] == len(layer)
