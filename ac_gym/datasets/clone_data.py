"""What a clone's network learns from: recorded numbers or pictures, as the driver will be given them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ac_gym.capture.transform import PictureTransform
from ac_gym.config import Config, env_kwargs
from ac_gym.datasets.cloning import Expert, Samples, read_samples, shown_controls
from ac_gym.datasets.listing import LIST_FILE, listed_files
from ac_gym.datasets.reading import recording_files
from ac_gym.datasets.seen import Drawing, SeenSamples, picture_files, read_seen
from ac_gym.drivers.network import standardised
from ac_gym.errors import ConfigError
from ac_gym.task import TaskSettings

_MIDDLE_SPEED = 50.0  # m/s, that is told as 0
_CONSTANT = 1e-6  # spread of a number over the data set; what varies less tells nothing
_LEAST_SPREAD = (
    0.1  # that numbers are scaled by: who follows a line to centimetres must not be at a loss a metre off it
)


class NumberData:
    """N samples of numbers, standardised as the driver will see them."""

    planes = 0
    """numbers are no pictures"""

    def __init__(self, samples: Samples, hidden: slice | None = None) -> None:
        """`hidden` numbers are not looked at."""
        self.labels, self.groups, self.places = samples.labels, samples.laps, samples.places
        self.beside = np.zeros((len(samples), 0), np.float32)
        """(N, 0): numbers have the speed among them"""
        self._observations = samples.observations
        spread = samples.observations.std(axis=0)
        self.mean = samples.observations.mean(axis=0)
        self.scale = np.where(spread > _CONSTANT, 1.0 / np.maximum(spread, _LEAST_SPREAD), 0.0).astype(np.float32)
        if hidden is not None:
            self.scale[hidden] = 0.0

    def inputs(self, which: NDArray[np.int64]) -> NDArray[np.float32]:
        """(B, n) of samples (B,)."""
        return standardised(self._observations[which], self.mean, self.scale)

    def transform(self, strides: Sequence[int]) -> dict[str, Any]:
        """What goes with the model; numbers have no convolutions whose strides matter."""
        return {"kind": "numbers", "mean": self.mean.tolist(), "scale": self.scale.tolist()}


class PictureData:
    """N samples of pictures, transformed as the driver will see them."""

    def __init__(self, samples: SeenSamples, transform: PictureTransform, view: str, learn_speed: bool) -> None:
        """`view` is where drawn pictures are taken from; with `learn_speed` a network is to tell the speed as well."""
        self.labels, self.groups, self.places = samples.labels, samples.laps, samples.places
        speeds = np.clip(samples.speeds[:, None] / _MIDDLE_SPEED - 1.0, -1.0, 1.0)
        self.beside = speeds if learn_speed else speeds[:, :0]
        """(N, 1) speed on -1..1, NaN where it is not told; (N, 0) where it is not to be learned"""
        self.planes = transform.shape[-1]
        """of one picture"""
        self._samples, self._transform, self._view = samples, transform, view

    def inputs(self, which: NDArray[np.int64]) -> NDArray[np.float32]:
        """(B, stack * planes, height, width) of samples (B,)."""
        return self._transform.numbers(self._samples.seen(which))

    def transform(self, strides: Sequence[int]) -> dict[str, Any]:
        """What goes with the model, whose convolutions have these `strides`."""
        return {
            "kind": "pictures", "picture": self._transform.as_dict(), "view": self._view,
            "size": list(self._samples.size), "rate": self._samples.rate, "strides": list(strides),
        }  # fmt: skip


CloneData = NumberData | PictureData
"""`labels` (N, 3) on -1..1, `groups` (N,) whose samples belong together, `places` where they were driven"""


def read_clone_data(config: Config, shown: Callable[[list[Path]], Iterable[Path]] = iter) -> CloneData:
    """What `config.dataset_path` holds, by numbers or by pictures as `obs` says.

    `shown` gives the files one by one and may tell how far reading is. ConfigError, DatasetError or
    RecordingError for what cannot be learned from.
    """
    section: Any = config.AssettoCorsa
    path, c = Path(config.dataset_path), config.BC
    by_pictures = section.observation == "pixels"
    if not by_pictures and path.suffix == ".csv" and "processed" in path.stem:
        raise ConfigError(f"{path} has pictures and no numbers to drive by: obs=pixels learns from them")
    if path.name == LIST_FILE:
        files = listed_files(path.parent, path)
    else:
        files = picture_files(path) if by_pictures else recording_files(path)
    expert = Expert(c.expert, c.pace, c.clean_laps)
    if by_pictures:
        transform = PictureTransform(tuple(c.crop), tuple(c.size), c.color, c.stack, c.spacing)  # type: ignore[arg-type]
        drawing = Drawing(section.obs_view, (c.drawn_size[0], c.drawn_size[1]))
        return PictureData(
            read_seen(shown(files), transform, expert, drawing), transform, section.obs_view, c.learn_speed
        )
    kwargs = env_kwargs(config)
    settings = TaskSettings(**{field.name: kwargs[field.name] for field in fields(TaskSettings)})
    return NumberData(
        read_samples(shown(files), settings, expert), shown_controls(settings) if c.hide_controls else None
    )
