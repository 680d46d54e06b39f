"""Pictures to files and video: which is which, when it was made, and what was left out."""

from __future__ import annotations

import itertools
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from numbered import number_of, numbered

from ac_gym.capture import Frame
from ac_gym.errors import RecordingError, UnknownNameError
from ac_gym.recording.pictures import TIME_BASE, PictureRecorder, PictureSettings, nearest
from ac_gym.recording.reading import read_header, read_recording
from ac_gym.recording.schema import Header

av = pytest.importorskip("av")
Image = pytest.importorskip("PIL.Image")


def decoded(path: Path) -> list[tuple[int, int]]:
    """(number in the picture, pts in TIME_BASE) of each frame of a video."""
    with av.open(str(path)) as video:
        frames = list(video.decode(video=0))
        return [(number_of(f.to_ndarray(format="rgb24")), round(f.pts * f.time_base / TIME_BASE)) for f in frames]


def opened(file: Path) -> np.ndarray:
    with Image.open(file) as image:
        return np.asarray(image)


def record(folder: Path, frames: list[Frame], **settings: object) -> PictureRecorder:
    recorder = PictureRecorder(folder, "01", Header(), PictureSettings(**settings))  # type: ignore[arg-type]
    assert all([recorder.put(frame) for frame in frames])
    recorder.close()
    assert recorder.problem is None
    return recorder


def irregular(count: int) -> list[Frame]:
    gaps = np.random.default_rng(3).uniform(0.005, 0.05, count).cumsum()
    return [Frame(numbered(i), i, 50.0 + float(gaps[i])) for i in range(count)]


def test_a_video_has_every_picture_at_its_time(tmp_path: Path) -> None:
    frames = irregular(70)
    record(tmp_path, frames)
    index = read_recording(tmp_path / "01_pictures.parquet").table.to_pydict()
    assert index["number"] == index["index"] == list(range(70))
    assert index["time"] == [frame.time for frame in frames]
    video = decoded(tmp_path / "01_video.mp4")
    assert [number for number, _ in video] == index["number"]
    assert [pts for _, pts in video] == index["pts"]
    seconds = np.array(index["pts"]) * float(TIME_BASE)
    assert np.allclose(seconds, np.array(index["time"]) - frames[0].time, atol=1e-5)
    assert sorted(os.listdir(tmp_path)) == ["01_pictures.parquet", "01_video.mp4"]


@pytest.mark.parametrize(("kind", "suffix"), [("png", ".png"), ("jpeg", ".jpg")])
def test_pictures_as_files(tmp_path: Path, kind: str, suffix: str) -> None:
    record(tmp_path, irregular(5), kind=kind)
    files = sorted((tmp_path / "01_images").iterdir())
    assert [file.name for file in files] == [f"{i:06d}{suffix}" for i in range(5)]
    images = [opened(file) for file in files]
    assert [number_of(image) for image in images] == list(range(5))
    if kind == "png":
        assert np.array_equal(images[3], numbered(3))


def test_gray_and_odd_sizes(tmp_path: Path) -> None:
    gray = [Frame(numbered(i, 97, 289)[:, :, :1], i, i / 10) for i in range(3)]
    record(tmp_path / "video", gray)
    assert [number for number, _ in decoded(tmp_path / "video" / "01_video.mp4")] == [0, 1, 2]
    record(tmp_path / "png", gray, kind="png")
    assert opened(tmp_path / "png" / "01_images" / "000002.png").shape == (97, 289)


def test_a_clock_that_goes_back_is_told_and_the_video_still_plays(tmp_path: Path) -> None:
    times = [1.0, 1.1, 1.05, 0.2, 1.2, 1.3]
    record(tmp_path, [Frame(numbered(i), i, t) for i, t in enumerate(times)])
    video = decoded(tmp_path / "01_video.mp4")
    assert [number for number, _ in video] == list(range(6))
    assert all(later > earlier for (_, earlier), (_, later) in itertools.pairwise(video))
    recorded = read_recording(tmp_path / "01_pictures.parquet")
    assert recorded.table.column("time").to_pylist() == times
    assert recorded.header.end["time_reversed"] == 2


def test_a_slow_encoder_holds_nobody_up_and_drops_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = irregular(12)
    monkeypatch.setattr("ac_gym.recording.pictures._WAITING", 3 * frames[0].image.nbytes)
    go = threading.Event()
    recorder = PictureRecorder(tmp_path, "01", Header(), PictureSettings(kind="png"), lambda *_: go.wait(10.0) or None)
    taken = [recorder.put(frame) for frame in frames[:8]]
    assert taken == [True] * 3 + [False] * 5  # and none of them waited for `go`
    go.set()
    while not recorder.put(frames[10]):
        pass
    dropped = recorder.dropped
    recorder.close()
    index = read_recording(tmp_path / "01_pictures.parquet").table.to_pydict()
    assert index["number"] == [0, 1, 2, 10]
    assert index["dropped"] == [0, 0, 0, dropped]
    end = read_header(tmp_path / "01_pictures.parquet").end
    assert end["dropped"] == dropped >= 5
    assert end["missed"] >= 2  # 8 and 9 were never offered


@pytest.mark.parametrize("step", [1, 2])  # the game's frames are numbered 1, 3, 5, ...
def test_pictures_that_never_came_are_counted_by_their_numbers(tmp_path: Path, step: int) -> None:
    seen = [0, 1, 2, 5, 6, 9, 3, 4]  # 3 and 4, 7 and 8 lacking; then the publisher began anew
    record(tmp_path, [Frame(numbered(i), 1 + step * i, 10.0 + k) for k, i in enumerate(seen)])
    assert read_header(tmp_path / "01_pictures.parquet").end["missed"] == 4


def test_unknown_kinds_and_files_in_the_way(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="jpeg"):
        PictureSettings(kind="jpg")
    (tmp_path / "01_video.mp4").write_bytes(b"precious")
    with pytest.raises(RecordingError, match="exists"):
        PictureRecorder(tmp_path, "01", Header(), PictureSettings())


@pytest.mark.parametrize(("time", "index"), [(-1.0, 0), (0.4, 0), (0.6, 1), (1.4, 1), (9.0, 2)])
def test_nearest(time: float, index: int) -> None:
    assert nearest([0.0, 1.0, 2.0], time, float) == index
