"""Python face of the native task: actions to controls, frames to observation, reward and end of episode."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from ac_gym import _core
from ac_gym.car import Car
from ac_gym.constants import FULL_STEER_DEG, NEUTRAL
from ac_gym.errors import ConfigError, UnknownNameError
from ac_gym.task.settings import TaskSettings
from ac_gym.task.telemetry import Telemetry, columns_of
from ac_gym.worlds.base import Mask, World

_NEUTRAL = np.array(NEUTRAL, np.float32)

RewardTerm = Callable[[Telemetry], NDArray[np.floating]]
"""Telemetry of N cars -> (N,), added to the reward"""
EndingTerm = Callable[[Telemetry], NDArray[np.bool_]]
"""Telemetry of N cars -> (N,) bool: the episode ends (terminated)"""
ObservationTerm = Callable[[Telemetry], NDArray[np.floating]]
"""Telemetry of N cars -> (N, k) or (N,), appended to the observation"""


class Ending(IntEnum):
    """Why an episode ended; the numbers are the native core's."""

    DRIVING = 0
    OUT_OF_TRACK = 1
    TOO_SLOW = 2
    TOO_FAR_FROM_LINE = 3
    TIME_LIMIT = 4
    LAP_LIMIT = 5
    CUSTOM = 6


@dataclass(frozen=True)
class Replay:
    """What the task makes of recorded drives; row t belongs to frame t, and to the step that led to it."""

    observation: NDArray[np.float32]
    """(T, observation_size)"""
    reward: NDArray[np.float64]
    """(T,), 0 in the first row of a drive"""
    terminated: NDArray[np.bool_]
    """(T,)"""
    truncated: NDArray[np.bool_]
    """(T,)"""
    ending: NDArray[np.int32]
    """(T,) `Ending`"""
    telemetry: Telemetry
    """with `actions` (T, action_size) and `controls` (T, 4)"""


class Task:
    """Turns a world's frames into what a learner needs; each step overwrites its arrays."""

    def __init__(
        self,
        world: World,
        settings: TaskSettings | None = None,
        *,
        manual_gearbox: bool = False,
        reward_terms: Sequence[RewardTerm] = (),
        endings: Sequence[EndingTerm] = (),
        extra_observations: Sequence[ObservationTerm] = (),
        threads: int = 1,
    ) -> None:
        self.world = world
        self.settings = settings or TaskSettings()
        native = _native_settings(self.settings, world.car, world.control_rate, manual_gearbox)
        self._task = _core.Task(world.native_track, world.count, native, threads)
        steer_rate, pedal_rate = self.settings.max_steer_rate / FULL_STEER_DEG, self.settings.max_pedal_rate
        self._change_per_step = np.array([steer_rate, pedal_rate, pedal_rate], np.float32) / world.control_rate
        self._reward_terms, self._endings, self._extra = tuple(reward_terms), tuple(endings), tuple(extra_observations)
        n = world.count
        self.action_size: int = self._task.action_size
        self.actions = np.zeros((n, self.action_size), np.float32)
        self.controls = np.zeros((n, _core.CONTROL_WIDTH), np.float32)
        self.reward = np.zeros(n)
        self.terminated, self.truncated = np.zeros((2, n), np.uint8)
        self.ending = np.zeros(n, np.int32)
        self.situations = np.zeros((n, len(_core.SITUATION)))
        self.telemetry = Telemetry(world.frames, self.situations, self.actions, self.controls)
        self._native_size: int = self._task.observation_size
        self.observation = np.zeros((n, self._native_size), np.float32)
        if self._extra:
            self._make_room_for_extra()

    @property
    def observation_size(self) -> int:
        return self.observation.shape[1]

    def renew_observation(self, *, keep: bool = False) -> None:
        """Let the next step fill a new array, so that the last observation stays whole for whoever holds it.

        Cheaper than a copy, since the threads fill it; `keep` copies it for a reset of some cars only.
        """
        self.observation = self.observation.copy() if keep else np.empty_like(self.observation)

    def act(self, actions: NDArray[np.float32], mask: Mask | None = None) -> NDArray[np.float32]:
        """Controls (N, 4) for actions (N, action_size); values beyond -1..1 are clipped.

        Raises ValueError for actions of another shape, or that are not finite.
        """
        given = np.asarray(actions)
        if given.dtype != np.float32:
            with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite and is refused below
                given = given.astype(np.float32)
        if given.shape != self.actions.shape:
            raise ValueError(f"actions must have shape {self.actions.shape}, have {given.shape}")
        self.actions[:] = given
        bad = self._task.act(self.actions, mask, self.controls)
        if bad >= 0:
            raise ValueError(f"action of car {bad} is not finite: {given[bad].tolist()}")
        return self.controls

    def actions_for(self, controls: NDArray[np.float32]) -> NDArray[np.float32]:
        """Actions (N, action_size) that bring the controls to `controls` (N, 4) or, if it is far, towards it."""
        return self.actions_between(self.controls, controls)

    def actions_between(self, before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.float32]:
        """Actions (N, action_size) that bring controls from `before` to `after`, each (N, 4), or towards it."""
        wanted = after[:, :3]
        if self.settings.use_relative_actions:
            wanted = (wanted - before[:, :3]) / self._change_per_step
        actions = np.clip(wanted, -1.0, 1.0)
        return actions if self.action_size == 3 else np.column_stack([actions, after[:, 3]])

    def begin(self, mask: Mask | None = None) -> None:
        """Begin an episode with the present frame: for the cars whose mask is not 0, or for all."""
        self.controls[slice(None) if mask is None else mask != 0] = _NEUTRAL
        self._observe(mask, fresh=mask is None, only=mask is not None)

    def observe(self, mask: Mask | None = None) -> None:
        """Judge the step that led to the present frame; cars whose mask is not 0 begin an episode with it instead."""
        self._observe(mask, fresh=False, only=False)
        for reward in self._reward_terms:
            term = np.asarray(reward(self.telemetry), dtype=np.float64)
            self.reward += term if mask is None else np.where(mask, 0.0, term)
        for ends in self._endings:
            ended = np.asarray(ends(self.telemetry), dtype=bool) & (self.ending == Ending.DRIVING)
            if mask is not None:
                ended &= mask == 0
            self.terminated[ended], self.ending[ended] = 1, Ending.CUSTOM

    def replay(
        self, frames: NDArray[np.float64], controls: NDArray[np.float32], starts: Sequence[int] = (0,)
    ) -> Replay:
        """Judge recorded drives whole: frames (T, WIDTH), the controls (T, 4) that led to each, each drive's first row.

        A drive is seen as one car would see it that drove all of it: an ending does not cut it short.
        """
        begins = np.append(np.asarray(starts, np.int64), len(frames))
        frames = np.ascontiguousarray(frames, np.float64)
        before = np.concatenate([_NEUTRAL[None], controls[:-1]])
        actions = np.ascontiguousarray(self.actions_between(before, controls), np.float32)
        actions[begins[:-1][np.diff(begins) > 0]] = 0.0
        total = len(frames)
        observation = np.empty((total, self._native_size), np.float32)
        reward, ending = np.empty(total), np.empty(total, np.int32)
        terminated, truncated = np.empty((2, total), np.uint8)
        situations = np.empty((total, len(_core.SITUATION)))
        self._task.replay(frames, actions, begins, observation, reward, terminated, truncated, ending, situations)
        telemetry = Telemetry(frames, situations, actions, controls)
        return self._with_terms(
            Replay(observation, reward, terminated != 0, truncated != 0, ending, telemetry), begins[:-1]
        )

    def _with_terms(self, replay: Replay, starts: NDArray[np.int64]) -> Replay:
        """Adds what the terms written in Python have to say."""
        driving = np.ones(len(replay.reward), bool)
        driving[starts[starts < len(driving)]] = False
        for reward in self._reward_terms:
            replay.reward[driving] += np.asarray(reward(replay.telemetry), np.float64)[driving]
        for ends in self._endings:
            ended = np.asarray(ends(replay.telemetry), bool) & driving & (replay.ending == Ending.DRIVING)
            replay.terminated[ended], replay.ending[ended] = True, Ending.CUSTOM
        if not self._extra:
            return replay
        extra = [_columns(observe(replay.telemetry)) for observe in self._extra]
        limit = _core.OBSERVATION_LIMIT
        whole = np.column_stack([replay.observation, *(np.clip(values, -limit, limit) for values in extra)])
        return replace(replay, observation=whole.astype(np.float32))

    def _observe(self, mask: Mask | None, *, fresh: bool, only: bool) -> None:
        self._task.observe(
            self.world.frames, mask, fresh, only,
            self.observation, self.reward, self.terminated, self.truncated, self.ending, self.situations,
        )  # fmt: skip
        at = self._native_size
        for observe in self._extra:
            values = _columns(observe(self.telemetry))
            self.observation[:, at : at + values.shape[1]] = np.clip(
                values, -_core.OBSERVATION_LIMIT, _core.OBSERVATION_LIMIT
            )
            at += values.shape[1]

    def _make_room_for_extra(self) -> None:
        """Ask each extra observation once, to learn its width."""
        width = sum(_columns(observe(self.telemetry)).shape[1] for observe in self._extra)
        self.observation = np.zeros((self.world.count, self._native_size + width), np.float32)


def _columns(values: NDArray[np.floating]) -> NDArray[np.floating]:
    values = np.asarray(values)
    return values[:, None] if values.ndim == 1 else values


def _native_settings(settings: TaskSettings, car: Car, control_rate: float, manual_gearbox: bool) -> _core.TaskSettings:
    native = _core.TaskSettings()
    native.control_rate = control_rate
    native.relative_actions = settings.use_relative_actions
    native.manual_gears = manual_gearbox
    native.steer_rate, native.pedal_rate = _positive(settings, "max_steer_rate"), _positive(settings, "max_pedal_rate")
    native.steer_limit = car.steer_limit
    native.sensors, native.previous_blocks = settings.enable_sensors, settings.add_previous_obs_to_state
    native.target_speed = settings.use_target_speed
    if settings.enable_task_id_in_obs:
        if settings.task_id not in settings.task_ids:
            raise UnknownNameError("task_id", settings.task_id, settings.task_ids)
        native.task_count, native.task_index = len(settings.task_ids), settings.task_ids.index(settings.task_id)
    for name, scale in settings.obs_extra.items() if settings.use_obs_extra else ():
        for column in columns_of(name, "telemetry channel in obs_extra"):
            native.add_channel(column, float(scale))
    native.progress = settings.use_progress_in_reward
    native.reference_line, native.gap_scale = settings.use_reference_line_in_reward, _positive(settings, "gap_const")
    native.action_penalty = settings.penalize_actions_diff_coef if settings.penalize_actions_diff else 0.0
    native.out_penalty = settings.out_of_track_penalty if settings.enable_out_of_track_penalty else 0.0
    native.end_out_of_track, native.use_tyres_out = (
        settings.enable_out_of_track_termination,
        settings.use_ac_out_of_track,
    )
    native.end_too_slow = settings.enable_low_speed_termination
    native.slow_speed, native.slow_time = _positive(settings, "low_speed"), _positive(settings, "low_speed_time")
    native.gap_limit = 0.0 if settings.max_gap is None else _positive(settings, "max_gap")
    seconds = 0.0 if settings.max_episode_py_time is None else _positive(settings, "max_episode_py_time")
    native.max_steps = round(seconds * control_rate)
    native.max_laps = 0 if settings.max_laps_number is None else int(_positive(settings, "max_laps_number"))
    return native


def _positive(settings: TaskSettings, name: str) -> float:
    value = float(getattr(settings, name))
    if not value > 0.0:
        raise ConfigError(f"{name} must be greater than 0, is {value:g}")
    return value
