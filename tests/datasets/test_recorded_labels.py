"""Labels of our own recorder's videos: the same from each of its files, those of the moment that a picture shows."""

from __future__ import annotations

import csv
import itertools
import time
from pathlib import Path

import numpy as np
import pytest
from numbered import NumberedSource, number_of, numbered
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner

from ac_gym.channels import COLUMNS, WIDTH
from ac_gym.cli.main import app
from ac_gym.datasets import Recording, read_recordings
from ac_gym.datasets.own import write_own
from ac_gym.datasets.pictures import annotate_video
from ac_gym.errors import AcGymError, ConfigError, RecordingError
from ac_gym.recording.reading import read_header, read_recording
from ac_gym.recording.recorder import Recorder, RecorderSettings
from ac_gym.recording.schema import Header, frames_of

av = pytest.importorskip("av")

LOCK = 320.0
RATE = 20.0


def _state(number: int) -> NDArray[np.float64]:
    """A state like no other."""
    frame = np.zeros(WIDTH)
    for name, value in {
        "speed": 20.0 + number / 3, "throttle": number / 128, "brake": 1.0 - number / 128, "steer_angle": number - 30.0,
        "gear": 3, "current_time": 1000.0 * number / RATE, "timestamp_ac": 7.0 + 0.9 * number / RATE,
    }.items():  # fmt: skip
        frame[COLUMNS[name]] = value
    return frame


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """States at 20 a second and pictures at 50, the first of which come before any state and the last after all."""
    folder = tmp_path_factory.mktemp("session")
    source = NumberedSource(rate=50.0, limit=110)
    header = Header(source="plugin", track="monza", car="bmw_z4_gt3", rate=RATE, steering_lock_deg=LOCK)
    settings = RecorderSettings(log_csv=True, inputs_csv=True)
    with Recorder(folder, header, settings, pictures=source) as recorder:
        time.sleep(0.3)
        for number in itertools.count():
            if number < 25:
                recorder.put(_state(number), time.perf_counter())
            if source.finished.wait(1.0 / RATE):
                break
    return folder


def _labels(session: Path, telemetry: str, out: Path, **options: float) -> list[dict[str, str]]:
    annotate_video(session / "01_video.mp4", session / telemetry, out, image_format="png", **options)  # type: ignore[arg-type]
    with (out / "processed_data.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_labels_are_those_of_the_state_that_was_nearest_when_the_picture_was_made(
    session: Path, tmp_path: Path
) -> None:
    recorded = read_recording(session / "01_telemetry.parquet")
    states, frames = recorded.table.column("time").to_numpy(), frames_of(recorded.table)
    index = read_recording(session / "01_pictures.parquet").table.to_pydict()
    rows = _labels(session, "01_telemetry.parquet", tmp_path)
    assert 30 < len(rows) < len(index["time"])  # not of the pictures before the first state, and after the last
    for row in rows:
        picture = int(row["Frame"])
        with Image.open(tmp_path / row["Image"]) as image:
            assert number_of(np.asarray(image.convert("RGB"))) == index["number"][picture]
        shown = frames[np.argmin(np.abs(states - index["time"][picture]))]
        assert abs(np.min(np.abs(states - index["time"][picture]))) <= 0.75 / RATE
        for name, channel, factor in (
            ("SpeedKmh", "speed", 3.6), ("Throttle", "throttle", 1.0), ("Brake", "brake", 1.0),
            ("Steering", "steer_angle", 1.0 / 450.0),
        ):  # fmt: skip
            assert float(row[name]) == pytest.approx(factor * shown[COLUMNS[channel]].item(), abs=1e-6)
        unix = index["time"][picture] + recorded.header.clock_offset
        assert float(row["Timestamp"]) == pytest.approx(unix, abs=2e-6)


def test_inputs_csv_gives_the_same_labels_as_the_parquet_file(session: Path, tmp_path: Path) -> None:
    exact = _labels(session, "01_telemetry.parquet", tmp_path / "a")
    found = _labels(session, "01_inputs.csv", tmp_path / "b")
    assert [row["Image"] for row in found] == [row["Image"] for row in exact]
    for row, other in zip(found, exact, strict=True):
        for name in ("Timestamp", "Frame", "Throttle", "Brake", "SpeedKmh"):
            assert row[name] == other[name]
        assert float(row["Steering"]) == pytest.approx(float(other["Steering"]), abs=2e-6)  # a share, of six digits


def test_the_loggers_csv_gives_the_same_labels_too(session: Path, tmp_path: Path) -> None:
    """It has a line for every picture, so more of them; its numbers have fewer digits, and no clock."""
    exact = _labels(session, "01_telemetry.parquet", tmp_path / "a")
    found = {row["Frame"]: row for row in _labels(session, "01_log.csv", tmp_path / "b")}
    assert len(found) == len(read_recording(session / "01_pictures.parquet").table)
    for row in exact:
        for name, digits in (("Throttle", 6e-5), ("Brake", 6e-5), ("SpeedKmh", 1e-3), ("Steering", 3e-6)):
            assert float(found[row["Frame"]][name]) == pytest.approx(float(row[name]), abs=digits)


def test_the_loggers_csv_without_the_video_is_refused(session: Path, tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"01_log.csv: the logger's CSV tells neither place nor clock"):
        read_recordings(session / "01_log.csv")
    other = _video(tmp_path / "other.mp4", 5)
    with pytest.raises(RecordingError, match=r"01_log.csv: no line of it names other.mp4"):
        annotate_video(other, session / "01_log.csv", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_shift_of_what_has_no_clock_is_refused(session: Path, tmp_path: Path) -> None:
    for telemetry in ("01_inputs.csv", "01_log.csv"):
        with pytest.raises(ConfigError, match="matched by the number"):
            annotate_video(session / "01_video.mp4", session / telemetry, tmp_path, offset_s=1.0)
    for offset in (float("nan"), float("inf")):
        with pytest.raises(ConfigError, match="offset must be a number"):
            annotate_video(session / "01_video.mp4", session / "01_telemetry.parquet", tmp_path, offset_s=offset)


def test_steering_of_a_collectors_file_is_a_share_of_the_named_cars_lock(tmp_path: Path) -> None:
    inputs = tmp_path / "inputs.csv"
    inputs.write_text("Timestamp,Frame,Steering,Throttle,Brake,SpeedKmh\n1.5,0,-0.5,0.25,0,100\n")
    video = _video(tmp_path / "a.mkv", 1)
    for car, expected in (("bmw_z4_gt3", -0.5 * LOCK / 450.0), ("", -0.5)):
        made = annotate_video(video, inputs, tmp_path / f"of_{car}", car=car)
        with made.data.open(newline="") as file:
            (row,) = csv.DictReader(file)
        assert float(row["Steering"]) == pytest.approx(expected, abs=1e-6)
        assert (row["Timestamp"], row["Throttle"], row["SpeedKmh"]) == ("1.5", "0.25", "100")


def test_labels_are_not_made_up(drive: Recording, tmp_path: Path) -> None:
    """A recording without pedals has no labels, and none of 0."""
    known = drive.known.copy()
    known[COLUMNS["brake"]] = False
    part = Recording("part", np.where(known, drive.frames, 0.0), known, 25.0)
    with pytest.raises(RecordingError, match="labels need brake, which it does not have"):
        annotate_video(_video(tmp_path / "a.mkv", 2), write_own(tmp_path / "part.parquet", part), tmp_path / "out")


# --- OBS --------------------------------------------------------------------------------------------------------------
def _video(path: Path, frames: int, rate: int = 50) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.height, stream.width = numbered(0).shape[:2]
        stream.pix_fmt, stream.options = "yuv420p", {"preset": "ultrafast"}
        for number in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(numbered(number), format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def beside_obs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, float]:
    """A recording beside OBS, the name of OBS's video, and s of perf_counter at its first frame."""
    pytest.importorskip("simpleobsws")
    from obs_server import ObsServer

    from ac_gym.recording.obs import ObsSettings

    folder = tmp_path_factory.mktemp("obs")
    with ObsServer("secret") as server:
        obs = ObsSettings(port=server.port, password="secret", timeout=2.0)
        with Recorder(folder, Header(source="plugin", rate=RATE), RecorderSettings(obs=obs)) as recorder:
            began = server.started_at
            assert began is not None
            for number in range(30):
                recorder.put(_state(number), began + 0.5 + number / RATE)
        name = server.path.rsplit("/", 1)[1]
    return folder / "01_telemetry.parquet", name, began


def test_obs_video_is_laid_on_the_clock_of_the_states(beside_obs: tuple[Path, str, float], tmp_path: Path) -> None:
    """Its time 0 was half a second before the first state: a frame at 1.0 s shows the state of 0.5 s."""
    telemetry, name, began = beside_obs
    header = read_header(telemetry)
    made = annotate_video(_video(tmp_path / name, 100), telemetry, tmp_path / "out")
    assert "matched by OBS's clock" in made.notes[0]
    with made.data.open(newline="") as file:
        rows = list(csv.DictReader(file))
    off = 0.002 + 2 * header.end["obs"]["uncertainty"]  # it tells whole milliseconds
    assert abs(int(rows[0]["Frame"]) / 50 - (0.5 - 0.75 / RATE)) <= 0.02 + off
    for row in rows:
        at = int(row["Frame"]) / 50
        assert abs(float(row["Timestamp"]) - (began + at + header.clock_offset)) <= off
        state = round(3 * (float(row["SpeedKmh"]) / 3.6 - 20.0))
        assert abs(0.5 + state / RATE - at) <= 0.75 / RATE + off


def test_obs_video_of_another_name_is_told_its_offset(beside_obs: tuple[Path, str, float], tmp_path: Path) -> None:
    telemetry, name, _ = beside_obs
    renamed, named = _video(tmp_path / "renamed.mkv", 100), _video(tmp_path / name, 100)
    told = annotate_video(renamed, telemetry, tmp_path / "a").notes[0]
    assert "by the time since the first row" in told
    offset = float(told.split("--offset ")[1].split(",")[0])
    assert offset == pytest.approx(-0.5, abs=0.01)
    shifted = annotate_video(renamed, telemetry, tmp_path / "b", offset_s=offset)
    exact = annotate_video(named, telemetry, tmp_path / "c")
    speeds = []
    for made in (shifted, exact):
        with made.data.open(newline="") as file:
            speeds.append({row["Frame"]: row["SpeedKmh"] for row in csv.DictReader(file)})
    both = speeds[0].keys() & speeds[1].keys()
    assert len(both) > 50
    assert sum(speeds[0][frame] != speeds[1][frame] for frame in both) <= 2  # the offset has whole milliseconds


def test_another_video_is_laid_on_the_recorders_clock(session: Path, tmp_path: Path) -> None:
    """The game's own clock ran slower here, as where the game is slowed or waits."""
    made = annotate_video(_video(tmp_path / "phone.mp4", 50), session / "01_telemetry.parquet", tmp_path / "out")
    recorded = read_recording(session / "01_telemetry.parquet")
    states = recorded.table.column("time").to_numpy()
    with made.data.open(newline="") as file:
        for row in csv.DictReader(file):
            nearest = np.argmin(np.abs(states - states[0] - int(row["Frame"]) / 50))
            assert float(row["SpeedKmh"]) == pytest.approx(3.6 * (20.0 + nearest / 3), abs=1e-5)


# --- the command ------------------------------------------------------------------------------------------------------
def test_the_command_makes_them_and_tells_how_they_were_matched(session: Path, tmp_path: Path) -> None:
    video, inputs = str(session / "01_video.mp4"), str(session / "01_inputs.csv")
    command = ["convert", video, "--to", "pictures", "--telemetry", inputs, "-o", str(tmp_path)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "frames are matched by number; steering is shares of 320 degrees" in result.output
    with pytest.raises(AcGymError, match="processed_images exists"):
        CliRunner().invoke(app, command, catch_exceptions=False)
    with pytest.raises(AcGymError, match="--rate"):
        CliRunner().invoke(app, [*command, "--rate", "5"], catch_exceptions=False)
