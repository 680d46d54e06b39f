"""A proving ground and a driver's seat: synthetic tracks for the native core, cars driven by scripted controls."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ac_gym import _core, channels
from ac_gym.car import Car, load_car
from ac_gym.constants import FULL_STEER_DEG, GRAVITY

G = GRAVITY
AIR_DENSITY = 1.19
CARS = ("bmw_z4_gt3", "dallara_f317", "ks_mazda_miata")
WHEEL_TURN = np.radians(FULL_STEER_DEG)  # steering wheel at full axis

Array = NDArray[np.float64]


def _make(
    x: Array, y: Array, heading: Array, curvature: Array, length: float, half_width: float, **fields: Any
) -> _core.Track:
    n = len(x)
    columns = {
        "x": x, "y": y, "heading": heading, "curvature": curvature, "bank": 0.0, "grade": 0.0, "height": 0.0,
        "width_left": half_width, "width_right": half_width, "kerb_left": 0.0, "kerb_right": 0.0,
        "wall_left": half_width + 20.0, "wall_right": half_width + 20.0, "runoff_left": 2.0, "runoff_right": 2.0,
        "line_offset": 0.0, "line_heading": heading,
        "line_s": np.arange(n) * length / n, "line_curvature": curvature, "target_speed": 50.0,
    } | fields  # fmt: skip
    sectors = columns.pop("sectors", [])
    columns = {name: np.ascontiguousarray(np.broadcast_to(np.asarray(v, float), n)) for name, v in columns.items()}
    line = np.interp(np.arange(0, length, 1.0), columns["line_s"], columns["curvature"])
    return _core.Track.make(columns, length, length, line, np.full(len(line), 50.0), sectors)


def circle(radius: float = 300.0, half_width: float = 100.0, **fields: Any) -> _core.Track:
    """Anticlockwise circle that starts at (radius, 0), stations 1 m apart or so."""
    n = round(2 * np.pi * radius)
    angle = 2 * np.pi * np.arange(n) / n
    x, y, curvature = radius * np.cos(angle), radius * np.sin(angle), np.full(n, 1 / radius)
    return _make(x, y, angle + np.pi / 2, curvature, 2 * np.pi * radius, half_width, **fields)


def plain(straight: float = 12_000.0, half_width: float = 500.0, step: float = 20.0, **fields: Any) -> _core.Track:
    """Two straights joined by half circles of 1 km: on the first one, along +x from the origin, a flat wide field."""
    radius = 1000.0
    length = 2 * straight + 2 * np.pi * radius
    n = round(length / step)
    s = np.arange(n) * length / n
    turn = np.pi * radius
    starts = np.cumsum([0.0, straight, turn, straight])
    leg = np.searchsorted(starts, s, side="right") - 1
    along = s - starts[leg]
    angle = along / radius
    x = np.choose(leg, [along, straight + radius * np.sin(angle), straight - along, -radius * np.sin(angle)])
    y = np.choose(leg, [0.0 * s, radius * (1 - np.cos(angle)), 2 * radius + 0.0 * s, radius * (1 + np.cos(angle))])
    heading = np.choose(leg, [0.0 * s, angle, np.pi + 0.0 * s, np.pi + angle])
    return _make(x, y, heading, np.where(leg % 2, 1 / radius, 0.0), length, half_width, **fields)


_FIELD = plain()


def ideal_car(name: str, **changes: float) -> Car:
    """A car whose tyres do not care for temperature and pressure."""
    both = {f"tyres_{axle}_{what}_grip_loss": 0.0 for axle in ("front", "rear") for what in ("temperature", "pressure")}
    return load_car(name).with_values(**both, **changes)


def free_rolling(name: str, **changes: float) -> Car:
    """An ideal car with an open clutch."""
    return ideal_car(name, drivetrain_clutch_torque=1e-6, **changes)


def mass(car: Car) -> float:
    return car.start_mass


def arms(car: Car) -> tuple[float, float]:
    """Distances of the axles from the centre of gravity: front, rear (m)."""
    wheelbase, front = car.values["chassis_wheelbase"], car.values["chassis_front_weight"]
    return wheelbase * (1 - front), wheelbase * front


def rolling_mass(car: Car) -> float:
    """Mass with that of the four wheels' spin."""
    v = car.values
    return mass(car) + sum(2 * v[f"tyres_{a}_inertia"] / v[f"tyres_{a}_radius"] ** 2 for a in ("front", "rear"))


def steer_for(car: Car, road_wheel_angle: float) -> float:
    """Axis position for an angle of the front wheels (rad, + left)."""
    return -road_wheel_angle * car.values["steering_ratio"] / WHEEL_TURN


class Drive:
    """Equal cars on a track; pedals are 0..1 and linear, steering -1..1 of the axis, each one number or one a car."""

    def __init__(
        self,
        car: Car,
        count: int = 1,
        *,
        track: _core.Track = _FIELD,
        rate: float = 25.0,
        substeps: int = 13,
        abs: bool = False,
        traction_control: bool = False,
        automatic: bool = True,
        **rates: float,
    ) -> None:
        settings = _core.WorldSettings()
        settings.control_rate, settings.substeps, settings.brake_gamma = rate, substeps, 1.0
        aids = _core.Aids()
        aids.abs, aids.traction_control, aids.automatic_gearbox = abs, traction_control, automatic
        for name, value in rates.items():
            setattr(aids, name, value)
        settings.aids = aids
        self.car, self.count, self.rate = car, count, rate
        self.world = _core.World(track, car.native, count, settings, 1)
        self.frames = np.zeros((count, channels.WIDTH))
        self.world.reset(None, self.frames)
        self._controls = np.zeros((count, _core.CONTROL_WIDTH), np.float32)

    def place(
        self, speed: float = 0.0, s: float = 1000.0, offset: float = 0.0, heading: float = 0.0, car: int | None = None
    ) -> Drive:
        for i in range(self.count) if car is None else (car,):
            self.world.place(i, s, offset, heading, speed, self.frames)
        return self

    def step(self, steer: Any = 0.0, throttle: Any = 0.0, brake: Any = 0.0, shift: Any = 0.0) -> Drive:
        self._controls[:, 0], self._controls[:, 3] = steer, shift
        self._controls[:, 1], self._controls[:, 2] = 2.0 * np.asarray(throttle) - 1.0, 2.0 * np.asarray(brake) - 1.0
        self.world.step(self._controls, None, self.frames)
        return self

    def run(self, seconds: float, **controls: Any) -> Drive:
        for _ in range(round(seconds * self.rate)):
            self.step(**controls)
        return self

    def shift_to(self, gear: int) -> Drive:
        """Shift by hand until the game's gear number is in."""
        for _ in range(200):
            now = int(self.one("gear"))
            if now == gear:
                return self
            self.step(shift=np.sign(gear - now))
        raise AssertionError(f"gear {gear} was never engaged")

    def __getitem__(self, name: str) -> Array:
        columns = channels.COLUMNS[name]
        values = self.frames[:, columns]
        return (values[:, 0] if columns.stop - columns.start == 1 else values).copy()

    def one(self, name: str) -> Any:
        """The channel of the first car: a number or an array of its elements."""
        return self[name][0]

    def speed(self) -> float:
        """Forward speed of the first car, m/s."""
        return float(self.one("local_velocity")[0])

    def cruise(self, seconds: float, target: float, steer: Any = 0.0) -> Drive:
        """Hold a speed with the throttle."""
        effort = 0.0
        for _ in range(round(seconds * self.rate)):
            error = target - self["local_velocity"][:, 0]
            effort = np.clip(effort + 0.02 * error, 0.0, 1.0)
            self.step(steer=steer, throttle=np.clip(effort + 0.3 * error, 0.0, 1.0))
        return self
