"""A video and its telemetry as a data set of pictures: `processed_images/` and `processed_data.csv`.

What has no partner is reported with its number.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ac_gym.datasets.labels import labels_for
from ac_gym.datasets.model import Flaw
from ac_gym.datasets.whole import new_file, new_folder
from ac_gym.errors import MissingPackageError, RecordingError
from ac_gym.recording.logs import INPUTS_COLUMNS

IMAGES, DATA = "processed_images", "processed_data.csv"
FORMATS = {"jpg": {"quality": 95}, "png": {"compress_level": 1}}


@dataclass(frozen=True)
class Annotated:
    """What came of a video."""

    data: Path
    images: int
    flaws: tuple[Flaw, ...]
    notes: tuple[str, ...] = ()
    """how frames found their telemetry"""


def annotate_video(
    video: Path,
    telemetry: Path,
    out: Path,
    *,
    image_format: str = "jpg",
    offset_s: float = 0.0,
    car: str = "",
    watch: Callable[[int], None] = lambda frames: None,
) -> Annotated:
    """Writes every frame of `video` that has telemetry as a picture, and a row about it, into the folder `out`.

    `offset_s` and `car` as of `labels_for`; `watch` is told the frames so far. RecordingError for what cannot be read
    or written, or where the folder has such a data set already; then nothing is left of this one.
    """
    if image_format not in FORMATS:
        raise RecordingError(f"pictures are written as {' or '.join(FORMATS)}, not {image_format!r}")
    labels = labels_for(video, telemetry, offset_s=offset_s, car=car)
    flaws, alone, written, count = list(labels.flaws), [], 0, 0
    with (
        new_folder(out / IMAGES) as folder,
        new_file(out / DATA) as data,
        data.open("w", newline="", encoding="utf-8") as file,
        video_frames(video, flaws) as frames,
    ):
        table = csv.writer(file)
        table.writerow(["Image", *INPUTS_COLUMNS])
        for count, (number, time_s, picture) in enumerate(frames, 1):
            if (cells := labels.at(number, time_s)) is None:
                alone.append(number)
            else:
                name = f"frame_{number:06d}.{image_format}"
                picture.save(folder / name, **FORMATS[image_format])
                table.writerow([f"{IMAGES}/{name}", *cells])
                written += 1
            watch(count)
        if not written:
            raise RecordingError(f"{video}: none of its {count} frames has telemetry in {telemetry}")
    if alone:
        flaws.append(Flaw("has no telemetry", tuple(alone), "frame"))
    if beyond := labels.beyond(count):
        flaws.append(Flaw("telemetry of a frame that the video does not have", beyond, "frame"))
    return Annotated(out / DATA, written, tuple(flaws), labels.notes)


@contextmanager
def video_frames(video: Path, flaws: list[Flaw]) -> Iterator[Iterator[tuple[int, float, Any]]]:
    """Number, time (s since the first) and picture of each frame; what cannot be decoded becomes a flaw."""
    try:
        import av
    except ModuleNotFoundError:
        raise MissingPackageError("av", "record") from None
    try:
        container = av.open(str(video))
    except (av.FFmpegError, OSError) as error:
        raise RecordingError(f"{video}: cannot be opened as a video ({error.strerror or error})") from None
    with container:
        if not container.streams.video:
            raise RecordingError(f"{video}: there is no video in it")
        yield _decoded(container, flaws)


def _decoded(container: Any, flaws: list[Flaw]) -> Iterator[tuple[int, float, Any]]:
    import av

    stream = container.streams.video[0]
    number, first, corrupt = 0, None, []
    try:
        for frame in container.decode(stream):
            time_s = float(frame.time) if frame.time is not None else number / float(stream.average_rate or 25)
            first = time_s if first is None else first
            if frame.is_corrupt:
                corrupt.append(number)
            yield number, time_s - first, frame.to_image()
            number += 1
    except av.FFmpegError as error:
        flaws.append(Flaw(f"cannot be decoded, nor what follows ({error.strerror})", (number,), "frame"))
    if corrupt:
        flaws.append(Flaw("is damaged", tuple(corrupt), "frame"))
    if stream.frames > number:
        flaws.append(
            Flaw("the video says that it has them, but ends before", tuple(range(number, stream.frames)), "frame")
        )
