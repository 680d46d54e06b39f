"""A whole recording: its files, their agreement, and what happens when the disk or the clock does not do its part."""

from __future__ import annotations

import contextlib
import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numbered import NumberedSource, number_of

from ac_gym.channels import COLUMNS, WIDTH
from ac_gym.errors import RecordingError
from ac_gym.recording.logs import INPUTS_COLUMNS, LOGGER_COLUMNS
from ac_gym.recording.pictures import PictureSettings
from ac_gym.recording.reading import read_header, read_recording
from ac_gym.recording.recorder import Recorder, RecorderSettings, next_stem
from ac_gym.recording.repair import repair
from ac_gym.recording.schema import Header, frames_of

HERE = Path(__file__).parent


def frame(number: int) -> np.ndarray:
    """A state that tells its number by several channels."""
    made = np.zeros(WIDTH)
    for name, value in {
        "steps": number, "current_time": 40.0 * number, "spline_position": number / 1000, "speed": 20.0, "gear": 3,
        "throttle": 0.5, "steer_angle": -90.0, "lap_invalidated": number >= 5, "rpm": number + 0.25, "clutch": 1.0,
    }.items():  # fmt: skip
        made[COLUMNS[name]] = value
    return made


def lines(path: Path) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_states_come_back_equal_with_what_the_plugin_said_of_them(tmp_path: Path) -> None:
    states = np.array([frame(i) for i in range(10)])
    with Recorder(tmp_path, Header(source="plugin", track="monza", rate=25.0), plugin=True) as recorder:
        for i, state in enumerate(states):
            assert recorder.put(state, 7.0 + i / 25, (i / 25, i + 1, 2))
    recorded = read_recording(tmp_path / "01_telemetry.parquet")
    assert np.array_equal(frames_of(recorded.table), states)
    assert recorded.table.column("time").to_pylist() == [7.0 + i / 25 for i in range(10)]
    assert recorded.table.column("sequence").to_pylist() == list(range(1, 11))
    assert recorded.table.column("flags").to_pylist() == [2] * 10
    header = recorded.header
    assert (header.track, header.rate, header.version != "") == ("monza", 25.0, True)
    assert abs(header.started - time.time()) < 600.0
    assert (header.end["rows"], header.end["dropped"], header.end["reason"]) == (10, 0, "stopped")


def test_recordings_of_a_session_are_numbered(tmp_path: Path) -> None:
    session = tmp_path / "captures" / "monday"
    for _ in range(2):
        Recorder(session, Header()).close()
    assert sorted(os.listdir(session)) == ["01_telemetry.parquet", "02_telemetry.parquet"]
    assert next_stem(session) == "03"
    assert next_stem(tmp_path / "absent") == "01"


def test_the_logger_csv_without_pictures_has_a_line_for_each_state(tmp_path: Path) -> None:
    with Recorder(tmp_path, Header(), RecorderSettings(log_csv=True)) as recorder:
        for i in range(8):
            recorder.put(frame(i), i / 25)
    log = lines(tmp_path / "01_log.csv")
    assert tuple(log[0]) == LOGGER_COLUMNS
    assert len(log) == 8
    row = log[6]
    assert (row["image"], row["gear"], row["lap_valid"], log[0]["lap_valid"]) == ("", "2", "FALSE", "TRUE")
    assert float(row["speed_mph"]) == pytest.approx(20.0 * 2.2369, abs=0.01)
    assert float(row["current_lap_s"]) == pytest.approx(0.24)
    assert float(row["steer_angle_deg"]) == -90.0


def test_inputs_csv(tmp_path: Path) -> None:
    header = Header(steering_lock_deg=360.0)
    with Recorder(tmp_path, header, RecorderSettings(inputs_csv=True)) as recorder:
        for i in range(3):
            recorder.put(frame(i), time.perf_counter())
    inputs = lines(tmp_path / "01_inputs.csv")
    assert tuple(inputs[0]) == INPUTS_COLUMNS
    assert [row["Frame"] for row in inputs] == ["0", "1", "2"]
    assert abs(float(inputs[0]["Timestamp"]) - time.time()) < 600.0
    assert [float(inputs[0][name]) for name in ("Steering", "Throttle", "Brake", "SpeedKmh")] == [-0.25, 0.5, 0.0, 72.0]


def test_pictures_line_up_with_the_telemetry(tmp_path: Path) -> None:
    """The log's line of a picture is that of the state nearest to it in time, and names the right file."""
    image = pytest.importorskip("PIL.Image")
    settings = RecorderSettings(log_csv=True, pictures=PictureSettings(kind="png"))
    source = NumberedSource(rate=40.0, limit=12)
    states: list[float] = []
    with Recorder(tmp_path, Header(), settings, pictures=source) as recorder:
        while not source.finished.is_set():
            states.append(time.perf_counter())
            recorder.put(frame(len(states) - 1), states[-1])
            time.sleep(0.01)
    index = read_recording(tmp_path / "01_pictures.parquet").table.to_pydict()
    log = lines(tmp_path / "01_log.csv")
    assert len(log) == len(index["number"]) > 3
    for line, number, at in zip(log, index["number"], index["time"], strict=True):
        with image.open(tmp_path / line["image"]) as picture:
            assert number_of(np.asarray(picture)) == number
        expected = int(np.argmin(np.abs(np.array(states) - at)))
        assert float(line["current_lap_s"]) == pytest.approx(0.04 * expected, abs=0.0005)


def test_a_clock_that_goes_back_is_counted_and_nothing_is_lost(tmp_path: Path) -> None:
    with Recorder(tmp_path, Header()) as recorder:
        for i, at in enumerate([1.0, 2.0, 1.5, 3.0]):
            recorder.put(frame(i), at)
    recorded = read_recording(tmp_path / "01_telemetry.parquet")
    assert recorded.table.column("time").to_pylist() == [1.0, 2.0, 1.5, 3.0]
    assert recorded.header.end["time_reversed"] == 1


def test_a_moved_wall_clock_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder(tmp_path, Header())
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 3600.0)
    recorder.close()
    assert read_header(tmp_path / "01_telemetry.parquet").end["wall_clock_moved"] == pytest.approx(-3600.0, abs=1.0)


def test_states_that_there_is_no_time_for_are_counted_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ac_gym.recording.states._WAITING", 4)
    recorder = Recorder(tmp_path, Header(), RecorderSettings(inputs_csv=True))
    inputs = recorder.states._inputs
    assert inputs is not None
    write = inputs.write
    monkeypatch.setattr(inputs, "write", lambda *row: time.sleep(0.05) or write(*row))
    taken = [recorder.put(frame(i), float(i)) for i in range(10)]
    assert taken.count(False) > 0
    while not recorder.put(frame(10), 10.0):
        time.sleep(0.01)
    summary = recorder.close()
    recorded = read_recording(tmp_path / "01_telemetry.parquet")
    assert summary.states == recorded.table.num_rows
    assert recorded.table.column("dropped").to_pylist()[-1] == recorded.header.end["dropped"] == summary.dropped > 0


def test_an_unwritable_folder_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "captures").write_text("a file")
    with pytest.raises(RecordingError, match=r"captures.*cannot be recorded to"):
        Recorder(tmp_path / "captures" / "monday", Header())


def child(folder: Path, body: str) -> subprocess.Popen[str]:
    """A process that records into `folder`."""
    program = f"""
import os, resource, signal, sys, time
sys.path.insert(0, {str(HERE)!r})
from test_session_recorder import *
folder = Path({str(folder)!r})
{body}
"""
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


FULL = """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, 1_500_000))
recorder = Recorder(folder, Header(), RecorderSettings(inputs_csv=True))
i = 0
while recorder.problem is None:
    recorder.put(frame(i), float(i)); i += 1
    time.sleep(0.002)
print(recorder.close().text())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs RLIMIT_FSIZE")
def test_a_full_disk_ends_the_recording_with_a_line_and_keeps_what_was_before(tmp_path: Path) -> None:
    process = child(tmp_path, FULL)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "01_telemetry.parquet: cannot be written to any more (File too large)" in out
    assert err.startswith("recording ended:")
    assert "Traceback" not in err
    repair(tmp_path)
    recorded = read_recording(tmp_path / "01_telemetry.parquet")
    count = recorded.table.num_rows
    assert count > 100
    assert f"{count} states, " in out
    assert np.array_equal(frames_of(recorded.table), [frame(i) for i in range(count)])
    assert lines(tmp_path / "01_inputs.csv")


FULL_OF_PICTURES = """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM))
recorder = Recorder(folder, Header(), pictures=NumberedSource(rate=60.0, grain=True))
i = 0
while recorder.problem is None:
    recorder.put(frame(i), float(i)); i += 1
    time.sleep(0.02)
ended = recorder.close()
print(i, ended.states, ended.dropped, ended.pictures, ended.pictures_dropped)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs RLIMIT_FSIZE")
@pytest.mark.parametrize("room", [400_000, 403_000, 407_000])  # the video is torn in another place
def test_after_a_full_disk_the_files_say_why_and_the_numbers_are_those_of_the_files(tmp_path: Path, room: int) -> None:
    av = pytest.importorskip("av")
    process = child(tmp_path, FULL_OF_PICTURES.replace("ROOM", str(room)))
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    put, states, dropped, pictures, pictures_dropped = map(int, out.split())
    assert sorted(os.listdir(tmp_path)) == ["01_pictures.parquet", "01_telemetry.parquet", "01_video.mp4"]
    telemetry, index = (read_recording(tmp_path / f"01_{name}.parquet") for name in ("telemetry", "pictures"))
    assert telemetry.table.num_rows == telemetry.header.end["rows"] == states
    assert telemetry.header.end["dropped"] == dropped
    assert states + dropped <= put
    numbers = decoded(av, tmp_path / "01_video.mp4", torn=True)
    assert pictures == min(len(numbers), index.table.num_rows) > 10
    assert numbers[:pictures] == index.table.column("number").to_pylist()[:pictures]
    assert index.header.end["dropped"] == pictures_dropped > 0
    for recorded in (telemetry, index):
        assert "cannot be written to any more (File too large)" in recorded.header.end["reason"]
        assert "repaired" not in recorded.header.end


def decoded(av: ModuleType, path: Path, *, torn: bool = False) -> list[int]:
    """Numbers of the frames of a video; up to where it is `torn`, if it may be."""
    numbers = []
    with av.open(str(path)) as video, contextlib.suppress(*[av.FFmpegError] * torn):
        for picture in video.decode(video=0):
            numbers.append(number_of(picture.to_ndarray(format="rgb24")))
    return numbers


KILLED = """
settings = RecorderSettings(inputs_csv=True, log_csv=True)
recorder = Recorder(folder, Header(track="monza"), settings, pictures=NumberedSource(rate=60.0))
i = 0
while True:
    now = time.perf_counter()
    recorder.put(frame(i), now)
    if i % 10 == 0: print(i, now, flush=True)
    i += 1
    time.sleep(1 / 60)
"""


def test_a_kill_in_the_middle_costs_less_than_a_second(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    process = child(tmp_path, KILLED)
    assert process.stdout is not None
    for _ in range(25):  # about four seconds
        last, at = process.stdout.readline().split()
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=20)
    done = {each.path.name: each.rows for each in repair(tmp_path)}
    assert set(done) == {"01_telemetry.parquet", "01_pictures.parquet", "01_inputs.csv", "01_log.csv", "01_video.mp4"}
    recorded = read_recording(tmp_path / "01_telemetry.parquet")
    assert np.array_equal(frames_of(recorded.table), [frame(i) for i in range(recorded.table.num_rows)])
    assert recorded.table.num_rows > int(last) - 60
    assert recorded.header.end["repaired"] is True
    pictures = read_recording(tmp_path / "01_pictures.parquet").table.to_pydict()
    assert pictures["time"][-1] > float(at) - 1.0
    numbers = decoded(av, tmp_path / "01_video.mp4")
    assert pictures["time"][0] + (numbers[-1] - pictures["number"][0]) / 60.0 > float(at) - 1.0
    both = min(len(numbers), len(pictures["number"]))
    assert numbers[:both] == pictures["number"][:both]
    assert len(lines(tmp_path / "01_inputs.csv")) > int(last) - 60
    assert not list(tmp_path.glob("*.part"))
    assert not list(tmp_path.glob("*.journal"))
