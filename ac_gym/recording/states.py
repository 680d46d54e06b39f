"""States of one car to Parquet and text, in a thread of their own."""

from __future__ import annotations

import collections
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ac_gym.errors import RecordingError
from ac_gym.recording.background import Background
from ac_gym.recording.csv_file import CsvFile
from ac_gym.recording.logs import INPUTS_COLUMNS, LOGGER_COLUMNS, InputsFormat, LoggerFormat
from ac_gym.recording.pictures import nearest
from ac_gym.recording.repair import salvage
from ac_gym.recording.rows import Rows, observer_rows
from ac_gym.recording.schema import Header
from ac_gym.recording.table_file import TableFile

_WAITING = 20_000  # states that wait to be written: minutes of one car
_REMEMBERED = 1024  # states among which a picture finds the one of its time

Picture = tuple[str, float]
"""name and time"""


class _Seen(NamedTuple):
    """A state that a picture may show."""

    time: float
    frame: NDArray[np.float64]
    logged: tuple[object, ...]


class StateRecorder:
    """`STEM_telemetry.parquet`, and if asked for `STEM_inputs.csv` and `STEM_log.csv`.

    These have a line for each picture (`log_picture`), with the state whose time is nearest; or for each state, where
    there are no pictures.
    """

    def __init__(
        self, folder: Path, stem: str, header: Header, *, plugin: bool, inputs_csv: bool, log_csv: bool, pictures: bool
    ) -> None:
        self.states = self.dropped = self.missed = self.reversed = 0
        self._layout = observer_rows(header, plugin=plugin)
        self._last_time = -np.inf
        self.path = folder / f"{stem}_telemetry.parquet"
        self._table = TableFile(self.path, self._layout.schema)
        self._inputs: CsvFile | None = None
        self._log: CsvFile | None = None
        try:
            if inputs_csv:
                self._inputs = CsvFile(folder / f"{stem}_inputs.csv", INPUTS_COLUMNS)
            if log_csv:
                self._log = CsvFile(folder / f"{stem}_log.csv", LOGGER_COLUMNS)
        except RecordingError:
            self._table.abandon()
            raise
        self._logger_rows, self._inputs_rows, self._with_pictures = LoggerFormat(), InputsFormat(header), pictures
        self._lines = 0
        self._recent: collections.deque[_Seen] = collections.deque(maxlen=_REMEMBERED)
        self._pictures: collections.deque[Picture] = collections.deque()
        self._background: Background[Rows | Picture] = Background(
            self.path, self._write, capacity=_WAITING, idle=self._table.flush_when_due, rest=0.1
        )

    @property
    def problem(self) -> RecordingError | None:
        """Why it ended by itself."""
        return self._background.problem

    def put(self, frame: NDArray[np.float64], time: float, plugin: tuple[float, ...] = (), missed: int = 0) -> bool:
        """Whether the state will be written; never waits.

        `frame` (channels.WIDTH,), `time` in s of perf_counter, `plugin`: game_time, sequence, flags. `missed`: states
        between the one before and this that never came.
        """
        self.missed += missed
        row = np.empty((1, self._layout.width))
        row[0, 0], row[0, 1] = time, self.dropped
        row[0, self._layout.frame] = frame
        row[0, self._layout.plugin] = plugin
        self.reversed += bool(time < self._last_time)  # NumPy's own cannot be written as JSON
        self._last_time = time
        taken = self._background.put(row)
        self.dropped += not taken
        self.states += taken
        return taken

    def log_picture(self, name: str, time: float) -> None:
        """A line in the text files for this picture, once the states of its time are known; for another thread."""
        self._background.put((name, time), 0)

    def close(self, end: Mapping[str, Any]) -> None:
        """Writes what waits, and ends the files; what failed, if anything, is their reason."""
        self._background.join(lambda: self._complete(end))
        if self.problem is not None:
            for file in self._texts:
                file.abandon()
            taken, self.states = self.states, self._table.rescue()
            self.dropped += taken - self.states
            salvage(self._table, {**self._account(end), "reason": str(self.problem)})

    @property
    def _texts(self) -> list[CsvFile]:
        return [file for file in (self._inputs, self._log) if file is not None]

    def _account(self, end: Mapping[str, Any]) -> dict[str, Any]:
        return {"dropped": self.dropped, "missed": self.missed, "time_reversed": self.reversed, **end}

    def _complete(self, end: Mapping[str, Any]) -> None:
        self._log_pictures(all_of_them=True)
        self._table.close(self._account(end))
        for file in self._texts:
            file.close()

    def _write(self, item: Rows | Picture) -> None:
        if isinstance(item, tuple):
            self._pictures.append(item)
        else:
            self._write_state(item)
        self._log_pictures(all_of_them=False)

    def _write_state(self, row: Rows) -> None:
        self._table.write(row)
        if self._texts:
            time, frame = float(row[0, 0]), row[0, self._layout.frame]
            seen = _Seen(time, frame, () if self._log is None else self._logger_rows.row(frame))
            self._recent.append(seen)
            if not self._with_pictures:
                self._write_lines("", time, seen)

    def _log_pictures(self, *, all_of_them: bool) -> None:
        """Lines of pictures that no state to come can be nearer to."""
        if not self._recent:
            return
        latest = self._recent[-1].time
        while self._pictures and (all_of_them or self._pictures[0][1] <= latest):
            name, time = self._pictures.popleft()
            self._write_lines(name, time, self._recent[nearest(self._recent, time, lambda seen: seen.time)])

    def _write_lines(self, image: str, time: float, seen: _Seen) -> None:
        """Of the next picture, or of a state without one."""
        if self._log is not None:
            self._log.write([(image, *seen.logged)])
        if self._inputs is not None and (row := self._inputs_rows.row(self._lines, time, seen.time, seen.frame)):
            self._inputs.write([row])
        self._lines += 1
