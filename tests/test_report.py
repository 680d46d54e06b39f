"""What a run leaves to look at, and the commands that make it."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from ac_gym.car import available_cars, load_car
from ac_gym.cli.main import app
from ac_gym.drivers import LineFollower
from ac_gym.errors import AcGymError
from ac_gym.evaluation import Evaluation, drive_laps
from ac_gym.report import write_report
from ac_gym.report.learning import plot_learning
from ac_gym.report.video import write_video
from ac_gym.track import load_track

pytest.importorskip("matplotlib")

TRACK, CAR = "indianapolis_sp", "bmw_z4_gt3"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return drive_laps(LineFollower(load_track(TRACK), load_car(CAR), pace=0.85), track=TRACK, car=CAR, laps=1)


@pytest.fixture(scope="module")
def failed() -> Evaluation:
    """A car that goes straight on, and out."""

    def straight_on(observation: np.ndarray) -> np.ndarray:
        return np.array([[0.0, 1.0, -1.0]], np.float32)

    return drive_laps(straight_on, track="monza", car=CAR)


@pytest.fixture(scope="module")
def folder(evaluation: Evaluation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report")
    with (path / "summary.csv").open("w", newline="") as file:
        writer = csv.DictWriter(
            file,
            ["step", "time/elapsed_s", "episode/return", "laps/completed", "laps/clean", "eval/best_lap_s"],
            restval="",
        )
        writer.writeheader()
        for k in range(1, 20):
            row = {"step": 1000 * k, "time/elapsed_s": 2.0 * k, "episode/return": k**0.5}
            writer.writerow(
                row | {"laps/completed": 3 * k, "laps/clean": k} | ({"eval/best_lap_s": 80} if k > 9 else {})
            )
    written = write_report(path, evaluation, video=False)
    assert all(file.is_file() for file in written)
    return path


@pytest.mark.parametrize("name", ["learning_curve.png", "lap_line.png", "lap_speed.png"])
def test_plots_are_pictures_with_something_on_them(folder: Path, name: str) -> None:
    from matplotlib.image import imread

    assert (folder / name).read_bytes().startswith(PNG)
    picture = imread(folder / name)
    assert min(picture.shape[:2]) > 500
    assert len(np.unique((255 * picture[::4, ::4, :3]).astype(np.uint8).reshape(-1, 3), axis=0)) > 50


def test_tables_tell_what_was_driven(folder: Path, evaluation: Evaluation) -> None:
    assert json.loads((folder / "evaluation.json").read_text()) == json.loads(json.dumps(evaluation.as_dict()))
    with (folder / "episodes_stats.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert float(row["best_lap_s"]) == evaluation.best_s
    assert row["end_reason"] == "lap_limit"


def test_lap_telemetry_is_complete(folder: Path, evaluation: Evaluation) -> None:
    with (folder / "laps" / "car0_lap01.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    lap = evaluation.laps[0]
    assert len(rows) == lap.last - lap.first + 1
    assert {"time_s", "s", "speed", "slip_angle_3", "world_position_0", "action_steer", "reward"} <= rows[0].keys()
    speed = evaluation.stints[0].telemetry["speed"][lap.first : lap.last + 1]
    np.testing.assert_allclose([float(row["speed"]) for row in rows], speed, rtol=1e-5)


def test_a_lap_that_was_not_finished_is_shown_too(failed: Evaluation, tmp_path: Path) -> None:
    names = {path.name for path in write_report(tmp_path, failed, lap_csv=False, video=False)}
    assert names == {"evaluation.json", "episodes_stats.csv", "lap_line.png", "lap_speed.png"}


def test_the_video_shows_the_lap_from_start_to_end(failed: Evaluation, tmp_path: Path) -> None:
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")
    path = write_video(tmp_path / "lap.mp4", failed)
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-loglevel",
        "error",
        "-i",
        str(path),
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-",
    ]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    pictures = np.frombuffer(raw, np.uint8).reshape(-1, 480, 640, 3)
    assert len(pictures) == pytest.approx(len(failed.shown().time_s), abs=2)  # 25 control steps a second, in real time
    assert np.abs(pictures[0].astype(int) - pictures[-1]).mean() > 1.0


@pytest.mark.parametrize("text", ["", "step,episode/return\n", "step,episode/return\n1000,1.5\n"])
def test_a_run_that_logged_nothing_has_no_learning_curve(text: str, failed: Evaluation, tmp_path: Path) -> None:
    (tmp_path / "summary.csv").write_text(text)
    assert plot_learning(tmp_path / "summary.csv", tmp_path / "curve.png", failed) == []


def test_the_missing_encoder_is_named(failed: Evaluation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(AcGymError) as caught:
        write_video(tmp_path / "lap.mp4", failed)
    assert "ac_gym[train]" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_drive_prints_laps_and_writes_the_report(tmp_path: Path) -> None:
    arguments = ["drive", "--track", TRACK, "--pace", "0.85", "--laps", "1", "--no-video", "--output", str(tmp_path)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    assert "out lap" in result.output
    assert "best clean lap" in result.output
    assert (tmp_path / "lap_line.png").is_file()


def test_cars_are_listed_and_shown() -> None:
    listed = CliRunner().invoke(app, ["cars", "list", "--track", TRACK])
    assert all(name in listed.output for name in available_cars())
    shown = CliRunner().invoke(app, ["cars", "show", CAR])
    assert shown.exit_code == 0
    for figure in ("chassis_mass", "engine_torque_curve", "fuel_start"):
        assert figure in shown.output
    assert "fitted" in shown.output
    assert "arXiv 2407.16680" in shown.output


@pytest.mark.parametrize(
    "arguments", [["drive", "--track", "monsa"], ["drive", "--car", "bmw"], ["cars", "show", "miata"]]
)
def test_unknown_names_are_told(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, AcGymError)
    assert "did you mean" in str(result.exception)
