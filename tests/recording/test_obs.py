"""OBS's recording beside ours, against a server that speaks obs-websocket v5 with authentication."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ac_gym.channels import WIDTH
from ac_gym.errors import ConfigError, ObsError
from ac_gym.recording.obs import Obs, ObsSettings
from ac_gym.recording.reading import read_header
from ac_gym.recording.recorder import Recorder, RecorderSettings
from ac_gym.recording.schema import Header

pytest.importorskip("simpleobsws")
from obs_server import ObsServer

PASSWORD = "supersecretpassword"


@pytest.fixture
def server() -> Iterator[ObsServer]:
    with ObsServer(PASSWORD) as running:
        yield running


def settings(server: ObsServer, password: str = PASSWORD) -> ObsSettings:
    return ObsSettings(port=server.port, password=password, timeout=1.0)


def recorder(folder: Path, server: ObsServer) -> Recorder:
    return Recorder(folder, Header(), RecorderSettings(obs=settings(server)))


def test_obs_records_as_long_as_we_do(tmp_path: Path, server: ObsServer) -> None:
    recording = recorder(tmp_path, server)
    began = server.started_at
    assert began is not None
    recording.put(np.zeros(WIDTH), 1.0)
    summary = recording.close()
    assert server.started_at is None
    assert (summary.obs_path, summary.problem) == (server.path, None)
    header = read_header(tmp_path / "01_telemetry.parquet")
    assert header.end["obs"]["path"] == server.path
    # Its durations are whole milliseconds, and a busy machine answers late.
    for clock in (header.notes["obs"], header.end["obs"]):
        assert abs(clock["began"] - began) < 0.002 + 2 * clock["uncertainty"]


@pytest.mark.parametrize(("password", "words"), [("wrong", "does not take our password"), ("", "wants a password")])
def test_a_wrong_password_is_one_clear_line(server: ObsServer, password: str, words: str) -> None:
    with pytest.raises(ObsError, match=words) as raised:
        Obs(settings(server, password))
    assert "AC_GYM_OBS_PASSWORD" in str(raised.value)
    assert PASSWORD not in str(raised.value)


def test_a_server_without_a_password_takes_any(tmp_path: Path) -> None:
    with ObsServer() as server:
        Obs(settings(server, "")).close()
        Obs(settings(server, "any")).close()


def test_a_closed_obs_is_one_clear_line_and_leaves_no_files(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(ObsError, match=f"127.0.0.1:{port} does not answer.*start OBS"):
        Recorder(tmp_path, Header(), RecorderSettings(obs=ObsSettings(port=port, timeout=1.0)))
    assert list(tmp_path.iterdir()) == []


def test_a_recording_that_runs_already_is_left_alone(tmp_path: Path) -> None:
    with ObsServer(PASSWORD, recording=True) as server:
        with pytest.raises(ObsError, match="recording already"):
            recorder(tmp_path, server)
        assert server.started_at is not None
        assert "StopRecord" not in server.requests


def test_obs_that_does_not_begin_is_told(tmp_path: Path) -> None:
    with ObsServer(PASSWORD, starts=False) as server, pytest.raises(ObsError, match="did not begin to record in 1 s"):
        recorder(tmp_path, server)


def test_obs_closed_in_the_middle_costs_only_its_own_recording(tmp_path: Path, server: ObsServer) -> None:
    recording = recorder(tmp_path, server)
    recording.put(np.zeros(WIDTH), 1.0)
    server.hang_up()
    recording.put(np.zeros(WIDTH), 2.0)
    summary = recording.close()
    assert "closed the connection" in str(summary.problem)
    header = read_header(tmp_path / "01_telemetry.parquet")
    assert header.end["rows"] == 2
    assert "closed the connection" in header.end["obs"]["problem"]


def test_obs_that_hangs_is_not_waited_for_longer_than_the_timeout(tmp_path: Path, server: ObsServer) -> None:
    obs = Obs(settings(server))
    server.silent = True
    with pytest.raises(ObsError, match="did not answer StopRecord in 1 s"):
        obs.stop()
    obs.close()


def test_obs_is_stopped_where_our_files_cannot_be_made(tmp_path: Path, server: ObsServer) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Exception, match="cannot be recorded to"):
        recorder(tmp_path / "file" / "session", server)
    assert server.started_at is None


def test_a_server_of_another_kind(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        with pytest.raises(ObsError, match="does not answer"):
            Obs(ObsSettings(port=port, timeout=0.3))


def test_settings_come_from_file_and_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AC_GYM_HOME", str(tmp_path))
    assert ObsSettings.load() == ObsSettings()
    (tmp_path / "obs.yaml").write_text("port: 4460\npassword: from file\n")
    assert ObsSettings.load() == ObsSettings(port=4460, password="from file")
    monkeypatch.setenv("AC_GYM_OBS_PASSWORD", "from environment")
    assert ObsSettings.load() == ObsSettings(port=4460, password="from environment")
    assert "from environment" not in repr(ObsSettings.load())
    monkeypatch.setenv("AC_GYM_OBS_PORT", "many")
    with pytest.raises(ConfigError, match="port must be int, is 'many'"):
        ObsSettings.load()


@pytest.mark.parametrize(
    ("text", "words"), [("a: [", "cannot be read"), ("- 1", "lines as"), ("pasword: x", "unknown OBS setting")]
)
def test_a_wrong_file_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str) -> None:
    monkeypatch.setenv("AC_GYM_HOME", str(tmp_path))
    (tmp_path / "obs.yaml").write_text(text)
    with pytest.raises(ConfigError, match=words):
        ObsSettings.load()
