"""What was done in each frame of a video, of whatever tells it.

- the collector's `inputs.csv` and the logger's CSV: by the number of the frame (`numbered_labels`);
- a recording: by time (`timed_labels`).

Steering is the axis, -1..1, as drivers put it out: 1 is `FULL_STEER_DEG`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from ac_gym.datasets.model import Flaw
from ac_gym.datasets.numbered_labels import labels_by_number
from ac_gym.datasets.timed_labels import labels_by_time
from ac_gym.errors import ConfigError


class Labels(Protocol):
    """The labels of one video."""

    @property
    def notes(self) -> tuple[str, ...]:
        """How frames find their telemetry."""

    @property
    def flaws(self) -> tuple[Flaw, ...]:
        """Of the telemetry."""

    def at(self, number: int, time_s: float) -> Sequence[str] | None:
        """INPUTS_COLUMNS of frame `number`, `time_s` after the first; None where nothing tells what was done."""

    def beyond(self, frames: int) -> tuple[int, ...]:
        """Numbers of frames that are told of, of a video that has only so many."""


def labels_for(video: Path, telemetry: Path, *, offset_s: float = 0.0, car: str = "") -> Labels:
    """The labels of `video` from `telemetry`; RecordingError where they cannot be had.

    `offset_s`: the recording's clock less the video's, for a recording. `car`: whose steering lock the collector's
    steering is a share of, where no recording beside it tells.
    """
    if not math.isfinite(offset_s):
        raise ConfigError(f"the offset must be a number of seconds, is {offset_s}")
    numbered = labels_by_number(video, telemetry, car) if telemetry.suffix.lower() == ".csv" else None
    if numbered is None:
        return labels_by_time(video, telemetry, offset_s)
    if offset_s:
        raise ConfigError(f"{telemetry} is matched by the number of the frame: there is no clock to shift by an offset")
    return numbered
