"""A driver that needs no learning: follows the racing line at a share of the limit speed profile, for any number of cars."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ac_gym import _core
from ac_gym.car import Car, envelope
from ac_gym.drivers.base import Driver
from ac_gym.drivers.steering import SteeringGains, normalised_slip
from ac_gym.task import Telemetry
from ac_gym.track import Envelope, Track, speed_profile

Array = NDArray[np.float64]

_STEP_S = 0.04  # controls are held this long
_GRAVITY = 9.81
_AIR_DENSITY = 1.19
_WHEEL_TURN_DEG = 450.0  # steering wheel angle at full axis
_REACH_M = 1.5  # further off the line than this, the car comes back no harder
_FULL_USE = 0.97  # share of the front tyres' peak force that is asked for at most
_SPEED_GAIN = 3.0  # 1/s


class LineFollower(Driver):
    """Front axle force from the line's curvature and a regulator on the errors to the line; feed-forward speed control.

    `pace` is the share of the car's grip that the followed speed profile uses. Call it with telemetry (see
    `ac_gym.task.Telemetry`); it returns absolute controls (N, 4), for `World.step`, or, their first three columns, for an
    environment with `use_relative_actions=False`.
    """

    def __init__(self, track: Track, car: Car, *, pace: float = 0.95, brake_gamma: float = 2.4) -> None:
        self.track, self.car = track, car
        self.profile = speed_profile(track, _drivable(car, pace))
        self._gains = SteeringGains(car, _STEP_S)
        self._inverse_gamma = 1.0 / brake_gamma
        p = self._p = car.values
        self._mass = p["chassis_mass"] + 0.74 * p["fuel_start"]
        self._rear_arm = p["chassis_wheelbase"] * p["chassis_front_weight"]
        self._front_arm = p["chassis_wheelbase"] - self._rear_arm
        self._drag = 0.5 * _AIR_DENSITY * p["aero_drag_area"] / self._mass
        self._rolling = 0.5 * _GRAVITY * (p["tyres_front_rolling_resistance"] + p["tyres_rear_rolling_resistance"])
        radius = 0.5 * (p["tyres_front_radius"] + p["tyres_rear_radius"])
        self._full_brake = p["brakes_torque"] / radius / self._mass  # m/s2
        bend = (np.roll(track.line_curvature, -1) - np.roll(track.line_curvature, 1)) / (2.0 * track.line_length_m / len(track.s))
        self._line = np.column_stack(
            [track.line_offset, track.line_heading - track.heading, track.line_curvature, bend, track.bank, self.profile.speed, self.profile.ax]
        )

    def __call__(self, telemetry: Telemetry) -> NDArray[np.float32]:
        """Controls (N, 4) for the cars' present frames."""
        p, forward = self._p, telemetry["local_velocity"][:, 0]
        here = self._at(telemetry["s"])
        ahead = self._at(telemetry["s"] + 0.5 * _STEP_S * forward + p["tyres_front_relaxation_length"])
        grip = np.maximum(telemetry["lateral_friction"] * telemetry["wheel_load"], 1.0)
        front, rear = self._axle_forces(telemetry, ahead)
        rear_use = np.clip(rear / grip[:, 2:].sum(axis=1), -0.95, 0.95)
        front -= (self._gains(forward, np.abs(rear_use)) * self._errors(telemetry, here, ahead, rear_use)).sum(axis=1)
        front_use = front / grip[:, :2].sum(axis=1)

        controls = np.zeros((len(telemetry), _core.CONTROL_WIDTH), np.float32)
        controls[:, 1], controls[:, 2], along = self._pedals(telemetry, grip, front_use, rear_use)
        room = np.sqrt(_FULL_USE**2 - along**2)
        held = np.clip(front_use, -room, room)
        angle = self._peak_angle(telemetry, "front") * normalised_slip(held, along)
        # The wheels' own direction of travel changes while the controls are held.
        yaw_rate = telemetry["angular_velocity"][:, 1]
        v = np.maximum(forward, 5.0)
        travel = np.arctan2(telemetry["local_velocity"][:, 1] + self._front_arm * yaw_rate, v)
        gained = held * grip[:, :2].sum(axis=1) * p["chassis_wheelbase"] / (self._mass * self._rear_arm) - yaw_rate * forward
        travel += np.clip(0.5 * _STEP_S * gained / v, -0.05, 0.05)
        limit = self.car.steer_limit
        controls[:, 0] = np.clip(-np.degrees(travel + angle) * p["steering_ratio"] / _WHEEL_TURN_DEG, -limit, limit)
        return controls

    def _axle_forces(self, telemetry: Telemetry, ahead: Array) -> tuple[Array, Array]:
        """Lateral forces (N,) N of the front and rear axle in the steady turn, with what the change of yaw rate takes."""
        p, mass, forward = self._p, self._mass, telemetry["local_velocity"][:, 0]
        pull = ahead[:, 2] * forward**2 - _GRAVITY * ahead[:, 4]
        turn = p["chassis_yaw_inertia"] * (ahead[:, 3] * forward**2 + ahead[:, 2] * telemetry["accel_longitudinal"] * _GRAVITY)
        turn += self._differential_moment(telemetry, pull)
        length = p["chassis_wheelbase"]
        return (self._rear_arm * mass * pull + turn) / length, (self._front_arm * mass * pull - turn) / length

    def _errors(self, telemetry: Telemetry, here: Array, ahead: Array, rear_use: Array) -> Array:
        """The regulator's states (N, 4)."""
        forward, left = telemetry["local_velocity"][:, 0], telemetry["local_velocity"][:, 1]
        heading = telemetry["heading_error"]
        along = np.clip(telemetry["accel_longitudinal"] / 3.0, -0.3, 0.3)
        drift = self._rear_arm * ahead[:, 2] - self._peak_angle(telemetry, "rear") * normalised_slip(rear_use, along)
        return np.column_stack(
            [
                np.clip((telemetry["offset"] - here[:, 0]) * np.cos(here[:, 1]), -_REACH_M, _REACH_M),
                forward * np.sin(heading) + left * np.cos(heading),
                heading + drift,
                telemetry["angular_velocity"][:, 1] - forward * here[:, 2],
            ]
        )

    def _pedals(self, telemetry: Telemetry, grip: Array, front_use: Array, rear_use: Array) -> tuple[Array, Array, Array]:
        """Throttle and brake (N,) on their axes, and the share (N,) of the front tyres' grip that braking takes."""
        p = self._p
        forward = telemetry["local_velocity"][:, 0]
        ahead = self._at(telemetry["s"] + 0.5 * _STEP_S * forward)
        demand = ahead[:, 6] + _SPEED_GAIN * (ahead[:, 5] - forward - 0.5 * _STEP_S * ahead[:, 6])
        demand -= 5.0 * np.clip(np.abs(front_use) - 1.0, 0.0, 0.6)
        demand += self._drag * forward**2 + self._rolling

        # Both wheels of an axle brake alike, so the one with the lower load locks first.
        spare_front = np.sqrt(1.0 - np.minimum(np.abs(front_use), U_CAP) ** 2)
        spare_rear = np.sqrt(1.0 - np.minimum(np.abs(rear_use), 0.95) ** 2)
        share = p["brakes_front_share"]
        most = np.minimum(2.0 * grip[:, :2].min(axis=1) * spare_front / share, 2.0 * grip[:, 2:].min(axis=1) * spare_rear / (1.0 - share))
        most *= ALLOW * p["tyres_front_mu_longitudinal"] / p["tyres_front_mu_lateral"] / self._mass
        slip = telemetry["slip_ratio"]
        peak = 0.5 * (p["tyres_rear_peak_slip_ratio"] + p["tyres_front_peak_slip_ratio"])
        spinning = np.clip((slip.max(axis=1) - 0.7 * peak) / peak, 0.0, 1.0)
        locking = np.clip((-slip.min(axis=1) - 1.0 * peak) / peak, 0.0, 1.0)
        rear = np.abs(telemetry["slip_angle"][:, 2:]).max(axis=1) / p["tyres_rear_peak_slip_angle_deg"]
        sliding = np.clip(2.0 * (rear - 0.9), 0.0, 1.0)
        full, coast, inertia = self._engine(telemetry)
        throttle = np.clip((demand * inertia + coast) / (full + coast), 0.0, 1.0) * (1.0 - spinning) * (1.0 - sliding)
        throttle = np.where(demand > -coast, throttle, 0.0)
        braking = np.clip(np.minimum(-demand - coast, most), 0.0, self._full_brake) * (1.0 - locking)
        along = np.clip(braking * share * self._mass / grip[:, :2].sum(axis=1), 0.0, 0.9)
        return 2.0 * throttle - 1.0, 2.0 * (braking / self._full_brake) ** self._inverse_gamma - 1.0, along

    def _engine(self, telemetry: Telemetry) -> tuple[Array, Array, Array]:
        """Acceleration (N,) at full throttle and deceleration at none in the present gear, m/s2; factor of the rotating masses."""
        p = self._p
        rpm, torque = zip(*self.car.torque_curve, strict=True)
        gear = np.clip(telemetry["gear"].astype(np.int64) - 2, 0, len(self.car.gears) - 1)
        ratio = np.take(self.car.gears, gear) * p["drivetrain_final_drive"]
        push = ratio / p["tyres_rear_radius"] / self._mass
        full = np.interp(telemetry["rpm"], rpm, torque) * p["drivetrain_efficiency"] * push
        share = 0.3 + 0.7 * (telemetry["rpm"] - p["engine_idle_rpm"]) / (p["engine_limiter_rpm"] - p["engine_idle_rpm"])
        wheels = 2.0 * (p["tyres_front_inertia"] + p["tyres_rear_inertia"])
        inertia = 1.0 + (p["engine_inertia"] * ratio**2 + wheels) / (self._mass * p["tyres_rear_radius"] ** 2)
        return full, p["engine_coast_torque"] * np.clip(share, 0.0, 1.2) * push, inertia

    def _differential_moment(self, telemetry: Telemetry, pull: Array) -> Array:
        """Moment (N,) N m with which the front has to overcome a limited-slip differential, + left."""
        p = self._p
        radius, track = p["tyres_rear_radius"], p["suspension_rear_track"]
        forward = np.maximum(telemetry["speed"], 5.0)
        thrust = self._mass * (telemetry["accel_longitudinal"] * _GRAVITY + self._drag * forward**2)
        lock = p["differential_preload"] + np.clip(thrust, 0.0, None) * p["differential_power"] * radius
        # No more than an axle that turns as one resists: both wheels slip by half the difference of their paths.
        stiffness = 0.5 * self._mass * _GRAVITY / p["tyres_rear_peak_slip_ratio"]
        solid = 0.5 * stiffness * track**2 * np.abs(pull) / forward**2
        return np.sign(pull) * np.minimum(lock * track / radius, solid)

    def _peak_angle(self, telemetry: Telemetry, axle: str) -> Array:
        """Slip angle (N,) rad of an axle's peak grip: it grows with load, and the outer tyre counts most."""
        p = self._p
        load = telemetry["wheel_load"][:, :2] if axle == "front" else telemetry["wheel_load"][:, 2:]
        mean = (load**2).sum(axis=1) / np.maximum(load.sum(axis=1), 1.0)
        growth = 1.0 + p[f"tyres_{axle}_peak_slip_gain"] * (mean / p[f"tyres_{axle}_load_reference"] - 1.0)
        return np.radians(p[f"tyres_{axle}_peak_slip_angle_deg"]) * np.maximum(growth, 0.3)

    def _at(self, s: Array) -> Array:
        """Rows (N, 7) of the followed line at centre-line positions s (N,), interpolated around the lap."""
        at = s / self.track.step_m
        whole = np.floor(at)
        part = (at - whole)[:, None]
        i = whole.astype(np.int64) % len(self._line)
        return (1.0 - part) * self._line[i] + part * self._line[(i + 1) % len(self._line)]


def _drivable(car: Car, pace: float) -> Envelope:
    """The car's limits at a share `pace` of its grip; less braking in turns, where the inner wheel locks early."""
    p = car.values
    limits = envelope(car, grip=pace)
    transfer = 2.0 * limits.lateral[:, None] * limits.fraction / _GRAVITY * p["chassis_cg_height"] / p["suspension_front_track"]
    return replace(limits, brake=limits.brake * np.maximum(1.0 - BRAKE_K * transfer, 0.2))
BRAKE_K = 0.6
U_CAP=0.85
ALLOW=1.2
