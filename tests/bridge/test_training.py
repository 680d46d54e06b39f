"""`train.py AssettoCorsa.world=game`, start to end."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest
from serving import serving

TRAIN = Path(__file__).parents[2] / "train.py"
TINY = [
    "Agent.num_steps=300", "Agent.start_steps=100", "Agent.batch_size=16", "Agent.memory_size=1000",
    "SAC.policy_hidden_units=[16,16]", "SAC.q_hidden_units=[16,16]", "SAC.log_interval=20",
    "AssettoCorsa.eval_number_of_laps=1", "AssettoCorsa.max_episode_py_time=5", "AssettoCorsa.low_speed_time=2",
    "save_video=false",
]  # fmt: skip


@pytest.mark.parametrize("evaluations", [0, 150])
def test_it_learns_through_the_bridge(tmp_path: Path, evaluations: int) -> None:
    with serving("--track=indianapolis_sp", "--speed=max", "--reset=random") as served:
        settings = served.settings(track="indianapolis_sp")
        command = [
            sys.executable, str(TRAIN), *(f"AssettoCorsa.{key}={value}" for key, value in settings.items()), *TINY,
            f"Agent.eval_interval={evaluations}", f"work_dir={tmp_path / 'run'}",
        ]  # fmt: skip
        run = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert run.returncode == 0, run.stderr
        assert served.process.poll() is None
    assert "of 25 asked for" in run.stdout or "(25 asked for)" in run.stdout  # the report on real time
    with open(tmp_path / "run" / "summary.csv") as file:
        rows = [row for row in csv.DictReader(file) if row["time/updates"]]
    assert float(rows[-1]["time/updates"]) == pytest.approx(200, abs=25)
    assert float(rows[-1]["world/packets_lost"]) == 0.0
    assert (tmp_path / "run" / "model" / "final" / "policy_net.pth").is_file()


def test_it_learns_in_real_time(tmp_path: Path) -> None:
    """25 states a second, none lost, an update a step worked off between two of them."""
    with serving("--track=indianapolis_sp", "--reset=random") as served:
        settings = served.settings(track="indianapolis_sp")
        command = [
            sys.executable, str(TRAIN), *(f"AssettoCorsa.{key}={value}" for key, value in settings.items()), *TINY,
            "Agent.num_steps=200", f"work_dir={tmp_path / 'run'}",
        ]  # fmt: skip
        run = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert run.returncode == 0, run.stderr
    report = re.search(r"(\d+) steps at ([\d.]+) Hz .*, (\d+) states? skipped.* lost (\d+),", run.stdout)
    assert report, run.stdout
    steps, skipped, lost = int(report[1]), int(report[3]), int(report[4])
    assert steps >= 150
    assert float(report[2]) == pytest.approx(25.0 * steps / (steps + skipped), rel=0.05)  # a busy machine skips some
    assert lost == 0
    with open(tmp_path / "run" / "summary.csv") as file:
        rows = [row for row in csv.DictReader(file) if row["time/updates"]]
    assert float(rows[-1]["time/updates"]) == pytest.approx(100, abs=25)


def test_the_game_without_anybody_there_is_one_clear_line() -> None:
    command = [sys.executable, str(TRAIN), "AssettoCorsa.world=game", "AssettoCorsa.game_timeout=0.5"]
    ports = ["AssettoCorsa.simulation_management_server_port=9", "AssettoCorsa.ego_server_port=9"]
    run = subprocess.run([*command, *ports], capture_output=True, text=True, timeout=60)
    assert run.returncode == 2
    assert run.stderr.startswith("error: ")
    assert run.stderr.count("\n") == 1
    assert "ac-gym" in run.stderr or "game" in run.stderr
