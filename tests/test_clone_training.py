"""train.py --algo bc from end to end at toy size, and what drives by its models."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from ac_gym.cli.main import app
from ac_gym.datasets.demonstrations import record_demonstrations
from ac_gym.datasets.reading import recording_files
from ac_gym.drivers import PicturePolicy

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import train  # noqa: E402

TOY = [
    "torch_threads=1", "BC.max_epochs=2", "BC.hidden_units=[8]", "BC.channels=[4]", "BC.kernels=[5]", "BC.strides=[4]",
    "BC.size=[32,16]", "BC.drawn_size=[64,48]", "AssettoCorsa.eval_number_of_laps=1", "AssettoCorsa.low_speed_time=1",
    "save_video=False", "AssettoCorsa.save_lap_csv=False",
]  # fmt: skip


@pytest.fixture(scope="module")
def laps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("laps")
    record_demonstrations(
        folder, track="indianapolis_sp", car="ks_mazda_miata", laps=2, paces=[0.9], noise=[0.0], seed=1
    )
    return folder


@pytest.fixture(scope="module", params=["vector", "pixels"])
def run(request: pytest.FixtureRequest, laps: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("outputs") / str(request.param)
    settings = [f"dataset_path={laps}", f"obs={request.param}", f"work_dir={path}"]
    assert train.main(["--algo", "bc", *settings, *TOY]) == 0
    return path


def test_a_run_leaves_its_files_and_drives_where_the_laps_were_driven(run: Path) -> None:
    names = {str(path.relative_to(run)) for path in run.rglob("*")}
    assert {"config.yaml", "system.json", "learning_curve.png", "training_state.pt", "model/final/policy.npz"} <= names
    config = yaml.safe_load((run / "config.yaml").read_text())["AssettoCorsa"]
    assert (config["track"], config["car"]) == ("indianapolis_sp", "ks_mazda_miata")
    assert config["use_relative_actions"] is False
    assert json.loads((run / "evaluation.json").read_text())["track"] == "indianapolis_sp"
    with (run / "summary.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["1", "2"]
    assert float(rows[1]["loss/train"]) < float(rows[0]["loss/train"])


def test_it_can_be_resumed_tested_and_driven(run: Path, capsys: pytest.CaptureFixture) -> None:
    assert train.main(["--resume", str(run), "BC.max_epochs=3", "torch_threads=1"]) == 0
    with (run / "summary.csv").open(newline="") as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["1", "2", "3"]
    assert train.main(["--test", "--load_path", str(run / "model" / "final"), "torch_threads=1"]) == 0
    assert "the limit is" in capsys.readouterr().out
    driven = CliRunner().invoke(app, ["drive", "--model", str(run), "--laps", "1"])
    assert driven.exit_code == 0, driven.output
    assert "Indianapolis" in driven.output


@pytest.mark.parametrize("obs", ["vector", "pixels"])
def test_reading_is_shown_before_anything_is_learned(
    laps: Path, tmp_path: Path, obs: str, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "file").touch()  # is no folder for a run: that is found when everything has been read
    nowhere = f"work_dir={tmp_path / 'file'}"
    assert train.main(["--algo", "bc", f"dataset_path={laps}", f"obs={obs}", nowhere, *TOY]) == 2
    said = capsys.readouterr().out
    files = recording_files(laps)
    assert said.startswith(f"reading {len(files)} recordings\n")
    assert files[-1].name in said
    assert f"{len(files)}/{len(files)}" in said


def test_the_transform_travels_with_a_model_of_pictures(run: Path) -> None:
    if run.name != "pixels":
        pytest.skip("of pictures")
    seen = PicturePolicy.load(run / "model" / "final").seen
    assert (seen.transform.size, seen.size, seen.view, seen.rate) == ((32, 16), (64, 48), "cockpit", 25.0)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ([], "needs dataset_path"),
        (["dataset_path=/nowhere/laps"], "no such file or folder"),
        (["dataset_path={laps}", "obs=both"], "numbers or pictures, not both"),
        (["dataset_path={laps}", "BC.expert=somebody"], "unknown expert"),
        (["dataset_path={laps}", "obs=pixels", "BC.crop=[0,0,2,1]"], "inside the picture"),
        (["dataset_path={laps}", "BC.strides=[2]"], "a number for each layer"),
        (["dataset_path={laps}", "BC.patients=3"], "BC.patience"),
        (["dataset_path={laps}", "BC.learning_rate=inf"], "BC.learning_rate must be a number above 0"),
        (["dataset_path={laps}", "BC.motion=nan"], "not below 0"),
        (["dataset_path={laps}", "BC.hidden_units=[0]"], "BC.hidden_units must be at least 1"),
        (["dataset_path={laps}", "seed=-1"], "seed must not be below 0"),
    ],
)
def test_a_mistake_is_one_clear_line(
    laps: Path, settings: list[str], words: str, capsys: pytest.CaptureFixture
) -> None:
    assert train.main(["--algo", "bc", *(each.format(laps=laps) for each in settings)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert words in error
    assert error.count("\n") == 1


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="Linux has a folder that takes nothing")
@pytest.mark.parametrize("folder", ["/proc/x", "/proc/self", "/dev/null"])
def test_a_folder_that_takes_nothing_is_one_clear_line(laps: Path, folder: str, capsys: pytest.CaptureFixture) -> None:
    assert train.main(["--algo", "bc", f"dataset_path={laps}", f"work_dir={folder}", *TOY]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {folder}: a run cannot be written there")
    assert error.count("\n") == 1


def test_driving_by_pictures_needs_a_model_of_pictures(run: Path) -> None:
    without = CliRunner().invoke(app, ["drive", "--source", "shm"])
    assert "needs --model" in str(without.exception)
    if run.name == "vector":
        wrong = CliRunner().invoke(app, ["drive", "--source", "shm", "--model", str(run)])
        assert "by numbers" in str(wrong.exception)
    else:
        blind = CliRunner().invoke(app, ["drive", "--world", "game", "--model", str(run)])
        assert "--source" in str(blind.exception)
