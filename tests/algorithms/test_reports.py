"""Loggers, progress line and run folder."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import pytest
from toys import point_vector

from algorithms.loggers import CsvLogger, TensorBoardLogger
from algorithms.loop import LoopSettings, Progress, train
from algorithms.progress import ProgressLine
from algorithms.replay import Replay
from algorithms.run import EvaluateRun, LogRun, SaveRun, make_run_folder
from algorithms.sac import SAC, SACSettings

SMALL = SACSettings(policy_hidden_units=(16,), q_hidden_units=(16,))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_csv_gains_columns_and_forgets_what_came_after_the_resumed_state(tmp_path: Path) -> None:
    path = tmp_path / "summary.csv"
    logger = CsvLogger(path)
    logger.log(1, {"a": 1.0})
    logger.log(2, {"a": 2.0, "b": 3.0})
    logger.log(3, {"b": 4.0})
    logger.close()
    assert _rows(path) == [
        {"step": "1", "a": "1.0", "b": ""}, {"step": "2", "a": "2.0", "b": "3.0"}, {"step": "3", "a": "", "b": "4.0"}
    ]  # fmt: skip
    resumed = CsvLogger(path, resume_at=2)
    resumed.log(5, {"a": 9.0})
    resumed.close()
    assert [row["step"] for row in _rows(path)] == ["1", "2", "5"]


def test_a_run_leaves_the_documented_files(tmp_path: Path) -> None:
    run = make_run_folder(str(tmp_path / "run"))
    agent, replay = SAC(1, 1, SMALL), Replay(1000, 2, 1, 1)
    loggers = [CsvLogger(run / "summary.csv"), TensorBoardLogger(run / "summary")]
    scores = iter([5.0, 3.0, math.nan, 4.0])
    evaluation = EvaluateRun(run, agent, lambda: (next(scores), {"eval/x": 1.0}), loggers)
    settings = LoopSettings(
        num_steps=400, start_steps=20, batch_size=8, update_interval=2, log_interval=20, eval_interval=100,
        checkpoint_freq=200,
    )  # fmt: skip
    callbacks = [evaluation, SaveRun(run, agent, replay), LogRun(loggers, lambda: {"extra": 2.0})]
    train(point_vector(2), agent, replay, settings, callbacks)
    assert evaluation.best == 3.0
    assert {path.name for path in (run / "model").iterdir()} == {"checkpoints", "final", "best_lap_time"}
    names = {path.name for path in (run / "model" / "checkpoints").iterdir()}
    assert names == {"step_00000200", "step_00000400"}
    assert (run / "training_state.pt").is_file()
    assert list((run / "summary").glob("events*"))
    rows = _rows(run / "summary.csv")
    assert {"loss/critic", "episode/return", "extra", "eval/x", "time/updates"} <= set(rows[-1])


def test_plain_progress_prints_whole_lines() -> None:
    stream = io.StringIO()
    settings = LoopSettings(num_steps=100, start_steps=1000)
    line = ProgressLine(settings, lambda: {"laps": "3"}, stream)
    train(point_vector(2), SAC(1, 1, SMALL), Replay(1000, 2, 1, 1), settings, [line])
    lines = stream.getvalue().splitlines()
    assert lines[-1].startswith("steps 100/100")
    assert lines[-1].endswith("laps 3")


def test_progress_estimates_rates_and_time_left() -> None:
    line = ProgressLine(LoopSettings(num_steps=1000, max_minutes=1.0), stream=io.StringIO())
    line.fields(0.0, Progress())
    fields = line.fields(2.0, Progress(env_steps=200, updates=50, elapsed_s=2.0))
    assert fields["steps/s"] == "100"
    assert fields["updates/s"] == "25"
    assert fields["left"] == "0:08"
    fields = line.fields(4.0, Progress(env_steps=201, updates=50, elapsed_s=57.0))
    assert fields["left"] == "0:03"


def test_live_progress_draws_on_a_terminal() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    line = ProgressLine(LoopSettings(num_steps=1000), lambda: {"best lap": "111.2 s"}, stream)
    line.on_end(Progress(env_steps=10), "num_steps")
    assert "111.2 s" in stream.getvalue()


def test_wandb_missing_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from algorithms.errors import UserError
    from algorithms.loggers import WandbLogger

    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(UserError, match="pip install wandb"):
        WandbLogger(tmp_path, "p", None, "n", {})
