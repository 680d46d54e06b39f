"""The two text files that others' tools read: the in-game logger's CSV, and the collector's `inputs.csv`.

Each has a line for each picture, with the state nearest to it in time; or for each state, where there are no pictures.
A picture's number is that of the frame in the video, or in the file's name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ac_gym.channels import COLUMNS
from ac_gym.constants import FULL_STEER_DEG
from ac_gym.telemetry.laps import LapWatch

if TYPE_CHECKING:
    from ac_gym.recording.schema import Header

LOGGER_COLUMNS = (
    "image", "gas", "brake", "clutch", "gear", "steer_angle_deg", "lateral_g", "longitudinal_g", "speed_mph",
    "lap_valid", "current_lap_s", "best_lap_s", "lap_fraction", "performance_delta_s", "performance_delta_rate",
)  # fmt: skip
INPUTS_COLUMNS = ("Timestamp", "Frame", "Steering", "Throttle", "Brake", "SpeedKmh")
NEAR = 0.75
"""Periods of the states: a picture further than this from any of them shows what no state tells."""

MPH = 3600.0 / 1609.344
"""1 m/s"""
_AT = {name: columns.start for name, columns in COLUMNS.items()}


class LoggerFormat:
    """Makes the logger's rows of states; fed with each in turn, since it compares laps."""

    def __init__(self) -> None:
        self._laps = LapWatch()
        self._before = 0.0, 0.0

    def row(self, frame: NDArray[np.float64]) -> tuple[object, ...]:
        """LOGGER_COLUMNS but for the image, of `frame` (channels.WIDTH,).

        The delta is s behind the best valid lap of this recording, 0 before there is one; its rate is s a second,
        negative where time is gained.
        """
        v = {name: float(frame[at]) for name, at in _AT.items()}
        lap_s, valid = v["current_time"] / 1000.0, not v["lap_invalidated"]
        self._laps.update(
            completed=int(v["lap_count"]), ms=int(v["current_time"]), last_ms=int(v["last_lap_time"]),
            position=v["spline_position"], tyres_out=int(v["tyres_out"]),
        )  # fmt: skip
        delta = self._laps.delta_s or 0.0
        (lap_before, delta_before), self._before = self._before, (lap_s, delta)
        rate = (delta - delta_before) / (lap_s - lap_before) if lap_s > lap_before else 0.0
        return (
            f"{v['throttle']:.4f}", f"{v['brake']:.4f}", f"{v['clutch']:.4f}", int(v["gear"]) - 1,
            f"{v['steer_angle']:.3f}", f"{v['accel_lateral']:.4f}", f"{v['accel_longitudinal']:.4f}",
            f"{v['speed'] * MPH:.3f}", "TRUE" if valid else "FALSE", f"{lap_s:.3f}",
            f"{v['best_lap_time'] / 1000.0:.3f}", f"{v['spline_position']:.6f}",
            f"{delta:.3f}", f"{rate:.4f}",
        )  # fmt: skip


class InputsFormat:
    """Makes the collector's rows; its steering is the wheel's angle over the car's lock, as the game's page has it."""

    def __init__(self, header: Header) -> None:
        self._offset = header.clock_offset
        self._lock = header.steering_lock_deg or FULL_STEER_DEG
        self._reach = NEAR / header.rate if header.rate > 0.0 else np.inf

    def row(self, number: int, time: float, state_time: float, frame: NDArray[np.float64]) -> tuple[str, ...] | None:
        """INPUTS_COLUMNS of picture or state `number`, made at `time` (s, as the recording's `time` column), with the
        state `frame` (channels.WIDTH,) of `state_time`; None where that is too far away in time."""
        if abs(time - state_time) > self._reach:
            return None
        steering = np.clip(frame[_AT["steer_angle"]] / self._lock, -1.0, 1.0)
        throttle, brake, speed = (float(frame[_AT[name]]) for name in ("throttle", "brake", "speed"))
        return inputs_row(time + self._offset, number, float(steering), throttle, brake, speed)


def inputs_row(
    timestamp: float, number: int, steering: float, throttle: float, brake: float, speed: float
) -> tuple[str, ...]:
    """INPUTS_COLUMNS: Unix time (s), number of the picture, steering -1..1 (+ right), pedals 0..1, speed (m/s here)."""
    return (
        f"{timestamp:.6f}", str(number), f"{steering:.6f}", f"{throttle:.6f}", f"{brake:.6f}", f"{3.6 * speed:.6f}"
    )  # fmt: skip
