"""What a demonstrator saw and what was done about it: what behaviour cloning learns from.

A sample is what was seen at one moment and the controls that answered it. Labels are

- `recorded`: the controls that came next, as they were recorded. Noise that a demonstrator put on the controls is in
  them; its median is what was meant.
- `line_follower`: what the line follower answers to each recorded state (DAgger, Ross et al. 2011, asks an expert like
  that). What was driven with noise, or by a clone itself, then shows the way back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ac_gym.car import load_car
from ac_gym.datasets.episodes import Rebuilder, channels_looked_at, resampled, whole_pieces
from ac_gym.datasets.model import AT, Recording, controls_of
from ac_gym.datasets.reading import read_recordings
from ac_gym.drivers import LineFollower
from ac_gym.errors import RecordingError, UnknownNameError
from ac_gym.task import TaskSettings
from ac_gym.track import load_track

EXPERTS = ("recorded", "line_follower")
_CONTROLS = 3
_STANDING, _UP = 0.5, -0.9  # m/s; a throttle that is not pressed
_PIECE_S = 20.0  # what stands for a lap where laps are not known
_CHANNELS, _RAYS, _FLAGS, _LOOK_AHEAD, _SHOWN = 14, 11, 1, 12, 12  # numbers of the observation's parts, in its order
_GAP = 2.5  # periods between two rows, above which the one does not answer the other


@dataclass(frozen=True)
class Expert:
    """Where labels come from."""

    kind: str = "recorded"
    """one of EXPERTS"""
    pace: float = 0.9
    """of the line follower"""
    clean_laps: bool = True
    """recorded controls are learned from clean laps only; a line follower's from all"""

    def __post_init__(self) -> None:
        if self.kind not in EXPERTS:
            raise UnknownNameError("expert", self.kind, EXPERTS)


@dataclass(frozen=True)
class Place:
    """Where a recording was driven, as far as it tells."""

    track: str
    car: str


@dataclass(frozen=True)
class Samples:
    """N samples; those of one lap belong together."""

    observations: NDArray[np.float32]
    """(N, n) numbers; (N, 0) where pictures are learned from"""
    labels: NDArray[np.float32]
    """(N, 3) steering, throttle, brake on -1..1"""
    laps: NDArray[np.int64]
    """(N,) which lap of the whole data set"""
    places: tuple[Place, ...]
    """where it was driven, each once; empty where that is not told"""
    rate: float
    """samples a second of driving [Hz]"""

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Answered:
    """The answers to a recording, row by row."""

    labels: NDArray[np.float32]
    """(T, 3) steering, throttle, brake on -1..1"""
    laps: NDArray[np.int64]
    """(T,) number of the lap in the recording; -1: not to be learned from"""
    observations: NDArray[np.float32]
    """(T, n); (T, 0) where nobody asked for them"""


def read_samples(files: Iterable[Path], settings: TaskSettings, expert: Expert) -> Samples:
    """Samples of the task's observations, of recordings that tell their track and car.

    RecordingError for files that are no recordings, do not belong to a track and car of ours, or leave nothing to learn
    from.
    """
    asked = Experts(settings, expert)
    only = (*channels_looked_at(settings), "current_time") if expert.kind == "recorded" else None
    places: dict[Place, None] = {}
    answered: list[Answered] = []
    for file in files:
        for recording in read_recordings(file, only):
            places[Place(recording.track, recording.car)] = None
            answered.append(asked.with_observations(recording))
    rows = [np.flatnonzero(one.laps >= 0) for one in answered]
    check_count(sum(map(len, rows)), expert)
    return Samples(
        np.concatenate([one.observations[at] for one, at in zip(answered, rows, strict=True)]),
        np.concatenate([one.labels[at] for one, at in zip(answered, rows, strict=True)]),
        numbered([one.laps[at] for one, at in zip(answered, rows, strict=True)]),
        tuple(places),
        settings.ego_sampling_freq,
    )


def shown_controls(settings: TaskSettings) -> slice:
    """The numbers of the task's observation that are the car's controls, of the last steps and now."""
    first = _CHANNELS + (_RAYS if settings.enable_sensors else 0) + _FLAGS + _LOOK_AHEAD
    return slice(first, first + _SHOWN)


class Experts:
    """Answers to recorded states, of the expert that is asked for."""

    def __init__(self, settings: TaskSettings, expert: Expert) -> None:
        self._settings, self._expert = replace(settings, use_relative_actions=False), expert
        self._made: dict[tuple[Place, float], tuple[Rebuilder, LineFollower]] = {}

    def with_observations(self, recording: Recording) -> Answered:
        """At the task's rate, with its observations; RecordingError for what does not belong to a track of ours."""
        rate = self._settings.ego_sampling_freq
        if abs(recording.rate - rate) > 0.02 * rate:
            recording = resampled(recording, rate)
        return self._rebuilt(recording, rate)

    def __call__(self, recording: Recording) -> Answered:
        """Row by row as it was recorded, without observations."""
        if self._expert.kind == "line_follower":
            return replace(self._rebuilt(recording, recording.rate), observations=_nothing(len(recording)))
        labels = _next_controls(controls_of(recording))
        clock = recording.frames[:, AT["timestamp_ac"]] if recording.known[AT["timestamp_ac"]] else None
        good = np.asarray(np.isfinite(labels).all(axis=1))
        good[-1:] = False
        if clock is not None:
            with np.errstate(invalid="ignore"):
                good[:-1] &= (np.diff(clock) > 0.0) & (np.diff(clock) < _GAP / recording.rate)
        good &= ~_parked(recording, labels)
        return Answered(labels, np.where(good, self._laps(recording), -1), _nothing(len(recording)))

    def _rebuilt(self, recording: Recording, rate: float) -> Answered:
        rebuilder, follower = self._of(recording, rate)
        total = len(recording)
        laps, of_rows = np.full(total, -1, np.int64), self._laps(recording)
        labels, observations = np.zeros((total, _CONTROLS), np.float32), _nothing(total)
        for first, piece in whole_pieces(recording):
            replay = rebuilder.replay(piece)
            if not observations.shape[1]:
                observations = np.zeros((total, replay.observation.shape[1]), np.float32)
            rows = slice(first, first + len(piece))
            if self._expert.kind == "line_follower":
                labels[rows] = follower(replay.telemetry)[:, :_CONTROLS]
            else:
                labels[rows] = _next_controls(replay.telemetry.controls)
            observations[rows] = replay.observation
            laps[rows] = of_rows[rows]
            laps[rows.stop - 1] = -1  # nothing was recorded after it
        laps[~np.isfinite(labels).all(axis=1) | _parked(recording, labels)] = -1
        return Answered(labels, laps, observations)

    def _laps(self, recording: Recording) -> NDArray[np.int64]:
        """The lap of each row, or -1."""
        lap = np.full(len(recording), -1, np.int64)
        for number, one in enumerate(recording.laps):
            if one.clean or not (self._expert.clean_laps and self._expert.kind == "recorded"):
                lap[one.first : one.stop] = number
        return lap

    def _of(self, recording: Recording, rate: float) -> tuple[Rebuilder, LineFollower]:
        place = Place(recording.track, recording.car)
        if not place.track or not place.car:
            raise RecordingError(f"{recording.name}: it does not tell its {'car' if place.track else 'track'}")
        if (place, rate) not in self._made:
            try:
                track, car = load_track(place.track), load_car(place.car)
            except UnknownNameError as error:
                raise RecordingError(f"{recording.name}: {error}") from None
            follower = LineFollower(track, car, pace=self._expert.pace, control_rate=rate)
            settings = replace(self._settings, ego_sampling_freq=rate)
            self._made[place, rate] = Rebuilder(track, car, settings), follower
        return self._made[place, rate]


def numbered(laps: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Laps (N,) of several recordings, counted through."""
    found, base = [np.empty(0, np.int64)], 0
    for lap in laps:
        names, numbers = np.unique(lap, return_inverse=True)
        found.append(base + numbers)
        base += len(names)
    return np.concatenate(found)


def stretches(times: NDArray[np.float64]) -> NDArray[np.int64]:
    """What stands for laps (T,) where there are none: twenty seconds each."""
    return ((times - times[:1]) // _PIECE_S).astype(np.int64)


def check_count(count: int, expert: Expert) -> None:
    """RecordingError where nothing is left."""
    if count == 0:
        clean = "; BC.clean_laps=False takes laps that are not clean as well" if expert.clean_laps else ""
        raise RecordingError(f"nothing to learn from: no row of the data set has all that is needed{clean}")


def _next_controls(controls: NDArray[np.float32]) -> NDArray[np.float32]:
    """Row t: the controls (T, 3) that led from state t to the next; the last row repeats its own."""
    return np.concatenate([controls[1:, :_CONTROLS], controls[-1:, :_CONTROLS]])


def _parked(recording: Recording, labels: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(T,): the car stands and nobody wants it to go, as before a driver has connected; learned from, it would stay."""
    if not recording.known[AT["speed"]]:
        return np.zeros(len(recording), bool)
    with np.errstate(invalid="ignore"):
        return (recording["speed"] < _STANDING) & (labels[:, 1] < _UP)


def _nothing(rows: int) -> NDArray[np.float32]:
    return np.zeros((rows, 0), np.float32)
