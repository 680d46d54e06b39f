"""A driver that needs no learning: follows the racing line at a share of the limit speed profile, for any number of cars."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ac_gym import _core
from ac_gym.car import Car, envelope
from ac_gym.task import Telemetry
from ac_gym.track import Track, speed_profile

_WHEEL_TURN_DEG = 450.0  # steering wheel angle at full axis
_GRAVITY = 9.81


class LineFollower:
    """Pure pursuit on the racing line (Coulter, CMU-RI-TR-92-01) with feed-forward speed control.

    `pace` is the share of the car's grip that the followed speed profile uses. Call it with telemetry (see
    `ac_gym.task.Telemetry`); it returns absolute controls (N, 4), for `World.step`, or, their first three columns, for an
    environment with `use_relative_actions=False`.
    """

    def __init__(self, track: Track, car: Car, *, pace: float = 0.95, brake_gamma: float = 2.4) -> None:
        self.track, self.car = track, car
        self.profile = speed_profile(track, envelope(car), margin=pace)
        self._line = np.column_stack(track.racing_line())
        self._inverse_gamma = 1.0 / brake_gamma
        p = car.values
        self._mass = p["chassis_mass"] + 0.74 * p["fuel_start"]
        radius = 0.5 * (p["tyres_front_radius"] + p["tyres_rear_radius"])
        self._full_brake = p["brakes_torque"] / radius / self._mass  # m/s2
        self._drag = 0.5 * 1.19 * p["aero_drag_area"] / self._mass
        self._peak_slip = 0.5 * (p["tyres_rear_peak_slip_ratio"] + p["tyres_front_peak_slip_ratio"])

    def __call__(self, telemetry: Telemetry) -> NDArray[np.float32]:
        """Controls (N, 4) for the cars' present frames."""
        speed = telemetry["local_velocity"][:, 0]
        controls = np.zeros((len(telemetry), _core.CONTROL_WIDTH), np.float32)
        controls[:, 0] = self._steer(telemetry, speed)
        controls[:, 1], controls[:, 2] = self._pedals(telemetry, speed)
        return controls

    def _steer(self, telemetry: Telemetry, speed: NDArray[np.float64]) -> NDArray[np.float64]:
        p = self.car.values
        preview = np.clip(0.32 * speed, 5.0, 30.0)
        target = self._at(self._line, telemetry["s"] + preview)
        dx, dy = (target - telemetry["world_position"][:, :2]).T
        yaw = telemetry["yaw"]
        ahead, left = np.cos(yaw) * dx + np.sin(yaw) * dy, np.cos(yaw) * dy - np.sin(yaw) * dx
        curvature = 2.0 * left / np.maximum(ahead**2 + left**2, 1.0)
        # The path's curvature needs a yaw rate; correct what the car lacks of it, and leave the front tyres below their peak.
        wanted = curvature * speed
        angle = curvature * p["chassis_wheelbase"] + 0.06 * (wanted - telemetry["angular_velocity"][:, 1])
        front_slip = telemetry["slip_angle"][:, :2].mean(axis=1)
        peak = p["tyres_front_peak_slip_angle_deg"]
        # Positive slip angle pushes left: steering further left than the peak only scrubs.
        over = np.sign(front_slip) * np.maximum(np.abs(front_slip) - peak, 0.0)
        angle -= np.radians(over) * (np.sign(angle) == np.sign(front_slip))
        # Feed forward the slip angles that this lateral acceleration needs at the two axles (understeer gradient).
        angle += np.radians(peak) * 0.15 * np.clip(wanted * speed / (1.3 * _GRAVITY), -1.0, 1.0)
        limit = self.car.steer_limit
        return np.clip(-np.degrees(angle) * p["steering_ratio"] / _WHEEL_TURN_DEG, -limit, limit)

    def _pedals(
        self, telemetry: Telemetry, speed: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        s = telemetry["s"] + 0.06 * speed
        target, accel = self._at(self.profile.speed, s), self._at(self.profile.ax, s)
        demand = accel + 3.0 * (target - speed)
        slip = telemetry["slip_ratio"]
        spinning = np.clip((slip.max(axis=1) - 0.7 * self._peak_slip) / self._peak_slip, 0.0, 1.0)
        locking = np.clip((-slip.min(axis=1) - 0.8 * self._peak_slip) / self._peak_slip, 0.0, 1.0)
        sliding = np.clip(np.abs(telemetry["slip_angle"][:, 2:]).max(axis=1) / self.car.values["tyres_rear_peak_slip_angle_deg"] - 0.9, 0.0, 1.0)
        throttle = np.where(demand > 0.0, np.clip(demand / 3.0 + 0.25, 0.0, 1.0), 0.0) * (1.0 - spinning) * (1.0 - sliding)
        braking = np.clip((-demand - self._drag * speed**2) / self._full_brake, 0.0, 1.0) * (1.0 - locking)
        return 2.0 * throttle - 1.0, 2.0 * braking**self._inverse_gamma - 1.0

    def _at(self, values: NDArray[np.float64], s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values (M,) or (M, k) of the stations at centre-line positions s (N,), interpolated around the lap."""
        at = s / self.track.step_m
        whole = np.floor(at)
        part = (at - whole).reshape(-1, *[1] * (values.ndim - 1))
        i = whole.astype(np.int64) % len(values)
        return (1.0 - part) * values[i] + part * values[(i + 1) % len(values)]
