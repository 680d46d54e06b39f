"""A video and its telemetry as pictures with labels; frames carry their number, which is read back from the picture."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from PIL import Image

from ac_gym.datasets import Recording, recording_files
from ac_gym.datasets.own import write_own
from ac_gym.datasets.pictures import annotate_video
from ac_gym.errors import RecordingError
from ac_gym.recording.recorder import Recorder
from ac_gym.recording.schema import Header

av = pytest.importorskip("av")

BITS, BLOCK = 8, 16


def _picture(number: int) -> NDArray[np.uint8]:
    bits = [(number >> bit) & 1 for bit in range(BITS)]
    row = np.repeat(np.array(bits, np.uint8) * 220 + 16, BLOCK)
    return np.repeat(np.tile(row, (4 * BLOCK, 1))[..., None], 3, axis=2)


def _number(path: Path) -> int:
    """Of the frame in a picture."""
    row = np.asarray(Image.open(path).convert("L"), float)[2 * BLOCK].reshape(BITS, BLOCK).mean(axis=1)
    return sum(1 << bit for bit, value in enumerate(row) if value > 128)


def _video(path: Path, frames: int, rate: int = 10) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = BITS * BLOCK, 4 * BLOCK, "yuv420p"
        stream.options = {"preset": "ultrafast", "g": "5"}
        for number in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(_picture(number), format="rgb24")))
        container.mux(stream.encode(None))
    return path


def _inputs(path: Path, frames: list[int]) -> Path:
    lines = [f"{frame / 10},{frame},{0.001 * frame},0.5,0.0,{100 + frame}" for frame in frames]
    path.write_text("\n".join(["Timestamp,Frame,Steering,Throttle,Brake,SpeedKmh", *lines]) + "\n")
    return path


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("image_format", ["jpg", "png"])
def test_each_picture_has_the_row_of_its_frame(tmp_path: Path, image_format: str) -> None:
    video, inputs = _video(tmp_path / "a.mkv", 40), _inputs(tmp_path / "inputs.csv", list(range(40)))
    made = annotate_video(video, inputs, tmp_path / "out", image_format=image_format)
    assert (made.images, made.flaws) == (40, ())
    rows = _rows(made.data)
    assert list(rows[0]) == ["Image", "Timestamp", "Frame", "Steering", "Throttle", "Brake", "SpeedKmh"]
    for number, row in enumerate(rows):
        assert _number(tmp_path / "out" / row["Image"]) == number == int(row["Frame"])
        assert float(row["SpeedKmh"]) == 100 + number
    assert len(list((tmp_path / "out" / "processed_images").iterdir())) == 40


def test_what_has_no_partner_is_named(tmp_path: Path) -> None:
    inputs = _inputs(tmp_path / "inputs.csv", [0, 1, 2, 5, 5, 20, 21])
    with inputs.open("a") as file:
        file.write("1.2,3.5,0,0,0,0\n1.2,6,0,oops,0,0\n1.2\n")
    made = annotate_video(_video(tmp_path / "a.mkv", 8), inputs, tmp_path / "out")
    assert [str(flaw) for flaw in made.flaws] == [
        "rows 7-9: a cell is not a number, or is not there",
        "row 4: its frame has a row already: the first is kept",
        "frames 3-4, 6-7: has no telemetry",
        "frames 20-21: telemetry of a frame that the video does not have",
    ]
    assert [row["Frame"] for row in _rows(made.data)] == ["0", "1", "2", "5"]


def test_a_recording_is_matched_by_time(drive: Recording, tmp_path: Path) -> None:
    """Ten frames a second of a drive of ten seconds at 25 Hz; the video goes on for two more."""
    path = write_own(tmp_path / "drive.parquet", drive)
    made = annotate_video(_video(tmp_path / "a.mkv", 120), path, tmp_path / "out", offset_s=0.0)
    rows = _rows(made.data)
    assert made.images == 101
    assert [str(flaw) for flaw in made.flaws] == ["frames 101-119: has no telemetry"]
    for row in rows[::10]:
        time_s = int(row["Frame"]) / 10
        assert abs(float(row["Timestamp"]) - time_s) <= 0.0201
        nearest = round(float(row["Timestamp"]) * 25)
        assert float(row["SpeedKmh"]) == pytest.approx(3.6 * drive["speed"][nearest], abs=1e-5)


def test_a_shifted_clock(drive: Recording, tmp_path: Path) -> None:
    path = write_own(tmp_path / "drive.parquet", drive)
    made = annotate_video(_video(tmp_path / "a.mkv", 20), path, tmp_path / "out", offset_s=4.0)
    assert float(_rows(made.data)[0]["Timestamp"]) == pytest.approx(4.0)


def test_the_recorders_own_index_is_exact(drive: Recording, tmp_path: Path) -> None:
    """Pictures at uneven times, on the clock of the states."""
    with Recorder(tmp_path, Header(source="simulated", track="monza", car="bmw_z4_gt3", rate=25.0)) as recorder:
        for row, frame in enumerate(drive.frames):
            recorder.put(frame, 500.0 + row / 25)
    video = _video(tmp_path / "01_video.mp4", 30)
    rows_shown = np.sort(np.random.default_rng(0).choice(250, 30, replace=False))
    pq.write_table(pa.table({"time": 500.0 + rows_shown / 25}), tmp_path / "01_pictures.parquet")
    made = annotate_video(video, tmp_path / "01_telemetry.parquet", tmp_path / "out", image_format="png")
    assert (made.images, made.flaws) == (30, ())
    found = [float(row["SpeedKmh"]) for row in _rows(made.data)]
    np.testing.assert_allclose(found, 3.6 * drive["speed"][rows_shown], atol=1e-6)
    assert recording_files(tmp_path) == [tmp_path / "01_telemetry.parquet"]


def test_a_truncated_video_keeps_what_is_before(tmp_path: Path) -> None:
    video = _video(tmp_path / "a.mkv", 60)
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    made = annotate_video(video, _inputs(tmp_path / "inputs.csv", list(range(60))), tmp_path / "out")
    assert 10 < made.images < 60
    numbers = [int(row["Frame"]) for row in _rows(made.data)]
    assert numbers == list(range(made.images))
    (missing,) = [flaw for flaw in made.flaws if "does not have" in flaw.what]
    assert missing.rows == tuple(range(made.images, 60))


def test_other_files_are_refused(drive: Recording, tmp_path: Path) -> None:
    inputs = _inputs(tmp_path / "inputs.csv", [0])
    (tmp_path / "a.mp4").write_bytes(b"no video")
    with pytest.raises(RecordingError, match="cannot be opened as a video"):
        annotate_video(tmp_path / "a.mp4", inputs, tmp_path / "out")
    with pytest.raises(RecordingError, match="cannot be opened as a video"):
        annotate_video(tmp_path / "nothing.mkv", inputs, tmp_path / "out")
    (tmp_path / "b.csv").write_text("Frame,Steering\n0,1\n")
    with pytest.raises(RecordingError, match="has no column Timestamp, Throttle"):
        annotate_video(_video(tmp_path / "a.mkv", 2), tmp_path / "b.csv", tmp_path / "out")
    empty = replace(drive, frames=drive.frames[:0], controls=None)
    with pytest.raises(RecordingError, match="none of its 2 frames has telemetry"):
        annotate_video(tmp_path / "a.mkv", write_own(tmp_path / "e.parquet", empty), tmp_path / "out")
