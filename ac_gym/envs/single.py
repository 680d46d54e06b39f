"""One car as a Gymnasium `Env`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from ac_gym.envs.session import Observation, Session
from ac_gym.errors import UnknownNameError
from ac_gym.task import Ending, Telemetry

_METADATA = {"render_modes": ["human", "rgb_array"], "render_fps": 25}


class AssettoCorsaEnv(gym.Env[Observation, NDArray[np.float32]]):
    """Drive one car as fast as possible along a circuit.

    Action space: Box(-1, 1, (3,)): steering (positive to the right), throttle, brake. By default they change the
    controls: full action turns the steering wheel at 900 deg/s and moves a pedal at 12 a second on its -1..1 scale.

    Observation space: Box(-20, 20, (125,)), float32, in this order (divided by):
    14 channels: speed (80 m/s), gap to the racing line, negative on its left (10 m), force feedback, engine speed
    (10000/min), lateral and longitudinal acceleration (5 g), gear (8), yaw rate (pi rad/s), forward and lateral
    velocity (80, 20 m/s), slip angles of the four tyres (25 deg); 11 distances to the white lines from 90 degrees right
    to 90 degrees left (200 m); out of track 0/1; 12 curvatures of the racing line over the next 300 m (0.1 1/m);
    steering (450 deg), throttle and brake of the last three steps, each oldest first; the same now; the 25 channels and
    distances of the last three steps, oldest first.

    Reward: speed in km/h * (1 - |gap| / 12 m) / 300.

    Starting state: `start="random"`: anywhere on the lap, near the racing line, at 0.4 to 0.9 of the limit speed;
    `start="line"`: standing at the hotlap start.

    Episode end: terminated when more than two tyres are out, or slower than 1 m/s for 10 s; truncated after 600 s.
    `info` has `lap_count`, `lap_time` and `lap_valid` (in the step that completes a lap), `best_lap_time` (s),
    `progress` (0..1 of the lap) and, in the last step, `end_reason`.

    `world="game"` drives the running game (or `ac-gym serve`) through its plugin, in real time; `info` has then
    `packets_lost`, `packets_late`, `deadline_misses` and `state_age` (s) besides. `send` and `receive` are the two
    halves of `step`, for a learner that works while the game drives.

    `observation="pixels"`: a picture (height, width, channels) uint8 instead, by default 84x84 gray from the cockpit;
    `"both"`: a dictionary of `vector` and `pixels`. `info` has then `picture_age` (s), 0 in the simulator: the picture
    is drawn from the very state; in the game, `pictures` says where they come from. See
    `ac_gym.envs.settings.ObservationSettings`.

    `render_mode`: `rgb_array` or `human` (a window); `render_view` and the other fields of
    `ac_gym.envs.settings.RenderSettings` say what the pictures show.

    `record="folder"` keeps every episode in a Parquet file of its own; `record=RecordSettings(folder, each="lap", ...)`
    (`ac_gym.recording.episodes`) says more.

    Every field of `ac_gym.task.TaskSettings`, `ac_gym.worlds.SimulationSettings` (the simulator),
    `ac_gym.worlds.GameSettings` (the game), `RenderSettings` and `ObservationSettings` is a keyword, and
    `reward_terms`, `endings` and `extra_observations` take functions of the telemetry (see `ac_gym.task.Telemetry`).
    """

    metadata: dict[str, Any] = _METADATA

    def __init__(
        self,
        track: str | Path = "monza",
        car: str | Path = "bmw_z4_gt3",
        *,
        render_mode: str | None = None,
        **settings: Any,
    ) -> None:
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise UnknownNameError("render_mode", render_mode, self.metadata["render_modes"])
        self.render_mode = render_mode
        self.session = Session(1, track=track, car=car, **settings)
        self.observation_space = self.session.observation_space
        self.action_space = self.session.action_space
        self.metadata = {**self.metadata, "render_fps": round(self.session.world.control_rate)}
        self._renderer: Any = None
        self._driving = False

    @property
    def telemetry(self) -> Telemetry:
        """Everything known of the car, by name: arrays of one row."""
        return self.session.telemetry

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode. `options`: {"s": m, "offset": m, "heading": rad, "speed": m/s} for a start of your own."""
        super().reset(seed=seed)
        if seed is not None or not self._driving:
            self.session.seed(int(self.np_random.integers(2**63)))
        self._driving = True
        self.session.reset()
        if options:
            self.session.start_at(0, **options)
        if self.render_mode == "human":
            self.render()
        return self._observation(), self._info()

    def step(self, action: NDArray[np.float32]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        self.send(action)
        return self.receive()

    def send(self, action: NDArray[np.float32]) -> None:
        """The first half of `step`: apply the action. In the game, time goes on from here: learn, then `receive`."""
        if not self._driving:
            raise gym.error.ResetNeeded("call reset() before the first step()")
        self.session.send(np.asarray(action)[None])

    def receive(self) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """The second half of `step`: wait for what the action led to."""
        task = self.session.task
        self.session.receive()
        info = self._info()
        if self.session.finished_laps()[0]:
            info["lap_time"] = float(self.telemetry["last_lap_time"][0]) / 1000.0
            info["lap_valid"] = bool(self.telemetry["last_lap_valid"][0])
        terminated, truncated = bool(task.terminated[0]), bool(task.truncated[0])
        if terminated or truncated:
            info["end_reason"] = Ending(int(task.ending[0])).name.lower()
        if self.render_mode == "human":
            self.render()
        return self._observation(), float(task.reward[0]), terminated, truncated, info

    def render(self) -> NDArray[np.uint8] | None:
        """The picture (H, W, 3) in `rgb_array` mode; shows it in `human` mode."""
        if self.render_mode is None:
            gym.logger.warn(
                "render() was called without a render_mode: gym.make('AssettoCorsa-v0', render_mode='rgb_array')"
            )
            return None
        if self._renderer is None:
            from ac_gym.envs.rendering import Renderer

            session, fps = self.session, self.metadata["render_fps"]
            self._renderer = Renderer(
                session.world, self.telemetry, session.render_settings, render_mode=self.render_mode, fps=fps
            )
        return self._renderer.draw(0)

    def close(self) -> None:
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None
        self.session.close()

    def _observation(self) -> Observation:
        seen = self.session.observation
        return {name: rows[0].copy() for name, rows in seen.items()} if isinstance(seen, dict) else seen[0].copy()

    def _info(self) -> dict[str, Any]:
        frame = self.telemetry
        return {
            "lap_count": int(frame["lap_count"][0]),
            "best_lap_time": float(frame["best_lap_time"][0]) / 1000.0,
            "progress": float(frame["spline_position"][0]),
            **self.session.info(),
        }
