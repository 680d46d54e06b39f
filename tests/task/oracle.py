"""The observation of the benchmark paper, written again in NumPy and float64 straight from its description.

Remonda et al., arXiv 2407.16680, in the order of the authors' code: 14 channels over their scales, 11 rays / 200 m,
out-of-track flag, 12 curvatures / 0.1, steering / 450, throttle and brake of three past steps each oldest first (zeros
until three exist), the same now, then the three previous blocks of 25, oldest first. It knows only telemetry and the
built track.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ac_gym.task import Telemetry
from ac_gym.track import Track

Array = NDArray[np.float64]
REACH = 200.0


class Place:
    """Where one car is on the track, by brute force over the centre line."""

    def __init__(self, track: Track, x: float, y: float) -> None:
        n = len(track.s)
        i = int(np.argmin((track.x - x) ** 2 + (track.y - y) ** 2))
        ahead = (x - track.x[i]) * np.cos(track.heading[i]) + (y - track.y[i]) * np.sin(track.heading[i])
        i = i if ahead >= 0.0 else (i - 1) % n
        j = (i + 1) % n
        before = (x - track.x[i]) * np.cos(track.heading[i]) + (y - track.y[i]) * np.sin(track.heading[i])
        after = (x - track.x[j]) * np.cos(track.heading[j]) + (y - track.y[j]) * np.sin(track.heading[j])
        self.track, self.i, self.j, self.part = track, i, j, before / (before - after)
        turn = np.remainder(track.heading[j] - track.heading[i] + np.pi, 2 * np.pi) - np.pi
        self.heading = track.heading[i] + self.part * turn
        # The centre line between stations: a chord and the bulge of its curvature.
        chord_x = track.x[i] + self.part * (track.x[j] - track.x[i])
        chord_y = track.y[i] + self.part * (track.y[j] - track.y[i])
        bulge = -0.5 * self.of(track.curvature) * self.part * (1 - self.part) * track.step_m**2
        self.offset = -np.sin(self.heading) * (x - chord_x) + np.cos(self.heading) * (y - chord_y) - bulge

    def of(self, values: Array) -> float:
        """Values (M,) of the stations, here."""
        return float((1 - self.part) * values[self.i] + self.part * values[self.j])

    @property
    def line_s(self) -> float:
        end = self.track.line_s[self.j] if self.j else self.track.line_length_m
        return float((1 - self.part) * self.track.line_s[self.i] + self.part * end)

    @property
    def gap(self) -> float:
        """Lateral distance to the racing line, negative on its left."""
        return -(self.offset - self.of(self.track.line_offset)) * np.cos(
            self.of(self.track.line_heading - self.track.heading)
        )


def rays(track: Track, x: float, y: float, yaw: float) -> Array:
    """Distances (11,) to the borders, from 90 degrees right to 90 degrees left."""
    found = np.full(11, REACH)
    for border in (track.left_border(), track.right_border()):
        a = np.stack(border, axis=1) - (x, y)
        edge = np.roll(a, -1, axis=0) - a
        for k, angle in enumerate(yaw + np.radians(np.linspace(-90, 90, 11))):
            dx, dy = np.cos(angle), np.sin(angle)
            with np.errstate(divide="ignore", invalid="ignore"):
                cross = dx * edge[:, 1] - dy * edge[:, 0]
                along = (a[:, 0] * edge[:, 1] - a[:, 1] * edge[:, 0]) / cross
                part = (a[:, 0] * dy - a[:, 1] * dx) / cross
            hit = (along >= 0) & (part >= 0) & (part < 1)
            if hit.any():
                found[k] = min(found[k], along[hit].min())
    return found


def block(track: Track, telemetry: Telemetry, car: int) -> Array:
    """The basic block (25,) of one car's present frame."""
    x, y, _ = telemetry["world_position"][car]
    yaw, place = telemetry["yaw"][car], Place(track, x, y)
    t = {
        name: telemetry[name][car]
        for name in ("speed", "force_feedback", "rpm", "accel_lateral", "accel_longitudinal", "gear")
    }
    channels = [
        t["speed"] / 80, place.gap / 10, t["force_feedback"], t["rpm"] / 10000, t["accel_lateral"] / 5,
        t["accel_longitudinal"] / 5, t["gear"] / 8, telemetry["angular_velocity"][car][1] / np.pi,
        telemetry["local_velocity"][car][0] / 80, telemetry["local_velocity"][car][1] / 20,
        *telemetry["slip_angle"][car] / 25,
    ]  # fmt: skip
    return np.concatenate([channels, rays(track, x, y, yaw) / REACH])


def controls_now(telemetry: Telemetry, car: int) -> list[float]:
    return [telemetry["steer_angle"][car] / 450, telemetry["throttle"][car], telemetry["brake"][car]]


def look_ahead(track: Track, line_s: float, values: Array) -> Array:
    """Values (M,) of the stations at 12 points over the next 300 m of the racing line, sampled once a metre."""
    samples = round(track.line_length_m)
    grid = np.arange(samples) * track.line_length_m / samples
    sampled = np.interp(grid, track.line_s, values, period=track.line_length_m)
    return np.interp(line_s + 25.0 * np.arange(12), grid, sampled, period=track.line_length_m)


class Observer:
    """Remembers one car's episode and states what its observation must be."""

    def __init__(self, track: Track, car: int) -> None:
        self.track, self.car = track, car
        self.blocks: list[Array] = []
        self.controls: list[list[float]] = []

    def __call__(self, telemetry: Telemetry) -> Array:
        x, y, _ = telemetry["world_position"][self.car]
        place, now = Place(self.track, x, y), block(self.track, telemetry, self.car)
        past = np.array(self.controls[-3:]).T.ravel() if len(self.controls) >= 3 else np.zeros(9)
        blocks = [np.zeros(25)] * (3 - len(self.blocks[-3:])) + self.blocks[-3:]
        out = float(telemetry["tyres_out"][self.car] > 2)
        curvature = look_ahead(self.track, place.line_s, self.track.line_curvature) / 0.1
        current = controls_now(telemetry, self.car)
        self.blocks.append(now)
        self.controls.append(current)
        return np.concatenate([now, [out], curvature, past, current, *blocks])
