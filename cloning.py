"""`train.py --algo bc`: a driver cloned from recorded laps, by numbers or by pictures; data, learner, report."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import Progress as ProgressBar

from ac_gym.capture.transform import PictureTransform
from ac_gym.config import Config, env_kwargs, save_config
from ac_gym.datasets.cloning import Expert, Samples, read_samples, shown_controls
from ac_gym.datasets.listing import LIST_FILE, listed_files
from ac_gym.datasets.reading import recording_files
from ac_gym.datasets.seen import Drawing, SeenSamples, picture_files, read_seen
from ac_gym.drivers import learned_driver
from ac_gym.drivers.network import standardised
from ac_gym.errors import ConfigError
from ac_gym.evaluation import Evaluation, drive_laps
from ac_gym.report.learning import plot_losses
from ac_gym.task import TaskSettings
from algorithms.bc import NETWORK, BCSettings, BehaviourCloning, export_clone
from algorithms.checkpoint import TRAINING_STATE, load_networks, recover, write_atomically
from algorithms.errors import UserError
from algorithms.interrupts import StopRequest
from algorithms.loggers import Logger, Loggers
from algorithms.provenance import save_provenance
from algorithms.run import CONFIG, MODELS, SUMMARY, log, logging_to, make_run_folder

MODEL = Path(MODELS) / "final"
_MIDDLE_SPEED = 50.0  # m/s, that is told as 0
_CONSTANT = 1e-6  # spread of a number over the data set; what varies less tells nothing
_LEAST_SPREAD = (
    0.1  # that numbers are scaled by: who follows a line to centimetres must not be at a loss a metre off it
)
MakeLoggers = Callable[[Config, Path, int | None], Sequence[Logger]]
Report = Callable[[Config, Evaluation, Path], None]


class NumberData:
    """Numbers, standardised as the driver will see them."""

    planes = 0

    def __init__(self, samples: Samples, hidden: slice | None = None) -> None:
        """`hidden` numbers are not looked at."""
        self.labels, self.groups, self._observations = samples.labels, samples.laps, samples.observations
        self.beside = np.zeros((len(samples), 0), np.float32)
        spread = samples.observations.std(axis=0)
        self.mean = samples.observations.mean(axis=0)
        self.scale = np.where(spread > _CONSTANT, 1.0 / np.maximum(spread, _LEAST_SPREAD), 0.0).astype(np.float32)
        if hidden is not None:
            self.scale[hidden] = 0.0

    def inputs(self, which: NDArray[np.int64]) -> NDArray[np.float32]:
        return standardised(self._observations[which], self.mean, self.scale)

    def transform(self, settings: BCSettings) -> dict[str, Any]:
        """What goes with the model."""
        return {"kind": "numbers", "mean": self.mean.tolist(), "scale": self.scale.tolist()}


class PictureData:
    """Pictures, transformed as the driver will see them."""

    def __init__(self, samples: SeenSamples, transform: PictureTransform, view: str, learn_speed: bool) -> None:
        self.labels, self.groups = samples.labels, samples.laps
        speeds = np.clip(samples.speeds[:, None] / _MIDDLE_SPEED - 1.0, -1.0, 1.0)
        self.beside = speeds if learn_speed else speeds[:, :0]
        self._samples, self._transform, self._view = samples, transform, view
        self.planes = transform.shape[-1]

    def inputs(self, which: NDArray[np.int64]) -> NDArray[np.float32]:
        return self._transform.numbers(self._samples.seen(which))

    def transform(self, settings: BCSettings) -> dict[str, Any]:
        """What goes with the model."""
        return {
            "kind": "pictures", "picture": self._transform.as_dict(), "view": self._view,
            "size": list(self._samples.size), "rate": self._samples.rate, "strides": list(settings.strides),
        }  # fmt: skip


def clone(config: Config, args: argparse.Namespace, make_loggers: MakeLoggers, report: Report) -> None:
    """Learn from `config.dataset_path`, then drive evaluation laps; with `--test` only those."""
    if args.test:
        if args.load_path is None:
            raise UserError(f"--test needs --load_path, the folder of a model, as outputs/<run>/{MODEL}")
        report(config, _evaluate(config, args.load_path), args.load_path / "evaluation")
        return
    samples, data = _read(config)
    config = _placed(config, samples)
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
        _learn(learner, data, settings, run, loggers)
    loggers.close()
    if _drivable(config, samples):
        report(config, _evaluate(config, run / MODEL), run)
    else:
        plot_losses(run / SUMMARY, run / "learning_curve.png")
        print("no evaluation laps: the data set does not name one track and car of ours")


def _learn(
    learner: BehaviourCloning, data: NumberData | PictureData, settings: BCSettings, run: Path, loggers: Loggers
) -> None:
    """Epoch by epoch; after each the run can be resumed, and its best network is in place."""
    with ProgressBar() as bar, StopRequest() as asked:
        shown = bar.add_task("epoch 1")
        for epoch in learner.epochs(lambda done, all_: bar.update(shown, completed=done, total=all_)):
            if epoch.best:
                export_clone(learner.network, learner.best_network(), data.transform(settings), run / MODEL)
            learner.save(run / TRAINING_STATE)
            loggers.log(epoch.number, epoch.values())
            line = f"epoch {epoch.number}: loss {epoch.train_loss:.4f}, held back {epoch.validation_loss:.4f}"
            log.info(line)
            bar.console.print(f"{line}{' (best)' if epoch.best else ''}, {epoch.elapsed_s:.0f} s", highlight=False)
            bar.update(shown, description=f"epoch {epoch.number + 1}", completed=0)
            if asked:
                break


def _read(config: Config) -> tuple[Samples, NumberData | PictureData]:
    section: Any = config.AssettoCorsa
    path, c = Path(config.dataset_path), config.BC
    expert = Expert(c.expert, c.pace, c.clean_laps)
    if section.observation == "pixels":
        transform = PictureTransform(tuple(c.crop), tuple(c.size), c.color, c.stack, c.spacing)  # type: ignore[arg-type]
        drawing = Drawing(section.obs_view, (c.drawn_size[0], c.drawn_size[1]))
        files = listed_files(path.parent, path) if path.name == LIST_FILE else picture_files(path)
        seen = read_seen(files, transform, expert, drawing)
        return seen, PictureData(seen, transform, section.obs_view, c.learn_speed)
    if path.suffix == ".csv" and "processed" in path.stem:
        raise ConfigError(f"{path} has pictures and no numbers to drive by: obs=pixels learns from them")
    kwargs = env_kwargs(config)
    settings = TaskSettings(**{field.name: kwargs[field.name] for field in fields(TaskSettings)})
    files = listed_files(path.parent, path) if path.name == LIST_FILE else recording_files(path)
    samples = read_samples(files, settings, expert)
    return samples, NumberData(samples, shown_controls(settings) if c.hide_controls else None)


def _placed(config: Config, samples: Samples) -> Config:
    """The configuration as what is learned needs it: where the data was driven, controls as they are."""
    changes: dict[str, Any] = {"use_relative_actions": False}
    if len(samples.places) == 1:
        changes |= {"track": samples.places[0].track, "car": samples.places[0].car}
    return replace(config, AssettoCorsa=replace(config.AssettoCorsa, **changes))  # type: ignore[type-var]


def _drivable(config: Config, samples: Samples) -> bool:
    from ac_gym.car import load_car
    from ac_gym.errors import UnknownNameError
    from ac_gym.track import load_track

    section: Any = config.AssettoCorsa
    try:
        load_track(section.track), load_car(section.car)
    except UnknownNameError:
        return False
    return len(samples.places) == 1


def _evaluate(config: Config, model: Path) -> Evaluation:
    """Laps from the hotlap start, by the file that others will drive with."""
    section: Any = config.AssettoCorsa
    settings: Mapping[str, Any] = {**env_kwargs(config), "start": "line", "randomise": {}, "world": "simulated"}
    driver = learned_driver(model, section.track, section.car)
    return drive_laps(
        driver, laps=section.eval_number_of_laps, seed=config.seed, **{**settings, "observation": "vector"}
    )
