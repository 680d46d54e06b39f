"""The racing line as the line follower drives it: where to be, how fast, and what comes next."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ac_gym.car import Car, envelope
from ac_gym.constants import GRAVITY
from ac_gym.track import Envelope, Track, speed_profile

Array = NDArray[np.floating]

_INNER_WHEEL = 0.7  # share of the inner wheel's unloading that braking in turns is planned with
_LEAST_BRAKING = 0.2
_WORN = 0.8  # grip of the second speed profile, as a share of the first's


class Place(NamedTuple):
    """The line at N positions, each (N,)."""

    offset: Array
    """m left of the centre line"""
    heading: Array
    """rad, to the centre line"""
    curvature: Array
    """1/m"""
    bend: Array
    """change of the curvature along the line, 1/m2"""
    bank: Array
    """rad"""
    speed: Array
    """m/s"""
    accel: Array
    """m/s2, along the line"""


class FollowedLine:
    """`track.line_*` with the speed profile of a car that uses the share `pace` of the grip that its tyres have."""

    def __init__(self, track: Track, car: Car, pace: float) -> None:
        self.profile = speed_profile(track, _drivable(car, pace))
        worn = speed_profile(track, _drivable(car, _WORN * pace))
        self._worn = np.column_stack([worn.speed - self.profile.speed, worn.ax - self.profile.ax])
        self._step_m = track.step_m
        step = track.line_length_m / len(track.s)
        bend = (np.roll(track.line_curvature, -1) - np.roll(track.line_curvature, 1)) / (2.0 * step)
        columns = Place(
            offset=track.line_offset,
            heading=track.line_heading - track.heading,
            curvature=track.line_curvature,
            bend=bend,
            bank=track.bank,
            speed=self.profile.speed,
            accel=self.profile.ax,
        )
        self._rows = np.column_stack(columns)

    def at(self, s: Array, grip: Array) -> Place:
        """The line at centre-line positions s (N,), interpolated around the lap; tyres have the share `grip` (N,)."""
        at = s / self._step_m
        whole = np.floor(at)
        part = (at - whole)[:, None]
        i = whole.astype(np.int64) % len(self._rows)
        j = (i + 1) % len(self._rows)
        rows = (1.0 - part) * self._rows[i] + part * self._rows[j]
        lost = np.clip((1.0 - grip) / (1.0 - _WORN), -0.25, 1.5)[:, None]
        rows[:, -2:] += lost * ((1.0 - part) * self._worn[i] + part * self._worn[j])
        return Place(*rows.T)


def _drivable(car: Car, pace: float) -> Envelope:
    """The car's limits at the share `pace` of its grip; less braking in turns, where the inner wheel would lock."""
    limits = envelope(car, grip=pace)
    height = car.values["chassis_cg_height"] / car.values["suspension_front_track"]
    unloading = 2.0 * height * limits.lateral[:, None] * limits.fraction / GRAVITY
    return replace(limits, brake=limits.brake * np.maximum(1.0 - _INNER_WHEEL * unloading, _LEAST_BRAKING))
