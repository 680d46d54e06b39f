"""Cars that drive by themselves: line followers, spread around the lap."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ac_gym.car import Car
from ac_gym.drivers import LineFollower
from ac_gym.task import Task, TaskSettings
from ac_gym.track import Track
from ac_gym.worlds import SimulatedWorld, SimulationSettings


class Opponents:
    """`count` cars at `pace` (share of their grip). One that leaves the road or stops is put back somewhere on it.

    They see neither each other nor the ego, and nobody collides: the simulated world has no collisions.
    """

    def __init__(self, track: Track, car: Car, count: int, *, fps: float, seed: int, pace: float) -> None:
        self._world = SimulatedWorld(track, car, count, SimulationSettings(start="random"), control_rate=fps)
        self._world.seed(seed)
        self._world.reset()
        driver = LineFollower(track, car, pace=pace, control_rate=fps)
        for i in range(count):
            s = track.length_m * (i + 1) / (count + 1)
            at = int(s / track.step_m)
            heading = math.remainder(track.line_heading[at] - track.heading[at], math.tau)
            self._world.place(i, s, track.line_offset[at], heading, 0.9 * driver.profile.speed[at])
        settings = TaskSettings(
            ego_sampling_freq=fps, use_relative_actions=False, enable_sensors=False, add_previous_obs_to_state=False,
            max_episode_py_time=None,
        )  # fmt: skip
        self._task = Task(self._world, settings)
        self._task.begin()
        self._driver = driver

    @property
    def frames(self) -> NDArray[np.float64]:
        return self._world.frames

    def step(self) -> None:
        ended = self._task.terminated.copy() if self._task.terminated.any() else None
        self._world.step(self._driver(self._task.telemetry), ended)
        self._task.observe(ended)
