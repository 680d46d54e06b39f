"""Rows in the making: one array of float64 for all columns, so that a producer only copies numbers.

float64 has room for every column's type (float32, counts, flags); the types come in the writer's thread.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ac_gym.channels import COLUMNS, WIDTH
from ac_gym.recording.schema import Header, schema

Rows = NDArray[np.float64]

_FRAME = slice(2, 2 + WIDTH)
_AFTER = _FRAME.stop


@dataclass(frozen=True)
class RowLayout:
    """Where a row has what; the slices are empty where the recording has no such columns."""

    schema: pa.Schema
    plugin: slice
    """game_time, sequence, flags"""
    controls: slice
    actions: slice
    ends: slice
    """reward, terminated, truncated, end_reason, episode, car"""

    time = 0
    dropped = 1
    frame = _FRAME

    @property
    def width(self) -> int:
        """Columns of a row."""
        return len(self.schema)

    def channel(self, name: str) -> slice:
        """Where a row has a channel."""
        columns = COLUMNS[name]
        return slice(_FRAME.start + columns.start, _FRAME.start + columns.stop)


def observer_rows(header: Header, *, plugin: bool) -> RowLayout:
    """Of one who watches: telemetry, and with `plugin` what the plugin says of its states."""
    here = _AFTER
    end = here + 3 * plugin
    return RowLayout(schema(header, plugin=plugin), slice(here, end), *[slice(end, end)] * 3)


def episode_rows(header: Header, actions: int) -> RowLayout:
    """Of an environment, whose actions have `actions` numbers."""
    controls, first = _AFTER, _AFTER + 4
    last = first + actions
    return RowLayout(
        schema(header, actions=actions),
        slice(controls, controls),
        slice(controls, first),
        slice(first, last),
        slice(last, last + 6),
    )
