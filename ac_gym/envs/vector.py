"""A batch of cars as a Gymnasium `VectorEnv`: one native batch, not copies of the single environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from ac_gym.envs.session import Observation, Session
from ac_gym.errors import UnknownNameError
from ac_gym.task import Telemetry

Array = NDArray[np.floating]

_METADATA = {"render_modes": ["rgb_array"], "autoreset_mode": AutoresetMode.NEXT_STEP}


class AssettoCorsaVectorEnv(VectorEnv[Observation, Array, Array]):
    """`num_envs` cars that drive for the same task; spaces, rewards and keywords are those of `AssettoCorsaEnv`.

    `autoreset_mode`: Gymnasium's NEXT_STEP (default: the step after an end resets that car, its action is ignored and
    its reward 0), SAME_STEP (the ended car is reset at once; `info["final_obs"]` and `info["final_info"]` have its last
    observation and info) or DISABLED (reset it with `options={"reset_mask": ...}`).
    `info` has arrays (N,): `lap_time` (s; NaN where no lap was completed in this step), `lap_valid`, `lap_count` and
    `end_reason` (`ac_gym.task.Ending`).

    `copy=False` gives observation, reward and ending as views that the next step overwrites.
    """

    metadata: dict[str, Any] = _METADATA

    def __init__(
        self,
        num_envs: int = 1,
        track: str | Path = "monza",
        car: str | Path = "bmw_z4_gt3",
        *,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        copy: bool = True,
        render_mode: str | None = None,
        **settings: Any,
    ) -> None:
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise UnknownNameError("render_mode", render_mode, self.metadata["render_modes"])
        self.autoreset_mode = _mode(autoreset_mode)
        self.metadata = {**self.metadata, "autoreset_mode": self.autoreset_mode}
        self.render_mode = render_mode
        self.num_envs = num_envs
        self.session = Session(num_envs, track=track, car=car, **settings)
        self.single_observation_space = self.session.observation_space
        self.single_action_space = self.session.action_space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._copy = copy
        self._ended = np.zeros(num_envs, np.uint8)
        self._renderer: Any = None
        self._driving = False

    @property
    def telemetry(self) -> Telemetry:
        """Everything known of the cars, by name: arrays (N,) or (N, k), views that the next step overwrites."""
        return self.session.telemetry

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin episodes: of all cars, or of those in `options["reset_mask"]` (N,) bool.

        One seed seeds the whole batch; each car has a stream of its own.
        """
        if isinstance(seed, list):
            raise ValueError("one seed for the whole batch, not a list: each car draws from its own stream of it")
        mask = (options or {}).get("reset_mask")
        if mask is not None:
            if not self._driving:
                raise gym.error.ResetNeeded("call reset() without reset_mask first, so that every car has a start")
            mask = np.asarray(mask, dtype=bool).astype(np.uint8)
            if mask.shape != (self.num_envs,):
                raise ValueError(f"reset_mask must have shape {(self.num_envs,)}, has {mask.shape}")
        super().reset(seed=seed)
        if seed is not None or not self._driving:
            self.session.seed(int(self.np_random.integers(2**63)))
        self._driving = True
        if self._copy:
            self.session.renew_observation(keep=True)
        self.session.reset(mask)
        self._ended[:] = 0 if mask is None else self._ended * (mask == 0)
        return self.session.observation, {}

    def step(self, actions: Array) -> tuple[Observation, Array, Array, Array, dict[str, Any]]:
        self.send(actions)
        return self.receive()

    def send(self, actions: Array) -> None:
        """The first half of `step`: apply the actions. In the game, time goes on from here: learn, then `receive`."""
        if not self._driving:
            raise gym.error.ResetNeeded("call reset() before the first step()")
        begins = self._ended if self.autoreset_mode == AutoresetMode.NEXT_STEP else None
        if self._copy:
            self.session.renew_observation()
        self.session.send(actions, begins)

    def receive(self) -> tuple[Observation, Array, Array, Array, dict[str, Any]]:
        """The second half of `step`: wait for what the actions led to."""
        task = self.session.task
        self.session.receive()
        finished = self.session.finished_laps()
        info: dict[str, Any] = {
            "lap_time": np.where(finished, self.telemetry["last_lap_time"] / 1000.0, np.nan),
            "lap_valid": finished & (self.telemetry["last_lap_valid"] != 0),
            "lap_count": self.telemetry["lap_count"].astype(np.int64),
            "end_reason": task.ending.copy(),
            **{name: np.full(self.num_envs, value) for name, value in self.session.info().items()},
        }
        np.bitwise_or(task.terminated, task.truncated, out=self._ended)
        observation = self.session.observation
        reward, terminated, truncated = task.reward, task.terminated.astype(bool), task.truncated.astype(bool)
        if self.autoreset_mode == AutoresetMode.SAME_STEP and self._ended.any():
            info |= {"final_info": info.copy(), "final_obs": _copied(observation)}
            info["_final_info"] = info["_final_obs"] = self._ended.astype(bool)
            reward = reward.copy()
            self.session.reset(self._ended)
            self._ended[:] = 0
        return observation, reward.copy() if self._copy else reward, terminated, truncated, info

    def render(self) -> tuple[NDArray[np.uint8], ...] | None:
        """A picture (H, W, 3) of each car, in `rgb_array` mode."""
        if self.render_mode is None:
            return None
        if self._renderer is None:
            from ac_gym.envs.rendering import Renderer

            world = self.session.world
            self._renderer = Renderer(world, self.telemetry, self.session.render_settings, threads=world.threads)
        return self._renderer.draw_all()

    def close_extras(self, **kwargs: Any) -> None:
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None
        self.session.close()


def _copied(observation: Observation) -> Observation:
    return {k: v.copy() for k, v in observation.items()} if isinstance(observation, dict) else observation.copy()


def _mode(mode: AutoresetMode | str) -> AutoresetMode:
    if isinstance(mode, AutoresetMode):
        return mode
    names = {m.name.lower(): m for m in AutoresetMode} | {m.value.lower(): m for m in AutoresetMode}
    if mode.lower() not in names:
        raise UnknownNameError("autoreset_mode", mode, [m.name for m in AutoresetMode])
    return names[mode.lower()]
