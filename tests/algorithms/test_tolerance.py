"""A full disk, a logger that was killed: training goes on, and what is on the disk is whole."""

from __future__ import annotations

import csv
import errno
import logging
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from toys import point_vector

from algorithms import checkpoint, loggers
from algorithms.checkpoint import load_networks, load_training, save_networks
from algorithms.loggers import CsvLogger, Loggers, TensorBoardLogger
from algorithms.loop import LoopSettings, Progress, train
from algorithms.replay import Replay
from algorithms.run import EvaluateRun, LogRun, SaveRun
from algorithms.sac import SAC, SACSettings
from algorithms.tolerance import Tolerance

SMALL = SACSettings(policy_hidden_units=(16,), q_hidden_units=(16,))
FULL = OSError(errno.ENOSPC, "No space left on device")


class Broken:
    """A logger whose process was killed."""

    def log(self, step: int, values: Mapping[str, float]) -> None:
        raise ConnectionResetError("Connection lost")

    def close(self) -> None:
        raise ConnectionResetError("Connection lost")


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_failures_are_told_once_until_it_works_again(
    capsys: pytest.CaptureFixture, caplog: pytest.LogCaptureFixture
) -> None:
    tolerance = Tolerance()
    with caplog.at_level(logging.WARNING, "algorithms"):
        for error in (FULL, FULL, None, FULL):
            with tolerance.of("saving"):
                if error:
                    raise error
    failed = "saving failed, training goes on: [Errno 28] No space left on device"
    told = [failed, "saving works again", failed]
    assert caplog.messages == told
    assert capsys.readouterr().err.splitlines() == [f"warning: {line}" for line in told]


def test_one_logger_that_is_killed_costs_the_others_nothing(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    several = Loggers([Broken(), CsvLogger(tmp_path / "summary.csv")])
    for step in (1, 2):
        several.log(step, {"a": step})
    several.close()
    assert [row["step"] for row in _rows(tmp_path / "summary.csv")] == ["1", "2"]
    assert capsys.readouterr().err.count("logging with Broken failed, training goes on: Connection lost") == 1


def test_rows_that_found_no_place_are_in_the_file_when_there_is_some_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "summary.csv"
    logger = CsvLogger(path)
    logger.log(1, {"a": 1.0})

    class Full:
        """Half a row finds its place, then none."""

        def __init__(self) -> None:
            self.file = logger._file

        def write(self, text: str) -> None:
            self.file.write(text[:2])
            self.file.flush()
            raise FULL

        def close(self) -> None:
            self.file.close()

    logger._file = Full()  # type: ignore[assignment]
    with pytest.raises(OSError, match="No space"):
        logger.log(2, {"a": 2.0})
    with monkeypatch.context() as patch:
        patch.setattr(loggers, "write_atomically", _no_space)
        with pytest.raises(OSError, match="No space"):
            logger.log(3, {"a": 3.0})
    logger.log(4, {"a": 4.0})
    logger.log(5, {"a": 5.0})
    logger.close()
    assert _rows(path) == [{"step": str(n), "a": f"{n}.0"} for n in range(1, 6)]


def _no_space(*arguments: object) -> None:
    raise FULL


def _points(folder: Path) -> list[tuple[int, float]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    curve = EventAccumulator(str(folder))
    curve.Reload()
    return [(point.step, point.value) for point in curve.Scalars("a")]


def test_curves_of_tensorboard_have_no_gap_and_nothing_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a failure, and after a kill: what comes after the saved state is done again."""
    logger = TensorBoardLogger(tmp_path)
    logger.log(1, {"a": 1.0})
    with monkeypatch.context() as patch:
        patch.setattr(type(logger._writer), "flush", _no_space)
        with pytest.raises(OSError, match="No space"):
            logger.log(2, {"a": 2.0})
        with pytest.raises(OSError, match="No space"):
            logger.log(3, {"a": 3.0})
    logger.log(4, {"a": 4.0})
    assert _points(tmp_path) == [(n, n) for n in (1, 2, 3, 4)]  # on the disk, though nobody closed it
    resumed = TensorBoardLogger(tmp_path, resume_at=3)
    resumed.log(5, {"a": 5.0})
    resumed.close()
    assert _points(tmp_path) == [(n, n) for n in (1, 2, 3, 5)]


def test_networks_that_find_no_place_leave_the_older_ones_and_no_scraps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = SAC(5, 2, SMALL, seed=1)
    save_networks(old, tmp_path / "best")
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "export_policy", _no_space)
        with pytest.raises(OSError, match="No space"):
            save_networks(SAC(5, 2, SMALL, seed=2), tmp_path / "best")
    assert [path.name for path in tmp_path.iterdir()] == ["best"]
    found = SAC(5, 2, SMALL)
    load_networks(tmp_path / "best", found.modules())
    assert torch.equal(found.critic.weights[0], old.critic.weights[0])


def test_a_run_on_a_full_disk_ends_as_any_other_and_keeps_its_last_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    agent, replay, progress = SAC(1, 1, SMALL), Replay(1000, 2, 1, 1), Progress()
    saving = SaveRun(tmp_path, agent, replay)
    saving.on_checkpoint(progress)
    evaluation = EvaluateRun(tmp_path, agent, lambda: (3.0, {}), [])
    settings = LoopSettings(
        num_steps=200, start_steps=20, batch_size=8, update_interval=4, log_interval=5, eval_interval=50,
        checkpoint_freq=50,
    )  # fmt: skip
    monkeypatch.setattr(torch, "save", _no_space)
    train(point_vector(2), agent, replay, settings, [evaluation, LogRun([Broken()]), saving], progress)
    assert progress.env_steps == 200
    assert evaluation.best == float("inf")  # its networks are not there
    resumed = SAC(1, 1, SMALL), Replay(1000, 2, 1, 1), Progress()
    load_training(tmp_path, *resumed)
    assert resumed[2].env_steps == 0
    assert not list(tmp_path.rglob(".*"))
    told = capsys.readouterr().err.splitlines()
    assert len(told) == len(set(told)) + 1  # both callbacks tell that they cannot save networks
