"""Drivers cloned from laps that were recorded through the stand-in host, by numbers and by pictures.

    python benchmarks/cloning.py [--laps 3] [--work outputs/cloning] [--output benchmarks/results/cloning.json]

Line followers drive `ac-gym serve` in real time, four at once, with noise on their controls, while their states and the
camera's pictures are recorded. From that a driver by numbers and one by pictures are learned; the answer to each state
is what the line follower says. They drift to where nobody went in those laps, so each then drives in the simulator,
until it leaves the road, for eight minutes in all, and learns on from both, the line follower's answers to its own
states among them (DAgger, Ross et al. 2011, arXiv 1011.0686). Each drives laps from the standing start in the
simulator, and then in real time: the one by numbers through the plugin, the one by pictures with a grabber in and the
plugin out, while an observer takes its laps. `--simulated` records in the simulator instead, where the camera draws
the pictures.
Steps whose results are in the work folder already are not done again. The exit status is 1 where a driver has no clean
lap. A busy machine drops frames of real time; `chrt -f 5 python benchmarks/cloning.py` then helps.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ac_gym.capture import open_source
from ac_gym.car import envelope, load_car
from ac_gym.datasets import read_recordings
from ac_gym.datasets.reading import recording_files
from ac_gym.drivers import LineFollower
from ac_gym.drivers.learned import learned_driver
from ac_gym.drivers.noisy import Noisy
from ac_gym.errors import AcGymError
from ac_gym.evaluation import drive_laps
from ac_gym.recording.observing import observer
from ac_gym.recording.recorder import Recorder
from ac_gym.track import load_track, speed_profile
from algorithms.checkpoint import TRAINING_STATE

TRACK, CAR = "ks_red_bull_ring-layout_gp", "ks_mazda_miata"  # a level track: the game tells no bank
PACE = 0.6
NOISES = (0.0, 0.04, 0.06, 0.08)  # of each session
SIZE = (192, 144)
ROOT = Path(__file__).parents[1]
SETTINGS = [
    "BC.expert=line_follower", f"BC.pace={PACE}", f"BC.drawn_size=[{SIZE[0]},{SIZE[1]}]", "save_video=False",
    "AssettoCorsa.eval_number_of_laps=3",
]  # fmt: skip
EPOCHS = {"vector": (150, 60), "pixels": (40, 12)}  # first, and with its own drives
OWN_S, OWN_MOST = 500.0, 24  # of its own driving: time, and drives
SLOWEST_LAP_S = 200.0
AT_ONCE = 4  # hosts; each, with its driver and recorder, a fifth of a core
_PATIENCE_S = 60.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--laps", type=int, default=3, help="laps of each session to learn from, out lap included")
    parser.add_argument("--driven", type=int, default=2, help="laps to drive in real time, out lap included")
    parser.add_argument("--work", type=Path, default=Path("outputs/cloning"))
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "results" / "cloning.json")
    parser.add_argument("--simulated", action="store_true", help="laps of the simulator instead of real time")
    args = parser.parse_args()
    track, car = load_track(TRACK), load_car(CAR)
    limit = speed_profile(track, envelope(car)).lap_time_s
    data = args.work / "laps"
    recorded = [data / str(seed) for seed in range(len(NOISES))]
    with ThreadPoolExecutor(1 if args.simulated else AT_ONCE) as pool:
        list(pool.map(simulated if args.simulated else in_real_time, recorded, NOISES, itertools.repeat(args.laps)))
    found: dict[str, Any] = {
        "track": TRACK, "car": CAR, "limit_s": round(limit, 2), "processor": platform.processor() or platform.machine(),
        "load": os.getloadavg()[0], "line_followers": {"pace": PACE, "noise": NOISES, **laps_in(data)},
    }  # fmt: skip
    for seen, how in (("vector", ["--world=game", f"--laps={args.driven}"]), ("pixels", None)):
        first, run = args.work / seen, args.work / f"{seen}_again"
        if not (first / "evaluation.json").is_file():
            learn(seen, data, first, EPOCHS[seen][0])
        with_own = args.work / f"{seen}_laps"
        if not with_own.is_dir():
            shutil.copytree(data, with_own)
            drive_alone(seen, first, with_own)
        if not (run / "evaluation.json").is_file():
            learn(seen, with_own, run, EPOCHS[seen][1], f"--load_path={first / 'model' / 'final'}")
        found[seen] = {"first": learned(first), **learned(run)}
        if not args.simulated:
            driven = args.work / f"{seen}_driven"
            if not driven.is_dir():
                record([f"--model={run}", *(how or ["--source=shm"])], driven, SLOWEST_LAP_S * args.driven)
            found[seen]["real_time"] = laps_in(driven)
    args.output.write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps(found, indent=2))
    last = "simulated" if args.simulated else "real_time"
    return 0 if all(found[seen][last]["clean"] for seen in ("vector", "pixels")) else 1


def in_real_time(folder: Path, noise: float, laps: int) -> None:
    """A session of `ac-gym drive` in a stand-in of its own."""
    options = [f"--pace={PACE}", f"--noise={noise}", f"--seed={folder.name}", f"--laps={laps}"]
    if not folder.is_dir():
        record(["--world=game", *options], folder, SLOWEST_LAP_S * (laps + 1))


def simulated(folder: Path, noise: float, laps: int) -> None:
    """The same in the simulator."""
    seed = int(folder.name)
    if not folder.is_dir():
        follower = LineFollower(load_track(TRACK), load_car(CAR), pace=PACE)
        drive_laps(
            Noisy(follower, noise, seed), track=TRACK, car=CAR, laps=laps, seed=seed, record=folder,
            enable_out_of_track_termination=False, enable_low_speed_termination=False,
        )  # fmt: skip


def learn(seen: str, data: Path, run: Path, epochs: int, *options: str) -> None:
    """A clone in the folder `run`; one that was cut off goes on, or begins anew where it had saved nothing."""
    if (run / TRAINING_STATE).is_file():
        subprocess.run([sys.executable, "train.py", f"--resume={run}"], cwd=ROOT, check=True)
        return
    shutil.rmtree(run, ignore_errors=True)
    command = [sys.executable, "train.py", "--algo=bc", *options, f"dataset_path={data}", f"obs={seen}", *SETTINGS]
    subprocess.run([*command, f"BC.max_epochs={epochs}", f"work_dir={run}"], cwd=ROOT, check=True)


def drive_alone(seen: str, run: Path, folder: Path) -> None:
    """Drives of a clone in the simulator, each until it leaves the road or has made a lap, recorded."""
    driver = learned_driver(run / "model" / "final", TRACK, CAR)
    driven = 0.0
    for number in range(OWN_MOST):
        evaluation = drive_laps(
            driver, track=TRACK, car=CAR, laps=1, seed=number, record=folder / f"own_{number}",
            start="random" if number % 3 else "line", start_speed=(0.2, 0.75), use_relative_actions=False,
        )  # fmt: skip
        driven += float(evaluation.stints[0].time_s[-1])
        print(f"drive {number} of its own: {driven:.0f} s in all", flush=True)
        if driven >= OWN_S:
            break


def record(driver: list[str], folder: Path, longest_s: float) -> None:
    """States and pictures of what `ac-gym drive` does in a stand-in of its own, until it ends or that long."""
    with serving() as (ports, pictures):
        watched = observer("plugin", ego_port=ports["ego"], management_port=ports["management"])
        where = ["--control=plugin", f"--ego-port={ports['ego']}", f"--management-port={ports['management']}"]
        if "--source=shm" in driver:
            where += [f"--source-name={pictures}"]
        else:
            where += [f"--track={TRACK}", f"--car={CAR}"]
        process = subprocess.Popen([*_command("drive"), *driver, *where], cwd=ROOT)
        try:
            with (
                open_source("shm", pictures) as source,
                Recorder(folder, watched.header(), plugin=True, pictures=source) as recorder,
            ):
                deadline = time.monotonic() + longest_s
                while process.poll() is None and time.monotonic() < deadline:
                    state = watched.next()
                    if state is not None:
                        recorder.put(state.frame, state.time, state.plugin)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(_PATIENCE_S)
            watched.close()


@contextmanager
def serving() -> Iterator[tuple[dict[str, int], str]]:
    """A stand-in in real time: its ports, and the name of its pictures."""
    name = f"b{uuid.uuid4().hex[:8]}"
    options = [f"--pages={name}", f"--pictures={SIZE[0]}x{SIZE[1]}", f"--pictures-name={name}", "--print-ports"]
    options += [f"--{kind}-port=0" for kind in ("ego", "management", "opponents", "udp")]
    command = [*_command("serve"), f"--track={TRACK}", f"--car={CAR}", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("{"):
                break
        else:
            raise AcGymError("the stand-in did not start")
        yield json.loads(line)["ports"], name
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(_PATIENCE_S)


def laps_in(folder: Path) -> dict[str, Any]:
    """The whole laps of a folder's recordings."""
    laps = [lap for file in recording_files(folder) for one in read_recordings(file) for lap in one.laps]
    timed = [lap for lap in laps if np.isfinite(lap.time_s)]
    clean = [lap.time_s for lap in timed if lap.clean]
    return {"laps": len(timed), "clean": len(clean), "best_s": min(clean, default=None)}


def learned(run: Path) -> dict[str, Any]:
    """What learning took, and the laps in the simulator."""
    with (run / "summary.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    losses = [float(row["loss/validation"]) for row in rows]
    evaluation = json.loads((run / "evaluation.json").read_text())
    clean = [lap["time_s"] for lap in evaluation["laps"] if lap["clean"]]
    return {
        "epochs": len(rows), "training_s": round(float(rows[-1]["time/elapsed_s"]), 1), "validation_loss": min(losses),
        "simulated": {"laps": len(evaluation["laps"]), "clean": len(clean), "best_s": min(clean, default=None)},
    }  # fmt: skip


def _command(name: str) -> list[str]:
    return [sys.executable, "-m", "ac_gym.cli.main", name]


if __name__ == "__main__":
    sys.exit(main())
