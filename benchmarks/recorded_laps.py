"""Transitions a second from recorded laps on disk to observations, actions, rewards and endings.

    python benchmarks/recorded_laps.py [--laps 4] [--output benchmarks/results/recorded_laps.json]

Records laps of line followers at Monza into a temporary folder, writes them as our Parquet, as the reference project's
Parquet and as its pickles, and reads each back into episodes of the task (125 numbers an observation), three times; the
best counts, in CPU time of this process. `rebuilding` is the task's part: one call for all rows. `with the set-up`
includes building track, car and task once. `step by step` is the peer: the same laps through the same task, a row at a
time, as an environment does it; `unpickling alone` is what pickles allow at most. The exit status is 1 below 200,000
transitions a second for our Parquet.
"""

from __future__ import annotations

import argparse
import json
import pickle
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ac_gym.car import load_car
from ac_gym.datasets import Recording, read_recordings
from ac_gym.datasets.convert import convert_files
from ac_gym.datasets.demonstrations import record_demonstrations
from ac_gym.datasets.episodes import Rebuilder, channels_looked_at, read_episodes
from ac_gym.datasets.listing import listed_files
from ac_gym.datasets.pickled import load_plain
from ac_gym.datasets.wire import CONTROL_KEYS, columns_from
from ac_gym.task import Task, TaskSettings
from ac_gym.track import load_track
from ac_gym.worlds import RecordedWorld

TRACK, CAR, LIMIT = "monza", "bmw_z4_gt3", 200_000.0


def cpu_s(work: Callable[[], object], repeats: int = 3) -> float:
    """Least CPU time of a call."""
    best = float("inf")
    for _ in range(repeats):
        begun = time.process_time()
        work()
        best = min(best, time.process_time() - begun)
    return best


def pickled(path: Path, recording: Recording) -> Path:
    """As the reference project pickles a lap."""
    assert recording.controls is not None
    columns = dict(columns_from(recording.frames, recording.known))
    columns |= {key: recording.controls[:, i].astype(float) for i, key in enumerate(CONTROL_KEYS)}
    lists = {key: values.tolist() for key, values in columns.items()}
    states = [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
    path.write_bytes(pickle.dumps({"states": states, "static_info": {"TrackName": TRACK, "CarName": CAR}}))
    return path


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--laps", type=int, default=4)
    options.add_argument("--output", type=Path)
    arguments = options.parse_args()
    settings = TaskSettings()
    rebuilder = Rebuilder(load_track(TRACK), load_car(CAR), settings)
    only = channels_looked_at(settings)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        record_demonstrations(root, track=TRACK, car=CAR, laps=arguments.laps)
        own = listed_files(root)
        reference = [done.paths[0] for done in convert_files(own, "reference", root / "reference")]
        whole = [recording for file in own for recording in read_recordings(file)]
        pickles = [pickled(root / f"{recording.name}.pkl", recording) for recording in whole]
        steps = sum(len(recording) - 1 for recording in whole)

        def load(files: list[Path]) -> None:
            for _ in rebuilder(recording for file in files for recording in read_recordings(file, only)):
                pass

        seconds = {
            "our Parquet": cpu_s(lambda: load(own)),
            "our Parquet, with the set-up": cpu_s(lambda: list(read_episodes(own, settings))),
            "reference Parquet": cpu_s(lambda: load(reference)),
            "reference pickles": cpu_s(lambda: load(pickles)),
            "unpickling alone, of the same": cpu_s(lambda: [len(load_plain(file)) for file in pickles]),
            "rebuilding": cpu_s(lambda: list(rebuilder(whole))),
        }
        part = min(len(whole[0]), 5000)
        per_step = cpu_s(lambda: step_by_step(whole[0].frames[:part]), 1) / part
    rates = {name: steps / s for name, s in seconds.items()} | {"step by step": 1.0 / per_step}
    print(f"{steps:,} transitions")
    for name, rate in rates.items():
        print(f"{name:30} {rate:12,.0f} /s")
    if arguments.output:
        result = {"command": f"python benchmarks/recorded_laps.py --laps {arguments.laps}", "transitions": steps}
        result["transitions_per_cpu_second"] = {name: round(rate) for name, rate in rates.items()}
        arguments.output.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0 if rates["our Parquet"] >= LIMIT else 1


def step_by_step(frames: np.ndarray) -> None:
    """The rows through the task as an environment would."""
    world = RecordedWorld(load_track(TRACK), load_car(CAR), [frames])
    task = Task(world)
    task.begin()
    neutral = np.zeros((1, 3), np.float32)
    while not world.ended[0]:
        world.step(task.act(neutral))
        task.observe()


if __name__ == "__main__":
    sys.exit(main())
