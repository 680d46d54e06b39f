"""World and task together: what the single and the vector environment share."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from ac_gym import _core
from ac_gym.car import load_car
from ac_gym.envs.pixels import Pixels
from ac_gym.envs.settings import ObservationSettings, RenderSettings
from ac_gym.errors import AcGymError, ConfigError, MissingPackageError, UnknownNameError
from ac_gym.task import Task, TaskSettings, Telemetry
from ac_gym.task.task import EndingTerm, ObservationTerm, RewardTerm
from ac_gym.track import load_track
from ac_gym.worlds import GameSettings, SimulatedWorld, SimulationSettings, World
from ac_gym.worlds.base import Mask

if TYPE_CHECKING:
    from ac_gym.recording.episodes import EpisodeRecorder, RecordSettings

WORLDS = ("simulated", "game")

Observation = Any
"""An array of numbers or of pictures, or a dictionary of both by the names `vector` and `pixels`."""


class Session:
    """A world with `count` cars and the task they drive for."""

    def __init__(
        self,
        count: int,
        *,
        track: str | Path,
        car: str | Path,
        world: str | World = "simulated",
        reward_terms: Sequence[RewardTerm] = (),
        endings: Sequence[EndingTerm] = (),
        extra_observations: Sequence[ObservationTerm] = (),
        record: str | Path | RecordSettings | None = None,
        **settings: Any,
    ) -> None:
        """`record`: a folder, or what of the drive goes where as Parquet files (`ac_gym.recording`)."""
        task, simulation, game, self.render_settings, seen = _split(
            settings, TaskSettings, SimulationSettings, GameSettings, RenderSettings, ObservationSettings
        )
        self._owns_world = isinstance(world, str)
        self.world = _world(world, count, track, car, simulation, game, task.ego_sampling_freq)
        self.task = Task(
            self.world,
            task,
            manual_gearbox=simulation.manual_gearbox,
            reward_terms=reward_terms,
            endings=endings,
            extra_observations=extra_observations,
            threads=self.world.threads,
        )
        self._kind: str = seen.observation
        self.pixels: Pixels | None = None
        self._renew_pixels = False
        self.action_space = spaces.Box(-1.0, 1.0, (self.task.action_size,), np.float32)
        self._laps = np.zeros(count)
        try:
            if self._kind != "vector":
                self.pixels = Pixels(self.world, seen, simulation.threads or min(os.cpu_count() or 1, count))
            self._recorder = None if record is None else self._record(record, simulation)
        except AcGymError:
            if self._owns_world:
                self.world.close()
            raise

    @property
    def telemetry(self) -> Telemetry:
        return self.task.telemetry

    @property
    def observation_space(self) -> spaces.Box | spaces.Dict:
        """Of one car."""
        limit = _core.OBSERVATION_LIMIT
        vector = spaces.Box(-limit, limit, (self.task.observation_size,), np.float32)
        if self.pixels is None:
            return vector
        both = spaces.Dict({"vector": vector, "pixels": self.pixels.space})
        return both if self._kind == "both" else self.pixels.space

    @property
    def observation(self) -> Observation:
        """Of all cars, (N, ...): arrays that the next step overwrites, unless `renew_observation` is called before."""
        if self.pixels is None:
            return self.task.observation
        if self._kind == "pixels":
            return self.pixels.pictures
        return {"vector": self.task.observation, "pixels": self.pixels.pictures}

    def renew_observation(self, *, keep: bool = False) -> None:
        """Let the next step fill new arrays, so that the last observation stays whole for whoever holds it; `keep`
        copies it for a reset of some cars only."""
        self.task.renew_observation(keep=keep)
        if self.pixels is not None and keep:
            self.pixels.renew()
        self._renew_pixels = not keep

    def seed(self, seed: int) -> None:
        self.world.seed(seed)

    def reset(self, mask: Mask | None = None) -> None:
        """Put cars on their start and begin their episodes."""
        self.world.reset(mask)
        self._begin(mask)
        self._laps[:] = self.telemetry["lap_count"]

    def start_at(self, car: int, s: float, offset: float = 0.0, heading: float = 0.0, speed: float = 0.0) -> None:
        """Put one car at a place of its own and begin all episodes there."""
        self.world.place(car, s, offset, heading, speed)
        self._begin()

    def _begin(self, mask: Mask | None = None) -> None:
        self.task.begin(mask)
        if self.pixels is not None:
            self.pixels.begin(mask)
        if self._recorder is not None:
            self._recorder.begin(mask)

    def send(self, actions: NDArray[np.float32], mask: Mask | None = None) -> None:
        """Begin a control step; cars whose mask is not 0 begin a new episode instead. `mask` must stay as it is."""
        self._mask = mask
        if self._recorder is not None:
            self._recorder.before_step()
        self.world.send(self.task.act(actions, mask), mask)

    def step(self, actions: NDArray[np.float32], mask: Mask | None = None) -> None:
        """One control step: `send`, `receive`."""
        self.send(actions, mask)
        self.receive()

    def receive(self) -> None:
        """End the control step that `send` began."""
        self.world.receive()
        self.task.observe(self._mask)
        if self.pixels is not None:
            self.pixels.take(self._mask, renew=self._renew_pixels)
            self._renew_pixels = False
        if self._recorder is not None:
            self._recorder.after_step(self._mask)

    def info(self) -> dict[str, float]:
        """What the world reports of itself; with pictures, `picture_age`: s by which the picture is older than
        its state."""
        reported = self.world.info()
        return reported if self.pixels is None else {**reported, "picture_age": self.pixels.age}

    def finished_laps(self) -> NDArray[np.bool_]:
        """(N,): a lap was completed in the last step. Asked once a step."""
        laps = self.telemetry["lap_count"]
        finished = laps > self._laps
        self._laps[:] = laps
        return finished

    def close(self) -> None:
        """Close the world, unless it was lent, and complete what is recorded."""
        if self._owns_world:
            self.world.close()
        if self.pixels is not None:
            self.pixels.close()
        if self._recorder is not None:
            recorder, self._recorder = self._recorder, None
            recorder.close()

    def _record(self, record: str | Path | RecordSettings, simulation: SimulationSettings) -> EpisodeRecorder:
        try:
            from ac_gym.recording.episodes import EpisodeRecorder, RecordSettings
            from ac_gym.recording.schema import Header
        except ImportError as error:
            raise MissingPackageError(str(error.name), "record") from error
        world = self.world
        simulated = isinstance(world, SimulatedWorld)
        notes = {"task": asdict(self.task.settings)} | ({"simulation": asdict(simulation)} if simulated else {})
        header = Header(
            source="simulated" if simulated else "game", track=world.track.name, car=world.car.name,
            rate=world.control_rate, steering_lock_deg=world.car.values["steering_lock_deg"],
            track_length=world.track.length_m, notes=notes,
        )  # fmt: skip
        settings = record if isinstance(record, RecordSettings) else RecordSettings(record)
        return EpisodeRecorder(settings, header, world.frames, self.task, wait=simulated)


def _world(
    world: str | World,
    count: int,
    track: str | Path,
    car: str | Path,
    simulation: SimulationSettings,
    game: GameSettings,
    control_rate: float,
) -> World:
    """The world of that name, or the one that is lent."""
    if not isinstance(world, str):
        if count != world.count:
            raise ConfigError(f"num_envs is {count}, but the world that is lent has {world.count} cars")
        return world
    if world not in WORLDS:
        raise UnknownNameError("world", world, WORLDS)
    if world == "simulated":
        return SimulatedWorld(load_track(track), load_car(car), count, simulation, control_rate=control_rate)
    if count != 1:
        raise ConfigError(f"the game has one car to drive, not {count}: num_envs (AssettoCorsa.num_cars) must be 1")
    from ac_gym.worlds.game import GameWorld

    return GameWorld(track, car, game, control_rate=control_rate)


def _split(settings: dict[str, Any], *kinds: type) -> tuple[Any, ...]:
    """Keywords to the settings classes that they belong to."""
    owners = {f.name: kind for kind in kinds for f in fields(kind)}
    for name in settings:
        if name not in owners:
            raise UnknownNameError("setting", name, owners)
    return tuple(kind(**{k: v for k, v in settings.items() if owners[k] is kind}) for kind in kinds)
