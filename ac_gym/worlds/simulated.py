"""The simulated world: the native simulator, in process, a batch of cars."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ac_gym import _core, channels
from ac_gym.car import Car, envelope
from ac_gym.constants import BRAKE_GAMMA, air_density
from ac_gym.errors import ConfigError, UnknownNameError
from ac_gym.track import Track, speed_profile
from ac_gym.track.native import native_track
from ac_gym.worlds.base import Mask

_CARS_A_THREAD = 64  # fewer are not worth waking a thread for


@dataclass(frozen=True)
class SimulationSettings:
    """Settings of the simulated world; every one is a keyword of the environments and a key of the configuration."""

    physics_freq: float = 325.0
    """physics steps a second, at least; rounded up to a whole number a control step [Hz]"""
    threads: int = 0
    """threads that share the cars; 0 chooses by the number of cars and cores"""
    start: str = "random"
    """where an episode begins: `random` anywhere on the lap, `line` standing at the hotlap start"""
    start_speed: tuple[float, float] = (0.4, 0.9)
    """range of the speed at a random start, as a share of the car's limit speed profile"""
    start_offset: float = 1.5
    """a random start is up to this far to either side of the racing line [m]"""
    start_heading: float = 0.05
    """a random start points up to this far off the racing line [rad]"""
    start_standing: float = 0.0
    """share of random starts that are standing ones at the hotlap start instead"""
    manual_gearbox: bool = False
    """gears are shifted by a fourth action (below -0.5 down, above 0.5 up) instead of the game's automatic box"""
    abs: bool = False
    """anti-lock brakes, where the car has them"""
    traction_control: bool = False
    """traction control, where the car has it"""
    damage_rate: float = 0.0
    """damage by walls: 0 none, 1 real"""
    tyre_wear_rate: float = 0.0
    """tyre wear: 0 none, 1 real"""
    fuel_rate: float = 0.0
    """fuel use: 0 none, 1 real"""
    air_temperature: float = 26.0
    """[degC]"""
    road_temperature: float = 32.0
    """[degC]"""
    brake_gamma: float = BRAKE_GAMMA
    """exponent of the game's brake curve"""
    randomise: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """car parameter (`grip`, `power`, `chassis_mass`, ...: names of `ac_gym._core.CAR_PARAMS`) -> range of a factor
    that is drawn anew for each car at each reset"""
    sensor_noise: Mapping[str, float] = field(default_factory=dict)
    """telemetry channel -> standard deviation of Gaussian noise on it, in the channel's unit"""
    action_delay: tuple[float, float] = (0.0, 0.0)
    """range of the time between a control and its effect, drawn for each car at each reset [s]"""


class SimulatedWorld:
    """`count` cars on one track; bit-identical for a seed, whatever the number of threads."""

    state_time = None

    def __init__(
        self,
        track: Track,
        car: Car,
        count: int,
        settings: SimulationSettings | None = None,
        *,
        control_rate: float = 25.0,
    ) -> None:
        settings = settings or SimulationSettings()
        if count < 1:
            raise ConfigError(f"num_envs must be at least 1, is {count}")
        self.track, self.car, self.count, self.control_rate = track, car, count, control_rate
        self.settings = settings
        self.profile = speed_profile(track, envelope(car))
        self.native_track = native_track(track, self.profile.speed)
        self.frames: NDArray[np.float64] = np.zeros((count, channels.WIDTH))
        threads = settings.threads or min(os.cpu_count() or 1, max(count // _CARS_A_THREAD, 1))
        self.threads = threads
        self._world = _core.World(
            self.native_track, car.native, count, _native_settings(settings, track, control_rate), threads
        )

    def seed(self, seed: int) -> None:
        self._world.seed(seed)

    def reset(self, mask: Mask | None = None) -> None:
        self._world.reset(mask, self.frames)

    def step(self, controls: NDArray[np.float32], mask: Mask | None = None) -> None:
        self._world.step(controls, mask, self.frames)

    def send(self, controls: NDArray[np.float32], mask: Mask | None = None) -> None:
        self._sent = controls, mask

    def receive(self) -> None:
        self._world.step(*self._sent, self.frames)

    def info(self) -> dict[str, float]:
        """Nothing is lost in process."""
        return {}

    def report(self) -> str:
        return ""

    def place(self, car: int, s: float, offset: float = 0.0, heading: float = 0.0, speed: float = 0.0) -> None:
        """Put one car at centre-line position `s`, `offset` (m, + left), `heading` to the road (rad), `speed` (m/s)."""
        self._world.place(car, s, offset, heading, speed, self.frames)

    def close(self) -> None:
        """Nothing to let go of."""


def _native_settings(settings: SimulationSettings, track: Track, control_rate: float) -> _core.WorldSettings:
    if control_rate <= 0 or settings.physics_freq < control_rate:
        raise ConfigError(
            f"physics_freq ({settings.physics_freq:g} Hz) must be at least ego_sampling_freq ({control_rate:g} Hz)"
        )
    native = _core.WorldSettings()
    native.control_rate = control_rate
    native.substeps = int(np.ceil(settings.physics_freq / control_rate))
    native.brake_gamma = settings.brake_gamma
    air = _core.Ambient()
    air.air_temperature, air.road_temperature = settings.air_temperature, settings.road_temperature
    air.air_density = air_density(settings.air_temperature)
    native.ambient = air
    aids = _core.Aids()
    aids.automatic_gearbox = not settings.manual_gearbox
    aids.abs, aids.traction_control = settings.abs, settings.traction_control
    aids.damage_rate, aids.tyre_wear_rate, aids.fuel_rate = (
        settings.damage_rate,
        settings.tyre_wear_rate,
        settings.fuel_rate,
    )
    native.aids = aids
    native.start = _native_start(settings, track)
    shortest, longest = _range("action_delay", settings.action_delay)
    if longest > 7.0 / control_rate:
        raise ConfigError(f"action_delay: at most 7 control steps ({7.0 / control_rate:g} s), is {longest:g} s")
    native.delay_low, native.delay_high = shortest, longest
    names = list(_core.CAR_PARAMS)
    for name, factors in settings.randomise.items():
        if name not in _core.CAR_PARAMS:
            raise UnknownNameError("car parameter in randomise", name, names)
        low, high = _range(f"randomise {name}", factors)
        native.randomise(names.index(name), low, high)
    for name, sigma in settings.sensor_noise.items():
        if name not in channels.COLUMNS:
            raise UnknownNameError("telemetry channel in sensor_noise", name, channels.COLUMNS)
        columns = channels.COLUMNS[name]
        for column in range(columns.start, columns.stop):
            native.add_noise(column, float(sigma))
    return native


def _native_start(settings: SimulationSettings, track: Track) -> _core.StartSettings:
    start = _core.StartSettings()
    if settings.start not in ("random", "line"):
        raise UnknownNameError("start", settings.start, ("random", "line"))
    start.random_position = settings.start == "random"
    start.s, start.offset = track.start.s_m, track.start.offset_m
    if start.random_position:
        start.speed_low, start.speed_high = _range("start_speed", settings.start_speed)
        start.offset_range, start.heading_range = settings.start_offset, settings.start_heading
        if not 0.0 <= settings.start_standing <= 1.0:
            raise ConfigError(f"start_standing is a share from 0 to 1, not {settings.start_standing:g}")
        start.standing_share = settings.start_standing
    return start


def _range(name: str, bounds: tuple[float, float]) -> tuple[float, float]:
    try:
        low, high = map(float, bounds)
    except (TypeError, ValueError):
        raise ConfigError(f"{name} must be a range [low, high], is {bounds!r}") from None
    if not 0.0 <= low <= high:
        raise ConfigError(f"{name} must be a range 0 <= low <= high, is {bounds!r}")
    return low, high
