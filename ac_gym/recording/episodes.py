"""What an environment's cars drive, each episode or lap to a file of its own: `record=` of the environments."""

from __future__ import annotations

import re
import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ac_gym import __version__
from ac_gym.channels import COLUMNS
from ac_gym.errors import ConfigError, RecordingError, UnknownNameError
from ac_gym.recording.background import Background
from ac_gym.recording.repair import salvage
from ac_gym.recording.rows import RowLayout, Rows, episode_rows
from ac_gym.recording.schema import METADATA_KEY, Header
from ac_gym.recording.table_file import TableFile

_WAITING = 65_536  # rows that wait to be written, of all cars
_GROUP_ROWS = 1024  # in memory for each car that is recorded
_LAP_COUNT = COLUMNS["lap_count"].start
_EACH = ("episode", "lap")


@dataclass(frozen=True)
class RecordSettings:
    """What of an environment is recorded."""

    folder: str | Path
    """where to; files are numbered on from those that are there"""
    each: str = "episode"
    """a file for each `episode`, or each `lap`; the row that ends a lap is the first of the next as well"""
    cars: Sequence[int] = (0,)
    """which cars of a batch"""

    def __post_init__(self) -> None:
        if self.each not in _EACH:
            raise UnknownNameError("unit of recordings", self.each, _EACH)


class Driven(Protocol):
    """What led to the present frames; arrays over all cars, overwritten by each step. `Task` is one."""

    actions: NDArray[np.float32]
    controls: NDArray[np.float32]
    reward: NDArray[np.float64]
    terminated: NDArray[np.uint8]
    truncated: NDArray[np.uint8]
    ending: NDArray[np.int32]


class _Order(NamedTuple):
    """Something for the thread to do."""

    car: int
    rows: Rows | None
    """to be written, into a new file if none is open"""
    path: Path
    header: Header
    end: str = ""
    """why the file is complete with this; empty while it goes on"""


class EpisodeRecorder:
    """Records chosen cars of a batch; told of each reset, and of each step before and after it.

    Where the world runs in real time, rows that the disk is too slow for are dropped and counted; a world that can
    wait waits (`wait`). A disk that fails ends the recording, not the drive: a line in the log then, and a
    RecordingError from `close`.
    """

    def __init__(
        self, settings: RecordSettings, header: Header, frames: NDArray[np.float64], driven: Driven, *, wait: bool
    ) -> None:
        self._cars = _checked_cars(settings.cars, len(frames))
        self._folder, self._each = _writable(Path(settings.folder)), settings.each
        self._header, self._frames, self._driven, self._wait = header, frames, driven, wait
        self._layout = episode_rows(header, driven.actions.shape[1])
        count = len(self._cars)
        self._waiting = np.ones(count, bool)
        """cars whose episode begins with the frame that the next step starts from"""
        self._open = np.zeros(count, bool)
        self._episode = np.full(count, -1)
        self._laps = np.zeros(count)
        self._dropped = np.zeros(count, np.int64)
        self._next_file = _first_free(self._folder)
        self._paths, self._headers = [self._folder] * count, [header] * count
        self._files = _Files(self._layout)
        self._background: Background[_Order] = Background(
            self._folder, self._files.carry_out, capacity=_WAITING, idle=self._files.flush_when_due, rest=0.1
        )
        self._at_exit = weakref.finalize(self, _end, self._background, self._files, "process ended")

    @property
    def dropped(self) -> int:
        """Rows so far that the disk was too slow for."""
        return int(self._dropped.sum())

    def begin(self, mask: NDArray[np.uint8] | None = None) -> None:
        """Cars whose mask is not 0 (all, if None) were put on their start."""
        begun = np.ones(len(self._cars), bool) if mask is None else mask[self._cars] != 0
        for index in np.flatnonzero(begun & self._open):
            self._put(int(index), None, "reset")
        self._waiting |= begun

    def before_step(self) -> None:
        """The frames are those that the step starts from."""
        if not self._waiting.any():
            return
        rows = self._rows()
        for index in np.flatnonzero(self._waiting):
            self._episode[index] += 1
            self._begin_file(int(index), rows[index : index + 1])
        self._waiting[:] = False

    def after_step(self, mask: NDArray[np.uint8] | None = None) -> None:
        """The frames are those that the step led to; cars whose mask is not 0 were put on their start instead."""
        begun = np.zeros(len(self._cars), bool) if mask is None else mask[self._cars] != 0
        rows = self._driven_rows()
        ended = (self._driven.terminated | self._driven.truncated)[self._cars] != 0
        laps = self._frames[self._cars, _LAP_COUNT]
        for index in np.flatnonzero(~begun & self._open):
            row = rows[index : index + 1]
            lap_ends = self._each == "lap" and laps[index] > self._laps[index] and not ended[index]
            self._put(int(index), row, "ended" if ended[index] else "lap" if lap_ends else "")
            if lap_ends:
                self._begin_file(int(index), row.copy())
        self.begin(mask if begun.any() else np.zeros(len(self._frames), np.uint8))

    def close(self) -> None:
        """Completes all files, and the end of the process does so if Ctrl-C breaks this off.

        RecordingError if the recording had ended early.
        """
        _end(self._background, self._files, "closed")
        self._at_exit.detach()
        if self._background.problem is not None:
            raise self._background.problem

    def _rows(self) -> Rows:
        """(cars, columns) of the present frames, with nothing that led to them."""
        layout = self._layout
        rows = np.zeros((len(self._cars), layout.width))
        rows[:, layout.time] = time.perf_counter()
        rows[:, layout.dropped] = self._dropped
        rows[:, layout.frame] = self._frames[self._cars]
        rows[:, layout.ends.start + 4] = self._episode + self._waiting
        rows[:, layout.ends.start + 5] = self._cars
        _clear(rows, layout)
        return rows

    def _driven_rows(self) -> Rows:
        """The same, with what led to them."""
        layout, driven, cars, rows = self._layout, self._driven, self._cars, self._rows()
        rows[:, layout.controls] = driven.controls[cars]
        rows[:, layout.actions] = driven.actions[cars]
        ends = np.column_stack([driven.reward, driven.terminated, driven.truncated, driven.ending])
        rows[:, layout.ends.start : layout.ends.start + 4] = ends[cars]
        return rows

    def _begin_file(self, index: int, row: Rows) -> None:
        """A new file, that begins with `row` as a start."""
        _clear(row, self._layout)
        car = self._cars[index]
        name = f"{self._next_file:06d}_car{car}" if len(self._frames) > 1 else f"{self._next_file:06d}"
        self._next_file += 1
        self._paths[index] = self._folder / f"{name}.parquet"
        wall, clock = time.time(), time.perf_counter()
        self._headers[index] = replace(
            self._header, started=wall, clock_offset=wall - clock, version=__version__,
            notes={**self._header.notes, "car": int(car), "episode": int(self._episode[index])},
        )  # fmt: skip
        self._laps[index] = row[0, self._layout.frame][_LAP_COUNT]
        self._open[index] = True
        self._put(index, row, "")

    def _put(self, index: int, row: Rows | None, end: str) -> None:
        if end:
            self._open[index] = False
        order = _Order(int(self._cars[index]), row, self._paths[index], self._headers[index], end)
        # Ends have no size: they are few, and without them a file would never be complete.
        if not self._background.put(order, 1, wait=self._wait, always=bool(end)) and row is not None:
            self._dropped[index] += 1


class _Files:
    """The files that are open, one a car; for the recorder's thread."""

    def __init__(self, layout: RowLayout) -> None:
        self._layout = layout
        self._open: dict[int, TableFile] = {}

    def carry_out(self, order: _Order) -> None:
        """Write rows; open and complete the file as needed."""
        file = self._open.get(order.car)
        if file is None and order.rows is not None:
            schema = self._layout.schema.with_metadata({METADATA_KEY: order.header.encode()})
            file = self._open[order.car] = TableFile(order.path, schema, group_rows=_GROUP_ROWS)
        if file is None:
            return
        if order.rows is not None:
            file.write(order.rows)
        if order.end:
            self._complete(order.car, order.end)

    def flush_when_due(self) -> None:
        """Rows that waited long enough go to the journals."""
        for file in self._open.values():
            file.flush_when_due()

    def end(self, reason: str) -> None:
        """Complete all."""
        for car in list(self._open):
            self._complete(car, reason)

    def abandon(self, problem: RecordingError) -> None:
        """After a failure: keep what can be kept."""
        for file in self._open.values():
            file.rescue()
            salvage(file, {"reason": str(problem)})
        self._open.clear()

    def _complete(self, car: int, reason: str) -> None:
        self._open[car].close({"reason": reason})
        del self._open[car]


def _end(background: Background[_Order], files: _Files, reason: str) -> None:
    background.join(lambda: files.end(reason))
    if background.problem is not None:
        files.abandon(background.problem)


def _clear(rows: Rows, layout: RowLayout) -> None:
    """Rows that no step led to."""
    rows[:, layout.controls] = rows[:, layout.actions] = rows[:, layout.ends.start] = np.nan
    rows[:, layout.ends.start + 1 : layout.ends.start + 4] = 0.0


def _checked_cars(cars: Sequence[int], count: int) -> NDArray[np.int64]:
    chosen = np.array(sorted(set(cars)), np.int64)
    if len(chosen) == 0 or chosen[0] < 0 or chosen[-1] >= count:
        raise ConfigError(f"record: cars must be among 0..{count - 1}, are {list(cars)}")
    return chosen


def _writable(folder: Path) -> Path:
    """The folder, made; RecordingError at once where it cannot be written to."""
    probe = folder / ".writable"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise RecordingError(f"{folder}: cannot be recorded to ({error.strerror or error})") from error
    return folder


def _first_free(folder: Path) -> int:
    used = [int(match[1]) for path in folder.iterdir() if (match := re.match(r"(\d{6,})", path.name))]
    return max(used, default=-1) + 1
