"""Recording the stand-in host: through its plugin, through its pages, with its Record button, and as a command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from serving import Served, serving

from ac_gym.car import load_car
from ac_gym.channels import COLUMNS, WIDTH
from ac_gym.errors import GameConnectionError, GameNotRunningError, UnknownNameError
from ac_gym.recording import schema
from ac_gym.recording.observing import Observed, PagesObserver, PluginObserver, observer
from ac_gym.recording.page_frames import PageFrames
from ac_gym.recording.reading import read_recording
from ac_gym.recording.recorder import RecorderSettings
from ac_gym.recording.watching import watch
from ac_gym.standin.page_writer import PageWriter
from ac_gym.standin.session import Session
from ac_gym.telemetry.reader import TelemetryReader
from ac_gym.track import load_track
from ac_gym.worlds import SimulationSettings

CAR = "bmw_z4_gt3"
NOT_ON_PAGES = {
    "slip_angle", "slip_ratio", "lateral_friction", "self_aligning_torque", "tyre_force_longitudinal",
    "tyre_force_lateral", "tyre_loaded_radius", "surface", "abs_active", "tc_active",
}  # fmt: skip
COUNTED = {"steps", "timestamp_ac", "last_lap_valid", "lap_invalidated", "lap_count"}
WHOLE = {"rpm", "current_time", "last_lap_time", "best_lap_time", "last_sector_time"}


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving("--speed=1.0", "--fps=50") as running:
        yield running


def plugin(served: Served) -> PluginObserver:
    return PluginObserver(ego_port=served.ports["ego"], management_port=served.ports["management"])


def test_the_plugin_is_recorded_state_by_state(served: Served, tmp_path: Path) -> None:
    with closing(plugin(served)) as watched:
        (summary,) = watch(watched, tmp_path, RecorderSettings(log_csv=True), duration=1.5)
    recorded = read_recording(summary.telemetry)
    table, header = recorded.table, recorded.header
    assert (header.source, header.car, header.track) == ("plugin", CAR, "monza")
    assert header.steering_lock_deg == load_car(CAR).values["steering_lock_deg"]
    assert header.track_length == pytest.approx(5793.0, rel=0.01)
    sequence = table.column("sequence").to_numpy()
    assert len(sequence) == summary.states > 10
    assert (np.diff(sequence) >= 1).all()
    assert (np.diff(table.column("time").to_numpy()) > 0.0).all()
    assert np.isfinite(schema.frames_of(table)).all()
    assert len((tmp_path / "01_log.csv").read_text().splitlines()) == summary.states + 1


def test_the_record_button_starts_and_ends_recordings(served: Served, tmp_path: Path) -> None:
    watched = plugin(served)
    management = watched._connection.management
    seen: list[str] = []
    presses = iter([(0.3, True), (0.9, False), (1.3, True), (1.9, False)])
    at, on = next(presses)
    began = time.monotonic()
    original = watched.next

    def next_state() -> Observed | None:
        nonlocal at, on
        if time.monotonic() - began > at:
            management.record(on)
            at, on = next(presses, (1e9, False))
        return original()

    watched.next = next_state  # type: ignore[method-assign]
    with closing(watched):
        done = watch(watched, tmp_path, RecorderSettings(), button=True, duration=2.6, tell=seen.append)
    assert len(done) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["01_telemetry.parquet", "02_telemetry.parquet"]
    for summary in done:
        flags = read_recording(summary.telemetry).table.column("flags").to_numpy()
        assert len(flags) > 3
        assert (flags & 2 == 2).all()
    assert sum(line.startswith("recording to") for line in seen) == 2


def test_the_pages_are_recorded(served: Served, tmp_path: Path) -> None:
    with closing(PagesObserver(served.pages, rate=60.0)) as watched:
        (summary,) = watch(watched, tmp_path, RecorderSettings(inputs_csv=True), duration=1.0)
    recorded = read_recording(summary.telemetry)
    assert (recorded.header.source, recorded.header.track, recorded.header.car) == ("pages", "monza", CAR)
    assert recorded.header.rate == 60.0
    times = recorded.table.column("time").to_numpy()
    assert len(times) == summary.states > 10
    turns = (times[-1] - times[0]) * 60.0  # a state that was taken late is in its turn all the same
    assert summary.states - 1 + summary.missed == pytest.approx(turns, abs=2)
    assert "sequence" not in recorded.table.schema.names
    distance = schema.channel_of(recorded.table, "packet_id")
    assert distance[-1] > distance[0]


@contextmanager
def recording(served: Served, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """`ac-gym record`, which has recorded a second or so."""
    command = [
        sys.executable, "-m", "ac_gym.cli.main", "record", f"--folder={folder}", "--session=s", "--inputs",
        f"--ego-port={served.ports['ego']}", f"--management-port={served.ports['management']}",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    journal = folder / "s" / "01_telemetry.journal"
    deadline = time.monotonic() + 60.0
    try:
        while not (journal.exists() and journal.stat().st_size > 80_000):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", pytest.param("SIGHUP", id="the terminal is closed")])
def test_the_command_ends_whole(served: Served, tmp_path: Path, name: str) -> None:
    with recording(served, tmp_path) as process:
        process.send_signal(getattr(signal, name))
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert "states, 0 dropped, 0 missed" in out
    assert sorted(os.listdir(tmp_path / "s")) == ["01_inputs.csv", "01_telemetry.parquet"]
    assert read_recording(tmp_path / "s" / "01_telemetry.parquet").header.end["reason"] == "interrupted"


@pytest.mark.parametrize("second", ["SIGINT", "SIGHUP"])
def test_a_second_signal_does_not_break_off_the_end(served: Served, tmp_path: Path, second: str) -> None:
    with recording(served, tmp_path) as process:
        process.send_signal(signal.SIGINT)
        time.sleep(0.003)  # or it would be the same one
        process.send_signal(getattr(signal, second))
        out, err = process.communicate(timeout=30)  # its status is open: the second may come after all is done
    assert "states, 0 dropped, 0 missed" in out, err
    assert sorted(os.listdir(tmp_path / "s")) == ["01_inputs.csv", "01_telemetry.parquet"]
    assert read_recording(tmp_path / "s" / "01_telemetry.parquet").header.end["reason"] == "interrupted"


def test_a_recorder_that_is_held_up_loses_no_state(served: Served, tmp_path: Path) -> None:
    """Not at its start, and not while it had no processor for a second: what came waits in the socket."""
    with recording(served, tmp_path) as process:
        process.send_signal(signal.SIGSTOP)
        time.sleep(1.0)
        process.send_signal(signal.SIGCONT)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert "0 dropped, 0 missed" in out
    recorded = read_recording(tmp_path / "s" / "01_telemetry.parquet")
    sequence = recorded.table.column("sequence").to_pylist()
    assert sequence == list(range(1, len(sequence) + 1))
    assert len(sequence) > 50
    assert recorded.header.end["missed"] == 0


def test_a_game_that_ends_leaves_whole_files_and_a_clear_line(tmp_path: Path) -> None:
    with serving() as served, closing(PagesObserver(served.pages)) as watched:
        original, states = watched.next, []

        def next_state() -> Observed | None:
            states.append(1)
            if len(states) == 40:
                served.stop()
            return original()

        watched.next = next_state  # type: ignore[method-assign]
        with pytest.raises(GameNotRunningError, match="ended"):
            watch(watched, tmp_path, RecorderSettings())
    assert read_recording(tmp_path / "01_telemetry.parquet").table.num_rows > 10


def test_no_game_is_one_clear_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(GameNotRunningError):
        observer("pages", pages="nobody_publishes_these")
    with pytest.raises(GameConnectionError):
        observer("plugin", ego_port=9, management_port=9, timeout=0.3)
    with pytest.raises(UnknownNameError, match="plugin"):
        observer("plugins")


def repair_command(*places: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ac_gym.cli.main", "record", "repair", *map(str, places)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_repair_command(tmp_path: Path) -> None:
    done = repair_command(tmp_path)
    assert (done.returncode, done.stdout) == (0, f"{tmp_path}: nothing to repair\n")
    failed = repair_command(tmp_path / "absent")
    assert failed.returncode == 2
    assert failed.stderr.startswith("error:")
    assert len(failed.stderr.splitlines()) == 1


@pytest.fixture
def session() -> Session:
    session = Session(
        load_track("ks_barcelona-layout_gp"), load_car(CAR), 1, fps=50.0, seed=0, reset="road",
        settings=SimulationSettings(start="line"), opponents_pace=0.85,
    )  # fmt: skip
    for _ in range(150):
        session.step(np.array([[0.1, 0.6, -1.0, 0.0]], np.float32))
    return session


def test_frames_of_the_pages_are_those_that_were_written(session: Session) -> None:
    base = f"ac_gym_test_{os.getpid()}_{os.urandom(4).hex()}"
    writer = PageWriter(session, base)
    try:
        writer.write()
        with TelemetryReader(base) as reader:
            frame = PageFrames(session.car.values["steering_lock_deg"]).frame(reader.snapshot(), 5.0)
    finally:
        writer.close()
    assert frame.shape == (WIDTH,)
    expected = session.frames[0]
    for name, columns in COLUMNS.items():
        if name in NOT_ON_PAGES:
            assert np.isnan(frame[columns]).all(), name
        elif name not in COUNTED:
            tolerance: dict[str, Any] = {"abs": 1.0} if name in WHOLE else {"rel": 1e-5, "abs": 1e-6}
            assert frame[columns] == pytest.approx(expected[columns], **tolerance), name
    assert frame[COLUMNS["timestamp_ac"]] == 5.0
    assert frame[COLUMNS["lap_invalidated"]] == expected[COLUMNS["lap_invalidated"]]
