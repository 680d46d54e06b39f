"""Laps of line followers of several skills, recorded in the simulator: a data set without a human driver."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ac_gym import channels
from ac_gym.car import load_car
from ac_gym.datasets.listing import LIST_FILE, Listed, write_list
from ac_gym.datasets.model import Recording
from ac_gym.datasets.own import write_own
from ac_gym.drivers.demonstrator import NOISE, PACES, Demonstrator
from ac_gym.errors import ConfigError
from ac_gym.task import Task, TaskSettings
from ac_gym.track import load_track
from ac_gym.worlds import SimulatedWorld, SimulationSettings

_PATIENCE = 1.6  # times the limit lap that each lap may take, and the way to the first line


@dataclass(frozen=True)
class Demonstration:
    """What one driver recorded."""

    listed: Listed
    files: tuple[Path, ...]
    laps: int
    clean_laps: int
    best_s: float
    """NaN without a clean lap"""
    steps: int


def record_demonstrations(
    root: Path,
    *,
    track: str = "monza",
    car: str = "bmw_z4_gt3",
    laps: int = 3,
    paces: Sequence[float] = PACES,
    noise: Sequence[float] = NOISE,
    seed: int = 0,
    control_rate: float = 25.0,
    watch: Callable[[int, int], None] | None = None,
) -> list[Demonstration]:
    """Records `laps` laps and the way to the first of each pace with each noise (standard deviation of the actions).

    Every driver has a folder `<track>/<car>/<id>/laps` under `root`, and `laps.yaml` lists them. The car starts
    anywhere at speed, goes on when it leaves the road, and stops when its laps are driven or it takes too long.
    `watch` is told the steps driven and the most there will be.
    """
    if laps < 1 or not paces or not noise:
        raise ConfigError("at least one lap, one pace and one noise")
    if bad := [value for value in paces if not 0.1 <= value <= 1.0] or [
        value for value in noise if not 0 <= value <= 1
    ]:
        raise ConfigError(f"pace must be within 0.1 and 1, noise within 0 and 1; is {bad[0]:g}")
    drivers = [(pace, sigma) for pace in paces for sigma in noise]
    settings = TaskSettings(
        ego_sampling_freq=control_rate, enable_out_of_track_termination=False, enable_low_speed_termination=False,
        max_episode_py_time=None,
    )  # fmt: skip
    world = SimulatedWorld(
        load_track(track), load_car(car), len(drivers), SimulationSettings(), control_rate=control_rate
    )
    task = Task(world, settings)
    demonstrator = Demonstrator(task, paces=paces, noise=noise, seed=seed)
    world.seed(seed)
    world.reset()
    task.begin()
    most = int(_PATIENCE * (laps + 1) * world.profile.lap_time_s / min(paces) ** 0.5 * control_rate)
    frames = np.empty((most + 1, world.count, channels.WIDTH))
    controls = np.empty((most + 1, world.count, 4), np.float32)
    length = np.zeros(world.count, np.int64)  # rows of each driver, 0: not at the end yet
    frames[0], controls[0] = world.frames, task.controls
    for step in range(1, most + 1):
        world.step(task.act(demonstrator(task.observation)))
        task.observe()
        frames[step], controls[step] = world.frames, task.controls
        arrived = (task.telemetry["lap_count"] >= laps) & (length == 0)
        length[arrived] = step + 1
        if watch is not None:
            watch(step, most)
        if (length > 0).all():
            break
    length[length == 0] = step + 1
    found = [
        _write(root, track, car, pace, sigma, frames[: length[k], k], controls[: length[k], k], control_rate)
        for k, (pace, sigma) in enumerate(drivers)
    ]
    write_list(root / LIST_FILE, [demonstration.listed for demonstration in found])
    return found


def _write(
    root: Path, track: str, car: str, pace: float, sigma: float, frames: np.ndarray, controls: np.ndarray, rate: float
) -> Demonstration:
    name = f"follower_pace{100 * pace:.0f}_noise{100 * sigma:.0f}"
    listed = Listed(
        track, car, name, {"type": "line_follower", "pace": float(pace), "noise": float(sigma), "auto_shift": True}
    )
    recording = Recording(name, frames, np.ones(channels.WIDTH, bool), rate, controls, track, car)
    file = write_own(listed.folder(root) / f"{name}.parquet", recording, "simulated")
    timed = [lap for lap in recording.laps if np.isfinite(lap.time_s)]
    best = min((lap.time_s for lap in timed if lap.clean), default=float("nan"))
    return Demonstration(listed, (file,), len(timed), sum(lap.clean for lap in timed), best, len(frames) - 1)
