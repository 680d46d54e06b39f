"""Learning from scratch against pretraining on recorded laps, at equal online steps: curves over several seeds.

    python benchmarks/offline_pretraining.py runs/offline --output benchmarks/results/offline_pretraining
    python benchmarks/offline_pretraining.py /tmp/toy --toy                  # to see that it works

Records laps of line followers (once), then lets `train.py` learn with each of `--seeds` seeds: from scratch, and from
the laps, pretrained on them and with half of every batch from them. All else is equal: configs/train.yaml without its
own demonstrations, one thread; but from scratch the entropy is the default of -3, since at that preset's -9 an agent
that is shown nothing finds nothing (docs/learning.md). A run lasts `--minutes`, pretraining included, and `--beside` of
them go side by side, their output in FOLDER/<run>.log. Runs that are finished are kept in the folder: started again,
the command goes on with those that are not.

The curve is the return of the evaluation drives (`eval/return` of summary.csv) over steps driven, up to where the
shortest run came; shown are the interquartile mean over the seeds and its 95 % bootstrap interval. OUTPUT.json and
OUTPUT.png are written. The exit status is 1 unless pretraining has the higher mean of the curve.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np

from ac_gym.datasets.demonstrations import record_demonstrations
from ac_gym.datasets.listing import LIST_FILE
from ac_gym.report.plots import DRIVEN, LIMIT, new_figure, tidy
from ac_gym.statistics import bootstrap_interval, interquartile_mean

ROOT = Path(__file__).resolve().parents[1]
SCRATCH, PRETRAINED = "from scratch", "pretrained"
COLOURS = {SCRATCH: LIMIT, PRETRAINED: DRIVEN}
POINTS = 40  # of a curve
FULL = [
    "--config", "configs/train.yaml", "Agent.demonstration_steps=0", "Agent.pre_train_steps=5000",
    "Agent.eval_interval=100000", "save_video=false",
]  # fmt: skip
TOY = [
    "--config", "configs/debug.yaml", "Agent.num_steps=1200", "Agent.eval_interval=300", "Agent.checkpoint_freq=300",
    "Agent.pre_train_steps=100",
]  # fmt: skip


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path, help="of the laps and the runs")
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--minutes", type=float, default=15.0, help="of each run")
    options.add_argument("--beside", type=int, default=2, help="runs at a time")
    options.add_argument("--laps", type=int, default=3, help="of each of sixteen drivers")
    options.add_argument("--track", default="monza")
    options.add_argument("--car", default="bmw_z4_gt3")
    options.add_argument("--toy", action="store_true", help="two seeds of 1,200 steps")
    options.add_argument("--output", type=Path, help="name of the results, without its ending")
    options.add_argument("settings", nargs="*", help="more settings of train.py, for both")
    arguments = options.parse_args()
    laps = arguments.folder.resolve() / "laps"
    if not (laps / LIST_FILE).is_file():
        paces = {"paces": (0.9,), "noise": (0.1,)} if arguments.toy else {}
        record_demonstrations(
            laps, track=arguments.track, car=arguments.car, laps=1 if arguments.toy else arguments.laps, **paces
        )
    common = [
        *(TOY if arguments.toy else [*FULL, f"Agent.max_minutes={arguments.minutes}"]), "torch_threads=1",
        f"AssettoCorsa.track={arguments.track}", f"AssettoCorsa.car={arguments.car}", *arguments.settings,
    ]  # fmt: skip
    guided = ["load_offline_data=true", "Agent.use_offline_buffer=true", "pre_train=true", f"dataset_path={laps}"]
    cells = {SCRATCH: [] if arguments.toy else ["SAC.target_entropy=-3"], PRETRAINED: guided}
    seeds = range(2 if arguments.toy else arguments.seeds)
    runs = {
        (cell, seed): arguments.folder.resolve() / f"{cell.replace(' ', '_')}_{seed}"
        for seed in seeds
        for cell in cells
    }
    with ThreadPoolExecutor(arguments.beside) as side_by_side:
        going = [
            side_by_side.submit(finish, run, [*common, *cells[cell], f"seed={seed}"])
            for (cell, seed), run in runs.items()
        ]
        for one in as_completed(going):
            print(one.result(), flush=True)
    result = compare({cell: [curve(runs[cell, seed]) for seed in seeds] for cell in cells})
    for cell, found in result["cells"].items():
        print(f"{cell:14} mean return {found['score']:8.2f}  95 % {found['low']:.2f} to {found['high']:.2f}")
    if arguments.output:
        own = {cell: [text.replace(str(laps), "FOLDER/laps") for text in settings] for cell, settings in cells.items()}
        result = {"command": " ".join(["python", *sys.argv]), "settings": common, "own_settings": own, **result}
        arguments.output.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        plot(arguments.output.with_suffix(".png"), result)
    return 0 if result["cells"][PRETRAINED]["score"] > result["cells"][SCRATCH]["score"] else 1


def finish(run: Path, settings: list[str]) -> str:
    """Train, unless that was done; a run that was cut off goes on. Returns what happened."""
    if (run / "evaluation.json").is_file():
        return f"{run.name}: was done"
    saved = (run / "training_state.pt").is_file()
    if not saved:
        shutil.rmtree(run, ignore_errors=True)  # of one that was killed before it saved anything
    how = ["--resume", str(run)] if saved else [*settings, f"work_dir={run}"]
    print(f"{run.name}: {'goes on' if saved else 'begins'}", flush=True)
    output = run.with_suffix(".log")
    with output.open("a", encoding="utf-8") as log:
        if subprocess.run([sys.executable, "train.py", *how], cwd=ROOT, stdout=log, stderr=log).returncode:
            sys.exit(f"{run.name} failed; its output is in {output}")
    return f"{run.name}: done"


def curve(run: Path) -> np.ndarray:
    """(2, n): steps and returns of the run's evaluations."""
    with (run / "summary.csv").open(newline="") as file:
        rows = [(float(row["step"]), float(row["eval/return"])) for row in csv.DictReader(file) if row["eval/return"]]
    return np.array(rows).T


def compare(curves: dict[str, list[np.ndarray]]) -> dict[str, Any]:
    """The curves at common steps: interquartile means, intervals, and the mean over the steps as one score."""
    every = [one for cell in curves.values() for one in cell]
    steps = np.linspace(max(one[0, 0] for one in every), min(one[0, -1] for one in every), POINTS)
    cells = {}
    for cell, runs in curves.items():
        values = np.array([np.interp(steps, *one) for one in runs])
        scores = values.mean(axis=1)
        low, high = bootstrap_interval(list(scores))
        bands = np.array([bootstrap_interval(list(column)) for column in values.T])
        cells[cell] = {
            "score": interquartile_mean(scores), "low": low, "high": high, "scores": scores.tolist(),
            "curve": [interquartile_mean(column) for column in values.T], "band": bands.T.tolist(),
        }  # fmt: skip
    return {"steps": steps.tolist(), "cells": cells}


def plot(path: Path, result: dict[str, Any]) -> None:
    """Both curves with their bands."""
    figure = new_figure(8.0, 4.5)
    ax = figure.subplots()
    tidy(ax, "return of an evaluation drive")
    for cell, found in result["cells"].items():
        ax.fill_between(result["steps"], *found["band"], color=COLOURS[cell], alpha=0.2, linewidth=0)
        ax.plot(result["steps"], found["curve"], color=COLOURS[cell], label=cell)
    ax.set_xlabel("steps driven", fontsize=9)
    ax.legend(frameon=False, fontsize=9)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    sys.exit(main())
