"""Corners of a circuit that names none, found in its curvature and numbered in driving order."""

from __future__ import annotations

import itertools

import numpy as np

from ac_gym.track.model import Array, Corner
from ac_gym.track.polyline import smoothed

_SMOOTHING_M = 40.0
_BEND = 1.0 / 900.0  # a corner is where the road bends more than this, ...
_TIGHT = 1.0 / 450.0  # ... somewhere more than this, ...
_ANGLE = np.radians(10.0)  # ... and turns by more than this
_GAP_M = 20.0  # bends to one side with a shorter gap between them are one corner


def find_corners(curvature: Array, step_m: float) -> tuple[Corner, ...]:
    """The corners of a closed lap from its curvature (M,) 1/m at equal steps."""
    smooth = smoothed(curvature, step_m, _SMOOTHING_M)
    count = len(smooth)
    found = []
    for first, last in _bends(smooth, step_m):
        inside = np.arange(first, last + 1) % count
        bend = np.abs(smooth[inside])
        if bend.max() > _TIGHT and bend.sum() * step_m > _ANGLE:
            found.append((first, last, first + int(bend.argmax())))
    return tuple(
        Corner(f"T{number}", first * step_m, last * step_m, apex % count * step_m)
        for number, (first, last, apex) in enumerate(found, start=1)
    )


def _bends(smooth: Array, step_m: float) -> list[tuple[int, int]]:
    """First and last station of each bend to one side, in driving order; the last may end beyond the line."""
    side = np.where(np.abs(smooth) > _BEND, np.sign(smooth), 0.0).astype(int)
    count = len(side)
    straight = np.flatnonzero(side == 0)
    if not len(straight):
        return [(0, count - 1)]
    # From the first straight station on, no bend runs over the end of the list.
    start = int(straight[0])
    rolled = np.roll(side, -start)
    edges = np.flatnonzero(np.diff(rolled, prepend=0, append=0))
    bends: list[tuple[int, int, int]] = []
    for first, after in itertools.pairwise(edges):
        turn = int(rolled[first])
        if turn == 0:
            continue
        if bends and bends[-1][2] == turn and (first - bends[-1][1]) * step_m < _GAP_M:
            bends[-1] = (bends[-1][0], int(after) - 1, turn)
        else:
            bends.append((int(first), int(after) - 1, turn))
    shifted = [((first + start) % count, last - first) for first, last, _ in bends]
    return [(first, first + length) for first, length in sorted(shifted)]
