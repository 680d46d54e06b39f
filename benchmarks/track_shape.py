"""How closely our circuits follow measured ones.

    python benchmarks/track_shape.py REFERENCE_DIR

REFERENCE_DIR holds a CSV a circuit, named as the track, with the columns left_border_x, left_border_y, right_border_x,
right_border_y (and pos_x, pos_y, unused), in metres along the direction of driving. Our centre line is moved and turned
rigidly onto the mid-line of the two borders (the start may shift along the lap too); then distances are taken from each
reference point to our line. Exit status 1 when a circuit is outside the limits below, 2 when there is none to compare.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from ac_gym.track import Track, available_tracks, load_track

MAX_DEVIATION_M = 15.0
MEAN_DEVIATION_M = 5.0
LENGTH_ERROR_PERCENT = 0.3
WIDTH_ERROR_PERCENT = 10.0

_ALIGNMENT_ROUNDS = 50


@dataclass(frozen=True)
class Shape:
    """What the comparison of one circuit found."""

    max_deviation_m: float
    mean_deviation_m: float
    length_error_percent: float
    width_error_percent: float

    @property
    def within_limits(self) -> bool:
        return (
            self.max_deviation_m <= MAX_DEVIATION_M
            and self.mean_deviation_m <= MEAN_DEVIATION_M
            and abs(self.length_error_percent) <= LENGTH_ERROR_PERCENT
            and abs(self.width_error_percent) <= WIDTH_ERROR_PERCENT
        )


def compare(track: Track, borders: np.ndarray) -> Shape:
    """The deviation of `track` from the mid-line of `borders` (K, 4): left x, y, right x, y."""
    left, right = borders[:, 0:2], borders[:, 2:4]
    middle = 0.5 * (left + right)
    chord = np.hypot(*(np.roll(middle, -1, axis=0) - middle).T)
    ours = _dense(np.column_stack([track.x, track.y]))
    # Rigid alignment: to each reference point the nearest of ours, best rotation and translation, again and again.
    tree = cKDTree(ours)
    moved = middle.copy()
    for _ in range(_ALIGNMENT_ROUNDS):
        target = ours[tree.query(moved)[1]]
        centre, goal = moved.mean(axis=0), target.mean(axis=0)
        u, _, vt = np.linalg.svd((moved - centre).T @ (target - goal))
        flip = np.diag([1.0, np.sign(np.linalg.det(u @ vt))])
        moved = (moved - centre) @ (u @ flip @ vt) + goal
    deviation = tree.query(moved)[0]
    width = float(np.average(np.hypot(*(left - right).T), weights=chord))
    our_width = float(np.mean(track.width_left + track.width_right))
    return Shape(
        max_deviation_m=float(deviation.max()),
        mean_deviation_m=float(np.average(deviation, weights=chord)),
        length_error_percent=100.0 * (track.length_m / float(chord.sum()) - 1.0),
        width_error_percent=100.0 * (our_width / width - 1.0),
    )


def _dense(points: np.ndarray, factor: int = 20) -> np.ndarray:
    """A closed polyline with `factor` points a side."""
    share = np.linspace(0.0, 1.0, factor, endpoint=False)[None, :, None]
    following = np.roll(points, -1, axis=0)
    return (points[:, None] * (1.0 - share) + following[:, None] * share).reshape(-1, 2)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print(__doc__)
        return 2
    folder = Path(arguments[0])
    known = available_tracks()
    files = [path for path in sorted(folder.glob("*.csv")) if path.stem in known]
    if not files:
        print(f"error: {folder} holds no CSV named as one of {', '.join(known)}", file=sys.stderr)
        return 2
    print(f"{'track':<30}{'max m':>8}{'mean m':>8}{'length %':>10}{'width %':>9}")
    good = True
    for path in files:
        shape = compare(load_track(path.stem), np.genfromtxt(path, delimiter=",", skip_header=1)[:, :4])
        good = good and shape.within_limits
        print(
            f"{path.stem:<30}{shape.max_deviation_m:8.2f}{shape.mean_deviation_m:8.2f}"
            f"{shape.length_error_percent:+10.3f}{shape.width_error_percent:+9.2f}"
            f"{'' if shape.within_limits else '  outside the limits'}"
        )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
