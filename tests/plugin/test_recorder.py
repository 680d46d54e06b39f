"""Recordings: every state a line, nothing lost in silence, a name only when complete."""

from __future__ import annotations

import contextlib
import json
import threading
from pathlib import Path

from fake_game import library
from running_app import ManagementClient

from ac_gym import channels


def record(running, on):
    with contextlib.closing(ManagementClient(running)) as client:
        return client.framed("record", on=on)["result"]


def test_a_recording_has_one_state_a_line(start, game_folder):
    running = start(sampling_freq=50)
    begun = record(running, True)
    assert begun["recording"] is True
    running.eventually(lambda: running.app.recorder.current.states >= 20, "20 states")
    assert list((game_folder / "app0" / "laps").glob("*.part"))
    ended = record(running, False)
    assert ended["recording"] is False
    assert ended["file"] == begun["file"]
    assert Path(ended["file"]).name.endswith("_testring_test_car.jsonl")
    lines = [json.loads(line) for line in Path(ended["file"]).read_text().splitlines()]
    assert len(lines) == ended["states"] >= 20
    assert set(lines[0]) == {*channels.WIRE_KEYS, "dropped"}
    assert [line["steps"] for line in lines] == list(range(1, len(lines) + 1))
    assert {line["dropped"] for line in lines} == {0}
    assert not list((game_folder / "app0" / "laps").glob("*.part"))


def test_the_button_starts_and_stops(start):
    running = start()
    (button,) = running.ac.clicked
    running.app.jobs.call(lambda: running.ac.clicked[button](3, 4))
    running.eventually(lambda: running.ac.texts.get(button) == "Stop", "the button to say Stop")
    running.app.jobs.call(lambda: running.ac.clicked[button](3, 4))
    running.eventually(lambda: running.ac.texts.get(button) == "Record", "the button to say Record")
    running.eventually(Path(running.app.recorder.current.path).exists, "the file")
    assert not running.app.recorder.on


def test_what_the_disk_is_too_slow_for_is_counted_in_the_file(tmp_path, monkeypatch):
    recorder, state = library("recorder"), library("state")
    disk, text = threading.Event(), state.text
    monkeypatch.setattr(recorder.state, "text", lambda *arguments: disk.wait() and text(*arguments))
    recording = recorder.Recording(str(tmp_path / "slow.jsonl"))
    for _ in range(600):
        recording.put([0.0] * channels.WIDTH)
    recording.end()
    disk.set()
    recording.join(5.0)
    lines = [json.loads(line) for line in (tmp_path / "slow.jsonl").read_text().splitlines()]
    assert recording.dropped in (99, 100)  # the writer holds one while 500 wait
    assert len(lines) + recording.dropped == recording.states == 600
    assert lines[-1]["dropped"] == recording.dropped


def test_a_full_disk_ends_the_recording_with_a_word(start, game_folder, monkeypatch):
    running = start()
    monkeypatch.setattr(library("recorder").os, "replace", _full)
    record(running, True)
    record(running, False)
    assert not running.app.jobs.call(lambda: running.app.recorder.on)
    running.logged("failed: No space left")
    assert list((game_folder / "app0" / "laps").glob("*.part")), "what was written is kept"


def test_a_folder_that_cannot_be_made_is_told(start, game_folder):
    (game_folder / "file").write_text("")
    running = start(record_folder=game_folder / "file" / "laps")
    assert record(running, True) == {"recording": False, "file": None}
    running.logged("no recording")


def test_a_recording_is_complete_when_the_session_ends(start):
    running = start()
    path = Path(record(running, True)["file"])
    running.eventually(lambda: running.app.recorder.current.states >= 3, "three states")
    running.close()
    assert len(path.read_text().splitlines()) == running.app.recorder.current.states


def _full(*_):
    raise OSError(28, "No space left on device")
