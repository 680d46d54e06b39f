"""A track as the native core takes it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ac_gym import _core
from ac_gym.track.model import Track


def native_track(track: Track, target_speed: NDArray[np.float64]) -> _core.Track:
    """The track as the native core takes it; `target_speed` (M,) m/s at its stations."""
    names = (
        "x", "y", "heading", "curvature", "bank", "grade", "runoff_left", "runoff_right",
        "width_left", "width_right", "kerb_left", "kerb_right", "wall_left", "wall_right",
        "line_offset", "line_heading", "line_s", "line_curvature",
    )  # fmt: skip
    columns = {name: np.ascontiguousarray(getattr(track, name), dtype=np.float64) for name in names}
    columns["height"] = np.concatenate([[0.0], np.cumsum(track.grade[:-1] * track.step_m)])
    columns["target_speed"] = np.ascontiguousarray(target_speed)
    samples = max(round(track.line_length_m), 2)  # about one a metre
    at = np.arange(samples) * track.line_length_m / samples
    line_curvature = np.interp(at, track.line_s, track.line_curvature, period=track.line_length_m)
    line_speed = np.interp(at, track.line_s, target_speed, period=track.line_length_m)
    return _core.Track.make(
        columns, track.length_m, track.line_length_m, line_curvature, line_speed, list(track.sector_s)
    )
