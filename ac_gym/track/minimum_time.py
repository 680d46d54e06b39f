"""From the line of minimum curvature to the line of minimum time, for a nominal car.

Unknown are the offset n and the squared speed z at every station. A point mass on a friction circle that grows with
downforce, with drag and limited power, has the lateral acceleration z * curvature(n) and the longitudinal acceleration
dz/ds / 2. Linearised about the present line and its speeds, with the time of each station to second order in z, this
is a convex problem with one second-order cone a station (clarabel). A few rounds settle it; each round is judged by
the speed profile of the new line, and only quicker lines are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ac_gym.constants import GRAVITY
from ac_gym.track.model import Array
from ac_gym.track.racing_line import Line, Linearised, line_limits, linearise, measure_line
from ac_gym.track.speed import Envelope, Road, profile

if TYPE_CHECKING:
    from scipy.sparse import csc_matrix

_ROUNDS = 6
_ENOUGH = 4e-4  # a round that gains less than this fraction of the lap is the last
_REACH_M = 4.0  # farthest move of a station in a round, within which the linear model holds
_SMOOTHNESS = (
    5000.0  # s m3: price of the squared change of curvature; costs 0.2 % of a lap, and the line can be steered
)
_SPEED2_UNIT = 500.0  # m2/s2: brings squared speeds to the size of offsets, for the solver


@dataclass(frozen=True)
class NominalCar:
    """A GT3-like point mass, figures a unit of mass: fitted to published lap times of a BMW Z4 GT3 (1300 kg)."""

    grip: float = 1.32
    lift_per_m: float = 0.5 * 1.2 * 4.0 / 1300.0
    """downforce acceleration by squared speed"""
    drag_per_m: float = 0.5 * 1.2 * 1.34 / 1300.0
    power_w_per_kg: float = 0.8 * 395e3 / 1300.0

    def envelope(self) -> Envelope:
        """The same car as a g-g-v table."""
        speed = np.linspace(5.0, 100.0, 96)
        left = np.linspace(1.0, 0.0, 33)
        lateral = self.grip * (GRAVITY + self.lift_per_m * speed**2)
        drag = (self.drag_per_m * speed**2)[:, None]
        tyre = lateral[:, None] * left
        return Envelope(
            speed=speed,
            lateral=lateral,
            fraction=np.sqrt(1.0 - left**2),
            accel=np.minimum(self.power_w_per_kg / speed[:, None], tyre) - drag,
            brake=tyre + drag,
        )


@dataclass(frozen=True)
class Ground:
    """The centre line and what lies across it, each (M,)."""

    x: Array
    y: Array
    heading: Array
    width_left: Array
    width_right: Array
    bank: Array
    grade: Array

    def road(self, line: Line) -> Road:
        step = np.diff(line.s, append=line.length_m)
        return Road(step, line.curvature, np.cos(self.bank), np.sin(self.bank), self.grade)


def quicken_line(ground: Ground, line: Line, car: NominalCar | None = None) -> Line:
    """The quickest line found for `car` from `line` on; never a slower one than `line`."""
    car = car or NominalCar()
    envelope = car.envelope()
    lower, upper = line_limits(ground.width_left, ground.width_right)
    best, best_time = line, np.inf
    current = line
    for _ in range(_ROUNDS):
        lap = profile(ground.road(current), envelope)
        gain = 1.0 - lap.lap_time_s / best_time
        if gain > 0.0:
            best, best_time = current, lap.lap_time_s
        if gain < _ENOUGH:
            break
        path = linearise(ground.x, ground.y, ground.heading, current.offset)
        moved = _round(ground, path, current.offset, lap.speed**2, lower, upper, car)
        if moved is None:
            break
        current = measure_line(ground.x, ground.y, ground.heading, moved)
    return best


def _round(
    ground: Ground, path: Linearised, offset: Array, z: Array, lower: Array, upper: Array, car: NominalCar
) -> Array | None:
    """Offsets (M,) of the linearised problem about (offset, z); None where the solver finds no solution.

    Variables are the changes (dn, dz / unit); rows of the constraints are written value + slope <= bound.
    """
    from scipy import sparse

    count = len(offset)
    one = sparse.identity(count, format="csc")
    none = sparse.csc_matrix((count, count))
    i = np.arange(count)
    ahead = sparse.csc_matrix((np.ones(count), (i, (i + 1) % count)), shape=(count, count))
    step = 0.5 * (path.weight + np.roll(path.weight, -1))
    v = np.sqrt(z)
    cosine, sine = np.cos(ground.bank), np.sin(ground.bank)

    # Pull: z * curvature. On a bank, part of it and of gravity press the car on the road.
    pull = z * path.curvature
    pull_slope = sparse.hstack([sparse.diags(z) @ path.d_curvature, sparse.diags(path.curvature * _SPEED2_UNIT)])
    lateral = pull * cosine - GRAVITY * sine
    grip = car.grip * ((GRAVITY + car.lift_per_m * z) * cosine + pull * sine)
    grip_slope = car.grip * (
        sparse.hstack([none, sparse.diags(car.lift_per_m * _SPEED2_UNIT * cosine)]) + sparse.diags(sine) @ pull_slope
    )
    # What the tyres push along the road: change of speed, drag and hill.
    along = sparse.diags(0.5 / step) @ (ahead - one) + car.drag_per_m * one
    push = along @ z + GRAVITY * ground.grade
    push_slope = sparse.hstack([none, _SPEED2_UNIT * along])
    power = car.power_w_per_kg / v
    power_slope = sparse.hstack([none, sparse.diags(-0.5 * power / z * _SPEED2_UNIT)])

    # The station's three rows (grip, lateral, push) lie together in its cone.
    together = np.arange(3 * count).reshape(3, count).T.ravel()
    cones = -sparse.vstack([grip_slope, sparse.diags(cosine) @ pull_slope, push_slope], format="csr")[together]
    matrix = sparse.vstack(
        [
            sparse.hstack([one, none]),
            sparse.hstack([-one, none]),
            push_slope - power_slope,
            sparse.hstack([none, -one]),
            cones,
        ],
        format="csc",
    )
    bound = np.concatenate(
        [
            np.minimum(upper - offset, _REACH_M),
            np.minimum(offset - lower, _REACH_M),
            power - push,
            0.5 * z / _SPEED2_UNIT,
            np.concatenate([grip, lateral, push])[together],
        ]
    )
    # Time: sum of weight / sqrt(z), and the price of a restless curvature.
    change = sparse.diags(np.sqrt(_SMOOTHNESS / step)) @ (ahead - one)
    jump = change @ path.d_curvature
    quadratic = sparse.block_diag(
        [jump.T @ jump + 1e-7 * one, sparse.diags(0.75 * path.weight * z**-2.5 * _SPEED2_UNIT**2)], format="csc"
    )
    linear = np.concatenate(
        [
            path.d_weight.T @ (1.0 / v) + jump.T @ (change @ path.curvature),
            -0.5 * path.weight * z**-1.5 * _SPEED2_UNIT,
        ]
    )
    solution = _solve(sparse.triu(quadratic, format="csc"), linear, matrix, bound, 4 * count, count)
    return None if solution is None else np.clip(offset + solution[:count], lower, upper)


def _solve(
    quadratic: csc_matrix, linear: Array, matrix: csc_matrix, bound: Array, plain: int, cones: int
) -> Array | None:
    """argmin 1/2 x'Qx + q'x with `plain` inequalities and then `cones` second-order cones of three rows."""
    import clarabel

    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-6
    kinds = [clarabel.NonnegativeConeT(plain), *[clarabel.SecondOrderConeT(3)] * cones]
    solution = clarabel.DefaultSolver(quadratic, linear, matrix, bound, kinds, settings).solve()
    return np.array(solution.x) if str(solution.status) in ("Solved", "AlmostSolved") else None
