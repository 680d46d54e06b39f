"""Work behind the producer's back: in order, bounded, and never silent about what failed."""

from __future__ import annotations

import errno
import logging
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from ac_gym.recording.background import Background


def idle() -> None:
    pass


def test_everything_that_was_taken_is_done_in_order() -> None:
    done: list[int] = []
    background: Background[int] = Background("here", done.append, capacity=10, idle=idle, rest=0.01)
    for number in range(1000):
        assert background.put(number, wait=True)
    background.join()
    assert done == list(range(1000))
    assert not background.put(1)


def test_no_room_is_said_at_once_and_a_big_item_alone_always_has_room() -> None:
    go, begun = threading.Event(), threading.Event()

    def work(item: int) -> None:
        begun.set()
        go.wait(20.0)

    background: Background[int] = Background("here", work, capacity=5, idle=idle, rest=0.01)
    assert background.put(1, 100)
    assert begun.wait(20.0)
    assert not background.put(2, 1)
    assert background.put(3, 1, always=True)
    go.set()
    background.join()


def test_a_producer_that_waits_is_let_go_on_when_there_is_room() -> None:
    go, done = threading.Event(), []

    def work(item: int) -> None:
        go.wait(20.0)
        done.append(item)

    background: Background[int] = Background("here", work, capacity=1, idle=idle, rest=0.01)
    background.put(0)
    waiting = threading.Thread(target=background.put, args=(1,), kwargs={"wait": True})
    waiting.start()
    go.set()
    waiting.join(20.0)
    background.join()
    assert done == [0, 1]


def test_a_failure_is_told_once_and_frees_who_waits(caplog: pytest.LogCaptureFixture) -> None:
    def work(item: int) -> None:
        raise OSError(errno.ENOSPC, "anything")

    with caplog.at_level(logging.ERROR):
        background: Background[int] = Background("/disk/a.parquet", work, capacity=1, idle=idle, rest=0.01)
        for number in range(5):
            background.put(number, wait=True)
        background.join()
    assert str(background.problem) == "/disk/a.parquet: cannot be written to any more (No space left on device)"
    assert len(caplog.records) == 1


def test_it_looks_about_while_nothing_comes() -> None:
    looked = threading.Event()
    background: Background[int] = Background("here", lambda item: None, capacity=1, idle=looked.set, rest=0.01)
    assert looked.wait(20.0)
    background.join()


@pytest.mark.skipif(sys.platform == "win32", reason="needs pthread_kill")
def test_an_end_that_was_broken_off_can_be_waited_for_again() -> None:
    broken_off, done = threading.Event(), []

    def finish() -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        broken_off.wait(20.0)
        time.sleep(0.2)
        done.append(True)

    background: Background[int] = Background("here", lambda item: None, capacity=1, idle=idle, rest=0.01)
    with pytest.raises(KeyboardInterrupt):
        background.join(finish)
    assert not done
    broken_off.set()
    background.join()
    assert done


FORKED = """
import os
from ac_gym.recording.background import Background
background = Background("here", lambda item: None, capacity=1, idle=lambda: None, rest=0.01)
if not os.fork():
    background.join()
    os._exit(0)
os.wait()
background.join()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_waits_for_no_thread_of_its_parent() -> None:
    subprocess.run([sys.executable, "-c", FORKED], check=True, timeout=60)
