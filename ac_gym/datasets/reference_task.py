"""What the reference project's states hold beside telemetry: what its task derived from it. Ours derives it anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ac_gym.car import load_car
from ac_gym.datasets.episodes import Rebuilder
from ac_gym.datasets.model import Recording
from ac_gym.errors import AcGymError, RecordingError
from ac_gym.task import TaskSettings
from ac_gym.track import load_track

_RAYS = slice(14, 25)  # of the observation
_RAY_REACH_M = 200.0


def derived_columns(recording: Recording) -> tuple[Mapping[str, NDArray[Any]], str]:
    """Key -> (T,) or (T, 11), and why there are none, if so: track or car unknown, rows with missing numbers."""
    try:
        if not recording.track or not recording.car:
            raise RecordingError("it does not tell its track and car")
        track = load_track(recording.track)
        settings = TaskSettings(ego_sampling_freq=recording.rate, max_episode_py_time=None)
        replay = Rebuilder(track, load_car(recording.car), settings).replay(recording)
    except AcGymError as error:
        return {}, f"without the reference's derived columns (gap, sensors, reward, ...): {error}"
    t = replay.telemetry
    outside = (t["border_left"] < 0.0) | (t["border_right"] < 0.0)
    columns: dict[str, NDArray[Any]] = {
        "LapDist": recording["spline_position"] * track.length_m,
        "gap": t["gap"],
        "out_of_track_calc": outside,
        "out_of_track_ac": recording["tyres_out"] > 2,
        "out_of_track": t["out_of_track"] != 0.0,
        "sensors": _RAY_REACH_M * replay.observation[:, _RAYS].astype(np.float64),
        "reward": replay.reward,
        "terminated": replay.terminated,
        "TimeLimit.truncated": replay.truncated,
        "done": replay.terminated | replay.truncated,
    }
    columns |= {f"actions_{i}": t.actions[:, i].astype(np.float64) for i in range(3)}
    return columns, ""
