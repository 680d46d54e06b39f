"""Laps of line followers of several skills, recorded in the simulator: a data set without a human driver."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ac_gym import channels
from ac_gym.car import load_car
from ac_gym.datasets.listing import LIST_FILE, Listed, begun_list, write_list
from ac_gym.datasets.model import Recording
from ac_gym.datasets.own import write_own
from ac_gym.drivers.demonstrator import NOISE, PACES, Demonstrator
from ac_gym.errors import ConfigError, RecordingError
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
    watch: Callable[[int, int], None] = lambda step, most: None,
) -> list[Demonstration]:
    """Records `laps` laps and the way to the first of each pace with each noise (standard deviation of the actions).

    Every driver has a folder `<track>/<car>/<id>/laps` under `root`, and `laps.yaml` lists them. The car starts
    anywhere at speed, goes on when it leaves the road, and stops when its laps are driven or it takes too long. Its
    file is written then, so that a kill costs only those that still drive; an exception (Ctrl-C, a file that cannot be
    written) costs no other driver: it is raised when all are written and listed, what else failed as its notes.
    `watch` is told the steps driven and the most there will be. RecordingError, before anybody drives, where a file
    exists, for the same seed would give the same laps, or where the list cannot be read.
    """
    _check(laps, paces, noise)
    settings = TaskSettings(
        ego_sampling_freq=control_rate, enable_out_of_track_termination=False, enable_low_speed_termination=False,
        max_episode_py_time=None,
    )  # fmt: skip
    drivers = [(pace, sigma) for pace in paces for sigma in noise]
    world = SimulatedWorld(
        load_track(track), load_car(car), len(drivers), SimulationSettings(), control_rate=control_rate
    )
    listed = [_listed(world, pace, sigma) for pace, sigma in drivers]
    files = _new_files(root, listed, seed)
    begun_list(root / LIST_FILE)
    task = Task(world, settings)
    demonstrator = Demonstrator(task, paces=paces, noise=noise, seed=seed)
    world.seed(seed)
    world.reset()
    task.begin()
    most = int(_PATIENCE * (laps + 1) * world.profile.lap_time_s / min(paces) ** 0.5 * control_rate)
    tape = _Tape(task, most)
    found: dict[int, Demonstration] = {}

    def keep(number: int) -> None:
        recording = tape.recording(number)
        write_own(files[number], recording, "simulated")
        found[number] = _demonstration(listed[number], files[number], recording)
        enlist()

    def enlist() -> None:
        """Those whose laps are written: asked of the disk, for an interruption may come right after the file."""
        if entries := [entry for entry, file in zip(listed, files, strict=True) if file.exists()]:
            write_list(root / LIST_FILE, entries)

    failures = _Failures()
    with failures.later():
        for step in range(1, most + 1):
            world.step(task.act(demonstrator(task.observation)))
            task.observe()
            tape.add()
            for number in np.flatnonzero(task.telemetry["lap_count"] >= laps).tolist():
                if number not in found:
                    keep(number)
            watch(step, most)
            if len(found) == len(drivers):
                break
    for number, file in enumerate(files):
        with failures.later():
            if not file.exists():
                keep(number)
    with failures.later():
        enlist()
    failures.tell()
    return [found[number] for number in range(len(drivers))]


def _check(laps: int, paces: Sequence[float], noise: Sequence[float]) -> None:
    if laps < 1 or not paces or not noise:
        raise ConfigError("at least one lap, one pace and one noise")
    bad = [pace for pace in paces if not 0.1 <= pace <= 1.0] + [sigma for sigma in noise if not 0 <= sigma <= 1]
    if bad:
        raise ConfigError(f"pace must be within 0.1 and 1, noise within 0 and 1; is {bad[0]:g}")


def _listed(world: SimulatedWorld, pace: float, sigma: float) -> Listed:
    name = f"follower_pace{100 * pace:g}_noise{100 * sigma:g}"
    tags = {"type": "line_follower", "pace": float(pace), "noise": float(sigma), "auto_shift": True}
    return Listed(world.track.name, world.car.name, name, tags)


def _new_files(root: Path, listed: Sequence[Listed], seed: int) -> list[Path]:
    """Where each driver's laps go; none of them is there."""
    files = [entry.folder(root) / f"{entry.id}_seed{seed}.parquet" for entry in listed]
    if len(set(files)) < len(files):
        raise ConfigError("a pace or a noise is there twice; the same driver would drive the same laps")
    if there := next((file for file in files if file.exists()), None):
        raise RecordingError(f"{there} exists: take another seed for more laps of this driver, or another folder")
    return files


class _Tape:
    """What the cars of a task drive, row by row."""

    def __init__(self, task: Task, most: int) -> None:
        """Of at most `most` steps; begins with the present frames."""
        self._task, self._rows = task, 0
        self._frames = np.empty((most + 1, task.world.count, channels.WIDTH))
        self._controls = np.empty((most + 1, task.world.count, 4), np.float32)
        self.add()

    def add(self) -> None:
        """The present frames, and the controls that led to them."""
        self._frames[self._rows], self._controls[self._rows] = self._task.world.frames, self._task.controls
        self._rows += 1

    def recording(self, car: int) -> Recording:
        """So far."""
        world, rows = self._task.world, slice(self._rows)
        return Recording(
            "", self._frames[rows, car], np.ones(channels.WIDTH, bool), world.control_rate, self._controls[rows, car],
            world.track.name, world.car.name,
        )  # fmt: skip


def _demonstration(listed: Listed, file: Path, recording: Recording) -> Demonstration:
    timed = [lap for lap in recording.laps if np.isfinite(lap.time_s)]
    best = min((lap.time_s for lap in timed if lap.clean), default=float("nan"))
    return Demonstration(listed, (file,), len(timed), sum(lap.clean for lap in timed), best, len(recording) - 1)


class _Failures:
    """What went wrong in several steps, none of which is left out for another's failure; Ctrl-C is one."""

    def __init__(self) -> None:
        self._found: list[BaseException] = []

    @contextmanager
    def later(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self._found.append(error)

    def tell(self) -> None:
        """Raises the first; the others are its notes."""
        if self._found:
            first, *others = self._found
            for note in dict.fromkeys(str(other) or type(other).__name__ for other in others):
                first.add_note(note)
            raise first
