"""Steering gains of the line follower, from the car's own lateral dynamics."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ac_gym.car import Car, envelope

Array = NDArray[np.floating]

# As bad as each other: this far off the line, rear tyres slipping this much more than in the steady turn, and this much
# lateral acceleration spent at the front to correct it.
_OFF_LINE_M = 0.6
_REAR_SLIP_RAD = 0.08
_ACCEL_MPS2 = 3.0
_SPEEDS = np.arange(6.0, 100.0, 4.0)
_REAR_SLIPS = np.array([0.0, 0.3, 0.5, 0.7, 0.85, 1.0])  # over the slip of peak grip
_LEAST_SLOPE = 0.1  # of the tyre's curve, 2 at no slip: at its peak a turn of the car would not change the force


class SteeringGains:
    """Linear-quadratic gains on a single-track model, over the speed and the rear axle's use of its grip.

    The model's input is the front axle's lateral force, so the front tyres' curve need not be linear; the rear tyres
    have the stiffness that is left at their use. States: distance left of the line (m) and its rate (m/s), heading to
    the line (rad) and its rate (rad/s), each less its value in the steady turn.
    """

    def __init__(self, car: Car, step_s: float) -> None:
        p = car.values
        mass, inertia = car.start_mass, p["chassis_yaw_inertia"]
        rear = p["chassis_wheelbase"] * p["chassis_front_weight"]
        front = p["chassis_wheelbase"] - rear
        limits = envelope(car)
        grip = mass * front / p["chassis_wheelbase"] * np.interp(_SPEEDS, limits.speed, limits.lateral)
        slope = 2.0 * (1.0 - _REAR_SLIPS**2) / (1.0 + _REAR_SLIPS**2) ** 2
        slope = np.maximum(slope, _LEAST_SLOPE)
        stiffness = np.outer(grip, slope) / np.tan(np.radians(p["tyres_rear_peak_slip_angle_deg"]))  # N/rad, (V, U)

        v = np.broadcast_to(_SPEEDS[:, None], stiffness.shape)
        rear_force = np.stack([0.0 * v, -stiffness / v, stiffness, stiffness * rear / v], axis=-1)  # by state
        flow = np.zeros((*stiffness.shape, 5, 5))  # state and held input
        flow[..., 0, 1] = flow[..., 2, 3] = 1.0
        flow[..., 1, :4] = rear_force / mass
        flow[..., 3, :4] = -rear_force * rear / inertia
        flow[..., 1, 4], flow[..., 3, 4] = 1.0 / mass, front / inertia
        stepped = _exponential(flow * step_s)
        slip = np.stack([0.0 * v, -1.0 / v, 1.0 + 0.0 * v, rear / v], axis=-1) / _REAR_SLIP_RAD
        worth = np.diag([_OFF_LINE_M**-2, 0.0, 0.0, 0.0]) + slip[..., :, None] * slip[..., None, :]
        price = (_ACCEL_MPS2 * mass * rear / p["chassis_wheelbase"]) ** -2
        self._gains = _regulator(stepped[..., :4, :4], stepped[..., :4, 4:], worth, price)

    def __call__(self, speed: Array, rear_slip: Array) -> Array:
        """Front force a unit of each state (N, 4)."""
        i, f = _place(_SPEEDS, speed)
        j, g = _place(_REAR_SLIPS, rear_slip)
        k = self._gains
        return (1 - f) * ((1 - g) * k[i, j] + g * k[i, j + 1]) + f * ((1 - g) * k[i + 1, j] + g * k[i + 1, j + 1])


def normalised_slip(lateral: Array, along: Array | float = 0.0) -> Array:
    """Lateral slip over that of peak grip, for the shares of peak force that are used across and along the tyre.

    The rising branch of the tyre's curve, force = 2 slip / (1 + slip^2), inverted; forces follow the slip vector.
    """
    use = np.clip(np.hypot(lateral, along), 1e-6, 1.0)
    return lateral * (1.0 - np.sqrt(1.0 - use**2)) / use**2


def _place(grid: Array, value: Array) -> tuple[NDArray[np.intp], Array]:
    """Cell (N,) and position in it (N, 1)."""
    at = np.clip(value, grid[0], grid[-1])
    cell = np.clip(np.searchsorted(grid, at, side="right") - 1, 0, len(grid) - 2)
    return cell, ((at - grid[cell]) / (grid[cell + 1] - grid[cell]))[:, None]


def _exponential(matrix: Array) -> Array:
    """Matrix exponentials (..., n, n) by scaling and squaring."""
    small = matrix / 256.0
    result = np.eye(matrix.shape[-1]) + small + small @ small / 2.0 + small @ small @ small / 6.0
    for _ in range(8):
        result = result @ result
    return result


def _regulator(a: Array, b: Array, worth: Array, price: float) -> Array:
    """Gains (..., n) of the discrete linear-quadratic regulator x' = a x + b u, u = -gain x, by value iteration."""
    value = worth
    for _ in range(500):
        back = np.swapaxes(b, -1, -2) @ value
        gain = back @ a / (price + back @ b)
        value = worth + np.swapaxes(a, -1, -2) @ value @ (a - b @ gain)
    return gain[..., 0, :]
