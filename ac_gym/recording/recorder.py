"""One recording of one car: telemetry, and if asked for pictures, the logger's CSV, `inputs.csv` and OBS's recording.

    captures/<session>/01_telemetry.parquet   every state (`ac_gym.recording.schema`)
                       01_video.mp4           or 01_images/, with 01_pictures.parquet: number and time of each picture
                       01_log.csv             a line for each picture, or for each state where there are none
                       01_inputs.csv          the same: Timestamp, Frame, Steering, Throttle, Brake, SpeedKmh

The next recording in the same session has the prefix 02_. Files have a temporary name, or a `.journal` beside them,
until they are complete.
"""

from __future__ import annotations

import logging
import re
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ac_gym import __version__
from ac_gym.capture import Frame, Source
from ac_gym.errors import AcGymError, ObsError, RecordingError
from ac_gym.recording.background import Worker
from ac_gym.recording.obs import Obs, ObsSettings
from ac_gym.recording.pictures import PictureRecorder, PictureSettings
from ac_gym.recording.schema import Header
from ac_gym.recording.states import StateRecorder

_PATIENCE = 0.25  # s that the source of pictures waits at a time, so that a recording ends soon
_log = logging.getLogger("ac_gym.recording")


@dataclass(frozen=True)
class RecorderSettings:
    """What is recorded beside the telemetry."""

    log_csv: bool = False
    """the in-game logger's CSV"""
    inputs_csv: bool = False
    """Timestamp, Frame, Steering, Throttle, Brake, SpeedKmh"""
    pictures: PictureSettings | None = None
    """how pictures are kept, where there is a source of them; default: one H.264 video"""
    obs: ObsSettings | None = None
    """start and stop OBS's recording with ours"""


@dataclass(frozen=True)
class Summary:
    """What a recording came to."""

    telemetry: Path
    states: int
    dropped: int
    """states that there was no time or no room to write"""
    missed: int
    """states that never came"""
    pictures: int = 0
    pictures_dropped: int = 0
    """pictures that there was no time or no room to encode"""
    pictures_missed: int = 0
    """numbers of the source that we never got"""
    obs_path: str = ""
    problem: AcGymError | None = None
    """why it ended by itself, or what OBS did not do"""

    def text(self) -> str:
        """In a line."""
        line = f"{self.telemetry}: {self.states} states, {self.dropped} dropped, {self.missed} missed"
        if self.pictures or self.pictures_dropped:
            line += f"; {self.pictures} pictures, {self.pictures_dropped} dropped, {self.pictures_missed} missed"
        if self.obs_path:
            line += f"; OBS: {self.obs_path}"
        return line if self.problem is None else f"{line}; {self.problem}"


def next_stem(folder: Path) -> str:
    """`01`, or one more than the highest prefix in the folder."""
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    used = [int(match[1]) for name in names if (match := re.match(r"(\d{2,})_", name))]
    return f"{max(used, default=0) + 1:02d}"


class Recorder:
    """Records from its making until `close`; `put` never waits for the disk. A context manager, for one thread.

    Where a file cannot be made, or OBS does not record, that is a RecordingError at once. What happens later (a full
    disk) ends the recording: `problem` says why, and so does the summary of `close`.
    """

    def __init__(
        self,
        folder: str | Path,
        header: Header,
        settings: RecorderSettings | None = None,
        *,
        plugin: bool = False,
        pictures: Source | None = None,
    ) -> None:
        """`plugin`: each state comes with its game_time, sequence and flags. `pictures` are taken from that source."""
        s = settings or RecorderSettings()
        folder, stem = Path(folder), next_stem(Path(folder))
        self._undo: list[Callable[[], object]] = []
        self._ended: Summary | None = None
        self._obs_end: tuple[dict[str, Any], str, ObsError | None] | None = None
        self._pump: _Pump | None = None
        self.pictures: PictureRecorder | None = None
        try:
            self._obs, header = _start_obs(s.obs, header, self._undo)
            header = _clocked(header)
            self._clock_offset = header.clock_offset
            self.states = StateRecorder(
                folder, stem, header, plugin=plugin, inputs_csv=s.inputs_csv, log_csv=s.log_csv,
                pictures=pictures is not None,
            )  # fmt: skip
            self._undo.append(lambda: self.states.close({"reason": "failed"}))
            if pictures is not None:
                written = self.states.log_picture if s.log_csv or s.inputs_csv else None
                self.pictures = PictureRecorder(folder, stem, header, s.pictures or PictureSettings(), written)
                self._pump = _Pump(pictures, self.pictures)
        except BaseException:
            for undo in reversed(self._undo):
                undo()
            raise
        self._at_exit = weakref.finalize(self, _end_files, self._pump, self.pictures, self.states, "process ended")

    @property
    def problem(self) -> RecordingError | None:
        """Why it ended by itself; None while it goes on."""
        return self.states.problem or (self.pictures and self.pictures.problem) or None

    def put(self, frame: NDArray[np.float64], time: float, plugin: tuple[float, ...] = (), missed: int = 0) -> bool:
        """A state; see `StateRecorder.put`."""
        return self.states.put(frame, time, plugin, missed)

    def close(self, reason: str = "stopped") -> Summary:
        """Ends all files, and OBS's recording; more calls give the same summary.

        A call that Ctrl-C breaks off can be repeated; the end of the process does so.
        """
        if self._ended is not None:
            return self._ended
        self._obs_end = self._obs_end or self._stop_obs()
        facts, obs_path, obs_problem = self._obs_end
        moved = (time.time() - time.perf_counter()) - self._clock_offset
        _end_files(self._pump, self.pictures, self.states, reason, {"wall_clock_moved": round(moved, 6), **facts})
        self._at_exit.detach()
        pictures = self.pictures
        self._ended = Summary(
            self.states.path, self.states.states, self.states.dropped, self.states.missed,
            pictures.kept if pictures else 0, pictures.dropped if pictures else 0, pictures.missed if pictures else 0,
            obs_path, self.problem or obs_problem,
        )  # fmt: skip
        return self._ended

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close("stopped" if kind is None else kind.__name__)

    def _stop_obs(self) -> tuple[dict[str, Any], str, ObsError | None]:
        """What to keep of it, the path of its file, and what went wrong."""
        if self._obs is None:
            return {}, "", None
        try:
            clock = self._obs.clock()
            path = self._obs.stop()
        except ObsError as error:
            _log.error("%s", error)
            return {"obs": {"problem": str(error)}}, "", error
        finally:
            self._obs.close()
        return {"obs": {"path": path, **asdict(clock)}}, path, None


class _Pump:
    """Takes every picture of a source, in a thread of its own."""

    def __init__(self, source: Source, recorder: PictureRecorder) -> None:
        self._source, self._recorder = source, recorder
        self._ending = threading.Event()
        self._worker = Worker(self._run, "ac_gym picture source")

    def end(self) -> None:
        self._ending.set()
        self._worker.join()

    def _run(self) -> None:
        silent = False
        while not self._ending.is_set() and self._recorder.problem is None:
            try:
                image, number, at = self._source.get_frame(True, _PATIENCE)
            except AcGymError as error:  # they may come again
                if not silent:
                    _log.warning("no pictures to record at present: %s", error)
                silent = True
                self._ending.wait(0.05)
                continue
            silent = False
            self._recorder.put(Frame(image, number, at))


def _start_obs(
    settings: ObsSettings | None, header: Header, undo: list[Callable[[], object]]
) -> tuple[Obs | None, Header]:
    if settings is None:
        return None, header
    obs = Obs(settings)
    undo.append(obs.close)
    clock = obs.start()
    undo.append(obs.stop)
    return obs, replace(header, notes={**header.notes, "obs": asdict(clock)})


def _clocked(header: Header) -> Header:
    wall, clock = time.time(), time.perf_counter()
    return replace(header, started=wall, clock_offset=wall - clock, version=__version__)


def _end_files(
    pump: _Pump | None,
    pictures: PictureRecorder | None,
    states: StateRecorder,
    reason: str,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """What failed on one side is the reason of the other's end, too."""
    if pump is not None:
        pump.end()
    if pictures is not None:
        pictures.close(str(states.problem or reason))
        reason = str(pictures.problem or reason)
    states.close({"reason": reason, **(facts or {})})
