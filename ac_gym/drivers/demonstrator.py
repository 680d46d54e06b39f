"""Line followers of several paces, with noise on their actions: what an agent can learn from before it drives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ac_gym.drivers.line_follower import LineFollower
from ac_gym.task import Task, Telemetry

PACES = (0.85, 0.93, 0.97, 1.0)
NOISE = (0.0, 0.05, 0.1, 0.2)


class Demonstrator:
    """Actions (N, A) of line followers for the cars of a task: a behaviour policy that looks at telemetry.

    The cars are shared out among the `paces`, and within a pace among the standard deviations of the `noise`.
    """

    def __init__(
        self, task: Task, *, paces: Sequence[float] = PACES, noise: Sequence[float] = NOISE, seed: int = 0
    ) -> None:
        self._task = task
        self._rng = np.random.default_rng(seed)
        world, telemetry = task.world, task.telemetry
        self._groups = []
        for cars, pace in zip(np.array_split(np.arange(world.count), len(paces)), paces, strict=True):
            if len(cars):
                rows = slice(cars[0], cars[-1] + 1)
                driver = LineFollower(world.track, world.car, pace=pace, control_rate=world.control_rate)
                self._groups.append((rows, driver, _rows(telemetry, rows)))
        self._sigma = np.resize(noise, world.count)[:, None]

    def __call__(self, observation: NDArray[np.float32]) -> NDArray[np.float32]:
        """Actions for the task's present frames; the observation is not looked at."""
        controls = np.empty_like(self._task.controls)
        for rows, driver, telemetry in self._groups:
            controls[rows] = driver(telemetry)
        actions = self._task.actions_for(controls)
        return np.clip(actions + self._sigma * self._rng.normal(size=actions.shape), -1.0, 1.0).astype(np.float32)


def _rows(telemetry: Telemetry, rows: slice) -> Telemetry:
    """The telemetry of some cars: views, so they follow every step."""
    t = telemetry
    return Telemetry(t.frames[rows], t.situations[rows], t.actions[rows], t.controls[rows])
