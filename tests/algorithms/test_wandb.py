"""Weights & Biases in its offline mode: the curves are on the disk, ready to be sent."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import os, signal, subprocess, sys
from pathlib import Path
from algorithms.loggers import Loggers, WandbLogger

folder, resume_at, killed = Path(sys.argv[1]), int(sys.argv[2]) or None, sys.argv[3:] == ["killed"]
logger = WandbLogger(folder, "project", None, "name", {"Agent": {"batch_size": 77}}, resume_at)
several = Loggers([logger]) if killed else logger
for step in (1, 2):
    several.log((resume_at or 0) + step, {"loss/critic": 0.5 / step})
    if killed and step == 1:
        command = ["pgrep", "-P", str(os.getpid()), "-f", "wandb-core"]
        (child,) = subprocess.run(command, capture_output=True, text=True).stdout.split()
        os.kill(int(child), signal.SIGKILL)
several.close()
"""


def _log(folder: Path, resume_at: int, *how: str) -> str:
    """Two rows in a process of their own; what it says on stderr."""
    env = {**os.environ, "WANDB_MODE": "offline", "WANDB_SILENT": "true", "PYTHONPATH": str(ROOT)}
    env |= {"WANDB_CONFIG_DIR": str(folder / "config"), "WANDB_CACHE_DIR": str(folder / "cache")}
    env |= {"WANDB_DATA_DIR": str(folder / "data")}
    program = [sys.executable, "-c", PROGRAM, str(folder), str(resume_at), *how]
    ended = subprocess.run(program, env=env, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    return ended.stderr


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

    said = _log(tmp_path, 2, *["killed"] * sys.platform.startswith("linux"))
    if sys.platform.startswith("linux"):  # its process was killed after the first row, which cost nobody else anything
        # Found out at the next row, or only in the end: what was sent meanwhile had a buffer to go to.
        assert "WandbLogger failed, training goes on: " in said
    runs = list((tmp_path / "wandb").glob("offline-run-*/*.wandb"))
    assert [path.name for path in runs] == [first.name] * 2
