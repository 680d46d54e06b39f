"""The game's named pages from one process to another; at the other end are plain Windows calls, as in the game."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from ac_gym.errors import GameNotRunningError
from ac_gym.telemetry.pages import GRAPHICS, PHYSICS, STATIC, set_text
from ac_gym.telemetry.shared_memory import SharedPage

KERNEL = """
    import ctypes, sys
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    for name in ("CreateFileMappingW", "OpenFileMappingW", "MapViewOfFile"):
        getattr(kernel, name).restype = ctypes.c_void_p
    def view(mapping, access, size):
        if not mapping:
            sys.exit(f"no mapping: error {ctypes.get_last_error()}")
        address = kernel.MapViewOfFile(ctypes.c_void_p(mapping), access, 0, 0, ctypes.c_size_t(size))
        return (ctypes.c_ubyte * size).from_address(address)
    def create(name, size):
        page_readwrite, file_map_all_access = 4, 0xF001F
        mapping = kernel.CreateFileMappingW(ctypes.c_void_p(-1), None, page_readwrite, 0, size, name)
        return view(mapping, file_map_all_access, size)
    def open_(name, size):
        file_map_read = 4
        return view(kernel.OpenFileMappingW(file_map_read, False, name), file_map_read, size)
    def wait():
        print("ready", flush=True)
        sys.stdin.readline()
"""


def program(code: str) -> str:
    return textwrap.dedent(KERNEL) + textwrap.dedent(code)


@contextmanager
def running(code: str) -> Iterator[subprocess.Popen[str]]:
    """Another process, up to its `wait()`."""
    command = [sys.executable, "-c", program(code)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


@pytest.fixture
def name() -> str:
    return f"ac_gym_test_{os.getpid()}_{os.urandom(4).hex()}"


def test_what_the_game_writes_at_its_offsets_is_read_by_name(name: str) -> None:
    writer = f"""
        import struct
        page = create({name!r}, 592)
        struct.pack_into("<i", page, 0, 4711)         # packetId
        struct.pack_into("<f", page, 28, 123.5)       # speedKmh
        struct.pack_into("<4f", page, 72, 1, 2, 3, 4) # wheelLoad
        wait()
    """
    with running(writer), SharedPage.open(name, PHYSICS) as page:
        record = page.read()
        assert record["packetId"] == 4711
        assert record["speedKmh"] == 123.5
        assert record["wheelLoad"].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_what_we_publish_a_program_of_the_game_reads(name: str) -> None:
    record = np.zeros((), STATIC)
    record["numCars"] = 7
    set_text(record, "carModel", "größer")
    with SharedPage.create(name, STATIC) as page:
        page.write(record)
        reader = program(f"""
            import struct
            page = bytes(open_({name!r}, 684))
            print(struct.unpack_from("<i", page, 64)[0], ascii(page[68:134].decode("utf-16-le").split(chr(0))[0]))
        """)
        told = subprocess.run([sys.executable, "-c", reader], capture_output=True, text=True, check=True).stdout
    assert told.split() == ["7", ascii("größer")]


def test_both_spellings_of_the_games_name_are_one_page(name: str) -> None:
    spelled = f"Local\\{name}"
    with running(f"create({spelled!r}, 592)[0] = 9\nwait()"), SharedPage.open(name, PHYSICS) as page:
        assert page.read()["packetId"] == 9


def test_a_page_is_never_read_half_written(name: str) -> None:
    """The writer fills the page with one number after the other, about as often as the game; a read has just one."""
    writer = f"""
        import itertools, threading, time
        page = create({name!r}, 592)
        def write():
            for number in itertools.cycle(range(256)):
                ctypes.memmove(page, bytes([number]) * 592, 592)
                time.sleep(0.001)
        threading.Thread(target=write, daemon=True).start()
        wait()
    """
    changes, last = 0, None
    with running(writer), SharedPage.open(name, PHYSICS) as page:
        while changes < 300:
            (number,) = set(page.read().tobytes())
            changes += number != last
            last = number


def test_without_the_game_there_is_no_page_and_asking_makes_none(name: str) -> None:
    for _ in range(2):
        with pytest.raises(GameNotRunningError, match="game is not running"):
            SharedPage.open(name, GRAPHICS)


def test_a_game_that_was_killed_is_not_running(name: str) -> None:
    with running(f"page = create({name!r}, 304)\nwait()"):
        SharedPage.open(name, GRAPHICS).close()
    with pytest.raises(GameNotRunningError):
        SharedPage.open(name, GRAPHICS)
