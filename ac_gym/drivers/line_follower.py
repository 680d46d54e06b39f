"""A driver that needs no learning: follows the racing line at a share of the limit speed, for any number of cars.

Steering sets the front axle's lateral force: that of the steady turn, plus what the regulator of `steering` asks for to
come back to the line. The tyres' curve, inverted, turns it into a slip angle, and the angle at which the front wheels
travel at present into a steering angle, so that the wheels are never turned beyond the slip of peak grip. The pedals
follow the profile's speed and acceleration, within the grip that the lateral forces leave.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ac_gym import _core
from ac_gym.car import Car
from ac_gym.constants import BRAKE_GAMMA, FULL_STEER_DEG, GRAVITY
from ac_gym.drivers.base import Driver
from ac_gym.drivers.followed_line import FollowedLine, Place
from ac_gym.drivers.steering import SteeringGains, normalised_slip
from ac_gym.task import Telemetry
from ac_gym.track import Track

Array = NDArray[np.floating]

_AIR_DENSITY = 1.19
_REACH_M = 1.5  # further off the line than this, the car comes back no harder
_FULL_USE = 0.97  # share of the tyres' peak force that is asked for at most
_TURNING_USE = 0.85  # beyond this share for turning, brakes are not eased further: a car too fast must slow down first
_INNER_OVERLOAD = 1.5  # braking force of the inner wheel over its grip that slip still bears for a moment
_SPEED_GAIN = 4.0  # 1/s
_TOO_WIDE = 5.0  # m/s2 of slowing down while the front tyres are asked for twice their grip


class LineFollower(Driver):
    """Follows `track.line_*` with `car`; cars must have the automatic gearbox.

    `pace` is the share of the car's grip that the followed speed profile uses. Call it with telemetry (see
    `ac_gym.task.Telemetry`); it returns absolute controls (N, 4), for `World.step`, or, their first three columns, for
    an environment with `use_relative_actions=False`.
    """

    def __init__(
        self,
        track: Track,
        car: Car,
        *,
        pace: float = 0.95,
        brake_gamma: float = BRAKE_GAMMA,
        control_rate: float = 25.0,
    ) -> None:
        self.car = car
        self._line = FollowedLine(track, car, pace)
        self.profile = self._line.profile
        self._gains = SteeringGains(car, 1.0 / control_rate)
        self._half_step = 0.5 / control_rate  # s: controls are held, so they should suit the middle of the step
        self._inverse_gamma = 1.0 / brake_gamma
        p = self._p = car.values
        self._driven = "front" if p["drivetrain_driven_axle"] > 0.5 else "rear"
        self._mass = car.start_mass
        self._length = p["chassis_wheelbase"]
        self._rear_arm = self._length * p["chassis_front_weight"]
        self._front_arm = self._length - self._rear_arm
        self._drag = 0.5 * _AIR_DENSITY * p["aero_drag_area"] / self._mass
        self._rolling = 0.5 * GRAVITY * (p["tyres_front_rolling_resistance"] + p["tyres_rear_rolling_resistance"])
        radius = 0.5 * (p["tyres_front_radius"] + p["tyres_rear_radius"])
        self._full_brake = p["brakes_torque"] / radius / self._mass  # m/s2

    def __call__(self, telemetry: Telemetry) -> NDArray[np.float32]:
        """Controls (N, 4) for the cars' present frames."""
        forward = telemetry["local_velocity"][:, 0]
        state = self._tyre_state(telemetry)
        here = self._line.at(telemetry["s"], state)
        ahead = self._line.at(
            telemetry["s"] + self._half_step * forward + self._p["tyres_front_relaxation_length"], state
        )
        grip = np.maximum(telemetry["lateral_friction"] * telemetry["wheel_load"], 1.0)  # N a wheel
        front, rear = self._turning_forces(telemetry, ahead)
        rear_use = np.clip(rear / grip[:, 2:].sum(axis=1), -0.95, 0.95)
        measured = np.radians(np.abs(telemetry["slip_angle"][:, 2:].mean(axis=1))) / self._peak_angle(telemetry, "rear")
        rear_slip = np.maximum(measured, np.abs(normalised_slip(rear_use)))
        errors = self._errors(telemetry, here, ahead, rear_use)
        front_use = front - (self._gains(forward, rear_slip) * errors).sum(axis=1)
        front_use /= grip[:, :2].sum(axis=1)
        throttle, braking = self._pedals(telemetry, ahead, grip, front_use, rear_use)
        controls = np.zeros((len(telemetry), _core.CONTROL_WIDTH), np.float32)
        controls[:, 0] = self._steer(telemetry, grip, front_use, braking)
        controls[:, 1] = 2.0 * throttle - 1.0
        controls[:, 2] = 2.0 * (braking / self._full_brake) ** self._inverse_gamma - 1.0
        return controls

    def _turning_forces(self, telemetry: Telemetry, ahead: Place) -> tuple[Array, Array]:
        """Lateral forces (N,) N of the front and rear axle on the line, with what the change of the yaw rate takes."""
        speed2 = telemetry["local_velocity"][:, 0] ** 2
        pull = self._mass * (ahead.curvature * speed2 - GRAVITY * ahead.bank)
        spin_up = ahead.bend * speed2 + ahead.curvature * telemetry["accel_longitudinal"] * GRAVITY
        turn = self._p["chassis_yaw_inertia"] * spin_up + self._differential_moment(telemetry, ahead.curvature)
        return (self._rear_arm * pull + turn) / self._length, (self._front_arm * pull - turn) / self._length

    def _errors(self, telemetry: Telemetry, here: Place, ahead: Place, rear_use: Array) -> Array:
        """The regulator's states (N, 4)."""
        forward, left = telemetry["local_velocity"][:, 0], telemetry["local_velocity"][:, 1]
        heading = telemetry["heading_error"]
        distance = (telemetry["offset"] - here.offset) * np.cos(here.heading)
        drift = self._peak_angle(telemetry, "rear") * normalised_slip(rear_use) - self._rear_arm * ahead.curvature
        return np.column_stack(
            [
                np.clip(distance, -_REACH_M, _REACH_M),
                forward * np.sin(heading) + left * np.cos(heading),
                heading - drift,
                telemetry["angular_velocity"][:, 1] - forward * here.curvature,
            ]
        )

    def _steer(self, telemetry: Telemetry, grip: Array, front_use: Array, braking: Array) -> Array:
        """Steering (N,) on its axis for the share (N,) of the front tyres' grip, beside `braking` (N,) m/s2."""
        grip = grip[:, :2].sum(axis=1)
        along = np.clip(braking * self._p["brakes_front_share"] * self._mass / grip, 0.0, 0.9)
        room = np.sqrt(_FULL_USE**2 - along**2)
        held = np.clip(front_use, -room, room)
        slip = self._peak_angle(telemetry, "front") * normalised_slip(held, along)
        # The front wheels' direction of travel in the middle of the step: with most cars' yaw inertia, the rear tyres'
        # force does not accelerate the front axle sideways.
        forward, yaw_rate = np.maximum(telemetry["local_velocity"][:, 0], 5.0), telemetry["angular_velocity"][:, 1]
        sideways = held * grip * self._length / (self._rear_arm * self._mass) - yaw_rate * forward
        travel = np.arctan2(telemetry["local_velocity"][:, 1] + self._front_arm * yaw_rate, forward)
        travel += np.clip(self._half_step * sideways / forward, -0.05, 0.05)
        limit = self.car.steer_limit
        return np.clip(-np.degrees(travel + slip) * self._p["steering_ratio"] / FULL_STEER_DEG, -limit, limit)

    def _pedals(
        self, telemetry: Telemetry, ahead: Place, grip: Array, front_use: Array, rear_use: Array
    ) -> tuple[Array, Array]:
        """Throttle (N,) 0..1 and braking (N,) m/s2."""
        p, forward = self._p, telemetry["local_velocity"][:, 0]
        demand = ahead.accel + _SPEED_GAIN * (ahead.speed - forward - self._half_step * ahead.accel)
        demand -= _TOO_WIDE * np.clip(np.abs(front_use) - 1.0, 0.0, 1.0)
        demand += self._drag * forward**2 + self._rolling

        # Both wheels of an axle brake alike, so the one with the lower load locks first.
        share = np.array([p["brakes_front_share"], 1.0 - p["brakes_front_share"]])
        use = np.minimum(np.abs(np.column_stack([front_use, rear_use])), _TURNING_USE)
        inner = np.column_stack([grip[:, :2].min(axis=1), grip[:, 2:].min(axis=1)])
        most = _INNER_OVERLOAD * (2.0 * inner * np.sqrt(1.0 - use**2) / share).min(axis=1) / self._mass
        peaks = (p["tyres_front_peak_slip_ratio"], p["tyres_rear_peak_slip_ratio"])
        slip = telemetry["slip_ratio"] / np.repeat(peaks, 2)
        spinning = np.clip(slip.max(axis=1) - 0.7, 0.0, 1.0)
        locking = np.clip(-1.0 - slip.min(axis=1), 0.0, 1.0)
        rear_angle = np.abs(telemetry["slip_angle"][:, 2:]).max(axis=1) / p["tyres_rear_peak_slip_angle_deg"]
        sliding = np.clip(2.0 * (rear_angle - 0.9), 0.0, 1.0)
        full, coast, inertia = self._engine(telemetry)
        throttle = np.clip((demand * inertia + coast) / (full + coast), 0.0, 1.0)
        braking = np.clip(np.minimum(-demand - coast, most), 0.0, self._full_brake)
        return np.where(demand > -coast, throttle, 0.0) * (1.0 - spinning) * (1.0 - sliding), braking * (1.0 - locking)

    def _engine(self, telemetry: Telemetry) -> tuple[Array, Array, Array]:
        """In the present gear, each (N,): m/s2 at full throttle, of slowing down at none; factor of rotating masses."""
        p, rpm = self._p, telemetry["rpm"]
        radius = p[f"tyres_{self._driven}_radius"]
        gear = np.clip(telemetry["gear"].astype(np.int64) - 2, 0, len(self.car.gears) - 1)
        ratio = np.take(self.car.gears, gear) * p["drivetrain_final_drive"]
        push = ratio / radius / self._mass
        full = np.interp(rpm, *np.transpose(self.car.torque_curve)) * p["drivetrain_efficiency"] * push
        revs = np.clip((rpm - p["engine_idle_rpm"]) / (p["engine_limiter_rpm"] - p["engine_idle_rpm"]), 0.0, 1.2)
        wheels = 2.0 * (p["tyres_front_inertia"] + p["tyres_rear_inertia"])
        inertia = 1.0 + (p["engine_inertia"] * ratio**2 + wheels) / (self._mass * radius**2)
        return full, p["engine_coast_torque"] * (0.3 + 0.7 * revs) * push, inertia

    def _differential_moment(self, telemetry: Telemetry, curvature: Array) -> Array:
        """Moment (N,) N m, + left, with which the front has to overcome a limited-slip differential."""
        p = self._p
        radius, track = p[f"tyres_{self._driven}_radius"], p[f"suspension_{self._driven}_track"]
        thrust = self._mass * (telemetry["accel_longitudinal"] * GRAVITY + self._drag * telemetry["speed"] ** 2)
        lock = p["differential_preload"] + p["differential_power"] * np.maximum(thrust, 0.0) * radius
        # No more than from an axle that turns as one: its wheels slip by half the difference of their paths.
        stiffness = 0.5 * self._mass * GRAVITY / p[f"tyres_{self._driven}_peak_slip_ratio"]
        return np.sign(curvature) * np.minimum(lock * track / radius, 0.5 * stiffness * track**2 * np.abs(curvature))

    def _tyre_state(self, telemetry: Telemetry) -> Array:
        """Grip (N,) of the poorer axle's better tyre over what its load gives a fresh one: heat, wear, wet roads."""
        shares, friction, load = [], telemetry["lateral_friction"], telemetry["wheel_load"]
        for axle, mu, weight in (("front", friction[:, :2], load[:, :2]), ("rear", friction[:, 2:], load[:, 2:])):
            relative = np.maximum(weight / self._p[f"tyres_{axle}_load_reference"], 0.02)
            fresh = self._p[f"tyres_{axle}_mu_lateral"] * relative ** (self._p[f"tyres_{axle}_load_exponent"] - 1.0)
            shares.append((mu / fresh).max(axis=1))
        return np.minimum(*shares)

    def _peak_angle(self, telemetry: Telemetry, axle: str) -> Array:
        """Slip angle (N,) rad of an axle's peak grip: it grows with load, and the outer tyre counts most."""
        load = telemetry["wheel_load"][:, :2] if axle == "front" else telemetry["wheel_load"][:, 2:]
        mean = (load**2).sum(axis=1) / np.maximum(load.sum(axis=1), 1.0)
        growth = self._p[f"tyres_{axle}_peak_slip_gain"] * (mean / self._p[f"tyres_{axle}_load_reference"] - 1.0)
        return np.radians(self._p[f"tyres_{axle}_peak_slip_angle_deg"]) * np.maximum(1.0 + growth, 0.3)
