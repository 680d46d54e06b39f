"""Recorded drives as what a learner needs: observations, actions, rewards and endings of the task as it is set now."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ac_gym.car import Car, load_car
from ac_gym.channels import CHANNELS, COLUMNS
from ac_gym.constants import BRAKE_GAMMA
from ac_gym.datasets.model import AT, Flaw, Recording, controls_of
from ac_gym.datasets.reading import read_recordings
from ac_gym.errors import ConfigError, RecordingError, UnknownNameError
from ac_gym.recording.columns import CHANNEL_COLUMNS
from ac_gym.task import Replay, Task, TaskSettings
from ac_gym.track import Track, load_track
from ac_gym.worlds import RecordedWorld

_LOOKED_AT = (
    "world_position", "yaw", "speed", "force_feedback", "rpm", "accel_lateral", "accel_longitudinal", "gear",
    "angular_velocity", "local_velocity", "slip_angle", "steer_angle", "throttle", "brake", "tyres_out", "lap_count",
)  # fmt: skip
_NEEDED = ("world_position_x", "world_position_y", "yaw", "speed", "steer_angle", "throttle", "brake")
_ROWS_AT_ONCE = 100_000  # of 1.1 kB
_FAR_M = 40.0  # from the centre line: nobody's run-off is as wide
_MOVED_M = 30.0  # between two rows: the car was put elsewhere


@dataclass(frozen=True)
class Episode:
    """T steps of one drive. Step t leads from `observations[t]` to `observations[t + 1]` by `actions[t]`.

    A step may be terminal (`terminated`) in the middle of it: recorded drives go on after they left the road.
    """

    name: str
    observations: NDArray[np.float32]
    """(T + 1, observation_size)"""
    actions: NDArray[np.float32]
    """(T, action_size)"""
    rewards: NDArray[np.float64]
    """(T,)"""
    terminated: NDArray[np.bool_]
    """(T,)"""
    truncated: NDArray[np.bool_]
    """(T,): true in the last step, unless it is terminal: there the drive, or what is whole of it, ends"""

    def __len__(self) -> int:
        return len(self.rewards)


def channels_looked_at(settings: TaskSettings) -> tuple[str, ...]:
    """The channels that a task with these settings looks at; reading no others is faster."""
    return tuple(dict.fromkeys((*_LOOKED_AT, *_extra_channels(settings), "timestamp_ac")))


def _extra_channels(settings: TaskSettings) -> tuple[str, ...]:
    """Those of `obs_extra` that a recording must have; the rest the task derives."""
    return tuple(name for name in settings.obs_extra if name in COLUMNS) if settings.use_obs_extra else ()


class Rebuilder:
    """Turns recordings of one track and car into episodes of the task with the given settings."""

    def __init__(
        self, track: Track, car: Car, settings: TaskSettings | None = None, *, brake_gamma: float = BRAKE_GAMMA
    ) -> None:
        self.track, self.car, self.settings = track, car, settings or TaskSettings()
        rate = self.settings.ego_sampling_freq
        world = RecordedWorld(track, car, [np.zeros((1, sum(c.size for c in CHANNELS)))], control_rate=rate)
        self._task = Task(world, self.settings)
        self._brake_gamma = brake_gamma
        self._extra = _extra_channels(self.settings)

    def __call__(self, recordings: Iterable[Recording]) -> Iterator[tuple[Episode, ...]]:
        """The episodes of each recording, in order; RecordingError for one that does not belong here."""
        batch: list[Recording] = []
        for recording in recordings:
            batch.append(self._checked(recording))
            if sum(map(len, batch)) >= _ROWS_AT_ONCE:
                yield from self._rebuilt(batch)
                batch = []
        yield from self._rebuilt(batch)

    def replay(self, recording: Recording) -> Replay:
        """All rows of one recording at the task's rate; RecordingError where numbers are missing in it."""
        if _whole_pieces(self._checked(recording)) != [(0, len(recording))]:
            raise RecordingError(f"{recording.name}: there are gaps in it")
        replay = self._task.replay(recording.frames, self._controls(recording))
        self._check_place(recording, replay, slice(None))
        return replay

    def _controls(self, recording: Recording) -> NDArray[np.float32]:
        limit = self.car.steer_limit
        controls = controls_of(recording, brake_gamma=self._brake_gamma).copy()
        controls[:, :3] = np.clip(controls[:, :3], [-limit, -1.0, -1.0], [limit, 1.0, 1.0])
        return controls

    def _checked(self, recording: Recording) -> Recording:
        missing = [name for name in _missing(recording) if name in _NEEDED]
        missing += [name for name in self._extra if not recording.known[COLUMNS[name]].all()]
        if missing:
            raise RecordingError(f"{recording.name}: the task needs {', '.join(missing)}, which it does not have")
        wanted = self.settings.ego_sampling_freq
        if abs(recording.rate - wanted) <= 0.02 * wanted:
            return recording
        return resampled(recording, wanted)

    def _rebuilt(self, batch: Sequence[Recording]) -> Iterator[tuple[Episode, ...]]:
        pieces = [_whole_pieces(recording) for recording in batch]
        rows = [slice(first, stop) for found in pieces for first, stop in found]
        owners = [recording for recording, found in zip(batch, pieces, strict=True) for _ in found]
        if not rows:
            yield from (() for _ in batch)
            return
        frames = np.concatenate([owner.frames[row] for owner, row in zip(owners, rows, strict=True)])
        controls = np.concatenate([self._controls(owner)[row] for owner, row in zip(owners, rows, strict=True)])
        starts = np.cumsum([0] + [row.stop - row.start for row in rows])
        replay = self._task.replay(frames, controls, starts[:-1].tolist())
        at = 0
        for recording, found in zip(batch, pieces, strict=True):
            mine = starts[at : at + len(found) + 1]
            if len(found):
                self._check_place(recording, replay, slice(mine[0], mine[-1]))
            names = [recording.name if len(found) == 1 else f"{recording.name}.{k + 1}" for k in range(len(found))]
            yield tuple(_episode(name, replay, a, b) for name, (a, b) in zip(names, pairwise(mine), strict=True))
            at += len(found)

    def _check_place(self, recording: Recording, replay: Replay, rows: slice) -> None:
        far = np.abs(replay.telemetry["offset"][rows]) > _FAR_M
        if far.mean() > 0.5:
            raise RecordingError(
                f"{recording.name}: {100 * far.mean():.0f} % of it is more than {_FAR_M:.0f} m from our "
                f"{self.track.name}: it was driven on another circuit of that name; `ac-gym tracks import` takes "
                "the game's in"
            )


def rebuild(
    recordings: Iterable[Recording],
    settings: TaskSettings | None = None,
    *,
    track: str | Path = "",
    car: str | Path = "",
) -> Iterator[Episode]:
    """Episodes of recordings of any tracks and cars, each on its own; `track` and `car` override what they tell."""

    def place(recording: Recording) -> tuple[str, str]:
        return str(track or recording.track), str(car or recording.car)

    made: dict[tuple[str, str], Rebuilder] = {}
    for (on, in_car), group in groupby(recordings, place):
        if not on or not in_car:
            first = next(group)
            raise RecordingError(f"{first.name}: it does not tell its {'car' if on else 'track'}; name it")
        if (on, in_car) not in made:
            try:
                made[on, in_car] = Rebuilder(load_track(on), load_car(in_car), settings)
            except UnknownNameError as error:
                raise RecordingError(f"recordings of {on}, {in_car}: {error}") from None
        for episodes in made[on, in_car](group):
            yield from episodes


def read_episodes(
    files: Iterable[Path], settings: TaskSettings | None = None, *, track: str | Path = "", car: str | Path = ""
) -> Iterator[Episode]:
    """The episodes of recorded files, reading only what the task looks at."""
    only = channels_looked_at(settings or TaskSettings())
    recordings = (recording for file in files for recording in read_recordings(file, only))
    return rebuild(recordings, settings, track=track, car=car)


def resampled(recording: Recording, rate: float) -> Recording:
    """The recording with `rate` rows a second: of the rows at hand the nearest ones, none between them.

    Raises ConfigError for a rate that is none, RecordingError for one above the recording's.
    """
    if not 0.0 < rate < math.inf:
        raise ConfigError(f"rows a second must be a number above 0, not {rate:g}")
    if rate > 1.02 * recording.rate:
        raise RecordingError(f"{recording.name}: recorded at {recording.rate:g} Hz, which gives no {rate:g} Hz")
    step = recording.rate / rate
    rows = np.round(np.arange(0.0, len(recording) - 0.5, round(step) if abs(step - round(step)) < 0.02 else step))
    at = rows.astype(np.int64)
    controls = None if recording.controls is None else recording.controls[at]
    flaws = (Flaw(f"one row of {step:.3g} is kept: {recording.rate:g} to {rate:g} Hz", ()), *recording.flaws)
    return Recording(
        recording.name, recording.frames[at], recording.known, rate, controls, recording.track, recording.car,
        recording.static, flaws,
    )  # fmt: skip


def whole_pieces(recording: Recording) -> list[tuple[int, Recording]]:
    """First row and rows of each stretch without a gap: nothing is missing that a task looks at, neither clock nor car
    leap."""
    return [
        (first, replace(
            recording, frames=recording.frames[first:stop],
            controls=None if recording.controls is None else recording.controls[first:stop],
        ))
        for first, stop in _whole_pieces(recording)
    ]  # fmt: skip


def _missing(recording: Recording) -> list[str]:
    return [name for name, known in zip(CHANNEL_COLUMNS, recording.known, strict=True) if not known]


def _whole_pieces(recording: Recording) -> list[tuple[int, int]]:
    """Stretches of at least two rows without a gap: what the task looks at is there, neither clock nor car leap.

    The rows between them are what `Recording.flaws` names.
    """
    frames = recording.frames
    columns = np.concatenate([np.arange(COLUMNS[name].start, COLUMNS[name].stop) for name in _LOOKED_AT])
    good: NDArray[np.bool_] = np.all(np.isfinite(frames[:, columns]), axis=1)
    if recording.controls is not None:
        good &= np.isfinite(recording.controls).all(axis=1)
    position = frames[:, AT["world_position"] : AT["world_position"] + 2]
    with np.errstate(invalid="ignore"):
        leap: NDArray[np.bool_] = np.hypot(*np.diff(position, axis=0).T) > _MOVED_M
        if recording.known[AT["timestamp_ac"]]:
            step = np.diff(frames[:, AT["timestamp_ac"]])
            leap |= (step <= 0.0) | (step > 2.5 / recording.rate)
    cut = np.flatnonzero(leap | ~good[1:] | ~good[:-1]) + 1
    edges = [0, *cut.tolist(), len(frames)]
    return [(a, b) for a, b in pairwise(edges) if b - a >= 2]


def _episode(name: str, replay: Replay, first: int, stop: int) -> Episode:
    steps = slice(first + 1, stop)
    terminated = replay.terminated[steps]
    truncated = replay.truncated[steps].copy()
    truncated[-1] = not terminated[-1]
    return Episode(
        name,
        replay.observation[first:stop],
        replay.telemetry.actions[steps],
        replay.reward[steps],
        terminated,
        truncated,
    )


def left_out(recording: Recording) -> Flaw | None:
    """The rows of a recording that no episode has: those beside a gap, or between two."""
    kept = np.zeros(len(recording), bool)
    for first, stop in _whole_pieces(recording):
        kept[first:stop] = True
    rows = tuple(np.flatnonzero(~kept).tolist())
    return Flaw("left out of the episodes, since numbers or neighbours are missing", rows) if rows else None
