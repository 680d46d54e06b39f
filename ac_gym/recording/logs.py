"""The two text files that others' tools read: the in-game logger's CSV, and the collector's `inputs.csv`."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ac_gym.channels import COLUMNS
from ac_gym.constants import FULL_STEER_DEG
from ac_gym.recording.csv_file import CsvFile
from ac_gym.recording.schema import Header
from ac_gym.telemetry.laps import LapWatch

LOGGER_COLUMNS = (
    "image", "gas", "brake", "clutch", "gear", "steer_angle_deg", "lateral_g", "longitudinal_g", "speed_mph",
    "lap_valid", "current_lap_s", "best_lap_s", "lap_fraction", "performance_delta_s", "performance_delta_rate",
)  # fmt: skip
INPUTS_COLUMNS = ("Timestamp", "Frame", "Steering", "Throttle", "Brake", "SpeedKmh")

_MPH = 3600.0 / 1609.344  # of 1 m/s
_AT = {name: columns.start for name, columns in COLUMNS.items()}


class LoggedState(NamedTuple):
    """A state as the in-game logger's CSV has it."""

    time: float
    """s, as the recording's `time` column"""
    values: tuple[object, ...]
    """LOGGER_COLUMNS but for the image"""


class LoggerFormat:
    """Makes rows of states; fed with each in turn, since it compares laps."""

    def __init__(self) -> None:
        self._laps = LapWatch()
        self._before = 0.0, 0.0

    def state(self, time: float, frame: NDArray[np.float64]) -> LoggedState:
        """`frame` (channels.WIDTH,). The delta is s behind the best valid lap of this recording, 0 before there is one;
        its rate is s a second, negative where time is gained."""
        v = {name: float(frame[at]) for name, at in _AT.items()}
        lap_s, valid = v["current_time"] / 1000.0, not v["lap_invalidated"]
        self._laps.update(
            completed=int(v["lap_count"]), ms=int(v["current_time"]), last_ms=int(v["last_lap_time"]),
            position=v["spline_position"], tyres_out=int(v["tyres_out"]),
        )  # fmt: skip
        delta = self._laps.delta_s or 0.0
        (lap_before, delta_before), self._before = self._before, (lap_s, delta)
        rate = (delta - delta_before) / (lap_s - lap_before) if lap_s > lap_before else 0.0
        return LoggedState(time, (
            f"{v['throttle']:.4f}", f"{v['brake']:.4f}", f"{v['clutch']:.4f}", int(v["gear"]) - 1,
            f"{v['steer_angle']:.3f}", f"{v['accel_lateral']:.4f}", f"{v['accel_longitudinal']:.4f}",
            f"{v['speed'] * _MPH:.3f}", "TRUE" if valid else "FALSE", f"{lap_s:.3f}",
            f"{v['best_lap_time'] / 1000.0:.3f}", f"{v['spline_position']:.6f}",
            f"{delta:.3f}", f"{rate:.4f}",
        ))  # fmt: skip


class InputsLog:
    """`inputs.csv`: Unix time (s), number of the state (0, 1, ...), steering -1..1 (+ right), pedals 0..1, km/h."""

    def __init__(self, path: Path, header: Header) -> None:
        self._file = CsvFile(path, INPUTS_COLUMNS)
        self._offset = header.clock_offset
        self._lock = header.steering_lock_deg or FULL_STEER_DEG
        self._states = 0

    def write(self, time: float, frame: NDArray[np.float64]) -> None:
        steering = np.clip(frame[_AT["steer_angle"]] / self._lock, -1.0, 1.0)
        self._file.write([(
            f"{time + self._offset:.6f}", self._states, f"{steering:.6f}", f"{frame[_AT['throttle']]:.6f}",
            f"{frame[_AT['brake']]:.6f}", f"{3.6 * frame[_AT['speed']]:.4f}",
        )])  # fmt: skip
        self._states += 1

    def close(self) -> None:
        self._file.close()

    def abandon(self) -> None:
        self._file.abandon()
