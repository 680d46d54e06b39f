"""What a map shows of a circuit: its edges and the racing line, in few enough points to send and draw."""

from __future__ import annotations

from typing import Any

import numpy as np

from ac_gym.track.model import Array, Track

_SPACING_M = 4.0


def outline(track: Track) -> dict[str, Any]:
    """Plain lists of points [x, y], m in the wire frame, closed without repeating the first.

    `left`, `right`: the white lines; `line`: the racing line; `start`: the finish line's two ends; `sectors`: the same
    for where sectors begin; `corners`: names with the point of the apex.
    """
    stride = max(1, round(_SPACING_M / track.step_m))
    return {
        "name": track.name,
        "title": track.title,
        "length_m": round(float(track.line_length_m), 1),
        "left": _points(track.left_border())[::stride],
        "right": _points(track.right_border())[::stride],
        "line": _points(track.racing_line())[::stride],
        "start": _across(track, 0.0),
        "sectors": [_across(track, s) for s in track.sector_s],
        "corners": [{"name": corner.name, "at": _at(track, corner.apex_m)} for corner in track.corners],
    }


def _points(line: tuple[Array, Array]) -> list[list[float]]:
    return np.column_stack(line).round(2).tolist()


def _row(track: Track, s_m: float) -> int:
    return round(s_m / track.step_m) % len(track.s)


def _at(track: Track, s_m: float) -> list[float]:
    row = _row(track, s_m)
    return [round(float(track.x[row]), 2), round(float(track.y[row]), 2)]


def _across(track: Track, s_m: float) -> list[list[float]]:
    row = _row(track, s_m)
    return [_points(track.left_border())[row], _points(track.right_border())[row]]
