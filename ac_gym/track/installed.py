"""A circuit's borders from where an installation of the game has them: `content/tracks/TRACK[/LAYOUT]`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ac_gym.errors import InvalidTrackError
from ac_gym.track import polyline
from ac_gym.track.border_file import csv_rows, numbers
from ac_gym.track.borders import Borders
from ac_gym.track.fast_lane import read_fast_lane
from ac_gym.track.model import Array

_FINE_M = 0.5
_REACH = 120  # points of `_FINE_M`


def installed_borders(path: str | Path, *, sides: bool = True) -> tuple[str, Borders]:
    """Name and borders of a circuit of the game, from its folder or its fast_lane.ai (or a copy, by the copy's name).

    The edges are those of `data/side_l.csv` and `data/side_r.csv` where both are there (and `sides`), else the lane's.
    """
    path = Path(path)
    lane_file = path if path.is_file() else _lane_file(path)
    in_game = lane_file.parent.name == "ai"
    folder = lane_file.parent.parent if in_game else lane_file.parent
    lane = read_fast_lane(lane_file)
    left, right, line = lane.borders()
    borders = Borders(left, right, line, lane.height)
    side_files = [folder / "data" / f"side_{side}.csv" for side in "lr"]
    if sides and all(file.is_file() for file in side_files):
        borders = _with_sides(borders, *(_side_points(file) for file in side_files))
    return _game_name(folder) if in_game else lane_file.stem, borders


def _lane_file(folder: Path) -> Path:
    if not folder.is_dir():
        raise InvalidTrackError(f"{folder}: no such file or folder")
    if (folder / "ai" / "fast_lane.ai").is_file():
        return folder / "ai" / "fast_lane.ai"
    if layouts := sorted(lane.parent.parent.name for lane in folder.glob("*/ai/fast_lane.ai")):
        raise InvalidTrackError(f"{folder} has layouts; import one of them, such as {folder / layouts[0]}")
    raise InvalidTrackError(f"{folder}: no ai/fast_lane.ai in it; give the folder content/tracks/TRACK of the game")


def _game_name(folder: Path) -> str:
    """TRACK or TRACK-LAYOUT, as the game's plugin names it."""
    folder = folder.resolve()
    is_layout = folder.parent.parent.name == "tracks"
    return f"{folder.parent.name}-{folder.name}" if is_layout else folder.name


def _with_sides(borders: Borders, left: Array, right: Array) -> Borders:
    """The same line with other edges, points (L, 3) and (R, 3) as x, y in the wire frame and height: hence the bank."""
    across = polyline.left_normals(polyline.headings(borders.line))
    (left_at, left_height), (right_at, right_height) = (
        _met(borders.line, direction, edge) for direction, edge in ((across, left), (-across, right))
    )
    width = np.maximum(np.hypot(*(left_at - right_at).T), 1e-6)
    return Borders(left_at, right_at, borders.line, borders.height, np.arctan((right_height - left_height) / width))


def _met(line: Array, direction: Array, edge: Array) -> tuple[Array, Array]:
    """Where a row's way across the line meets an edge (P, 2), and its height there (P,); else the nearest point."""
    from scipy.spatial import cKDTree

    points = edge[polyline.chords(edge[:, :2]) > 1e-3]
    dense = polyline.resampled(points[:, :2], _FINE_M)
    nearest = cKDTree(dense).query(line)[1]
    distance = polyline.distance_to(dense, line, direction, nearest, _REACH)
    met = np.where(np.isfinite(distance)[:, None], line + np.nan_to_num(distance)[:, None] * direction, dense[nearest])
    return met, points[cKDTree(points[:, :2]).query(met)[1], 2]


def _side_points(path: Path) -> Array:
    """(K, 3): x and y in the wire frame, and height, of a file with the game's x, y, z first on each line."""
    rows = [numbers(path, number, row[:3], "xyz") for number, row in csv_rows(path) if any(map(str.strip, row))]
    points = np.array(rows, dtype=np.float64).reshape(-1, 3)[:, [2, 0, 1]]
    if len(points) < 3 or polyline.chords(points[:, :2]).sum() < 1.0:
        raise InvalidTrackError(f"{path}: {len(points)} points make no border")
    return points
