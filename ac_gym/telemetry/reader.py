"""Reads the game's pages: whole ones, never halves of two, and follows the laps while it does."""

from __future__ import annotations

import struct
import time
from types import TracebackType
from typing import Self

import numpy as np

from ac_gym.errors import AcGymError, GameNotRunningError
from ac_gym.telemetry.laps import Lap, LapWatch
from ac_gym.telemetry.pages import GRAPHICS, PAGES, PHYSICS, Status, page_name
from ac_gym.telemetry.shared_memory import SharedPage
from ac_gym.telemetry.snapshot import Snapshot, as_record

_INTEGER, _FLOAT = struct.Struct("<i"), struct.Struct("<f")
_TYRES_OUT = PHYSICS.fields["numberOfTyresOut"][1]  # type: ignore[index]
_STATUS, _COMPLETED, _CURRENT_MS, _LAST_MS, _POSITION = (
    GRAPHICS.fields[name][1]  # type: ignore[index]
    for name in ("status", "completedLaps", "iCurrentTime", "iLastTime", "normalizedCarPosition")
)
_LOOK_AGAIN_S = 0.5


class TelemetryReader:
    """Reads the pages whose names begin with `pages`; GameNotRunningError where there are none."""

    def __init__(self, pages: str = "acpmf") -> None:
        self._pages: dict[str, SharedPage] = {}
        try:
            for kind, dtype in PAGES.items():
                self._pages[kind] = SharedPage.open(page_name(kind, pages), dtype)
        except AcGymError:
            self.close()
            raise
        self._physics, self._graphics, self._static = (self._pages[kind].read_bytes for kind in PAGES)
        self._session = b""
        self._laps = LapWatch()
        self._sequence = 0

    def physics(self) -> np.void:
        """The physics page alone, type `pages.PHYSICS`: a copy that was not being written."""
        return as_record("physics", self._physics())

    def graphics(self) -> np.void:
        """The graphics page alone."""
        return as_record("graphics", self._graphics())

    def static(self) -> np.void:
        """The static page alone."""
        return as_record("static", self._static())

    def snapshot(self) -> Snapshot:
        """All three pages. Laps are judged from snapshots, so take them often enough to see every tyre that is out."""
        physics, graphics, static = self._physics(), self._graphics(), self._static()
        now = time.time()
        if static != self._session:
            self._session, self._laps = static, LapWatch()
        laps = self._laps
        laps.update(
            completed=_INTEGER.unpack_from(graphics, _COMPLETED)[0],
            ms=_INTEGER.unpack_from(graphics, _CURRENT_MS)[0],
            last_ms=_INTEGER.unpack_from(graphics, _LAST_MS)[0],
            position=_FLOAT.unpack_from(graphics, _POSITION)[0],
            tyres_out=_INTEGER.unpack_from(physics, _TYRES_OUT)[0],
        )
        self._sequence += 1
        return Snapshot(
            physics, graphics, static, timestamp=now, sequence=self._sequence, is_lap_valid=laps.valid,
            delta_s=laps.delta_s,
        )  # fmt: skip

    @property
    def laps(self) -> list[Lap]:
        """The laps that `snapshot` has seen to end in this session."""
        return self._laps.finished

    @property
    def in_session(self) -> bool:
        """Whether the game is in a session (live, paused or in a replay) and publishes these pages still."""
        status = _INTEGER.unpack_from(self._graphics(), _STATUS)[0]
        return status != Status.OFF and self._pages["physics"].is_current

    def close(self) -> None:
        """Lets go of the pages; snapshots stay good."""
        for page in self._pages.values():
            page.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class Follower:
    """Reads the game whenever it runs: through its end, its restart, and a stand-in host that comes later."""

    def __init__(self, pages: str = "acpmf") -> None:
        self._name = pages
        self._reader: TelemetryReader | None = None
        self._look_at = 0.0

    def poll(self) -> Snapshot | None:
        """A snapshot, or None while the game is not in a session."""
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + _LOOK_AGAIN_S
            self._look()
        return None if self._reader is None else self._reader.snapshot()

    @property
    def laps(self) -> list[Lap]:
        """The laps that `poll` has seen to end in this session."""
        return [] if self._reader is None else self._reader.laps

    def _look(self) -> None:
        if self._reader is not None and not self._reader.in_session:
            self.close()
        if self._reader is None:
            try:
                reader = TelemetryReader(self._name)
            except GameNotRunningError:
                return
            if reader.in_session:
                self._reader = reader
            else:
                reader.close()

    def close(self) -> None:
        """Lets go of the pages; the next `poll` looks for them anew."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
