"""train.py from end to end at toy size."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from algorithms.guided import GuidedReplay

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import train  # noqa: E402

DEBUG = ["--config", str(ROOT / "configs" / "debug.yaml")]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("outputs") / "run"
    assert train.main([*DEBUG, f"work_dir={path}", "torch_threads=1"]) == 0
    return path


def test_a_run_leaves_its_files(run: Path) -> None:
    names = {str(path.relative_to(run)) for path in run.rglob("*")}
    assert {"config.yaml", "log.log", "summary.csv", "training_state.pt", "model/final/policy_net.pth"} <= names
    assert len(list((run / "model" / "checkpoints").glob("step_*/online_q_net.pth"))) == 2
    with (run / "summary.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"loss/critic", "episode/return", "laps/completed", "eval/return"} <= set(rows[-1])


def test_saved_networks_are_driven_with_the_settings_of_their_run(run: Path, capsys: pytest.CaptureFixture) -> None:
    assert train.main(["--test", "--load_path", str(run / "model" / "final"), "torch_threads=1"]) == 0
    assert "the limit is" in capsys.readouterr().out


def test_resume_goes_on_where_the_run_was(run: Path) -> None:
    assert train.main(["--resume", str(run), "Agent.num_steps=6000", "torch_threads=1"]) == 0
    with (run / "summary.csv").open(newline="") as file:
        steps = [int(row["step"]) for row in csv.DictReader(file)]
    assert steps == sorted(steps)
    assert 5500 < steps[-1] <= 6100
    assert min(steps) < 4000


def test_demonstrations_are_driven_before_learning_and_again_on_resuming(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guides: list[GuidedReplay] = []

    class Watched(GuidedReplay):
        def __init__(self, *memory: Any, **guide: Any) -> None:
            super().__init__(*memory, **guide)
            guides.append(self)

    monkeypatch.setattr(train, "GuidedReplay", Watched)
    path = tmp_path / "run"
    tiny = ["Agent.num_steps=1200", "Agent.eval_interval=0", "torch_threads=1"]
    demonstrations = ["Agent.demonstration_steps=800", "Agent.demonstration_share=0.25"]
    assert train.main([*DEBUG, f"work_dir={path}", *tiny, *demonstrations]) == 0
    assert train.main(["--resume", str(path), "Agent.num_steps=1400"]) == 0
    assert len(guides) == 2
    first, again = (replay._guide for replay in guides)
    assert 800 <= len(first) < 900  # steps, and a row more for each end of an episode
    assert [replay._share for replay in guides] == [0.25, 0.25]
    for name in ("obs", "action", "reward", "kind"):
        np.testing.assert_array_equal(first.state_dict()[name], again.state_dict()[name])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Agent.num_step=3"], "did you mean Agent.num_steps"),
        (["AssettoCorsa.track=monsa"], "monza"),
        (["AssettoCorsa.car=bmw_z4"], "bmw_z4_gt3"),
        (["obs=pixel"], "pixels"),
        (["obs=pixels", "AssettoCorsa.obs_size=[9,9]", "Agent.demonstration_steps=0"], "too small for the encoder"),
        (["AssettoCorsa.world=game"], "game"),
        (["--test"], "--load_path"),
        (["--test", "--load_path", "/nowhere"], "no policy_net.pth in /nowhere"),
        (["--resume", "/nowhere"], "/nowhere"),
    ],
)
def test_mistakes_are_one_clear_line(arguments: list[str], message: str, capsys: pytest.CaptureFixture) -> None:
    assert train.main(arguments) == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("error: ")
    assert message in error
    assert "\n" not in error


def test_pictures_are_learned_from_saved_resumed_and_driven_by(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    path = tmp_path / "run"
    tiny = [
        "AssettoCorsa.num_cars=4", "AssettoCorsa.obs_size=[36, 36]", "AssettoCorsa.eval_number_of_laps=1",
        "Agent.num_steps=240", "Agent.start_steps=40", "Agent.demonstration_steps=100", "Agent.batch_size=8",
        "Agent.memory_size=400", "Agent.eval_interval=0", "Encoder.kernels=[6, 3, 3]", "save_video=false",
        "torch_threads=1", f"work_dir={path}",
    ]  # fmt: skip
    assert train.main(["obs=both", *tiny]) == 0
    assert (path / "model" / "final" / "encoder.pth").is_file()
    assert train.main(["--resume", str(path), "Agent.num_steps=300"]) == 0
    assert train.main(["--test", "--load_path", str(path / "model" / "final"), "torch_threads=1"]) == 0
    assert "the limit is" in capsys.readouterr().out


def test_presets_belong_to_what_asks_for_them() -> None:
    def preset(*arguments: str) -> str | None:
        chosen = train._config_file(train._parser().parse_args(arguments))
        return chosen.name if chosen else None

    assert preset("obs=pixels") == preset("seed=1", "obs=both") == "pixels.yaml"
    assert preset("obs=vector") is None
    assert preset("AssettoCorsa.world=game") == "game.yaml"
    assert preset("obs=pixels", "--config", "mine.yaml") == "mine.yaml"
