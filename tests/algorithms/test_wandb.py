"""Weights & Biases in its offline mode: the curves are on the disk, ready to be sent."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
from pathlib import Path
from algorithms.loggers import WandbLogger

folder, resume_at = Path(sys.argv[1]), int(sys.argv[2]) or None
logger = WandbLogger(folder, "project", None, "name", {"Agent": {"batch_size": 77}}, resume_at)
for step in (1, 2):
    logger.log((resume_at or 0) + step, {"loss/critic": 0.5 / step})
logger.close()
"""


def _log(folder: Path, resume_at: int) -> None:
    env = {**os.environ, "WANDB_MODE": "offline", "WANDB_SILENT": "true", "PYTHONPATH": str(ROOT)}
    env |= {"WANDB_CONFIG_DIR": str(folder / "config"), "WANDB_CACHE_DIR": str(folder / "cache")}
    env |= {"WANDB_DATA_DIR": str(folder / "data")}
    program = [sys.executable, "-c", PROGRAM, str(folder), str(resume_at)]
    ended = subprocess.run(program, env=env, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr


def test_offline_runs_are_written_and_a_resumed_one_is_the_same_run(tmp_path: Path) -> None:
    final = tmp_path / "model" / "final"
    final.mkdir(parents=True)
    (final / "policy_net.pth").write_bytes(b"networks")
    _log(tmp_path, resume_at=0)
    (first,) = (tmp_path / "wandb").glob("offline-run-*/*.wandb")
    written = first.read_bytes()
    for text in (b"loss/critic", b"0.25", b"batch_size", b"77", b"policy_net.pth"):
        assert text in written
    run_id = (tmp_path / "wandb_id.txt").read_text()
    assert first.name == f"run-{run_id}.wandb"

    _log(tmp_path, resume_at=2)
    runs = list((tmp_path / "wandb").glob("offline-run-*/*.wandb"))
    assert [path.name for path in runs] == [first.name] * 2
