"""The running game as a World: one car, in real time, through the plugin `sensors_par`.

Track and car are what the game has loaded; they are checked against what was asked for. States come at the plugin's
rate, whether anyone is ready for them or not: `send` applies the controls, `receive` waits for the newest state.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ac_gym import channels
from ac_gym.car import Car, envelope
from ac_gym.constants import NEUTRAL
from ac_gym.errors import ConfigError
from ac_gym.game.client import GameConnection
from ac_gym.game.controls import Controls, open_controls
from ac_gym.game.wire import State
from ac_gym.track import Track, speed_profile
from ac_gym.track.native import native_track
from ac_gym.track.store import built_once
from ac_gym.worlds.base import Mask
from ac_gym.worlds.game_car import car_of_game
from ac_gym.worlds.game_settings import GameSettings

_NEUTRAL = np.array(NEUTRAL, np.float32)
_FLUSHED = 2  # states between a reset and the first that is used: they may show the car in mid-air


class GameWorld:
    """One car in the running game; `close` (or the end of the process) leaves the controls neutral.

    Raises GameConnectionError where the plugin does not answer, ConfigError where the game has loaded another track or
    car, or sends at another rate.
    """

    count = 1
    threads = 1

    def __init__(
        self, track: str | Path, car: str | Path, settings: GameSettings | None = None, *, control_rate: float = 25.0
    ) -> None:
        self.settings = s = settings or GameSettings()
        self.control_rate = control_rate
        self.frames: NDArray[np.float64] = np.zeros((1, channels.WIDTH))
        self.state_time: float | None = math.nan
        self._mask: Mask | None = None
        self.connection = GameConnection(
            s.host, ego_port=s.ego_server_port, management_port=s.simulation_management_server_port,
            protocol=s.protocol, apply={"auto": "default", "plugin": "plugin"}.get(s.controls, "client"),
            token=s.token, take_over=s.take_over, timeout=s.game_timeout,
        )  # fmt: skip
        self._controls: Controls | None = None
        try:
            self.connection.connect()
            self._check_rate()
            static = self.connection.static_info()
            self.track = _loaded_track(self.connection, static, track)
            self.car = _loaded_car(static, car)
            self.profile = speed_profile(self.track, envelope(self.car))
            self.native_track = native_track(self.track, self.profile.speed)
            self._controls = open_controls(self._who_drives(), rate=control_rate)
        except BaseException:
            self.close()
            raise

    def seed(self, seed: int) -> None:
        """The game has no seed."""

    def reset(self, mask: Mask | None = None) -> None:
        if mask is not None and not mask[0]:
            return
        self._apply(_NEUTRAL)
        self.connection.timing.pause()
        if self.settings.reset_car:
            self._reset_car()
            settled = self._next(_NEUTRAL).game_time + self.settings.reset_wait
            while self._next(_NEUTRAL).game_time < settled:
                pass
        for _ in range(_FLUSHED + 1):
            state = self._next(_NEUTRAL)
        self._show(state)

    def step(self, controls: NDArray[np.float32], mask: Mask | None = None) -> None:
        self.send(controls, mask)
        self.receive()

    def send(self, controls: NDArray[np.float32], mask: Mask | None = None) -> None:
        self._mask = mask if mask is not None and mask[0] else None
        self._apply(_NEUTRAL if self._mask is not None else controls[0])

    def receive(self) -> None:
        if self._mask is not None:
            self.reset(self._mask)
            self._mask = None
        else:
            self._show(self.connection.receive(self.settings.game_timeout))

    def place(self, car: int, s: float, offset: float = 0.0, heading: float = 0.0, speed: float = 0.0) -> None:
        raise ConfigError("the game cannot put the car at a place of your choice; use world='simulated'")

    def info(self) -> dict[str, float]:
        """Packets lost and late, deadlines missed, and the age of the state that the last controls answered (s)."""
        counters, timing = self.connection.counters, self.connection.timing
        return {
            "packets_lost": counters.lost,
            "packets_late": counters.late,
            "deadline_misses": timing.deadline_misses,
            "state_age": timing.last_age,
        }

    def report(self) -> str:
        """How well real time was kept: periods, deadlines, ages, losses."""
        counters = self.connection.counters
        return f"{self.connection.timing.summary()}; lost {counters.lost}, late {counters.late}"

    def close(self) -> None:
        """Leave the controls neutral, then hang up."""
        if self._controls is not None:
            self._controls.close()
        self.connection.close()

    def _reset_car(self) -> None:
        """Ask for it, and go on answering states: silence would look like a driver who is gone."""
        with ThreadPoolExecutor(1) as asking:
            answer = asking.submit(self.connection.reset)
            while not answer.done():
                self._next(_NEUTRAL)
        answer.result()

    def _apply(self, controls: NDArray[np.float32]) -> None:
        """The device first, then the plugin: it executes them or, where it does not, sees that someone drives."""
        assert self._controls is not None
        self._controls.apply(controls)
        self.connection.send(controls)

    def _show(self, state: State) -> None:
        self.frames[0], self.state_time = state.frame, state.received_at

    def _next(self, controls: NDArray[np.float32]) -> State:
        self._apply(controls)
        return self.connection.receive(self.settings.game_timeout)

    def _check_rate(self) -> None:
        rate = self.connection.rate
        if abs(rate - self.control_rate) > 0.01 * rate:
            raise ConfigError(
                f"the plugin sends {rate:g} states a second, but ego_sampling_freq is {self.control_rate:g}: set both "
                "alike (ego_sampling_freq in sensors_par.ini)"
            )

    def _who_drives(self) -> str:
        chosen = self.settings.controls
        return "plugin" if chosen == "auto" and self.connection.applies_controls else chosen


def _loaded_track(connection: GameConnection, static: Mapping[str, Any], asked: str | Path) -> Track:
    loaded = static["TrackFullName"]
    _check_loaded("track", loaded, asked)

    def build() -> Track:
        from ac_gym.track.borders import track_from_borders

        lanes = connection.track_info()
        return track_from_borders(
            loaded, lanes["left_lane"], lanes["right_lane"], lanes["fast_lane"], height=lanes.get("height")
        )

    # The digest of the game's own file; the reference plugin has none, so its track is built each time.
    digest = connection.track_digest
    return build() if digest is None else built_once(f"game-{loaded}-{digest}", build)


def _loaded_car(static: Mapping[str, Any], asked: str | Path) -> Car:
    _check_loaded("car", static["CarName"], asked)
    return car_of_game(asked, static)


def _check_loaded(kind: str, loaded: str, asked: str | Path) -> None:
    name = Path(asked).stem if Path(asked).suffix in (".yaml", ".yml", ".csv") else str(asked)
    if loaded != name:
        raise ConfigError(
            f"the game has loaded {kind} {loaded!r}, not {name!r}: load it there, or ask for {kind}={loaded}"
        )
