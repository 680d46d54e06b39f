"""Recorded laps for a learner: those of one track and car that a data set holds, as episodes of its task."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from ac_gym.car import Car
from ac_gym.datasets.episodes import Episode, Rebuilder, channels_looked_at
from ac_gym.datasets.listing import LIST_FILE, listed_files
from ac_gym.datasets.model import Recording
from ac_gym.datasets.reading import read_recordings, recording_files
from ac_gym.errors import RecordingError
from ac_gym.task import TaskSettings
from ac_gym.track import Track

_LIST_SUFFIXES = (".yaml", ".yml")


def recorded_laps(dataset: str | Path, track: Track, car: Car, settings: TaskSettings) -> Iterator[Episode]:
    """The episodes of what `dataset` has of the track and car, rebuilt by the task as it is set.

    `dataset` is a folder with `laps.yaml`, such a list itself with the folders beside it, or any recording or folder of
    recordings, of which those count that tell no other track or car. RecordingError where nothing is left, or a
    recording does not fit.
    """
    recordings = _recordings(Path(dataset), track.name, car.name, channels_looked_at(settings))
    for episodes in Rebuilder(track, car, settings)(recordings):
        yield from episodes


def _recordings(dataset: Path, track: str, car: str, only: Collection[str]) -> Iterator[Recording]:
    listing = dataset / LIST_FILE if dataset.is_dir() else dataset
    if listing.suffix in _LIST_SUFFIXES and (listing.is_file() or listing == dataset):
        for file in listed_files(listing.parent, listing, track=track, car=car):
            yield from read_recordings(file, only)
        return
    others = set()
    found = False
    for file in recording_files(dataset):
        for recording in read_recordings(file, only):
            if recording.track in ("", track) and recording.car in ("", car):
                found = True
                yield recording
            else:
                others.add(f"{recording.track}, {recording.car}")
    if not found:
        raise RecordingError(f"{dataset}: no laps of {track}, {car} in it, only of {'; '.join(sorted(others))}")
