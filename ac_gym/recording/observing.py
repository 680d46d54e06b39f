"""Whom a recorder can watch: the running plugin, as an observer, or the game's shared-memory pages."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ac_gym.car import load_car
from ac_gym.errors import ConfigError, GameNotRunningError, GameTimeoutError, UnknownNameError
from ac_gym.game.client import GameConnection
from ac_gym.game.wire import NOT_LIVE, RECORDING, State
from ac_gym.recording.page_frames import PageFrames
from ac_gym.recording.schema import Header
from ac_gym.telemetry.pace import Beat, check_rate
from ac_gym.telemetry.reader import TelemetryReader

MAX_PAGES_RATE = 333.0
"""states a second at most, of pages: the game's physics has no more"""

_LOOK = 0.25  # s to wait for a state at a time, so that an end is soon noticed


class Observed(NamedTuple):
    """A state that was seen."""

    frame: NDArray[np.float64]
    """(channels.WIDTH,)"""
    time: float
    """s of perf_counter"""
    plugin: tuple[float, ...]
    """game_time, sequence, flags; empty where it does not come from the plugin"""
    button: bool
    """the plugin's Record button is on"""
    missed: int = 0
    """states that there were since the one before, and that never came"""


class Observer(Protocol):
    """A source of states."""

    from_plugin: bool
    csp_build: int | None
    """Build of the game's Custom Shaders Patch, where it is known"""

    def header(self) -> Header:
        """What is known of the session."""

    def next(self) -> Observed | None:
        """The next state; None when there was none for a moment. Raises AcGymError when there will be none."""

    def close(self) -> None:
        """Stop watching."""


class PluginObserver:
    """Watches the plugin sensors_par, every state of it in turn; keywords as of `GameConnection`."""

    from_plugin = True

    def __init__(self, host: str = "127.0.0.1", **options: Any) -> None:
        self._connection = GameConnection(host, role="observer", in_turn=True, **options)
        self._connection.connect()
        self._last: State | None = None
        self._missed = 0  # since the last state that was given away
        try:
            self._static = self._connection.static_info()
            self.csp_build = self._connection.csp_build
        except BaseException:
            self._connection.close()
            raise

    def header(self) -> Header:
        return _header("plugin", self._static, self._connection.rate)

    def next(self) -> Observed | None:
        reconnects = self._connection.counters.reconnects
        try:
            state = self._connection.receive(min(_LOOK, self._connection.timeout))
        except GameTimeoutError:
            if self._connection.counters.reconnects > reconnects:  # in vain
                raise
            return None
        anew = self._connection.counters.reconnects > reconnects
        self._missed += self._between(state, anew=anew)
        self._last = state
        if state.flags & NOT_LIVE:
            return None
        missed, self._missed = self._missed, 0
        button = bool(state.flags & RECORDING)
        return Observed(state.frame, state.received_at, (state.game_time, state.sequence, state.flags), button, missed)

    def close(self) -> None:
        self._connection.close()

    def _between(self, state: State, *, anew: bool) -> int:
        """States between the last one and this; across connections, which count from 1 each, by the game's clock."""
        if self._last is None:
            return 0
        if anew:
            rise = round((state.game_time - self._last.game_time) * self._connection.rate)
        else:
            rise = state.sequence - self._last.sequence
        return max(rise - 1, 0)


class PagesObserver:
    """Watches the shared-memory pages, `rate` times a second, 1 to MAX_PAGES_RATE."""

    from_plugin = False
    csp_build: int | None = None

    def __init__(self, pages: str = "acpmf", rate: float = 60.0) -> None:
        check_rate(rate, MAX_PAGES_RATE)
        self._reader = TelemetryReader(pages)
        if not self._reader.in_session:
            self._reader.close()
            raise GameNotRunningError("the game is not in a session; start one")
        self._rate = rate
        self._beat: Beat | None = None  # from the first state on
        static = self._reader.snapshot()
        track, layout = str(static["track"]), str(static["track_configuration"])
        self._static = {
            "TrackFullName": f"{track}-{layout}" if layout else track,
            "CarName": str(static["car_model"]),
            "TrackLength": float(static.static["trackSPlineLength"]),
        }
        self._frames = PageFrames(self.header().steering_lock_deg)

    def header(self) -> Header:
        return _header("pages", self._static, self._rate)

    def next(self) -> Observed | None:
        beat = self._beat = self._beat or Beat(self._rate)
        time.sleep(beat.wait_s())
        missed = beat.missed
        turn = beat.next()
        now = time.perf_counter()
        snapshot = self._reader.snapshot()
        if not turn:
            return None
        if not self._reader.in_session:
            raise GameNotRunningError("the game's session has ended")
        return Observed(self._frames.frame(snapshot, now), now, (), False, beat.missed - missed)

    def close(self) -> None:
        self._reader.close()


def observer(source: str, *, pages: str = "acpmf", rate: float = 60.0, **plugin: Any) -> PluginObserver | PagesObserver:
    """The observer of that name: `plugin` or `pages`."""
    if source == "plugin":
        return PluginObserver(**plugin)
    if source == "pages":
        return PagesObserver(pages, rate)
    raise UnknownNameError("source of telemetry", source, ("plugin", "pages"))


def _header(source: str, static: Mapping[str, Any], rate: float) -> Header:
    car = str(static["CarName"])
    try:
        lock = load_car(car).values["steering_lock_deg"]
    except (UnknownNameError, ConfigError):
        lock = 0.0
    return Header(
        source=source, track=str(static["TrackFullName"]), car=car, rate=rate, steering_lock_deg=lock,
        track_length=float(static["TrackLength"]), notes={"static_info": dict(static)},
    )  # fmt: skip
