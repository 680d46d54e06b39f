"""An independent pinhole model: where points of a circuit must fall on a picture, in NumPy, from the description of a
view alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ac_gym import channels
from ac_gym.camera import View
from ac_gym.track import Track

Array = NDArray[np.float64]


class Ground:
    """The road's surface: a cross-section lies on one straight line, level but for its bank."""

    def __init__(self, track: Track) -> None:
        self.track = track
        self.height = np.concatenate([[0.0], np.cumsum(track.grade[:-1] * track.step_m)])

    def at(self, name: str, s: float) -> float:
        """A column of the track at s, linear between the stations."""
        values = self.height if name == "height" else getattr(self.track, name)
        return float(np.interp(s % self.track.length_m, self.track.s, values, period=self.track.length_m))

    def point(self, station: int, offset: float) -> Array:
        """x, y, height (3,) of a point on a cross-section."""
        t, i = self.track, station % len(self.track.s)
        across = np.array([-np.sin(t.heading[i]), np.cos(t.heading[i]), -t.bank[i]])
        return np.array([t.x[i], t.y[i], self.height[i]]) + offset * across


class Crossing(NamedTuple):
    """Where a line along the road crosses the middle of a row of pixels."""

    row: int
    column: float
    slope: float
    """columns a row there"""


class Pinhole:
    """The camera of one frame. `s`, `offset`: where its car stands on the circuit."""

    def __init__(
        self, view: View, size: tuple[int, int], ground: Ground, frame: Array, s: float, offset: float
    ) -> None:
        width, height = size
        column = channels.COLUMNS
        x, y = frame[column["world_position"]][:2]
        yaw, pitch, roll, speed = (float(frame[column[name]][0]) for name in ("yaw", "pitch", "roll", "speed"))
        grade, bank = ground.at("grade", s), ground.at("bank", s)
        i = round(s / ground.track.step_m) % len(ground.track.s)
        turned = yaw - ground.track.heading[i]
        slope = np.array([grade, -bank])  # along the road, to its left
        climb, lean = slope @ [np.cos(turned), np.sin(turned)], slope @ [-np.sin(turned), np.cos(turned)]
        climb += view.shake * (pitch - climb)  # what is not the road's is the body's on its springs
        lean += view.shake * (roll - lean)
        ahead = np.array([np.cos(yaw), np.sin(yaw), climb])
        ahead /= np.linalg.norm(ahead)
        up = np.cross(ahead, [-np.sin(yaw), np.cos(yaw), lean])
        up /= np.linalg.norm(up)
        left = np.cross(up, ahead)
        road = np.array([x, y, ground.at("height", s) - offset * bank])
        self.ground = ground
        self.eye = road + view.forward * ahead + (view.up + view.rise * speed) * up
        tilt = np.radians(view.pitch)
        axis = np.cos(tilt) * ahead + np.sin(tilt) * up
        self.axes = np.array([-left, np.cross(axis, -left), axis])  # right, down, forward
        self.focal = 0.5 * height / np.tan(0.5 * np.radians(view.fov))
        self.centre = np.array([0.5 * width, view.axis * height])

    def pixel(self, point: Array) -> Array:
        """Column and row (2,), of whole pixels at their centres + 0.5; NaN behind the camera."""
        right, down, forward = self.axes @ (point - self.eye)
        if forward < 0.3:
            return np.full(2, np.nan)
        return self.centre + self.focal * np.array([right, down]) / forward

    def row_crossing(self, side: float, offsets: Array, station: int) -> Crossing:
        """Of the line `offsets` (M,) to one side of the centre line, between `station` and the next: the row that its
        farther end lies in, crossed near there."""
        n = len(offsets)
        near = self.pixel(self.ground.point(station, side * offsets[station % n]))
        far = self.pixel(self.ground.point(station + 1, side * offsets[(station + 1) % n]))
        if not (
            np.isfinite([near, far]).all()
            and far[1] > 0.0
            and near[1] < 2.0 * self.centre[1]
            and near[1] - far[1] > 1.2
        ):
            return Crossing(0, np.nan, np.inf)
        row = int(np.ceil(far[1] - 0.5))  # the first whose middle is below the far end
        slope = (near[0] - far[0]) / (near[1] - far[1])
        return Crossing(row, far[0] + (row + 0.5 - far[1]) * slope, abs(slope))
