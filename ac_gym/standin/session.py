"""The session that the stand-in plays: the ego, its opponents, their telemetry, all on simulated roads."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ac_gym import channels
from ac_gym.car import Car
from ac_gym.channels import COLUMNS
from ac_gym.errors import ConfigError, UnknownNameError
from ac_gym.standin.laps import LapCounter
from ac_gym.standin.opponents import Opponents
from ac_gym.track import Track
from ac_gym.worlds import SimulatedWorld, SimulationSettings

RESETS = ("road", "line", "random")
_STEP_BACK_M = 20.0
_WHEEL_SIDES = np.array([0.5, -0.5, 0.5, -0.5])

_WORLD_POSITION, _YAW, _CG_HEIGHT = (COLUMNS[name].start for name in ("world_position", "yaw", "cg_height"))


class Session:
    """`cars` cars on a track, car 0 the ego. `frames` (cars, channels.WIDTH) holds their present telemetry.

    `reset` says what `put_back` does: "road" stands the ego on the racing line where it is, its lap spoiled, as the
    game does; "line" begins anew at the hotlap start; "random" begins anew anywhere, as the simulated world draws it.
    """

    def __init__(
        self,
        track: Track,
        car: Car,
        cars: int,
        *,
        fps: float,
        seed: int,
        reset: str,
        settings: SimulationSettings,
        opponents_pace: float,
    ) -> None:
        if reset not in RESETS:
            raise UnknownNameError("reset", reset, RESETS)
        if not 1 <= cars <= 64:
            raise ConfigError(f"cars must be 1 to 64, is {cars}")
        self.track, self.car, self.cars, self.settings = track, car, cars, settings
        self._reset = reset
        self._ego = SimulatedWorld(track, car, 1, settings, control_rate=fps)
        self._ego.seed(seed)
        self._opponents = Opponents(track, car, cars - 1, fps=fps, seed=seed, pace=opponents_pace) if cars > 1 else None
        self.profile = self._ego.profile
        self.native_track = self._ego.native_track
        self.laps = LapCounter(1000.0 / fps)
        self.frames = np.zeros((cars, channels.WIDTH))
        self._rows: dict[int, list[float]] = {}
        self._moves: list[Callable[[], None]] = []
        self._place_at_start()
        self._take_frames()

    # --- driving -----------------------------------------------------------------------------------------------------
    def step(self, controls: NDArray[np.float32]) -> None:
        """One frame: the ego driven with `controls` (1, 4), or moved where that was asked for."""
        if self._moves:
            for move in self._moves:
                move()
            self._moves.clear()
        else:
            self._ego.step(controls)
        if self._opponents is not None:
            self._opponents.step()
        self._take_frames()

    @property
    def moving(self) -> bool:
        """Whether the ego is going to be put elsewhere in the next frame."""
        return bool(self._moves)

    def put_back(self) -> None:
        """Puts the ego back (see `reset`) instead of driving in the next frame."""
        self._moves.append(self._stand_on_line if self._reset == "road" else self._begin_anew)

    def step_back(self) -> None:
        """Stands the ego on the racing line a little behind where it is, its lap spoiled, in the next frame."""
        self._moves.append(lambda: self._stand_on_line(_STEP_BACK_M))

    def restart(self) -> None:
        """Begins a new session at the hotlap start with the next frame."""
        self._moves.append(self._place_at_start)

    def _begin_anew(self) -> None:
        self._ego.reset()
        self.laps.begin()

    def _place_at_start(self) -> None:
        """Draws no random numbers, so that those of the first reset are the simulated world's first."""
        self._ego.place(0, self.track.start.s_m, self.track.start.offset_m)
        self.laps.begin()

    def _stand_on_line(self, back: float = 0.0) -> None:
        s = (self.ego_place()[0] - back) % self.track.length_m
        station = int(s / self.track.step_m) % len(self.track.s)
        heading = self.track.line_heading[station] - self.track.heading[station]
        self._ego.place(0, s, self.track.line_offset[station], math.remainder(heading, math.tau))
        self.laps.car_was_moved()

    def _take_frames(self) -> None:
        self.frames[0] = self._ego.frames[0]
        self.laps.update(self.frames[0])
        if self._opponents is not None:
            self.frames[1:] = self._opponents.frames
        self._rows.clear()

    # --- what is known of the cars -----------------------------------------------------------------------------------
    def row(self, car: int) -> list[float]:
        """A car's frame in the game's precision, float32."""
        if car not in self._rows:
            self._rows[car] = self.frames[car].astype(np.float32).tolist()
        return self._rows[car]

    def place_of(self, x: float, y: float) -> tuple[float, float]:
        """Centre-line position and offset (m, + left) of a point in the wire frame."""
        out = np.zeros((1, 2))
        self.native_track.project(np.array([[x, y]]), out)
        return float(out[0, 0]), float(out[0, 1])

    def ego_place(self) -> tuple[float, float]:
        """Centre-line position and offset of the ego."""
        x, y = self.frames[0, _WORLD_POSITION : _WORLD_POSITION + 2]
        return self.place_of(x, y)

    def contact_points(self, car: int) -> NDArray[np.float64]:
        """(4, 3) m in the game's world: where the wheels touch the road."""
        frame = self.frames[car]
        x, y, z = frame[_WORLD_POSITION : _WORLD_POSITION + 3]
        cos, sin = math.cos(frame[_YAW]), math.sin(frame[_YAW])
        ahead, left = self._wheel_places
        points = np.empty((4, 3))
        points[:, 0] = y + sin * ahead + cos * left
        points[:, 1] = z - frame[_CG_HEIGHT]
        points[:, 2] = x + cos * ahead - sin * left
        return points

    @cached_property
    def _wheel_places(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Ahead and left of the centre of gravity, each (4,) m."""
        p = self.car.values
        rear_arm = p["chassis_wheelbase"] * p["chassis_front_weight"]
        front_arm = p["chassis_wheelbase"] - rear_arm
        widths = np.repeat([p["suspension_front_track"], p["suspension_rear_track"]], 2)
        return np.array([front_arm, front_arm, -rear_arm, -rear_arm]), widths * _WHEEL_SIDES
