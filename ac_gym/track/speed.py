"""Speed profile on the racing line: the fastest lap that a g-g-v envelope allows, and so the limit lap time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ac_gym.constants import GRAVITY
from ac_gym.track.model import Array, Track

_MAX_LAPS = 6
_SAME_SPEED_MPS = 1e-6


@dataclass(frozen=True)
class Envelope:
    """What a car can do on a flat road (g-g-v diagram), in m/s and m/s2.

    `fraction` (A,) from 0 to 1 is the share of the lateral limit in use.
    """

    speed: Array
    """(V,) ascending, from about 5 to beyond the top speed"""
    lateral: Array
    """(V,) greatest lateral acceleration at constant speed"""
    fraction: Array
    accel: Array
    """(V, A) greatest longitudinal acceleration, drag included; negative beyond the top speed"""
    brake: Array
    """(V, A) greatest deceleration, as a positive figure"""


@dataclass(frozen=True)
class SpeedProfile:
    """Speed m/s, longitudinal acceleration m/s2 and time since the line s, each (M,) at the track's stations."""

    speed: Array
    ax: Array
    time: Array
    lap_time_s: float
    top_speed_mps: float
    mean_speed_mps: float


@dataclass(frozen=True)
class Road:
    """A closed line as the passes see it, each (M,): `step` is the distance to the next station, m."""

    step: Array
    curvature: Array
    cos_bank: Array
    sin_bank: Array
    grade: Array

    @classmethod
    def along(cls, track: Track) -> Road:
        return cls(
            step=np.diff(track.line_s, append=track.line_length_m),
            curvature=track.line_curvature,
            cos_bank=np.cos(track.bank),
            sin_bank=np.sin(track.bank),
            grade=track.grade,
        )


def speed_profile(track: Track, envelope: Envelope, *, margin: float = 1.0) -> SpeedProfile:
    """The forward-backward pass over a closed lap; `margin` scales the accelerations that may be used.

    Bank lowers the lateral demand and raises the load on the tyres; grade adds to or takes from the longitudinal part.
    """
    return profile(Road.along(track), envelope, margin=margin)


def profile(road: Road, envelope: Envelope, *, margin: float = 1.0) -> SpeedProfile:
    """The same for any closed line."""
    limit = _cornering_speed(road, envelope, margin)
    table = _Table(envelope, margin)
    speed = _forward(road, table, limit)
    speed = _backward(road, table, speed)
    after = np.roll(speed, -1)
    seconds = 2.0 * road.step / (speed + after)
    time = np.concatenate([[0.0], np.cumsum(seconds)])
    return SpeedProfile(
        speed=speed,
        ax=(after**2 - speed**2) / (2.0 * road.step),
        time=time[:-1],
        lap_time_s=float(time[-1]),
        top_speed_mps=float(speed.max()),
        mean_speed_mps=float(road.step.sum() / time[-1]),
    )


class _Table:
    """The envelope on a uniform grid, as plain lists: a pass asks it a single point at a time.

    The second axis is what a friction ellipse leaves, sqrt(1 - fraction^2), in which accelerations are nearly straight:
    over the fraction itself a coarse table would cut the corner where they fall steeply.
    """

    _SPEED_STEP = 0.5
    _LEFT_STEPS = 32

    def __init__(self, envelope: Envelope, margin: float) -> None:
        count = int(np.ceil(envelope.speed[-1] / self._SPEED_STEP)) + 2
        speed = self._SPEED_STEP * np.arange(count, dtype=np.float64)
        self.lateral = (margin * np.interp(speed, envelope.speed, envelope.lateral)).tolist()
        accel = self._resample(envelope, envelope.accel, speed)
        self.accel = np.where(accel > 0.0, margin * accel, accel).tolist()
        self.brake = (margin * self._resample(envelope, envelope.brake, speed)).tolist()
        self.top = self._SPEED_STEP * (count - 2)

    def _resample(self, envelope: Envelope, values: Array, speed: Array) -> Array:
        left = np.sqrt(np.maximum(1.0 - envelope.fraction**2, 0.0))[::-1]
        wanted = np.linspace(0.0, 1.0, self._LEFT_STEPS + 1)
        by_speed = np.column_stack([np.interp(speed, envelope.speed, column) for column in values.T])
        return np.vstack([np.interp(wanted, left, row[::-1]) for row in by_speed])

    def look_up(self, rows: list[list[float]], v: float, demand: float, load: float) -> float:
        """The figure in `rows` at speed v and lateral `demand`; `load` scales the tyres."""
        at = min(v, self.top) / self._SPEED_STEP
        i = int(at)
        t = at - i
        limit = load * (self.lateral[i] + t * (self.lateral[i + 1] - self.lateral[i]))
        share = demand / limit if demand < limit else 1.0
        left = (1.0 - share * share) ** 0.5 * self._LEFT_STEPS
        j = min(int(left), self._LEFT_STEPS - 1)
        u = left - j
        low, high = rows[i], rows[i + 1]
        below = low[j] + u * (low[j + 1] - low[j])
        above = high[j] + u * (high[j + 1] - high[j])
        return below + t * (above - below)


def _cornering_speed(road: Road, envelope: Envelope, margin: float) -> Array:
    """(M,): the speed up to which each station can be taken at constant speed."""
    v = np.linspace(0.0, envelope.speed[-1], 401)
    lateral = margin * np.interp(v, envelope.speed, envelope.lateral)
    pull = v**2 * road.curvature[:, None]
    demand = np.abs(pull * road.cos_bank[:, None] - GRAVITY * road.sin_bank[:, None])
    excess = demand - lateral * np.maximum(road.cos_bank[:, None] + pull * road.sin_bank[:, None] / GRAVITY, 0.0)
    over = excess > 0.0
    over[:, 0] = False  # standing still is always possible
    first = over.argmax(axis=1)
    rows = np.arange(len(first))
    before, after = excess[rows, first - 1], excess[rows, first]
    part = np.clip(-before / np.where(over.any(axis=1), after - before, 1.0), 0.0, 1.0)
    crossing = v[first - 1] + part * (v[1] - v[0])
    return np.where(over.any(axis=1), crossing, v[-1])


def _forward(road: Road, table: _Table, limit: Array) -> Array:
    """Speeds (M,) from accelerating at the envelope out of the slowest corner, repeated until the lap is periodic."""
    path = _from_slowest(road, limit)

    def gain(v: float, place: tuple[float, ...]) -> float:
        _, _, curvature, cosine, sine, grade = place
        pull = v * v * curvature
        load = cosine + pull * sine / GRAVITY
        return table.look_up(table.accel, v, abs(pull * cosine - GRAVITY * sine), load) - GRAVITY * grade

    return np.roll(_sweep(path, gain), int(limit.argmin()))


def _backward(road: Road, table: _Table, limit: Array) -> Array:
    """Speeds (M,) lowered where the car could not brake in time for what follows: the same sweep, against time."""
    path = _from_slowest(road, limit)
    # Seen from the end, the step to the place before belongs to that place.
    steps = [place[1] for place in path]
    against = [(p[0], steps[k - 1], *p[2:]) for k, p in enumerate(path)]
    against = [against[0], *against[:0:-1]]

    def gain(v: float, place: tuple[float, ...]) -> float:
        _, _, curvature, cosine, sine, grade = place
        pull = v * v * curvature
        load = cosine + pull * sine / GRAVITY
        return load * table.look_up(table.brake, v, abs(pull * cosine - GRAVITY * sine), load) + GRAVITY * grade

    speeds = _sweep(against, gain)
    return np.roll(np.concatenate([speeds[:1], speeds[:0:-1]]), int(limit.argmin()))


def _sweep(path: list[tuple[float, ...]], gain: Callable[[float, tuple[float, ...]], float]) -> Array:
    """Speeds (M,) along `path` from its slowest place, gaining all that is allowed (Heun's rule in squared speed)."""
    count = len(path)
    speeds = [0.0] * count
    v = path[0][0]
    for _ in range(_MAX_LAPS):
        begin = v
        for k, place in enumerate(path):
            speeds[k] = v
            following = path[(k + 1) % count]
            step, most = place[1], following[0]
            first = gain(v, place)
            reached = min(max(v * v + 2.0 * step * first, 1.0) ** 0.5, most)
            v = min(max(v * v + step * (first + gain(reached, following)), 1.0) ** 0.5, most)
        if abs(v - begin) < _SAME_SPEED_MPS:
            break
    return np.array(speeds)


def _from_slowest(road: Road, limit: Array) -> list[tuple[float, ...]]:
    """The stations as (limit, step, curvature, cos bank, sin bank, grade), beginning where `limit` is lowest."""
    columns = (limit, road.step, road.curvature, road.cos_bank, road.sin_bank, road.grade)
    start = int(limit.argmin())
    return list(zip(*(np.roll(column, -start).tolist() for column in columns), strict=True))
