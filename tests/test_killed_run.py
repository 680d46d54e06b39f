"""train.py killed with SIGKILL at a random moment: the resumed run goes on with the curve."""

from __future__ import annotations

import csv
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from algorithms.checkpoint import TRAINING_STATE, load_networks, recover
from algorithms.sac import SAC, SACSettings

ROOT = Path(__file__).parents[1]
OFTEN = [
    "Agent.num_steps=100000000", "Agent.checkpoint_freq=300", "Agent.eval_interval=0", "Agent.update_interval=16",
    "SAC.log_interval=3", "Agent.memory_size=2000", "torch_threads=1",
]  # fmt: skip


def _start(*arguments: str) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "train.py", *arguments], cwd=ROOT, stdout=subprocess.DEVNULL)


def _rows(run: Path) -> list[dict[str, str]]:
    path = run / "summary.csv"
    if not path.is_file():
        return []
    whole = [line for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]
    return list(csv.DictReader(whole))


def _kill_somewhere(program: subprocess.Popen, run: Path, after: int, moment: random.Random) -> None:
    """Kill it once it has logged something after step `after` and saved something new."""
    saved = (run / TRAINING_STATE).stat().st_mtime if (run / TRAINING_STATE).is_file() else 0.0
    deadline = time.monotonic() + 120
    try:
        while program.poll() is None and time.monotonic() < deadline:
            rows = _rows(run)
            state = run / TRAINING_STATE
            if rows and int(rows[-1]["step"]) > after and state.is_file() and state.stat().st_mtime > saved:
                break
            time.sleep(0.02)
        time.sleep(moment.uniform(0.0, 0.3))
        assert program.poll() is None
    finally:
        program.kill()
        program.wait()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
@pytest.mark.parametrize("algo", ["sac", "discor"])
def test_a_killed_run_is_resumed_where_it_was(algo: str, tmp_path: Path) -> None:
    run, moment = tmp_path / "run", random.Random(algo)
    debug = ["--config", "configs/debug.yaml", "--algo", algo, f"work_dir={run}", "DisCor.error_hidden_units=[16]"]
    _kill_somewhere(_start(*debug, *OFTEN), run, 0, moment)
    first = _rows(run)
    recover(run)
    checkpoints = list((run / "model" / "checkpoints").iterdir())
    assert checkpoints
    for folder in checkpoints:
        agent = SAC(125, 3, SACSettings(policy_hidden_units=(32, 32), q_hidden_units=(32, 32)))
        assert load_networks(folder, agent.modules()) == []
        assert (folder / "online_error_net.pth").is_file() == (algo == "discor")

    _kill_somewhere(_start("--resume", str(run)), run, int(first[-1]["step"]), moment)
    rows = _rows(run)
    steps = [int(row["step"]) for row in rows]
    assert steps == sorted(set(steps))
    kept = [row for row in first if int(row["step"]) <= int(first[-1]["step"]) - 600]  # older than the last two saves
    assert kept == rows[: len(kept)]
    updates = [int(row["time/updates"]) for row in rows]
    assert updates == list(range(3, 3 * len(rows) + 1, 3))  # no update lost or logged twice
    points = EventAccumulator(str(run / "summary")).Reload().Scalars("time/updates")
    curve = [(point.step, int(point.value)) for point in points]
    assert len(curve) >= len(rows) - 1  # the last row may have been killed before its point
    assert curve == list(zip(steps, updates, strict=True))[: len(curve)]
    elapsed = [float(row["time/elapsed_s"]) for row in rows]
    assert elapsed == sorted(elapsed)
