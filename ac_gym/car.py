"""Cars: a YAML file of figures with units and sources, checked, and given to the native vehicle model.

A figure is `{value, unit, source}`; the unit must be the one the vehicle model expects and the source one of the file's
`sources`, so that no figure comes from nowhere. Figures are grouped as they are named in `native/car_params.h`:
`tyres_front_mu_lateral` is `tyres: front: mu_lateral:`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ac_gym import _core
from ac_gym.constants import FUEL_DENSITY, FULL_STEER_DEG
from ac_gym.errors import InvalidCarError, UnknownNameError
from ac_gym.resources import configs_dir, user_cars_dir
from ac_gym.track.speed import Envelope

CURVE_UNIT = "1/min, N m"
IMPLIED = {"grip": 1.0, "power": 1.0}  # multipliers for randomisation; car files do not give them
_POSITIVE = (
    "mass", "wheelbase", "inertia", "track", "radius", "load_reference", "peak_slip_angle_deg", "peak_slip_ratio",
    "relaxation_length", "wheel_rate", "heat_capacity", "limiter_rpm", "idle_rpm", "final_drive", "ratio", "lock_deg",
    "launch_rpm", "mu_lateral", "mu_longitudinal", "vertical_rate", "wear_energy", "reference_torque",
)  # fmt: skip
"""ends of the names of figures above 0"""
_BELIEVABLE = {
    "chassis_mass": (100.0, 10_000.0), "front_weight": (0.2, 0.8), "wheelbase": (0.8, 8.0), "_track": (0.4, 4.0),
    "cg_height": (0.05, 2.0), "tyres_front_radius": (0.1, 1.0), "tyres_rear_radius": (0.1, 1.0),
    "mu_lateral": (0.05, 5.0), "mu_longitudinal": (0.05, 5.0), "limiter_rpm": (500.0, 40_000.0),
    "efficiency": (0.2, 1.0), "differential_power": (0.0, 1.0), "differential_coast": (0.0, 1.0),
    "front_share": (0.0, 1.0), "lock_deg": (20.0, 2000.0), "steering_ratio": (1.0, 50.0),
}  # fmt: skip
"""ends of the names of figures -> lowest and highest of anything on wheels: what is beyond is a slip of the pen"""


def unbelievable(name: str, value: float) -> str | None:
    """What is wrong with the figure `name` (`_core.CAR_PARAMS`), None where nothing is."""
    if value <= 0.0 and name.endswith(_POSITIVE):
        return "must be greater than 0"
    for ending, (low, high) in _BELIEVABLE.items():
        if name.endswith(ending) and not low <= value <= high:
            return f"must be {low:g} to {high:g}"
    return None


@dataclass(frozen=True)
class Car:
    """One car: every parameter of the vehicle model by name, its gears (first gear first) and full-throttle torque."""

    name: str
    title: str
    values: Mapping[str, float]
    gears: tuple[float, ...]
    torque_curve: tuple[tuple[float, float], ...]
    """(1/min, N m), ascending"""
    sources: Mapping[str, str] = field(default_factory=dict)
    """short name -> what it is"""
    origins: Mapping[str, str] = field(default_factory=dict)
    """figure, as the file names it -> short name of its source"""

    @property
    def steer_limit(self) -> float:
        """Axis position at which the steering reaches the car's lock."""
        return min(self.values["steering_lock_deg"] / FULL_STEER_DEG, 1.0)

    @property
    def start_mass(self) -> float:
        """[kg], with the fuel of the start"""
        return self.values["chassis_mass"] + FUEL_DENSITY * self.values["fuel_start"]

    @cached_property
    def native(self) -> _core.CarParams:
        """The parameters as the native core takes them."""
        rpm = np.linspace(0.0, self.values["engine_limiter_rpm"], _core.TORQUE_POINTS)
        torque = np.interp(rpm, *np.transpose(self.torque_curve))
        params = _core.CarParams()
        params.set([self.values[name] for name in _core.CAR_PARAMS], list(self.gears), torque.tolist())
        return params

    def with_values(self, **changes: float) -> Car:
        """The same car with some parameters changed, by their native names."""
        for name in changes:
            if name not in _core.CAR_PARAMS:
                raise UnknownNameError("car parameter", name, _core.CAR_PARAMS)
        return replace(self, values={**self.values, **changes})


def available_cars() -> list[str]:
    """Names of the cars that come with the package."""
    return sorted(path.stem for path in (configs_dir() / "cars").glob("*.yaml"))


def user_cars() -> list[str]:
    """Names of the user's own cars, in `resources.user_cars_dir()`."""
    return sorted(path.stem for path in user_cars_dir().glob("*.yaml"))


def load_car(name_or_path: str | Path) -> Car:
    """A car by name (`available_cars`, then `user_cars`) or by the path of its YAML file."""
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml"):
        name = str(name_or_path)
        folders = {
            **dict.fromkeys(user_cars(), user_cars_dir()),
            **dict.fromkeys(available_cars(), configs_dir() / "cars"),
        }
        if name not in folders:
            raise UnknownNameError("car", name, folders)
        path = folders[name] / f"{name}.yaml"
    return _load(path)


def forget_cars() -> None:
    """Read car files anew from now on."""
    _load.cache_clear()


@lru_cache(maxsize=32)
def _load(path: Path) -> Car:
    try:
        return parse_car(path.read_text(encoding="utf-8"), path)
    except OSError as error:
        raise InvalidCarError(f"car file {path}: {error.strerror or error}") from None


def parse_car(text: str, path: Path) -> Car:
    """The car in the text of a car file; `path` is what messages name, and the car's name where the text has none."""
    import yaml  # only readers of files need it

    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InvalidCarError(f"car file {path}: not valid YAML: {' '.join(str(error).split())}") from None
    return _parse(data, path)


def envelope(car: Car, *, grip: float = 1.0, air_density: float | None = None) -> Envelope:
    """Quasi-steady-state g-g-v limits, from the native vehicle model; `grip` is that of the tyres' condition."""
    air = _core.Ambient()
    if air_density is not None:
        air.air_density = air_density
    speed = np.arange(3.0, 120.0, 1.5)
    fraction = np.sin(np.linspace(0.0, 0.5 * np.pi, 33))  # fine where the friction ellipse is steep
    lateral = np.empty(len(speed))
    accel, brake = np.empty((2, len(speed), len(fraction)))
    _core.envelope(car.native, air, grip, speed, fraction, lateral, accel, brake)
    # Braking loads the front axle, so that close to the lateral limit two solutions exist: take the one with less grip.
    brake = np.minimum.accumulate(brake, axis=1)
    return Envelope(speed=speed, lateral=lateral, fraction=fraction, accel=accel, brake=brake)


def _parse(data: Any, path: Path) -> Car:
    if not isinstance(data, dict):
        raise InvalidCarError(f"car file {path}: expected groups of figures")
    title, sources = data.pop("title", path.stem), data.pop("sources", {})
    name = data.pop("name", path.stem)
    figures = dict(_figures(data, path))
    origins = {key: str(figure.get("source")) for key, figure in figures.items()}
    curve = _points(figures.pop("engine_torque_curve", None), "engine: torque_curve", CURVE_UNIT, sources, path)
    gears = _points(figures.pop("drivetrain_gear_ratios", None), "drivetrain: gear_ratios", "1", sources, path)
    if not 1 <= len(gears) <= _core.MAX_GEARS or min(gears) <= 0:
        raise InvalidCarError(f"car file {path}: drivetrain: gear_ratios: 1 to {_core.MAX_GEARS} positive ratios")
    if any(len(point) != 2 for point in curve) or sorted(curve) != curve or len(curve) < 2:
        raise InvalidCarError(f"car file {path}: engine: torque_curve: at least two [1/min, N m], speed ascending")
    values = {"drivetrain_gears": float(len(gears)), **IMPLIED}
    for key, figure in figures.items():
        if key not in _core.CAR_PARAMS or key in values:
            raise InvalidCarError(f"car file {path}: {UnknownNameError('figure', key, _core.CAR_PARAMS)}")
        values[key] = _value(key, figure, _core.CAR_PARAMS[key], sources, path)
    if missing := [key for key in _core.CAR_PARAMS if key not in values]:
        raise InvalidCarError(f"car file {path}: missing {', '.join(missing[:4])}{' ...' if len(missing) > 4 else ''}")
    points = tuple((float(rpm), float(torque)) for rpm, torque in curve)
    return Car(name, title, values, tuple(map(float, gears)), points, sources, origins)


def _figures(group: dict[str, Any], path: Path, prefix: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Leaves of the nested groups as (joined name, figure)."""
    found: list[tuple[str, dict[str, Any]]] = []
    for key, value in group.items():
        if not isinstance(value, dict):
            raise InvalidCarError(f"car file {path}: {prefix}{key}: expected {{value, unit, source}}, found {value!r}")
        if "value" in value or "points" in value:
            found.append((f"{prefix}{key}", value))
        else:
            found.extend(_figures(value, path, f"{prefix}{key}_"))
    return found


def _value(name: str, figure: dict[str, Any], unit: str, sources: dict[str, str], path: Path) -> float:
    _check_origin(name, figure, unit, sources, path)
    value = figure["value"]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidCarError(f"car file {path}: {name}: {value!r} is not a number")
    if wrong := unbelievable(name, value):
        raise InvalidCarError(f"car file {path}: {name}: {wrong}, is {value:g}")
    return float(value)


def _points(figure: dict[str, Any] | None, name: str, unit: str, sources: dict[str, str], path: Path) -> list[Any]:
    if figure is None or not isinstance(figure.get("points"), list):
        raise InvalidCarError(f"car file {path}: missing {name}: {{points: [...], unit, source}}")
    _check_origin(name, figure, unit, sources, path)
    return figure["points"]


def _check_origin(name: str, figure: dict[str, Any], unit: str, sources: dict[str, str], path: Path) -> None:
    if str(figure.get("unit")) != unit:
        raise InvalidCarError(f"car file {path}: {name}: unit must be {unit!r}, is {figure.get('unit')!r}")
    if figure.get("source") not in sources:
        raise InvalidCarError(
            f"car file {path}: {name}: source {figure.get('source')!r} is not among the file's sources"
        )
