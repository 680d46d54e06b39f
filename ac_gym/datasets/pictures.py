"""A video and its telemetry as a data set of pictures: `processed_images/` and `processed_data.csv`.

The telemetry is the collector's `inputs.csv` (`Timestamp,Frame,Steering,Throttle,Brake,SpeedKmh`, matched by the number
of the frame) or a recording (matched by time: exactly, where the recorder's index of pictures lies beside its video).
What has no partner is reported with its number.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ac_gym.datasets.columns import read_columns
from ac_gym.datasets.model import AT, Flaw, Recording, controls_of
from ac_gym.datasets.reading import PICTURE_INDEX, read_recordings
from ac_gym.errors import RecordingError

COLUMNS = ("Timestamp", "Frame", "Steering", "Throttle", "Brake", "SpeedKmh")
IMAGES, DATA = "processed_images", "processed_data.csv"
FORMATS = {"jpg": {"quality": 95}, "png": {"compress_level": 1}}

Labels = dict[int, list[str]]
"""Number of a frame -> its cells, in the order of COLUMNS"""


@dataclass(frozen=True)
class Annotated:
    """What came of a video."""

    data: Path
    images: int
    flaws: tuple[Flaw, ...]


def annotate_video(
    video: Path, telemetry: Path, out: Path, *, image_format: str = "jpg", offset_s: float = 0.0
) -> Annotated:
    """Writes every frame of `video` that has telemetry as a picture, and a row about it.

    `offset_s`: the telemetry's clock less the video's, for telemetry that is matched by time.
    """
    if image_format not in FORMATS:
        raise RecordingError(f"pictures are written as {' or '.join(FORMATS)}, not {image_format!r}")
    if telemetry.suffix.lower() == ".csv" and (labels_of := _collector_labels(telemetry)):
        labels, flaws = labels_of
        moments = None
    else:
        recording = _one(telemetry)
        labels, flaws, moments = (
            {},
            list(recording.flaws),
            _Moments(recording, _shared_clock(video, telemetry), offset_s),
        )
    folder, data = out / IMAGES, out / DATA
    written, alone = [], []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with data.open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(["Image", *COLUMNS])
            with video_frames(video, flaws) as frames:
                for number, time_s, picture in frames:
                    cells = labels.get(number) if moments is None else moments.at(number, time_s)
                    if cells is None:
                        alone.append(number)
                        continue
                    image = folder / f"frame_{number:06d}.{image_format}"
                    picture.save(image, **FORMATS[image_format])
                    table.writerow([f"{IMAGES}/{image.name}", *cells])
                    written.append(number)
    except OSError as error:
        raise RecordingError(f"{error.filename or out}: {error.strerror or error}") from None
    if alone:
        flaws.append(Flaw("has no telemetry", tuple(alone), "frame"))
    if unseen := tuple(sorted(set(labels) - set(written))):
        flaws.append(Flaw("telemetry of a frame that the video does not have", unseen, "frame"))
    if not written:
        raise RecordingError(f"{video}: none of its {len(alone)} frames has telemetry in {telemetry}")
    return Annotated(data, len(written), tuple(flaws))


def _collector_labels(path: Path) -> tuple[Labels, list[Flaw]] | None:
    """Cells by frame number; None where the file is not the collector's."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            if "Frame" not in (rows.fieldnames or ()):
                return None
            if missing := [name for name in COLUMNS if name not in (rows.fieldnames or ())]:
                raise RecordingError(f"{path}: has no column {', '.join(missing)}; it needs {','.join(COLUMNS)}")
            return _labels(rows)
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror or error}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise RecordingError(f"{path}: not CSV in UTF-8 ({error})") from None


def _labels(rows: Any) -> tuple[Labels, list[Flaw]]:
    labels: Labels = {}
    bad, twice = [], []
    for number, row in enumerate(rows):
        cells = [row[name] or "" for name in COLUMNS]
        try:
            values = [float(cell) for cell in cells]
            frame = int(values[1])
            if not np.isfinite(values).all() or frame != values[1] or frame < 0:
                raise ValueError
        except ValueError:
            bad.append(number)
            continue
        if frame in labels:
            twice.append(number)
        else:
            labels[frame] = cells
    flaws = [Flaw("a cell is not a number, or is not there", tuple(bad))] if bad else []
    if twice:
        flaws.append(Flaw("its frame has a row already: the first is kept", tuple(twice)))
    return labels, flaws


def _one(path: Path) -> Recording:
    found = read_recordings(path)
    if len(found) != 1:
        raise RecordingError(f"{path}: {len(found)} drives in one file; a video shows one")
    return found[0]


@dataclass(frozen=True)
class _SharedClock:
    """Times of a recorder's own pictures and states, on one clock."""

    pictures: NDArray[np.float64]
    """(P,) s, of each frame of the video"""
    states: NDArray[np.float64]
    """(T,) s, of each row"""


def _shared_clock(video: Path, telemetry: Path) -> _SharedClock | None:
    """None where the recorder did not make both."""
    index = video.with_name(f"{video.stem.removesuffix('_video')}{PICTURE_INDEX}")
    if telemetry.suffix.lower() != ".parquet" or not index.is_file():
        return None
    pictures, states = (read_columns(path, {"time": 1}).columns.get("time") for path in (index, telemetry))
    return None if pictures is None or states is None else _SharedClock(pictures[:, 0], states[:, 0])


class _Moments:
    """A recording by the time of a frame."""

    def __init__(self, recording: Recording, shared: _SharedClock | None, offset_s: float) -> None:
        rows = np.arange(len(recording)) / recording.rate
        clock = recording["timestamp_ac"] if recording.known[AT["timestamp_ac"]] and len(recording) else rows
        self._since_start = clock - clock[:1]
        self._time = self._since_start if shared is None else shared.states
        self._pictures, self._offset = None if shared is None else shared.pictures, offset_s
        self._reach = 0.75 / recording.rate
        controls = controls_of(recording)
        self._values = np.column_stack([
            self._since_start, controls[:, 0], recording["throttle"], recording["brake"], 3.6 * recording["speed"],
        ])  # fmt: skip

    def at(self, number: int, time_s: float) -> list[str] | None:
        """Cells of the row nearest in time; None where none is near, or a number is missing in it."""
        if self._pictures is not None:
            if number >= len(self._pictures):
                return None
            time_s = float(self._pictures[number])
        time_s += self._offset
        row = int(np.argmin(np.abs(self._time - time_s))) if len(self._time) else -1
        if row < 0 or abs(self._time[row] - time_s) > self._reach or not np.isfinite(self._values[row]).all():
            return None
        time, *rest = (f"{value:.6f}" for value in self._values[row])
        return [time, str(number), *rest]


@contextmanager
def video_frames(video: Path, flaws: list[Flaw]) -> Iterator[Iterator[tuple[int, float, Any]]]:
    """Number, time (s since the first) and picture of each frame; what cannot be decoded becomes a flaw."""
    try:
        import av
    except ModuleNotFoundError:
        raise RecordingError('PyAV is not installed: pip install "ac_gym[record]" brings it') from None
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
