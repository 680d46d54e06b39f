"""What a picture from above is made of: the camera, the ground of a circuit near it, and the car."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ac_gym.car import Car, envelope
from ac_gym.track import Track, speed_profile
from ac_gym.track.model import GRAVEL

Points = NDArray[np.float64]
"""(K, 2)"""
Colour = tuple[int, int, int]

FOREST, GRASS, GRASS_LIGHT, GRAVEL_COLOUR = (66, 96, 60), (88, 128, 72), (96, 137, 79), (206, 188, 148)
ASPHALT, RUBBER, KERB_RED, WHITE, WALL = (84, 86, 92), (74, 76, 82), (204, 46, 40), (236, 236, 232), (176, 180, 184)
BODY, BODY_EDGE, GLASS, TYRE, SHADOW = (40, 122, 236), (10, 44, 104), (18, 24, 34), (18, 18, 20), (48, 50, 54)
BRAKING, COASTING, ACCELERATING = (232, 72, 56), (240, 204, 72), (80, 200, 110)

_MOW_M = 16.0  # length of the stripes in the grass: without them nothing shows the speed there
_COASTING_MPS2 = 2.0  # the racing line is green or red beyond this acceleration
_PIECE = 8  # stations drawn as one polygon
_RUBBER_M = 1.4  # half width of the darker strip along the racing line
_SIDES = ("left", "right")

# The car's left half, (share of half its length ahead, share of half its width).
_BODY = ((1.0, 0.4), (0.95, 0.78), (0.75, 0.95), (0.3, 0.86), (-0.3, 0.88), (-0.6, 1.0), (-0.88, 0.95), (-0.9, 0.7))
_WINDOWS = ((0.28, 0.55), (0.05, 0.7), (-0.42, 0.6), (-0.52, 0.45))
_ROOF = ((0.02, 0.48), (-0.36, 0.48))
_WING = ((-0.9, 0.98), (-1.0, 0.98))
_TYRE_HALF_WIDTH_M = 0.15


@dataclass(frozen=True)
class Camera:
    """Looks down on a car whose heading is up in the picture."""

    position: NDArray[np.float64]
    """(2,) of the car on the map, m"""
    yaw: float
    scale: float
    """pixels a metre"""
    centre: tuple[float, float]
    """pixel of the car"""

    def pixels(self, points: Points) -> Points:
        """Metres on the map -> pixels."""
        dx, dy = (points - self.position).T
        cos, sin = np.cos(self.yaw), np.sin(self.yaw)
        return self.from_car(np.column_stack([cos * dx + sin * dy, cos * dy - sin * dx]))

    def from_car(self, points: Points) -> Points:
        """Metres ahead and left of the car -> pixels."""
        return np.column_stack([self.centre[0] - self.scale * points[:, 1], self.centre[1] - self.scale * points[:, 0]])


class Ground:
    """Road, kerbs, run-off, barriers and racing line of a circuit."""

    def __init__(self, track: Track, car: Car) -> None:
        left, right = track.width_left, track.width_right
        offsets = {
            "left": left, "right": -right, "kerb_left": left + track.kerb_left, "kerb_right": -right - track.kerb_right,
            "wall_left": track.wall_left, "wall_right": -track.wall_right, "line": track.line_offset,
            "rubber_left": np.minimum(track.line_offset + _RUBBER_M, left),
            "rubber_right": np.maximum(track.line_offset - _RUBBER_M, -right),
        }  # fmt: skip
        self._rows = {name: np.column_stack(track.points(offset)) for name, offset in offsets.items()}
        self._centre = np.column_stack([track.x, track.y])
        self._widest_m = float(max(track.wall_left.max(), track.wall_right.max()))
        self._gravel = {"left": track.runoff_left == GRAVEL, "right": track.runoff_right == GRAVEL}
        self._kerb = {"left": track.kerb_left > 0.05, "right": track.kerb_right > 0.05}
        self._mow = (track.s // _MOW_M).astype(np.int64) % 2
        accel = speed_profile(track, envelope(car)).ax
        self._line_colour = np.where(accel > _COASTING_MPS2, 1, np.where(accel < -_COASTING_MPS2, -1, 0))

    def draw(self, pygame: Any, surface: Any, camera: Camera) -> None:
        """Everything within the picture."""
        reach = 0.75 * float(np.hypot(*surface.get_size())) / camera.scale
        runs = [_Run(at, {k: camera.pixels(v[at]) for k, v in self._rows.items()}) for at in self._runs(camera, reach)]
        surface.fill(FOREST)
        for run in runs:
            self._draw_runoff(pygame, surface, run)
        stroke = max(round(0.13 * camera.scale), 2)
        for run in runs:  # after all run-off: another part of the circuit may be near
            self._draw_road(pygame, surface, run, stroke)

    def _runs(self, camera: Camera, reach: float) -> list[NDArray[np.int64]]:
        """Stations near the camera, in pieces without gaps, in driving order also across the start line."""
        m = len(self._centre)
        near = np.flatnonzero(np.hypot(*(self._centre - camera.position).T) < reach + self._widest_m)
        if len(near) == m:
            return [np.append(near, 0)]
        gaps = np.flatnonzero(np.diff(near, append=near[:1] + m) != 1)
        if len(gaps) == 0:
            return []
        ordered = np.roll(near, -gaps[-1] - 1)
        pieces = np.split(ordered, np.flatnonzero(np.diff(ordered) % m != 1) + 1)
        return [piece for piece in pieces if len(piece) > 1]

    def _draw_runoff(self, pygame: Any, surface: Any, run: _Run) -> None:
        for first, last in _stretches(self._mow[run.at]):
            colour = GRASS_LIGHT if self._mow[run.at[first]] else GRASS
            pygame.draw.polygon(surface, colour, run.band("wall_left", "wall_right", first, last))
        for side in _SIDES:
            gravel = self._gravel[side][run.at]
            for first, last in _stretches(2 * (run.at // _PIECE) + gravel):
                if gravel[first]:
                    pygame.draw.polygon(surface, GRAVEL_COLOUR, run.band(side, f"wall_{side}", first, last))

    def _draw_road(self, pygame: Any, surface: Any, run: _Run, stroke: int) -> None:
        # Piece by piece: the time to fill a polygon grows with its points times its rows.
        for first, last in _stretches(run.at // _PIECE):
            pygame.draw.polygon(surface, ASPHALT, run.band("left", "right", first, last))
            pygame.draw.polygon(surface, RUBBER, run.band("rubber_left", "rubber_right", first, last))
        for side in _SIDES:
            pygame.draw.lines(surface, WALL, False, run.rows[f"wall_{side}"], 2 * stroke)
            for i in np.flatnonzero(self._kerb[side][run.at][:-1]).tolist():
                colour = KERB_RED if run.at[i] % 2 else WHITE
                pygame.draw.polygon(surface, colour, run.band(side, f"kerb_{side}", i, i + 1))
            pygame.draw.lines(surface, WHITE, False, run.rows[side], stroke)
        colours = self._line_colour[run.at]
        for first, last in _stretches(colours):
            colour = (COASTING, ACCELERATING, BRAKING)[colours[first]]
            pygame.draw.lines(surface, colour, False, run.rows["line"][first : last + 1], stroke)
        for i in np.flatnonzero(run.at == 0).tolist():
            pygame.draw.line(surface, WHITE, run.rows["left"][i], run.rows["right"][i], 5 * stroke)


@dataclass(frozen=True)
class _Run:
    """Successive stations `at` (K,) and their points in pixels, (K, 2) each."""

    at: NDArray[np.int64]
    rows: dict[str, Points]

    def band(self, a: str, b: str, first: int, last: int) -> Points:
        """Outline of the strip between two lines, from one of the run's stations to another."""
        return np.concatenate([self.rows[a][first : last + 1], self.rows[b][first : last + 1][::-1]])


def _stretches(values: NDArray[Any]) -> Iterator[tuple[int, int]]:
    """(first, last) of the stretches over which values (K,) stay the same; each ends where the next begins."""
    starts = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist()]
    ends = [*starts[1:], len(values) - 1]
    return ((first, last) for first, last in zip(starts, ends, strict=True) if last > first)


def draw_car(pygame: Any, surface: Any, camera: Camera, car: Car, steer_deg: float) -> None:
    """The car in the camera's centre, its wheels turned for a steering wheel at `steer_deg` (positive to the right)."""
    p = car.values
    front = p["chassis_wheelbase"] * (1.0 - p["chassis_front_weight"])
    rear = front - p["chassis_wheelbase"]
    half = np.array([0.5 * p["chassis_length"], 0.5 * p["chassis_width"]])
    middle = np.array([0.5 * (front + rear), 0.0])

    def outline(left_side: tuple[tuple[float, float], ...]) -> Points:
        left = np.array(left_side) * half
        return camera.from_car(middle + np.concatenate([left, left[::-1] * [1.0, -1.0]]))

    pygame.draw.polygon(surface, SHADOW, outline(_BODY) + 0.22 * camera.scale)
    for left_side, colour in ((_WING, BODY_EDGE), (_BODY, BODY), (_WINDOWS, GLASS), (_ROOF, BODY)):
        pygame.draw.polygon(surface, colour, outline(left_side))
    pygame.draw.polygon(surface, BODY_EDGE, outline(_BODY), max(round(0.1 * camera.scale), 1))
    angle = -np.radians(steer_deg) / p["steering_ratio"]
    for end, axle, turn in (("front", front, angle), ("rear", rear, 0.0)):
        rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        corner = np.array([p[f"tyres_{end}_radius"], _TYRE_HALF_WIDTH_M])
        wheel = corner * [(1, 1), (1, -1), (-1, -1), (-1, 1)] @ rotation
        for side in (0.5, -0.5):
            hub = np.array([axle, side * p[f"suspension_{end}_track"]])
            pygame.draw.polygon(surface, TYRE, camera.from_car(wheel + hub))
