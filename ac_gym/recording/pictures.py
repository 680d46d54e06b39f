"""Pictures to files or to one video, each with its number and time, in a thread of their own."""

from __future__ import annotations

import bisect
import contextlib
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from ac_gym.capture import Frame
from ac_gym.errors import ConfigError, RecordingError, UnknownNameError
from ac_gym.recording.background import Background
from ac_gym.recording.repair import repair_video, salvage
from ac_gym.recording.schema import METADATA_KEY, Header
from ac_gym.recording.table_file import TableFile

KINDS = ("h264", "jpeg", "png")
TIME_BASE = Fraction(1, 90000)
"""s: the unit of `pts`, and of the video's own timestamps"""

_WAITING = 192 * 2**20  # bytes of pictures that wait to be encoded: a second of 1280x720 at 60 a second
_KEYFRAME_EVERY = 30  # frames: what a reader must decode at most to get at one
_FRAGMENT = 250_000  # us: a kill costs no more than this

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class PictureSettings:
    """How pictures are kept."""

    kind: str = "h264"
    """h264 (one video), jpeg or png (a file each)"""
    quality: int = 20
    """of h264: x264's constant rate factor, 0 (lossless) to 51; of jpeg: 100 - 2 * quality; png has none"""
    preset: str = "ultrafast"
    """of x264: how much time a picture gets"""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UnknownNameError("kind of pictures", self.kind, KINDS)
        if not 0 <= self.quality <= 48:
            raise ConfigError(f"quality must be in 0..48 (0 is best), is {self.quality}")


INDEX_FIELDS = (
    pa.field("index", pa.int64(), metadata={"unit": "1", "doc": "frame of the video, or number in the file's name"}),
    pa.field("time", pa.float64(), metadata={"unit": "s", "doc": "when it was made, on the clock of `time` of states"}),
    pa.field(
        "number",
        pa.int64(),
        metadata={"unit": "1", "doc": "publisher's count; rises above the smallest: some never came"},
    ),
    pa.field("pts", pa.int64(), metadata={"unit": "1/90000 s", "doc": "its timestamp in the video; -1: no video"}),
    pa.field("dropped", pa.int64(), metadata={"unit": "1", "doc": "pictures so far that there was no time to encode"}),
)


class PictureRecorder:
    """Takes pictures (`put`) and encodes them behind the caller's back.

    Files: `STEM_video.mp4` or `STEM_images/000000.jpg` ..., and the index `STEM_pictures.parquet` (INDEX_FIELDS).
    The video is fragmented while it grows, so that a kill leaves it readable, and an ordinary one at the end.
    `written(name, time)` is called in the thread for each picture kept.
    """

    def __init__(
        self,
        folder: Path,
        stem: str,
        header: Header,
        settings: PictureSettings,
        written: Callable[[str, float], None] | None = None,
    ) -> None:
        self.dropped = self.kept = self.reversed = 0
        self._taken = 0
        self._written = written
        self._numbers = _Numbers()
        index_schema = pa.schema(INDEX_FIELDS, metadata={METADATA_KEY: header.encode()})
        self._encoder: _Video | _Images
        if settings.kind == "h264":
            self._encoder = _Video(folder / f"{stem}_video.mp4", settings)
        else:
            self._encoder = _Images(folder / f"{stem}_images", settings)
        self._index = TableFile(folder / f"{stem}_pictures.parquet", index_schema, group_rows=1024)
        self._background: Background[tuple[Frame, int]] = Background(
            f"{folder / stem}_*", self._encode, capacity=_WAITING, idle=self._index.flush_when_due, rest=0.1
        )

    @property
    def problem(self) -> RecordingError | None:
        """Why it ended by itself."""
        return self._background.problem

    @property
    def missed(self) -> int:
        """Pictures that were published and never came here."""
        return self._numbers.missed

    def put(self, frame: Frame) -> bool:
        """Whether there is time to encode it; never waits. The image must stay as it is."""
        self._numbers.add(frame.number)
        taken = self._background.put((frame, self.dropped), frame.image.nbytes)
        self._taken += taken
        self.dropped += not taken
        return taken

    def close(self, reason: str = "stopped") -> None:
        """Encodes what waits, and ends the files; what failed, if anything, is their reason.

        After a failure `kept` are those that can be read and are in the index.
        """
        self._background.join(lambda: self._complete(reason))
        if self.problem is not None:
            self.kept = min(self._encoder.abandon(), self._index.rescue())
            self.dropped += self._taken - self.kept
            salvage(self._index, self._account(str(self.problem)))

    def _account(self, reason: str) -> dict[str, Any]:
        return {"dropped": self.dropped, "missed": self.missed, "time_reversed": self.reversed, "reason": reason}

    def _complete(self, reason: str) -> None:
        self._encoder.close()
        self._index.close(self._account(reason))

    def _encode(self, item: tuple[Frame, int]) -> None:
        frame, dropped = item
        name, pts, in_order = self._encoder.write(frame, self.kept)
        self.reversed += not in_order
        self._index.write(np.array([[self.kept, frame.time, frame.number, pts, dropped]], np.float64))
        self.kept += 1
        if self._written is not None:
            self._written(name, frame.time)


class _Numbers:
    """The numbers of a publisher's pictures. They rise evenly, by 1 or, as the game counts its frames, by 2: the
    smallest rise is from one picture to the next."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._rises: Counter[int] = Counter()

    def add(self, number: int) -> None:
        if self._last is not None and number > self._last:
            self._rises[number - self._last] += 1
        self._last = number

    @property
    def missed(self) -> int:
        rises = self._rises.copy()
        smallest = min(rises, default=1)
        return sum(count * (rise // smallest - 1) for rise, count in rises.items())


class _Images:
    """A file for each picture."""

    def __init__(self, folder: Path, settings: PictureSettings) -> None:
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise RecordingError(f"{folder}: cannot be made ({error.strerror or error})") from error
        self._folder = folder
        formats: dict[str, tuple[str, dict[str, Any]]] = {
            "jpeg": (".jpg", {"format": "JPEG", "quality": 100 - 2 * settings.quality}),
            "png": (".png", {"format": "PNG", "compress_level": 1}),
        }
        self._suffix, self._options = formats[settings.kind]

    def write(self, frame: Frame, index: int) -> tuple[str, int, bool]:
        """The file's name, no timestamp, in order."""
        from PIL import Image

        gray = frame.image.shape[2] == 1
        picture = Image.fromarray(frame.image[:, :, 0] if gray else frame.image)
        path = self._folder / f"{index:06d}{self._suffix}"
        unfinished = path.with_name(path.name + ".part")
        try:
            with open(unfinished, "xb") as file:
                picture.save(file, **self._options)
            os.replace(unfinished, path)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise
        return f"{self._folder.name}/{path.name}", -1, True

    def close(self) -> None:
        """Nothing is open."""

    def abandon(self) -> int:
        """Pictures that there are."""
        return len(list(self._folder.glob(f"*{self._suffix}")))


class _Video:
    """One H.264 video of pictures with times of their own."""

    def __init__(self, path: Path, settings: PictureSettings) -> None:
        import av

        self.path, self._unfinished = path, path.with_name(path.name + ".part")
        if path.exists():
            raise RecordingError(f"{path} exists; choose another name, or move it away")
        flags = "hybrid_fragmented+default_base_moof"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._container = av.open(
                str(self._unfinished), "w", format="mp4",
                options={"movflags": flags, "frag_duration": str(_FRAGMENT), "flush_packets": "1"},
            )  # fmt: skip
        except OSError as error:
            raise RecordingError(f"{path}: cannot be recorded to ({error.strerror or error})") from error
        self._settings = settings
        self._stream: Any = None
        self._begin = 0.0
        self._pts = -1

    def write(self, frame: Frame, index: int) -> tuple[str, int, bool]:
        """The video's name, the picture's timestamp, and whether its time came after that of the one before."""
        import av

        height, width = (size & ~1 for size in frame.image.shape[:2])  # 4:2:0 halves both
        if self._stream is None:
            self._open(width, height, frame.time)
        pts = round((frame.time - self._begin) / TIME_BASE)
        in_order = pts > self._pts
        self._pts = pts = pts if in_order else self._pts + 1
        image = np.ascontiguousarray(frame.image[:height, :width])
        gray = image.shape[2] == 1
        picture = av.VideoFrame.from_ndarray(image[:, :, 0] if gray else image, format="gray" if gray else "rgb24")
        picture.pts, picture.time_base = pts, TIME_BASE
        self._encode(picture)
        return self.path.name, pts, in_order

    def close(self) -> None:
        if self._stream is not None:
            self._encode(None)
        self._container.close()
        if self._stream is None:
            self._unfinished.unlink()
        else:
            os.replace(self._unfinished, self.path)

    def abandon(self) -> int:
        """What was written gets its name, where it can be read; frames in it."""
        with contextlib.suppress(OSError):
            self._container.close()
        return repair_video(self._unfinished).rows

    def _open(self, width: int, height: int, begin: float) -> None:
        self._stream = self._container.add_stream(
            "libx264", rate=60,
            options={"preset": self._settings.preset, "tune": "zerolatency", "crf": str(self._settings.quality)},
        )  # fmt: skip
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
        self._stream.time_base = self._stream.codec_context.time_base = TIME_BASE
        self._stream.codec_context.gop_size = _KEYFRAME_EVERY
        self._begin = begin

    def _encode(self, picture: Any) -> None:
        for packet in self._stream.encode(picture):
            self._container.mux(packet)


def nearest(things: Sequence[Thing], time: float, time_of: Callable[[Thing], float]) -> int:
    """Index of that one of `things`, in the order of their times, whose time is nearest to `time`."""
    after = bisect.bisect_left(things, time, key=time_of)
    if after == 0:
        return 0
    if after == len(things):
        return after - 1
    return after if time_of(things[after]) - time < time - time_of(things[after - 1]) else after - 1
