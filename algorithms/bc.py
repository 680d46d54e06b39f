"""Behaviour cloning: a network that answers what is seen as a demonstrator did.

Supervised learning with whole groups of samples (laps) held back: neighbouring samples are alike, so a split within a
group would measure memory. Training ends when the loss of what was held back has not fallen for a while, and the
network of its lowest value is kept.

One picture shows no speed, and what moves from one to the next on plain asphalt is a few shades of gray: a network
takes long to find it. So it learns from the pictures and, beside them and made larger, their changes. Both are linear
in the pictures: the first layer of the network that is exported has them in its weights.

Nor does a network that only answers look for speed: while laps are alike, the place tells as much, and a clone that has
once become slow brakes where one brakes and stops there (the inertia problem, Codevilla et al. 2019, arXiv 1904.08980).
As there, the network learns to tell the speed beside its answers; who drives is not told.

The loss is the mean absolute error: its minimum is the median answer. Controls end at -1 and 1, where noise is cut off
on one side; that moves the mean of noisy answers, and leaves their median alone. Each control's error counts in units
of its own spread: steering moves by hundredths where pedals go from end to end, and must not be lost beside them.
"""

from __future__ import annotations

import json
import math
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from algorithms.checkpoint import PORTABLE_POLICY, read_tensors, write_atomically
from algorithms.errors import UserError
from algorithms.precision import use_bfloat16

_FIRST = "convolutions.0.weight"
NETWORK = "clone_net.pth"
_VALIDATION_BATCH = 1024
_LEAST_SPREAD = 0.01  # of a control over the samples


class Data(Protocol):
    """What is learned from: N samples."""

    labels: NDArray[np.float32]
    """(N, A) in -1..1"""
    groups: NDArray[np.int64]
    """(N,): samples that belong together, such as those of one lap"""
    beside: NDArray[np.float32]
    """(N, K) in -1..1: what a network shall know, and not answer; NaN where it is not told"""
    planes: int
    """that each of the pictures seen at once has; 0 of numbers"""

    def inputs(self, which: NDArray[np.int64]) -> NDArray[np.float32]:
        """What the network gets (B, ...) for the samples `which` (B,)."""
        ...


@dataclass(frozen=True)
class BCSettings:
    """How it is learned."""

    hidden_units: Sequence[int] = (256, 256)
    channels: Sequence[int] = (32, 48, 64)  # of the convolutions, where pictures are seen
    kernels: Sequence[int] = (8, 4, 3)
    strides: Sequence[int] = (4, 2, 1)
    motion: float = 8.0  # by which changes from picture to picture are made larger; 0: they are not shown beside
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    batch_size: int = 128
    max_epochs: int = 150
    patience: int = 40  # epochs without a lower validation loss, after which training ends
    validation_share: float = 0.2  # of the groups
    shift: int = 4  # pixels by which pictures are moved at random, at most
    brightness: float = 0.1  # by which pictures are made lighter or darker at random, at most
    precision: str = "auto"  # of layers that learn from pictures: float32, bfloat16, or auto; numbers have float32


@dataclass(frozen=True)
class Epoch:
    """What an epoch came to."""

    number: int
    train_loss: float
    validation_loss: float
    best: bool
    """the lowest validation loss so far"""
    elapsed_s: float
    """of training, earlier starts of the run included"""

    def values(self) -> dict[str, float]:
        """For loggers."""
        return {
            "loss/train": self.train_loss,
            "loss/validation": self.validation_loss,
            "time/elapsed_s": self.elapsed_s,
        }


class Clone(nn.Module):
    """Inputs (B, n), or planes (B, c, H, W) through convolutions first, to answers (B, A) in -1..1."""

    def __init__(
        self, shape: Sequence[int], answers: int, settings: BCSettings, planes: int = 0, low_precision: bool = False
    ) -> None:
        """`shape` of one input: (n,) or (c, H, W); `planes` of the c are one picture, the oldest first, and changes are
        shown beside them; 0: they are not. `low_precision` computes in bfloat16, the weights stay float32."""
        super().__init__()
        self._low_precision = low_precision
        self._planes, self._motion = planes if settings.motion else 0, settings.motion
        s = settings
        convolutions: list[nn.Module] = []
        size = shape[0]
        if len(shape) == 3:
            planes, height, width = shape
            if self._planes:
                planes += planes - self._planes  # the changes, one fewer than the pictures
            for n_out, kernel, stride in zip(s.channels, s.kernels, s.strides, strict=True):
                convolutions += [nn.Conv2d(planes, n_out, kernel, stride), nn.ReLU()]
                planes, height, width = n_out, (height - kernel) // stride + 1, (width - kernel) // stride + 1
            if min(height, width) < 1:
                raise UserError(f"pictures of {shape[2]} x {shape[1]} pixels are too small for the network's layers")
            size = planes * height * width
        layers: list[nn.Module] = []
        for units in s.hidden_units:
            layers += [nn.Linear(size, units), nn.ReLU()]
            size = units
        self.convolutions = nn.Sequential(*convolutions)
        self.convolutions.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # the stubs lack it
        self.layers = nn.Sequential(*layers, nn.Linear(size, answers))

    def forward(self, x: Tensor) -> Tensor:
        if self._planes:
            x = torch.cat([x, self._motion * (x[:, self._planes :] - x[:, : -self._planes])], dim=1)
        if self._low_precision:
            x = x.bfloat16()
        if x.ndim == 4:
            x = x.contiguous(memory_format=torch.channels_last)
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self._low_precision):
            answers = self.layers(self.convolutions(x).flatten(1))
        return torch.tanh(answers.float())

    def plain(self, state: Mapping[str, Tensor], answers: int) -> dict[str, Tensor]:
        """A state dict of this network as that of one that is shown no changes and gives the first `answers` alone."""
        found = dict(state)
        for key in list(found)[-2:]:  # weight and bias of the last layer
            found[key] = found[key][:answers]
        if self._planes:
            both = state[_FIRST]
            seen = (both.shape[1] + self._planes) // 2
            weight, change = both[:, :seen].clone(), self._motion * both[:, seen:]
            weight[:, self._planes :] += change
            weight[:, : -self._planes] -= change
            found[_FIRST] = weight
        return found


def split(groups: NDArray[np.int64], share: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Samples to learn from and samples held back: about `share` of the groups, one at least, whole.

    UserError where there is but one group.
    """
    names = np.unique(groups)
    if len(names) < 2:
        raise UserError("the data set is one lap; cloning needs two at least, one of them to check itself by")
    held = np.random.default_rng(seed).permutation(names)[: min(max(1, round(share * len(names))), len(names) - 1)]
    back = np.isin(groups, held)
    return np.flatnonzero(~back), np.flatnonzero(back)


class BehaviourCloning:
    """Learns from `data` what `settings` ask for; all that is random follows from `seed` and the epoch's number."""

    def __init__(self, data: Data, settings: BCSettings, device: str | torch.device = "cpu", seed: int = 0) -> None:
        self.settings, self.device, self._data, self._seed = settings, torch.device(device), data, seed
        self._train, self._held = split(data.groups, settings.validation_share, seed)
        self._targets = np.concatenate([data.labels, data.beside], axis=1)
        self._answers = data.labels.shape[1]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # where nothing of a column is told
            spread = np.nan_to_num(np.nanstd(self._targets[self._train], axis=0))
        self._worth = torch.from_numpy(1.0 / np.maximum(spread, _LEAST_SPREAD).astype(np.float32)).to(self.device)
        shape = data.inputs(self._train[:1]).shape[1:]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            low_precision = len(shape) == 3 and use_bfloat16(settings.precision, self.device)
            self.network = Clone(shape, self._targets.shape[1], settings, data.planes, low_precision).to(self.device)
        self._optimizer = torch.optim.AdamW(
            self.network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
        )
        self.epoch = 0
        self.best_loss, self._best_epoch = math.inf, 0
        self._best = _copy(self.network.state_dict())
        self._elapsed = 0.0

    @property
    def counts(self) -> tuple[int, int]:
        """Samples to learn from, and held back."""
        return len(self._train), len(self._held)

    @property
    def ended(self) -> bool:
        """All epochs are done, or the validation loss does not fall any more."""
        s = self.settings
        return self.epoch >= s.max_epochs or self.epoch - self._best_epoch >= s.patience

    def epochs(self, watch: Callable[[int, int], None] = lambda done, all_: None) -> Iterator[Epoch]:
        """One epoch after another until it has `ended`; `watch` is told the batches done, and of how many."""
        while not self.ended:
            begun = time.monotonic()
            rng = np.random.default_rng((self._seed, self.epoch))
            train = self._learn(rng, watch)
            validation = self.validate()
            self.epoch += 1
            self._elapsed += time.monotonic() - begun
            best = validation < self.best_loss
            if best:
                self.best_loss, self._best_epoch = validation, self.epoch
                self._best = _copy(self.network.state_dict())
            yield Epoch(self.epoch, train, validation, best, self._elapsed)

    @torch.no_grad()
    def validate(self) -> float:
        """Mean absolute error of the samples held back, in spreads of each control."""
        total = 0.0
        for first in range(0, len(self._held), _VALIDATION_BATCH):
            inputs, targets = self._batch(self._held[first : first + _VALIDATION_BATCH])
            errors = self._errors(self.network(inputs), targets)[:, : self._answers]
            total += float(errors.mean()) * len(targets)
        return total / len(self._held)

    def keep_best(self) -> Clone:
        """The network with the lowest validation loss."""
        self.network.load_state_dict(self._best)
        return self.network

    def best_network(self) -> Mapping[str, Tensor]:
        """Its state dict."""
        return self._best

    def _learn(self, rng: np.random.Generator, watch: Callable[[int, int], None]) -> float:
        order = rng.permutation(self._train)
        size = self.settings.batch_size
        total = 0.0
        for first in range(0, len(order), size):
            inputs, targets = self._batch(order[first : first + size])
            loss = self._errors(self.network(self._varied(inputs, rng)), targets).mean()
            self._optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self._optimizer.step()
            total += float(loss.detach()) * len(targets)
            watch(first // size + 1, math.ceil(len(order) / size))
        return total / len(order)

    def _errors(self, answers: Tensor, targets: Tensor) -> Tensor:
        """(B, A + K), 0 where there is no target."""
        return (answers - targets.nan_to_num()).abs() * ~targets.isnan() * self._worth

    def _batch(self, which: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        inputs = torch.from_numpy(self._data.inputs(which))
        return inputs.to(self.device), torch.from_numpy(self._targets[which]).to(self.device)

    def _varied(self, inputs: Tensor, rng: np.random.Generator) -> Tensor:
        """Pictures moved up or down (not aside: that is elsewhere on the road), brighter or darker; numbers as is."""
        if inputs.ndim != 4:
            return inputs
        s = self.settings
        if s.brightness:
            change = rng.uniform(-s.brightness, s.brightness, (len(inputs), 1, 1, 1)).astype(np.float32)
            inputs = inputs + torch.from_numpy(change).to(self.device)
        if s.shift:
            moved = np.arange(inputs.shape[2]) + rng.integers(-s.shift, s.shift + 1, (len(inputs), 1))
            rows = torch.from_numpy(moved.clip(0, inputs.shape[2] - 1)).to(self.device)
            inputs = inputs.gather(2, rows[:, None, :, None].expand(-1, inputs.shape[1], -1, inputs.shape[3]))
        return inputs

    def save(self, path: Path) -> Path:
        """All that `load` needs to go on after this epoch."""
        state = {
            "network": self.network.state_dict(), "best": dict(self._best), "optimizer": self._optimizer.state_dict(),
            "epoch": self.epoch, "best_loss": self.best_loss, "best_epoch": self._best_epoch, "elapsed": self._elapsed,
            "samples": list(self.counts),
        }  # fmt: skip
        write_atomically(path, lambda partial: torch.save(state, partial))
        return path

    def load(self, path: Path) -> None:
        """Go on where `save` was called; UserError for a file that is not of this data and these settings."""
        if not path.is_file():
            raise UserError(f"nothing to resume in {path.parent}: it has no {path.name}")
        state = read_tensors(path, self.device)
        if not isinstance(state, dict) or "best_epoch" not in state:
            raise UserError(f"{path} is not the state of a run of behaviour cloning")
        if state["samples"] != list(self.counts):
            raise UserError(f"{path} is of another data set: {sum(state['samples'])} samples, not {sum(self.counts)}")
        try:
            self.network.load_state_dict(state["network"])
        except RuntimeError as error:
            raise UserError(f"{path} does not fit: resume with the settings of the saved run") from error
        self._optimizer.load_state_dict(state["optimizer"])
        self._best, self._best_epoch, self.best_loss = state["best"], state["best_epoch"], state["best_loss"]
        self.epoch, self._elapsed = state["epoch"], state["elapsed"]


def export_clone(
    network: Clone, state: Mapping[str, Tensor], transform: Mapping[str, Any], folder: Path, answers: int = 3
) -> Path:
    """`network` with `state` in `folder`: for PyTorch, and as `policy.npz` with its transform for programs without it.

    Of numbers, the file's last layer has twice as many rows, the second half zeros, as that of a Gaussian policy.
    """
    arrays: dict[str, Any] = {"transform": np.array(json.dumps(dict(transform)))}
    plain = network.plain(state, answers)
    weights = [key for key in plain if key.endswith(".weight")]
    seen = any(plain[key].ndim == 4 for key in weights)
    for i, key in enumerate(weights):
        weight, bias = (plain[f"{key.removesuffix('weight')}{part}"].float().cpu() for part in ("weight", "bias"))
        if i == len(weights) - 1 and not seen:
            weight, bias = (torch.cat([part, torch.zeros_like(part)]) for part in (weight, bias))
        arrays |= {f"weight_{i}": weight.numpy(), f"bias_{i}": bias.numpy()}

    def write(partial: Path) -> None:
        with partial.open("wb") as file:  # given a name, NumPy would add its own ending
            np.savez(file, **arrays)

    write_atomically(folder / NETWORK, lambda partial: torch.save(_copy(state), partial))
    write_atomically(folder / PORTABLE_POLICY, write)
    return folder / PORTABLE_POLICY


def _copy(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {key: value.detach().cpu().clone() for key, value in state.items()}
