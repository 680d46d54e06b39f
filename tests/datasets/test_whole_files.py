"""What is written is whole under its name, or not there; nothing is overwritten; a disk that is full is one line."""

from __future__ import annotations

import contextlib
import csv
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numbered import numbered

from ac_gym.datasets import Recording
from ac_gym.datasets.comparison import Comparison, LapTrace, plot_comparison
from ac_gym.datasets.convert import convert_files, convert_to_minari
from ac_gym.datasets.listing import Listed, read_list, write_list
from ac_gym.datasets.own import write_own
from ac_gym.datasets.pictures import annotate_video
from ac_gym.datasets.whole import new_file, new_folder
from ac_gym.errors import ConfigError, RecordingError

FORMATS = ("parquet", "reference", "motec", "csv")
Write = Callable[[Path], object]


@contextlib.contextmanager
def _small_disk(limit: int) -> Iterator[None]:
    """No file grows beyond `limit` bytes: what a full disk does."""
    resource, signal = pytest.importorskip("resource"), pytest.importorskip("signal")
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.fixture
def source(drive: Recording, tmp_path: Path) -> Path:
    return write_own(tmp_path / "in" / "drive.parquet", drive)


def _video(path: Path) -> Path:
    av = pytest.importorskip("av")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.height, stream.width = numbered(0).shape[:2]
        stream.pix_fmt = "yuv420p"
        for number in range(20):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(numbered(number), format="rgb24")))
        container.mux(stream.encode(None))
    return path


def _comparison() -> Comparison:
    line = np.linspace(0.0, 100.0, 50)
    trace = LapTrace("a", line, dict.fromkeys(("speed", "throttle", "brake", "steer_angle"), line), 100.0)
    return Comparison(line, trace, trace)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.skipif(sys.platform == "win32", reason="needs RLIMIT_FSIZE")
@pytest.mark.parametrize("to", [*FORMATS, "minari", "pictures", "plot"])
def test_a_full_disk_is_one_line_and_leaves_no_half_files(source: Path, tmp_path: Path, to: str) -> None:
    out = tmp_path / "out"
    if to == "minari":
        pytest.importorskip("minari")
    video = _video(tmp_path / "a.mkv") if to == "pictures" else tmp_path
    writers: dict[str, Write] = {
        "minari": lambda out: convert_to_minari([source], "monza/test-v0", folder=out),
        "pictures": lambda out: annotate_video(video, source, out),
        "plot": lambda out: plot_comparison(out / "a.png", _comparison()),
    }
    write = writers.get(to, lambda out: list(convert_files([source], to, out)))
    with _small_disk(500), pytest.raises(RecordingError, match=r"out.*\(File too large") as told:
        write(out)
    assert "\n" not in str(told.value)
    assert not out.exists()
    write(out)  # with room again, nothing is in its way
    assert _files(out)


@pytest.mark.parametrize("to", FORMATS)
def test_files_that_are_there_stay(source: Path, tmp_path: Path, to: str) -> None:
    list(convert_files([source], to, tmp_path / "out"))
    before = {path: path.read_bytes() for path in _files(tmp_path / "out")}
    for path, content in before.items():  # each of them alone is in the way
        for other in before:
            other.unlink(missing_ok=True)
        path.write_bytes(b"precious")
        with pytest.raises(RecordingError, match=f"{path.name} exists"):
            list(convert_files([source], to, tmp_path / "out"))
        assert {found: found.read_bytes() for found in _files(tmp_path / "out")} == {path: b"precious"}
        path.write_bytes(content)


@pytest.mark.parametrize("there", ["processed_images", "processed_data.csv"])
def test_pictures_are_not_mixed_with_older_ones(source: Path, tmp_path: Path, there: str) -> None:
    out, video = tmp_path / "out", _video(tmp_path / "a.mkv")
    made = annotate_video(video, source, out)
    with made.data.open(newline="") as file:
        assert len(list(csv.DictReader(file))) == made.images == len(_files(out)) - 1
    for name in {"processed_images", "processed_data.csv"} - {there}:
        (out / name).rename(tmp_path / name)
    with pytest.raises(RecordingError, match=f"{there} exists"):
        annotate_video(video, source, out)


def test_a_place_that_cannot_be_written_is_one_line(source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for write in (
        lambda out: list(convert_files([source], "csv", out)),
        lambda out: plot_comparison(out / "a.png", _comparison()),
        lambda out: write_list(out / "laps.yaml", []),
    ):
        with pytest.raises(RecordingError, match=r"file/.*: cannot be written \("):
            write(tmp_path / "file" / "folder")


def test_a_picture_of_laps_has_a_pictures_name(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"laps.parquet: pictures are written as .*png"):
        plot_comparison(tmp_path / "laps.parquet", _comparison())
    assert plot_comparison(tmp_path / "laps.svg", _comparison()).read_text().startswith("<?xml")


def test_a_list_that_cannot_be_replaced_is_kept(tmp_path: Path) -> None:
    path = write_list(tmp_path / "laps.yaml", [Listed("monza", "car", "a")])
    with pytest.raises(RecordingError, match="File too large"), _small_disk(10):
        write_list(path, [Listed("monza", "car", "b")])
    assert [entry.id for entry in read_list(path)] == ["a"]


def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    def interrupted() -> None:
        with new_file(tmp_path / "a") as file, new_folder(tmp_path / "b") as folder:
            file.write_text("half")
            (folder / "c").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_the_folders_made_for_it_go_with_what_was_not_finished(tmp_path: Path) -> None:
    def interrupted() -> None:
        with new_folder(tmp_path / "mine" / "new" / "b"):
            raise KeyboardInterrupt

    (tmp_path / "mine").mkdir()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.rglob("*")) == [tmp_path / "mine"]


def test_a_partial_folder_of_somebody_else_stays(tmp_path: Path) -> None:
    """A user's, or that which another process is writing."""
    others = tmp_path / "b.partial" / "precious"
    others.parent.mkdir()
    others.write_text("theirs")
    with new_folder(tmp_path / "b") as folder:
        (folder / "a").write_text("mine")
    assert others.read_text() == "theirs"
    assert (tmp_path / "b" / "a").read_text() == "mine"


def test_what_a_kill_left_is_not_touched_by_a_process_of_the_same_number(tmp_path: Path) -> None:
    left = tmp_path / f"b.{os.getpid()}.partial"
    left.mkdir()
    with pytest.raises(RecordingError, match=rf"{left.name} exists: remove it"), new_folder(tmp_path / "b"):
        pass
    assert list(tmp_path.iterdir()) == [left]


@pytest.mark.parametrize("new", [new_file, new_folder])
def test_two_processes_that_write_the_same_do_not_disturb_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new: Callable[[Path], contextlib.AbstractContextManager[Path]]
) -> None:
    """The first to end has the name; the other is told, and its own is cleared away."""

    def both() -> None:
        with new(tmp_path / "a") as slow:
            monkeypatch.setattr("os.getpid", lambda: -1)
            with new(tmp_path / "a") as fast:
                _fill(fast, "fast")
            _fill(slow, "slow")

    with pytest.raises(RecordingError, match="a exists: remove it, or choose another place"):
        both()
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]
    assert [path.read_text() for path in [tmp_path / "a", *_files(tmp_path / "a")] if path.is_file()] == ["fast"]


def _fill(path: Path, text: str) -> None:
    (path / "text" if path.is_dir() else path).write_text(text)


def test_a_name_that_cannot_be_given_leaves_nothing(tmp_path: Path) -> None:
    """As on Windows, where a file that is open elsewhere keeps its name."""
    (tmp_path / "a" / "in the way").mkdir(parents=True)

    def replaced() -> None:
        with new_file(tmp_path / "a", replace=True) as file:
            file.write_text("whole")

    with pytest.raises(RecordingError, match=r"a: cannot be written \("):
        replaced()
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_an_error_is_told_of_the_file_that_it_is_of(tmp_path: Path) -> None:
    missing = tmp_path / "no such input"

    def reads() -> None:
        with new_folder(tmp_path / "b"):
            missing.read_text()

    def writes_beside() -> None:
        with new_folder(tmp_path / "b") as folder, new_file(tmp_path / "c"):
            (folder / "nowhere" / "d").write_text("")

    for fails, named in ((reads, missing), (writes_beside, tmp_path / "b" / "nowhere" / "d")):
        with pytest.raises(RecordingError, match=f"^{re.escape(str(named))}: No such file or directory$"):
            fails()


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_one_line(source: Path, tmp_path: Path, rate: float) -> None:
    with pytest.raises(ConfigError, match="rows a second must be a number above 0"):
        list(convert_files([source], "csv", tmp_path / "out", rate=rate))
