"""JSON lines: whole after every line, whatever happens to the writer or the disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ac_gym.errors import RecordingError
from ac_gym.telemetry.json_lines import JsonLines


def test_lines_are_there_at_once_and_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "telemetry.jsonl"
    with JsonLines(path) as lines:
        lines.write('{"a":1}')
        assert path.read_text() == '{"a":1}\n'
    with JsonLines(path) as lines:
        lines.write('{"a":2}')
    assert path.read_text() == '{"a":1}\n{"a":2}\n'


def test_a_killed_writer_leaves_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "telemetry.jsonl"
    script = (
        "import json, sys\nfrom ac_gym.telemetry.json_lines import JsonLines\nlines = JsonLines(sys.argv[1])\n"
        "for i in range(10**9):\n lines.write(json.dumps({'i': i, 'text': 'x' * 4000}))\n if i == 20: print(flush=True)"
    )
    writer = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    writer.stdout.readline()
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    numbers = [json.loads(line)["i"] for line in path.read_text().splitlines()]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) > 20
    JsonLines(path).close()


def test_a_file_that_is_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no end")
    with pytest.raises(RecordingError, match="does not end with a whole line"):
        JsonLines(path)
    assert path.read_text() == "no end"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="cannot be written"):
        JsonLines(tmp_path / "no" / "where.jsonl")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a device that is always full")
def test_a_device_that_takes_nothing_and_cannot_be_cut() -> None:
    with JsonLines("/dev/full") as lines, pytest.raises(RecordingError, match=r"/dev/full: cannot be .*No space left"):
        lines.write("{}")


def test_a_full_disk_keeps_the_lines_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "telemetry.jsonl"
    with JsonLines(path) as lines:
        lines.write("1")
        write = os.write

        def full(file: int, data: bytes) -> int:
            if len(data) < 5:
                raise OSError(28, "No space left on device")
            return write(file, data[:3])

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(RecordingError, match=r"No space left on device.*the 1 lines before"):
            lines.write("22222")
        monkeypatch.undo()
    assert path.read_text() == "1\n"
