"""A driver that needs no learning: follows the racing line at a share of the limit speed profile, for any number of cars."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ac_gym import _core
from ac_gym.car import Car, envelope
from ac_gym.drivers.base import Driver
from ac_gym.task import Telemetry
from ac_gym.track import Track, speed_profile

_WHEEL_TURN_DEG = 450.0  # steering wheel angle at full axis
_GRAVITY = 9.81
_STIFFNESS = 3.0  # 1/s, how fast an error to the line is taken out
_STEER_LEAD_S = 0.12  # what the car needs to answer the steering
_PEDAL_LEAD_S = 0.06


class LineFollower(Driver):
    """Curvature feed-forward with pole placement on the lateral error, and feed-forward speed control.

    `pace` is the share of the car's grip that the followed speed profile uses. Call it with telemetry (see
    `ac_gym.task.Telemetry`); it returns absolute controls (N, 4), for `World.step`, or, their first three columns, for an
    environment with `use_relative_actions=False`.
    """

    def __init__(self, track: Track, car: Car, *, pace: float = 0.95, brake_gamma: float = 2.4) -> None:
        self.track, self.car = track, car
        self.envelope = envelope(car)
        self.profile = speed_profile(track, self.envelope, margin=pace)
        self._inverse_gamma = 1.0 / brake_gamma
        p = car.values
        self._mass = p["chassis_mass"] + 0.74 * p["fuel_start"]
        radius = 0.5 * (p["tyres_front_radius"] + p["tyres_rear_radius"])
        self._full_brake = p["brakes_torque"] / radius / self._mass  # m/s2
        self._drag = 0.5 * 1.19 * p["aero_drag_area"] / self._mass
        self._peak_angle = np.radians(p["tyres_front_peak_slip_angle_deg"])
        self._front_arm = p["chassis_wheelbase"] * (1.0 - p["chassis_front_weight"])
        self._peak_slip = 0.5 * (p["tyres_rear_peak_slip_ratio"] + p["tyres_front_peak_slip_ratio"])

    def __call__(self, telemetry: Telemetry) -> NDArray[np.float32]:
        """Controls (N, 4) for the cars' present frames."""
        speed = telemetry["local_velocity"][:, 0]
        controls = np.zeros((len(telemetry), _core.CONTROL_WIDTH), np.float32)
        controls[:, 0], short = self._steer(telemetry, speed)
        controls[:, 1], controls[:, 2] = self._pedals(telemetry, speed, short)
        return controls

    def _steer(self, telemetry: Telemetry, speed: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Steering (N,) on its axis, and the share (N,) by which the front tyres fall short of the wanted turn."""
        p = self.car.values
        pace = np.maximum(speed, 8.0)
        # Lateral error e (+ left of the line) obeys e'' = v^2 (curvature - line's): place both poles at _STIFFNESS.
        error, heading = -telemetry["gap"], telemetry["heading_error"]
        line = self._at(self.track.line_curvature, telemetry["s"] + _STEER_LEAD_S * speed)
        curvature = line - 2.0 * _STIFFNESS / pace * np.sin(heading) - (_STIFFNESS / pace) ** 2 * error
        wanted_rate = curvature * speed
        share = np.clip(wanted_rate * speed / (1.3 * _GRAVITY), -1.0, 1.0)  # of the tyres' lateral force, roughly
        angle = curvature * p["chassis_wheelbase"] + 0.15 * self._peak_angle * share
        angle += 0.05 * (wanted_rate - telemetry["angular_velocity"][:, 1])
        # Beyond the slip angle of peak grip the front tyres only scrub.
        velocity = telemetry["local_velocity"]
        drift = np.arctan2(velocity[:, 1] + self._front_arm * telemetry["angular_velocity"][:, 1], np.maximum(speed, 3.0))
        held = np.clip(angle, drift - 1.05 * self._peak_angle, drift + 1.05 * self._peak_angle)
        held = np.where(speed > 8.0, held, angle)  # slip angles mean little at walking pace
        short = np.clip(np.abs(angle - held) / self._peak_angle, 0.0, 1.0)
        limit = self.car.steer_limit
        return np.clip(-np.degrees(held) * p["steering_ratio"] / _WHEEL_TURN_DEG, -limit, limit), short

    def _pedals(
        self, telemetry: Telemetry, speed: NDArray[np.float64], short: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Throttle and brake (N,) on their axes."""
        s = telemetry["s"] + _PEDAL_LEAD_S * speed
        target, accel = self._at(self.profile.speed, s), self._at(self.profile.ax, s)
        # Wide of the line in a corner: slower, so that the steering has grip to come back with.
        wide = telemetry["gap"] * np.sign(telemetry["line_curvature"]) * (np.abs(telemetry["line_curvature"]) > 0.002)
        demand = accel + 3.0 * (target - speed) - 4.0 * np.clip(wide - 0.4, 0.0, 2.0)
        demand = np.minimum(demand, self._drive_left(telemetry, speed))

        slip = telemetry["slip_ratio"]
        spinning = np.clip((slip.max(axis=1) - 0.7 * self._peak_slip) / self._peak_slip, 0.0, 1.0)
        locking = np.clip((-slip.min(axis=1) - 0.8 * self._peak_slip) / self._peak_slip, 0.0, 1.0)
        rear = np.abs(telemetry["slip_angle"][:, 2:]).max(axis=1) / self.car.values["tyres_rear_peak_slip_angle_deg"]
        sliding = np.clip(2.0 * (rear - 0.9), 0.0, 1.0)
        drag = self._drag * speed**2
        throttle = np.clip((demand + drag) / self._full_throttle(telemetry), 0.0, 1.0)
        throttle *= (1.0 - spinning) * (1.0 - sliding) * (1.0 - np.minimum(2.0 * short, 1.0))
        braking = np.clip((-demand - drag - 0.5) / self._full_brake, 0.0, 1.0) * (1.0 - locking)
        return 2.0 * throttle - 1.0, 2.0 * braking**self._inverse_gamma - 1.0

    def _drive_left(self, telemetry: Telemetry, speed: NDArray[np.float64]) -> NDArray[np.float64]:
        """Acceleration (N,) that the envelope leaves beside the present lateral acceleration."""
        e = self.envelope
        lateral = np.interp(speed, e.speed, e.lateral)
        share = np.minimum(np.abs(telemetry["accel_lateral"]) * _GRAVITY / lateral, 1.0) * (len(e.fraction) - 1)
        column = np.minimum(share.astype(np.int64), len(e.fraction) - 2)
        part = share - column
        row = np.clip(np.searchsorted(e.speed, speed), 0, len(e.speed) - 1)
        return (1.0 - part) * e.accel[row, column] + part * e.accel[row, column + 1]

    def _full_throttle(self, telemetry: Telemetry) -> NDArray[np.float64]:
        """Acceleration (N,) at full throttle in the present gear, m/s2."""
        p = self.car.values
        rpm, torque = zip(*self.car.torque_curve, strict=True)
        gear = np.clip(telemetry["gear"].astype(np.int64) - 2, 0, len(self.car.gears) - 1)
        ratio = np.take(self.car.gears, gear) * p["drivetrain_final_drive"] * p["drivetrain_efficiency"]
        return np.maximum(np.interp(telemetry["rpm"], rpm, torque) * ratio / p["tyres_rear_radius"] / self._mass, 0.5)

    def _at(self, values: NDArray[np.float64], s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values (M,) or (M, k) of the stations at centre-line positions s (N,), interpolated around the lap."""
        at = s / self.track.step_m
        whole = np.floor(at)
        part = (at - whole).reshape(-1, *[1] * (values.ndim - 1))
        i = whole.astype(np.int64) % len(values)
        return (1.0 - part) * values[i] + part * values[(i + 1) % len(values)]
