"""A run's folder and the callbacks that fill it.

log.log, config.yaml           what happened, with what
system.json, changes.diff      see `provenance`
summary.csv, summary/          the learner's figures as CSV and for TensorBoard
model/, training_state.pt      see `checkpoint`
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from algorithms.checkpoint import TRAINING_STATE, save_networks, save_training
from algorithms.errors import UserError
from algorithms.loggers import Logger, Loggers
from algorithms.loop import Agent, Callback, Progress, StepRecord
from algorithms.replay import Replay
from algorithms.tolerance import Tolerance

CONFIG, SUMMARY, LOG, MODELS = "config.yaml", "summary.csv", "log.log", "model"

log = logging.getLogger("algorithms")


def check_work_dir(work_dir: str | None) -> None:
    """UserError where `work_dir` holds a run already, which a new one would write over."""
    if work_dir and any((Path(work_dir) / name).exists() for name in (CONFIG, SUMMARY, MODELS, TRAINING_STATE)):
        if (Path(work_dir) / TRAINING_STATE).exists():
            goes_on = f"--resume {work_dir} goes on with it, another work_dir=... begins anew"
        else:
            goes_on = "it broke off before it saved anything; remove it, or take another work_dir=..."
        raise UserError(f"{work_dir} holds a run: {goes_on}")


def make_run_folder(work_dir: str | None) -> Path:
    """`work_dir`, or a new `outputs/<date_time>`, with a log.log; UserError where it cannot be had or holds a run."""
    check_work_dir(work_dir)
    path = Path(work_dir) if work_dir else Path("outputs") / time.strftime("%Y%m%d_%H%M%S")
    try:
        path.mkdir(parents=True, exist_ok=bool(work_dir))
        (path / LOG).touch()
    except OSError as error:
        raise UserError(
            f"{path}: a run cannot be written there ({error.strerror}); work_dir=... is where it is written to"
        ) from error
    return path


@contextmanager
def logging_to(run: Path) -> Iterator[None]:
    """Inside the block this package's log goes to the run's log.log."""
    file = logging.FileHandler(run / LOG)
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(file)
    log.setLevel(logging.INFO)
    try:
        yield
    except BaseException:
        log.exception("the run failed")
        raise
    finally:
        log.removeHandler(file)
        file.close()


class SaveRun(Callback):
    """Checkpoints at their time, the best mean return, and all that `--resume` needs.

    One that cannot be saved leaves the one before it as it was.
    """

    def __init__(
        self,
        run: Path,
        agent: Agent,
        replay: Replay,
        extra: Callable[[], Mapping[str, object]] = dict,
        networks: bool = True,
    ) -> None:
        self._run, self._agent, self._replay, self._extra, self._networks = run, agent, replay, extra, networks
        self._tolerance = Tolerance()

    def on_log(self, progress: Progress, metrics: Mapping[str, float]) -> None:
        """Keep the networks with the best mean return of 100 episodes so far."""
        full = len(progress.returns) == progress.returns.maxlen
        if full and progress.mean_return() > progress.best_return:
            progress.best_return = progress.mean_return()
            if self._networks:
                self._save_networks("best_reward")

    def on_checkpoint(self, progress: Progress) -> None:
        """Networks under their step, and the training state."""
        self._save(f"checkpoints/step_{progress.env_steps:08d}", progress)

    def on_end(self, progress: Progress, reason: str) -> None:
        """The last networks and state."""
        log.info("ended by %s after %d steps, %d updates", reason, progress.env_steps, progress.updates)
        self._save("final", progress)

    def _save(self, name: str, progress: Progress) -> None:
        if self._networks:
            self._save_networks(name)
        with self._tolerance.of("saving the state of the run"):
            save_training(self._run, self._agent, self._replay, progress, self._extra())

    def _save_networks(self, name: str) -> None:
        with self._tolerance.of("saving networks"):
            save_networks(self._agent, self._run / MODELS / name)


class LogRun(Callback):
    """Figures to the loggers, episodes to log.log."""

    def __init__(
        self,
        loggers: Sequence[Logger],
        extra: Callable[[], Mapping[str, float]] = dict,
        episodes_interval: int = 100,
    ) -> None:
        self._loggers, self._extra, self._interval = Loggers(loggers), extra, episodes_interval
        self._next = episodes_interval

    def on_step(self, progress: Progress, step: StepRecord) -> None:
        """A line in log.log every so many episodes."""
        if self._interval and progress.episodes >= self._next:
            self._next = progress.episodes + self._interval
            log.info(
                "step %d: %d episodes, mean return %.2f", progress.env_steps, progress.episodes, progress.mean_return()
            )

    def on_log(self, progress: Progress, metrics: Mapping[str, float]) -> None:
        """A row of everything."""
        run = {
            "time/elapsed_s": progress.elapsed_s,
            "time/updates": progress.updates,
            "episode/count": progress.episodes,
        }
        if progress.returns:
            run["episode/return"] = progress.mean_return()
            run["episode/length"] = sum(progress.lengths) / len(progress.lengths)
        self._loggers.log(progress.env_steps, {**run, **metrics, **self._extra()})

    def on_end(self, progress: Progress, reason: str) -> None:
        """Close the files."""
        self._loggers.close()


class EvaluateRun(Callback):
    """Evaluations at their time; the networks with the lowest score (such as a lap time) are kept as `model/<name>`."""

    def __init__(
        self,
        run: Path,
        agent: Agent,
        evaluate: Callable[[], tuple[float, Mapping[str, float]]],
        loggers: Sequence[Logger],
        name: str = "best_lap_time",
        best: float = math.inf,
    ) -> None:
        self._run, self._agent, self._evaluate, self._name = run, agent, evaluate, name
        self._loggers, self._tolerance = Loggers(loggers), Tolerance()
        self.best = best

    def on_evaluate(self, progress: Progress) -> None:
        """Evaluate, log, keep the best; a score of NaN means that there was nothing to score."""
        score, values = self._evaluate()
        self._loggers.log(progress.env_steps, values)
        log.info("step %d: evaluation %s", progress.env_steps, ", ".join(f"{k} {v:.4g}" for k, v in values.items()))
        if score < self.best:
            with self._tolerance.of("saving networks"):
                save_networks(self._agent, self._run / MODELS / self._name)
                self.best = score
