"""Figures of an evaluation as CSV and JSON."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ac_gym.channels import COLUMNS
from ac_gym.evaluation import Evaluation, Stint

_DERIVED = ("s", "offset", "gap", "heading_error", "border_left", "border_right", "target_speed", "out_of_track")
_ACTIONS = ("action_steer", "action_throttle", "action_brake", "action_gear")


def write_json(path: Path, evaluation: Evaluation) -> Path:
    """Everything but the telemetry."""
    path.write_text(json.dumps(evaluation.as_dict(), indent=2) + "\n", encoding="utf-8")
    return path


def write_stats(path: Path, evaluation: Evaluation) -> Path:
    """A row for each car's stint."""
    rows = [_episode(number, stint) for number, stint in enumerate(evaluation.stints)]
    _write(path, list(rows[0]), (row.values() for row in rows))
    return path


def write_laps(folder: Path, evaluation: Evaluation) -> list[Path]:
    """Each lap's telemetry, a row for each control step: time, place, every channel, action and reward."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for lap in evaluation.laps:
        stint = evaluation.stints[lap.car]
        rows = slice(lap.first, lap.last + 1)
        columns: dict[str, Any] = {"time_s": stint.time_s[rows]}
        columns |= {name: stint.telemetry[name][rows] for name in _DERIVED}
        for name, columns_of in COLUMNS.items():
            size = columns_of.stop - columns_of.start
            values = stint.telemetry.frames[rows, columns_of]
            columns |= {f"{name}_{i}" if size > 1 else name: values[:, i] for i in range(size)}
        columns |= dict(zip(_ACTIONS, stint.telemetry.actions[rows].T, strict=False))
        columns["reward"] = stint.reward[rows]
        path = folder / f"car{lap.car}_lap{lap.number:02d}.csv"
        _write(path, list(columns), ([f"{v:.7g}" for v in row] for row in np.column_stack(list(columns.values()))))
        written.append(path)
    return written


def _episode(number: int, stint: Stint) -> dict[str, Any]:
    speed = 3.6 * stint.telemetry["speed"]
    return {
        "episode": number,
        "steps": len(stint.reward) - 1,
        "time_s": round(float(stint.time_s[-1]), 3),
        "return": round(float(stint.reward.sum()), 4),
        "laps": len(stint.laps),
        "clean_laps": sum(lap.clean for lap in stint.laps),
        "best_lap_s": min((lap.time_s for lap in stint.laps if lap.clean), default=""),
        "mean_speed_kmh": round(float(speed.mean()), 3),
        "top_speed_kmh": round(float(speed.max()), 3),
        "mean_abs_gap_m": round(float(np.abs(stint.telemetry["gap"]).mean()), 4),
        "end_reason": stint.ending,
    }


def _write(path: Path, names: Sequence[str], rows: Iterable[Iterable[Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(rows)
