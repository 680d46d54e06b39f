"""World and task together: what the single and the vector environment share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from ac_gym import _core
from ac_gym.car import load_car
from ac_gym.errors import ConfigError, UnknownNameError
from ac_gym.task import Task, TaskSettings, Telemetry
from ac_gym.task.task import EndingTerm, ObservationTerm, RewardTerm
from ac_gym.track import load_track
from ac_gym.worlds import SimulatedWorld, SimulationSettings
from ac_gym.worlds.base import Mask

WORLDS = ("simulated", "game")


class Session:
    """A world with `count` cars and the task they drive for."""

    def __init__(
        self,
        count: int,
        *,
        track: str | Path,
        car: str | Path,
        world: str = "simulated",
        reward_terms: Sequence[RewardTerm] = (),
        endings: Sequence[EndingTerm] = (),
        extra_observations: Sequence[ObservationTerm] = (),
        **settings: Any,
    ) -> None:
        if world not in WORLDS:
            raise UnknownNameError("world", world, WORLDS)
        if world == "game":
            raise ConfigError("world 'game' (the running game) is not part of this version; use world='simulated'")
        simulation, task = _split(settings)
        self.world = SimulatedWorld(
            load_track(track), load_car(car), count, simulation, control_rate=task.ego_sampling_freq
        )
        self.task = Task(
            self.world,
            task,
            manual_gearbox=simulation.manual_gearbox,
            reward_terms=reward_terms,
            endings=endings,
            extra_observations=extra_observations,
            threads=self.world.threads,
        )
        limit = _core.OBSERVATION_LIMIT
        self.observation_space = spaces.Box(-limit, limit, (self.task.observation_size,), np.float32)
        self.action_space = spaces.Box(-1.0, 1.0, (self.task.action_size,), np.float32)
        self._laps = np.zeros(count)

    @property
    def telemetry(self) -> Telemetry:
        return self.task.telemetry

    def seed(self, seed: int) -> None:
        self.world.seed(seed)

    def reset(self, mask: Mask | None = None) -> None:
        """Put cars on their start and begin their episodes."""
        self.world.reset(mask)
        self.task.begin(mask)
        self._laps[:] = self.telemetry["lap_count"]

    def step(self, actions: NDArray[np.float32], mask: Mask | None = None) -> None:
        """One control step; cars whose mask is not 0 begin a new episode instead."""
        controls = self.task.act(actions, mask)
        self.world.step(controls, mask)
        self.task.observe(mask)

    def finished_laps(self) -> NDArray[np.bool_]:
        """(N,): a lap was completed in the last step. Asked once a step."""
        laps = self.telemetry["lap_count"]
        finished = laps > self._laps
        self._laps[:] = laps
        return finished

    def close(self) -> None:
        self.world.close()


def _split(settings: dict[str, Any]) -> tuple[SimulationSettings, TaskSettings]:
    """Keywords to the settings they belong to."""
    ours = {f.name for f in fields(SimulationSettings)}
    tasks = {f.name for f in fields(TaskSettings)}
    for name in settings:
        if name not in ours | tasks:
            raise UnknownNameError("setting", name, ours | tasks)
    simulation = SimulationSettings(**{name: value for name, value in settings.items() if name in ours})
    return simulation, TaskSettings(**{name: value for name, value in settings.items() if name in tasks})
