"""Named views of a batch of telemetry, for reward terms, endings, observations and drivers written in Python."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ac_gym import _core, channels
from ac_gym.errors import UnknownNameError

_SITUATION = {name: index for index, name in enumerate(_core.SITUATION)}


def columns_of(name: str, what: str = "telemetry channel") -> range:
    """The columns of a channel in a frame or, beyond a frame's width, of what the task derives from it."""
    if (columns := channels.COLUMNS.get(name)) is not None:
        return range(columns.start, columns.stop)
    if (index := _SITUATION.get(name)) is not None:
        return range(channels.WIDTH + index, channels.WIDTH + index + 1)
    raise UnknownNameError(what, name, [*channels.COLUMNS, *_SITUATION])


class Telemetry:
    """`telemetry["speed"]` is an array `(N,)`, `telemetry["slip_ratio"]` one of `(N, 4)`: views, until the next step.

    Names are those of `ac_gym.channels.CHANNELS`, and what the task derives: `s` and `offset` (m along and left of the
    centre line), `gap` (m to the racing line, negative on its left), `heading_error` (rad to its direction),
    `border_left`, `border_right` (m to the white lines), `line_curvature` (1/m), `target_speed` (m/s), `out_of_track`
    (0/1); `actions` (N, A) and `controls` (N, 4) are those of the step that led here.
    """

    def __init__(
        self,
        frames: NDArray[np.float64],
        situations: NDArray[np.float64],
        actions: NDArray[np.float32],
        controls: NDArray[np.float32],
    ) -> None:
        self.frames, self.situations, self.actions, self.controls = frames, situations, actions, controls

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, name: str) -> NDArray[np.floating]:
        if (columns := channels.COLUMNS.get(name)) is not None:
            return self.frames[:, columns.start] if columns.stop - columns.start == 1 else self.frames[:, columns]
        if (index := _SITUATION.get(name)) is not None:
            return self.situations[:, index]
        if name in ("actions", "controls"):
            return getattr(self, name)
        raise UnknownNameError("telemetry channel", name, [*channels.COLUMNS, *_SITUATION, "actions", "controls"])
