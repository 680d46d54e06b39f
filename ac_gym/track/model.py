"""A built circuit: everything the simulator, the task and the drawings need, as arrays over stations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

GRASS = 2
GRAVEL = 3
SURFACE_CODES = {"grass": GRASS, "gravel": GRAVEL}


@dataclass(frozen=True)
class Corner:
    """A named corner: where it starts, ends and is tightest, in m along the centre line."""

    name: str
    start_m: float
    end_m: float
    apex_m: float


@dataclass(frozen=True)
class StartPose:
    """Where a hotlap begins from standstill: centre-line distance and lateral offset (+ left), in m."""

    s_m: float
    offset_m: float


@dataclass(frozen=True)
class Track:
    """A closed circuit sampled at M stations, uniform in centre-line arc length (about 2 m), end not repeated.

    All arrays are float64 of shape (M,), except the two runoff codes (int64). The frame is x right, y up on the true
    map; headings are ccw from +x; a left turn has positive curvature and left is a positive offset. A station is a
    cross-section: offset n lies at (x, y) + n * (-sin heading, cos heading). Station 0 is the start/finish line.
    """

    name: str
    title: str
    length_m: float
    s: Array
    x: Array
    y: Array
    heading: Array
    """rad, continuous along the lap"""
    curvature: Array
    """1/m"""
    width_left: Array
    """centre line to the white line, m"""
    width_right: Array
    kerb_left: Array
    """kerb outside the white line, m, 0 where there is none"""
    kerb_right: Array
    wall_left: Array
    """centre line to the barrier, m"""
    wall_right: Array
    runoff_left: NDArray[np.int64]
    """surface outside the kerb: 2 grass, 3 gravel"""
    runoff_right: NDArray[np.int64]
    bank: Array
    """rad, positive where the surface falls toward the left (helps a left turn)"""
    grade: Array
    """dz/ds; integrates to 0 over the lap"""
    line_offset: Array
    """racing line: lateral offset, m"""
    line_heading: Array
    line_s: Array
    """racing line: its own arc length at the station, m"""
    line_curvature: Array
    line_length_m: float
    sector_s: tuple[float, ...]
    """centre-line distance where sectors 2, 3, ... begin"""
    corners: tuple[Corner, ...]
    start: StartPose

    @property
    def step_m(self) -> float:
        """Distance between stations along the centre line."""
        return self.length_m / len(self.s)

    @property
    def direction(self) -> str:
        """'anticlockwise' where the lap turns left on balance, else 'clockwise'."""
        return "anticlockwise" if self.curvature.sum() > 0 else "clockwise"

    def points(self, offset: Array | float = 0.0) -> tuple[Array, Array]:
        """x, y (M,) of the line at lateral `offset` from the centre line."""
        return self.x - offset * np.sin(self.heading), self.y + offset * np.cos(self.heading)

    def left_border(self) -> tuple[Array, Array]:
        """x, y (M,) of the left white line."""
        return self.points(self.width_left)

    def right_border(self) -> tuple[Array, Array]:
        """x, y (M,) of the right white line."""
        return self.points(-self.width_right)

    def racing_line(self) -> tuple[Array, Array]:
        """x, y (M,) of the racing line."""
        return self.points(self.line_offset)
