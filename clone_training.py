"""`train.py --algo bc`: clones a driver from recorded laps; joins what was recorded, the learner and the report.

It stands beside train.py, the one place that knows the cars of `ac_gym` and the learning of `algorithms`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import torch
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as ProgressBar

from ac_gym.car import load_car
from ac_gym.config import Config, env_kwargs, save_config
from ac_gym.datasets.clone_data import CloneData, read_clone_data
from ac_gym.drivers import learned_driver
from ac_gym.errors import UnknownNameError
from ac_gym.evaluation import Evaluation, drive_laps
from ac_gym.report.learning import plot_losses
from ac_gym.track import load_track
from algorithms.bc import NETWORK, BCSettings, BehaviourCloning, export_clone
from algorithms.checkpoint import TRAINING_STATE, load_networks, recover, write_atomically
from algorithms.errors import UserError
from algorithms.interrupts import StopRequest
from algorithms.loggers import Logger, Loggers
from algorithms.provenance import save_provenance
from algorithms.run import CONFIG, MODELS, SUMMARY, log, logging_to, make_run_folder

MODEL = Path(MODELS) / "final"
MakeLoggers = Callable[[Config, Path, int | None], Sequence[Logger]]
Report = Callable[[Config, Evaluation, Path], None]


def clone(config: Config, args: argparse.Namespace, make_loggers: MakeLoggers, report: Report) -> None:
    """Learn from `config.dataset_path`, then drive evaluation laps; with `--test` only those."""
    if args.test:
        if args.load_path is None:
            raise UserError(f"--test needs --load_path, the folder of a model, as outputs/<run>/{MODEL}")
        report(config, _evaluate(config, args.load_path), args.load_path / "evaluation")
        return
    data = read_clone_data(config, _shown)
    config = _placed(config, data)
    settings = BCSettings(**{field.name: getattr(config.BC, field.name) for field in fields(BCSettings)})
    device = ("cuda" if torch.cuda.is_available() else "cpu") if config.device == "auto" else config.device
    learner = BehaviourCloning(data, settings, device, config.seed)
    if args.resume:
        recover(args.resume)
        learner.load(args.resume / TRAINING_STATE)
    elif args.load_path:
        load_networks(args.load_path, {NETWORK: learner.network}, learner.device)
    run = args.resume or make_run_folder(config.work_dir)
    write_atomically(run / CONFIG, lambda path: save_config(config, path))
    save_provenance(run, Path(__file__).parent)
    learned, held = learner.counts
    print(f"writing to {run}; {learned} samples to learn from, {held} held back", flush=True)
    loggers = Loggers(make_loggers(config, run, learner.epoch if args.resume else None))
    with logging_to(run):
        _learn(learner, data, run, loggers)
    loggers.close()
    if _drivable(config, data):
        report(config, _evaluate(config, run / MODEL), run)
    else:
        plot_losses(run / SUMMARY, run / "learning_curve.png")
        print("no evaluation laps: the data set does not name one track and car of ours")


def _shown(files: list[Path]) -> Iterator[Path]:
    """The files one by one, while a bar tells which is read; drawing the pictures of one takes seconds."""
    print(f"reading {len(files)} recordings", flush=True)
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with ProgressBar(*columns) as bar:
        shown = bar.add_task("", total=len(files))
        for file in files:
            bar.update(shown, description=file.name)
            yield file
            bar.advance(shown)


def _learn(learner: BehaviourCloning, data: CloneData, run: Path, loggers: Loggers) -> None:
    """Epoch by epoch; after each the run can be resumed, and its best network is in place."""
    transform = data.transform(learner.settings.strides)
    with ProgressBar() as bar, StopRequest() as asked:
        shown = bar.add_task("epoch 1")
        for epoch in learner.epochs(lambda done, all_: bar.update(shown, completed=done, total=all_)):
            if epoch.best:
                export_clone(learner.network, learner.best_network(), transform, run / MODEL)
            learner.save(run / TRAINING_STATE)
            loggers.log(epoch.number, epoch.values())
            line = f"epoch {epoch.number}: loss {epoch.train_loss:.4f}, held back {epoch.validation_loss:.4f}"
            log.info(line)
            bar.console.print(f"{line}{' (best)' if epoch.best else ''}, {epoch.elapsed_s:.0f} s", highlight=False)
            bar.update(shown, description=f"epoch {epoch.number + 1}", completed=0)
            if asked:
                break


def _placed(config: Config, data: CloneData) -> Config:
    """The configuration as what is learned needs it: where the data was driven, controls as they are."""
    changes: dict[str, Any] = {"use_relative_actions": False}
    if len(data.places) == 1:
        changes |= {"track": data.places[0].track, "car": data.places[0].car}
    return replace(config, AssettoCorsa=replace(config.AssettoCorsa, **changes))  # type: ignore[type-var]


def _drivable(config: Config, data: CloneData) -> bool:
    section: Any = config.AssettoCorsa
    try:
        load_track(section.track), load_car(section.car)
    except UnknownNameError:
        return False
    return len(data.places) == 1


def _evaluate(config: Config, model: Path) -> Evaluation:
    """Laps from the hotlap start, by the file that others will drive with."""
    section: Any = config.AssettoCorsa
    settings: Mapping[str, Any] = {**env_kwargs(config), "start": "line", "randomise": {}, "world": "simulated"}
    driver = learned_driver(model, section.track, section.car)
    return drive_laps(
        driver, laps=section.eval_number_of_laps, seed=config.seed, **{**settings, "observation": "vector"}
    )
