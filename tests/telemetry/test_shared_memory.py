"""Shared memory: what is written is read, nobody writes where another does, and no page means no game."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ac_gym.errors import AcGymError, GameNotRunningError, SharedMemoryError
from ac_gym.telemetry.pages import GRAPHICS, PHYSICS
from ac_gym.telemetry.shared_memory import SharedPage

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="files in /dev/shm")


@pytest.fixture
def name() -> Iterator[str]:
    made = f"ac_gym_test_{os.getpid()}_{os.urandom(4).hex()}"
    yield made
    assert not Path("/dev/shm", made).exists()


def test_what_is_written_is_read_elsewhere(name: str) -> None:
    record = np.zeros((), PHYSICS)
    record["packetId"], record["wheelLoad"] = 41, (1.0, 2.0, 3.0, 4.0)
    with SharedPage.create(name, PHYSICS) as writer, SharedPage.open(name, PHYSICS) as reader:
        assert reader.read()["packetId"] == 0
        writer.write(record)
        assert reader.read() == record


def test_no_page_says_that_the_game_is_not_running(name: str) -> None:
    with pytest.raises(GameNotRunningError, match="not running"):
        SharedPage.open(name, PHYSICS)


def test_a_page_is_gone_with_its_maker(name: str) -> None:
    SharedPage.create(name, PHYSICS).close()
    with pytest.raises(GameNotRunningError):
        SharedPage.open(name, PHYSICS)


def test_a_second_maker_is_told_who_is_in_the_way(name: str) -> None:
    with SharedPage.create(name, PHYSICS) as first:
        with pytest.raises(SharedMemoryError, match="in use by the game or another stand-in host"):
            SharedPage.create(name, PHYSICS)
        first.write(np.ones((), PHYSICS))
        with SharedPage.open(name, PHYSICS) as reader:
            assert reader.read()["packetId"] == 1


def test_a_reader_cannot_write(name: str) -> None:
    with (
        SharedPage.create(name, PHYSICS),
        SharedPage.open(name, PHYSICS) as reader,
        pytest.raises(TypeError, match="read"),
    ):
        reader.write(np.zeros((), PHYSICS))


@on_linux
def test_what_a_killed_program_left_behind_is_replaced(name: str) -> None:
    script = (
        "import os, sys; from ac_gym.telemetry.pages import GRAPHICS; "
        "from ac_gym.telemetry.shared_memory import SharedPage; "
        "page = SharedPage.create(sys.argv[1], GRAPHICS); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script, name], check=False)
    assert Path("/dev/shm", name).exists()
    with SharedPage.open(name, GRAPHICS) as old, SharedPage.create(name, PHYSICS) as page:
        page.write(np.ones((), PHYSICS))
        assert old.read()["packetId"] == 0
        assert Path("/dev/shm", name).stat().st_size == PHYSICS.itemsize


@on_linux
def test_another_programs_file_is_told_apart(name: str) -> None:
    path = Path("/dev/shm", name)
    path.write_bytes(b"short")
    with pytest.raises(SharedMemoryError, match="5 bytes"):
        SharedPage.open(name, PHYSICS)
    path.unlink()


@on_linux
@pytest.mark.parametrize("bad", ["", "../escape", "a/b", ".hidden"])
def test_a_name_that_would_leave_the_folder_is_refused(bad: str) -> None:
    with pytest.raises(AcGymError, match="no name for shared memory"):
        SharedPage.create(bad, PHYSICS)


class BeingWritten:
    """Memory whose copies are what a reader sees while another program writes."""

    def __init__(self, *copies: bytes) -> None:
        self._copies = list(copies)

    def __getitem__(self, part: slice) -> bytes:
        return self._copies.pop(0) if len(self._copies) > 1 else self._copies[0]


def test_a_copy_taken_while_the_page_is_written_is_not_believed(name: str) -> None:
    word = np.dtype([("word", "<i4", 4)])
    old, torn, new = (np.array(values, "<i4").tobytes() for values in ([1] * 4, [2, 2, 1, 1], [2] * 4))
    page = SharedPage(name, word, BeingWritten(torn, new), None)  # type: ignore[arg-type]
    assert page.read()["word"].tolist() == [2] * 4
    page = SharedPage(name, word, BeingWritten(old, torn, new), None)  # type: ignore[arg-type]
    assert page.read()["word"].tolist() == [2] * 4
