"""What was seen on recorded pictures, and done: samples for a driver by pictures.

Pictures come from the recorder (`NN_video.mp4` or `NN_images/` beside `NN_telemetry.parquet`), from an annotated data
set (`processed_data.csv`), or, of recordings that have none, from the simulator's camera.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ac_gym.camera import Camera, scene_of
from ac_gym.capture.transform import PictureTransform
from ac_gym.car import load_car
from ac_gym.constants import BRAKE_GAMMA
from ac_gym.datasets.cloning import Answered, Expert, Experts, Place, Samples, check_count, numbered, stretches
from ac_gym.datasets.columns import read_columns
from ac_gym.datasets.model import AT, Flaw, Recording, nearest
from ac_gym.datasets.pictures import DATA, video_frames
from ac_gym.datasets.reading import PICTURE_INDEX, read_recordings, recording_files
from ac_gym.errors import MissingPackageError, RecordingError
from ac_gym.task import TaskSettings
from ac_gym.track import load_track

_TELEMETRY = "_telemetry"
_NEEDED = ("Image", "Timestamp", "Steering", "Throttle", "Brake")
_SPEED = "SpeedKmh"
_DRAWN_AT_ONCE = 256
_NEAR = 0.5
"""Periods of the states between a state and its picture: stricter than `recording.logs.NEAR`. There every picture is
to have its label, though clocks jitter; here a pair that is off teaches a wrong answer, a state less costs little."""


@dataclass(frozen=True)
class Drawing:
    """How pictures are drawn of recordings that have none."""

    view: str = "cockpit"
    size: tuple[int, int] = (320, 240)
    """width and height [pixels]"""


@dataclass(frozen=True)
class SeenSamples(Samples):
    """N samples of pictures."""

    pictures: NDArray[np.uint8]
    """(P, height, width, channels), transformed"""
    rows: NDArray[np.int64]
    """(N, stack): which pictures are seen, oldest first"""
    size: tuple[int, int]
    """width and height that the pictures had [pixels]"""
    speeds: NDArray[np.float32]
    """(N,) of the car [m/s]; NaN where it is not told"""

    def seen(self, which: NDArray[np.int64]) -> NDArray[np.uint8]:
        """(B, stack, height, width, channels) of samples (B,)."""
        return self.pictures[self.rows[which]]


@dataclass(frozen=True)
class _Watched:
    """The pictures of one drive and the answers to some of them."""

    pictures: NDArray[np.uint8]
    times: NDArray[np.float64]
    answered: NDArray[np.int64]
    """(N,) of which pictures"""
    labels: NDArray[np.float32]
    laps: NDArray[np.int64]
    speeds: NDArray[np.float32]
    size: tuple[int, int]
    rate: float


def picture_files(path: Path) -> list[Path]:
    """The annotated data sets in a folder, or else its recordings; a file is taken as it is."""
    annotated = sorted(path.rglob(DATA)) if path.is_dir() else []
    return annotated or recording_files(path)


def read_seen(
    files: Iterable[Path], transform: PictureTransform, expert: Expert, drawing: Drawing | None = None
) -> SeenSamples:
    """Samples of pictures; RecordingError for what cannot be read, or leaves nothing to learn from."""
    experts, drawing = Experts(TaskSettings(), expert), drawing or Drawing()
    watched: list[_Watched] = []
    places: list[Place] = []
    for file in files:
        if file.name == DATA:
            watched.append(_annotated(file, transform))
        elif (index := _index(file)).is_file():
            recording = _one(file)
            watched.append(_recorded(file, index, recording, experts(recording), transform))
            places += [Place(recording.track, recording.car)] if recording.track and recording.car else []
        else:
            for recording in read_recordings(file):
                watched.append(_drawn(recording, experts(recording), transform, drawing))
                places.append(Place(recording.track, recording.car))
    check_count(sum(len(one.answered) for one in watched), expert)
    starts = np.cumsum([0] + [len(one.times) for one in watched])
    rows = [start + transform.rows(one.times)[one.answered] for start, one in zip(starts, watched, strict=False)]
    labels = np.concatenate([one.labels for one in watched])
    return SeenSamples(
        np.zeros((len(labels), 0), np.float32), labels, numbered([one.laps for one in watched]),
        tuple(dict.fromkeys(places)), float(np.median([one.rate for one in watched])),
        np.concatenate([one.pictures for one in watched]), np.concatenate(rows), watched[0].size,
        np.concatenate([one.speeds for one in watched]),
    )  # fmt: skip


def _index(file: Path) -> Path:
    """The recorder's index of pictures that belongs to its telemetry."""
    return file.with_name(f"{file.stem.removesuffix(_TELEMETRY)}{PICTURE_INDEX}")


def _one(file: Path) -> Recording:
    found = read_recordings(file)
    if len(found) != 1:
        raise RecordingError(f"{file}: {len(found)} drives in one file; the pictures beside it show one")
    return found[0]


def _recorded(
    file: Path, index: Path, recording: Recording, answered: Answered, transform: PictureTransform
) -> _Watched:
    """Each state with the picture nearest in time, if that is near."""
    states = _column(file, "time")
    times = _column(index, "time")
    pictures, size = _transformed(_pictures_of(index), transform, index)
    count = min(len(times), len(pictures))
    times = times[:count]
    rows = np.flatnonzero(answered.laps >= 0)
    near = nearest(times, states[rows])
    close = np.abs(times[near] - states[rows]) <= _NEAR / recording.rate
    rows, near = rows[close], near[close]
    return _Watched(
        pictures[:count], times, near, answered.labels[rows], answered.laps[rows], _speeds(recording)[rows], size,
        recording.rate,
    )  # fmt: skip


def _speeds(recording: Recording) -> NDArray[np.float32]:
    """(T,) m/s, NaN where it is not known."""
    known = recording.known[AT["speed"]]
    return np.where(known, recording["speed"], np.nan).astype(np.float32)


def _column(path: Path, name: str) -> NDArray[np.float64]:
    columns = read_columns(path, {name: 1}).columns
    if name not in columns:
        raise RecordingError(f"{path}: has no column {name}")
    return columns[name][:, 0]


def _pictures_of(index: Path) -> Iterator[NDArray[np.uint8]]:
    stem = index.name.removesuffix(PICTURE_INDEX)
    video, images = index.with_name(f"{stem}_video.mp4"), index.with_name(f"{stem}_images")
    if video.is_file():
        flaws: list[Flaw] = []
        with video_frames(video, flaws) as frames:
            for _, _, picture in frames:
                yield np.asarray(picture)
        return
    found = sorted(images.iterdir()) if images.is_dir() else []
    if not found:
        raise RecordingError(f"{index}: neither {video.name} nor {images.name} is beside it")
    yield from map(_image, found)


def _image(path: Path) -> NDArray[np.uint8]:
    try:
        from PIL import Image
    except ModuleNotFoundError:
        raise MissingPackageError("pillow", "record") from None
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except OSError as error:
        raise RecordingError(f"{path}: not a picture ({error})") from None


def _transformed(
    pictures: Iterator[NDArray[np.uint8]], transform: PictureTransform, where: Path
) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """(P, height, width, channels) and the size that they had; RecordingError for pictures of several sizes."""
    found: list[NDArray[np.uint8]] = []
    sizes: set[tuple[int, int]] = set()
    for picture in pictures:
        sizes.add((picture.shape[1], picture.shape[0]))
        if len(sizes) > 1:
            listed = " and ".join(f"{width} x {height}" for width, height in sorted(sizes))
            raise RecordingError(f"{where}: its pictures are of {listed} pixels; those of one model are of one size")
        found.append(transform.apply(picture))
    if not found:
        raise RecordingError(f"{where}: there are no pictures")
    return np.stack(found), sizes.pop()


def _drawn(recording: Recording, answered: Answered, transform: PictureTransform, drawing: Drawing) -> _Watched:
    if not recording.track or not recording.car:
        raise RecordingError(f"{recording.name}: it has no pictures, and to draw some it must tell its track and car")
    scene = scene_of(load_track(recording.track), load_car(recording.car))
    camera = Camera(scene, view=drawing.view, size=drawing.size)
    pictures = np.empty((len(recording), *transform.shape[1:]), np.uint8)
    frames = np.nan_to_num(recording.frames)
    for first in range(0, len(frames), _DRAWN_AT_ONCE):
        for row, picture in enumerate(camera.draw(frames[first : first + _DRAWN_AT_ONCE]), first):
            transform.apply(picture, pictures[row])
    known = recording.known[AT["timestamp_ac"]]
    times = frames[:, AT["timestamp_ac"]] if known else np.arange(len(frames)) / recording.rate
    rows = np.flatnonzero(answered.laps >= 0)
    return _Watched(
        pictures, times, rows, answered.labels[rows], answered.laps[rows], _speeds(recording)[rows], drawing.size,
        recording.rate,
    )  # fmt: skip


def _annotated(file: Path, transform: PictureTransform) -> _Watched:
    """Rows of `processed_data.csv`; the answer to a picture is what the next row reports."""
    rows = _annotations(file)
    pictures, size = _transformed((_image(file.parent / row["Image"]) for row in rows), transform, file)
    times, steering, throttle, brake = (np.array([_number(file, row, name) for row in rows]) for name in _NEEDED[1:])
    labels = np.column_stack(
        [steering, 2.0 * throttle - 1.0, 2.0 * np.clip(brake, 0.0, 1.0) ** (1.0 / BRAKE_GAMMA) - 1.0]
    ).astype(np.float32)
    steps = np.diff(times)
    period = float(np.median(steps)) if len(steps) else 0.0
    if not period > 0.0:
        raise RecordingError(f"{file}: its Timestamps do not rise")
    answered = np.flatnonzero((steps > 0.0) & (steps < 2.5 * period))
    labels = np.clip(labels[answered + 1], -1.0, 1.0)
    speeds = np.array([_number(file, row, _SPEED) if row.get(_SPEED) else np.nan for row in rows]) / 3.6
    return _Watched(
        pictures, times, answered, labels, stretches(times)[answered], speeds[answered].astype(np.float32), size,
        1.0 / period,
    )  # fmt: skip


def _annotations(file: Path) -> list[dict[str, Any]]:
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            table = csv.DictReader(stream)
            if missing := [name for name in _NEEDED if name not in (table.fieldnames or ())]:
                raise RecordingError(f"{file}: has no column {', '.join(missing)}")
            rows = list(table)
    except OSError as error:
        raise RecordingError(f"{file}: {error.strerror or error}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise RecordingError(f"{file}: not CSV in UTF-8 ({error})") from None
    if not rows:
        raise RecordingError(f"{file}: there are no rows in it")
    return rows


def _number(file: Path, row: dict[str, Any], name: str) -> float:
    try:
        value = float(row[name])
        if not np.isfinite(value):
            raise ValueError
    except (TypeError, ValueError):
        raise RecordingError(f"{file}: {row['Image']}: {name} is not a number: {row[name]!r}") from None
    return value
