"""Pictures through shared memory: which one a reader gets, and what happens when the other side goes away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ac_gym import _core
from ac_gym.capture import PictureWriter, Source, get_frame, open_source, shutdown
from ac_gym.capture.conversion import target
from ac_gym.capture.sources import DEFAULT_NAMES
from ac_gym.errors import AcGymError, CaptureError, CaptureTimeoutError, NoPicturesError

posix = pytest.mark.skipif(sys.platform == "win32", reason="files in /dev/shm, signals")
PAGE, SLOT_BYTES = 4096, 24


def plain(level: int, width: int = 16, height: int = 8) -> NDArray[np.uint8]:
    return np.full((height, width, 4), level, np.uint8)


@pytest.fixture
def writer(name: str) -> Iterator[PictureWriter]:
    with PictureWriter(name) as writer:
        yield writer


@pytest.fixture
def source(writer: PictureWriter) -> Iterator[Source]:
    with open_source("shm", writer.name) as source:
        yield source


def test_the_newest_picture(writer: PictureWriter, source: Source) -> None:
    for level in range(5):
        writer.write(plain(level), number=10 * level, time=0.5 * level)
    frame = source.get_frame(wait_for_new_frame=False)
    assert (frame.number, frame.time) == (40, 2.0)
    np.testing.assert_array_equal(frame.image, np.full((8, 16, 3), 4, np.uint8))
    assert source.get_frame(wait_for_new_frame=False).number == 40  # again, while there is no newer one


def test_numbers_and_times_of_ones_own(writer: PictureWriter, source: Source) -> None:
    before = time.perf_counter()
    writer.write(plain(1))
    writer.write(plain(2))
    frame = source.get_frame(False)
    assert frame.number == 2
    assert before <= frame.time <= time.perf_counter()


def test_a_new_frame_was_begun_after_the_call(writer: PictureWriter, source: Source) -> None:
    writer.write(plain(1))
    writer.begin()  # the picture that is being drawn when the reader asks
    answers: list[int] = []
    asked = threading.Event()

    def ask() -> None:
        asked.set()
        answers.append(source.get_frame(timeout=10.0).number)

    reader = threading.Thread(target=ask)
    reader.start()
    asked.wait()
    time.sleep(0.2)
    writer.write(plain(2))
    reader.join(0.3)
    assert reader.is_alive()
    assert not answers
    writer.write(plain(3))
    reader.join(10.0)
    assert answers == [3]


def test_nothing_new_in_time(writer: PictureWriter, source: Source) -> None:
    with pytest.raises(
        CaptureTimeoutError, match=r"no new picture of '.*' in time, though its program \(process \d+\) runs"
    ):
        source.get_frame(False, timeout=0.01)
    writer.write(plain(1))
    with pytest.raises(CaptureTimeoutError):
        source.get_frame(True, timeout=0.15)


def test_a_picture_of_a_number_or_a_higher_one_is_waited_for(writer: PictureWriter, source: Source) -> None:
    writer.write(plain(1), number=7)
    assert source.get_frame(False, 0.0, at_least=7).number == 7
    with pytest.raises(CaptureTimeoutError):
        source.get_frame(False, 0.01, at_least=8)

    def publish() -> None:
        for number in (7, 9, 11):
            time.sleep(0.05)
            writer.write(plain(number), number=number)

    publishing = threading.Thread(target=publish)
    publishing.start()
    frame = source.get_frame(False, 10.0, at_least=8)
    publishing.join()
    assert frame.number in (9, 11)  # 11, where this thread came late
    assert (frame.image == frame.number).all()


def test_rgb_and_deep_pictures(writer: PictureWriter, source: Source) -> None:
    writer.write(np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8))
    assert source.get_frame(False).image.tolist() == [[[1, 2, 3], [4, 5, 6]]]
    writer.write(np.array([[[0.0, 0.5, 2.0, 1.0]]], np.float16), format="rgba16f")
    assert source.get_frame(False).image.tolist() == [[[0, 128, 255]]]
    writer.write(np.array([[[0, 257, 65535, 0]]], np.uint16), format="rgba16")
    assert source.get_frame(False).image.tolist() == [[[0, 1, 255]]]
    writer.write(np.arange(96, dtype=np.uint8).reshape(4, 6, 4)[::2, 1:3])
    assert source.get_frame(False).image[..., 2].tolist() == [[4, 8], [52, 56]]


def test_into_the_callers_array(writer: PictureWriter, source: Source) -> None:
    writer.write(plain(7))
    out = np.zeros((8, 16, 3), np.uint8)
    assert source.get_frame(False, out=out).image is out
    assert out.min() == 7
    writer.write(plain(8, 17, 8))  # the publisher's picture has become larger than our array
    with pytest.raises(CaptureError, match=r"out must be .* of shape \(8, 17, 3\)"):
        source.get_frame(False, out=out)
    with open_source("shm", writer.name, size=(4, 2), color="gray", crop=(1, 1, 6, 6)) as small:
        assert small.get_frame(False).image.tolist() == [[[8]] * 4] * 2


def test_pictures_change_in_size(writer: PictureWriter, source: Source) -> None:
    for i, (width, height) in enumerate([(16, 8), (8, 4), (640, 480), (1, 1), (1920, 1080), (16, 8)]):
        writer.write(plain(i, width, height))
        image = source.get_frame(False).image
        np.testing.assert_array_equal(image, np.full((height, width, 3), i))


def test_many_readers_and_what_they_list(writer: PictureWriter) -> None:
    sources = [open_source("shm", writer.name) for _ in range(8)]
    writer.write(plain(1))
    assert [source.get_frame(False).number for source in sources] == [1] * 8
    (texture,) = sources[0].list_textures()
    assert (texture.name, texture.width, texture.height, texture.flags) == (writer.name, 16, 8, ())
    for source in sources:
        source.shutdown()
        source.shutdown()
    with pytest.raises(NoPicturesError, match="this picture source was shut down"):
        sources[0].get_frame()


def test_nobody_publishes(name: str) -> None:
    with pytest.raises(NoPicturesError, match=f"nobody publishes pictures as '{name}'; start the program"):
        open_source("shm", name)


def test_the_writer_ends_and_comes_back(name: str) -> None:
    with PictureWriter(name) as writer:
        source = open_source("shm", name)
        writer.write(plain(1))
        assert source.get_frame(False).number == 1
    for wait in (False, True):
        with pytest.raises(NoPicturesError, match="nobody publishes"):
            source.get_frame(wait, timeout=0.02)
    with pytest.raises(CaptureError, match="this picture writer was closed"):
        writer.write(plain(2))
    with PictureWriter(name) as writer:
        writer.write(plain(2), number=77)
        assert source.get_frame(False).number == 77


def test_a_writer_that_starts_while_a_reader_waits(name: str) -> None:
    with PictureWriter(name):
        source = open_source("shm", name)
    writers: list[PictureWriter] = []

    def come_back() -> None:
        writers.append(PictureWriter(name))
        writers[0].write(plain(5))

    timer = threading.Timer(0.2, come_back)
    timer.start()
    try:
        assert source.get_frame(timeout=20.0).image[0, 0, 0] == 5
    finally:
        timer.join()
        writers[0].close()


def test_only_one_writer(writer: PictureWriter) -> None:
    with pytest.raises(CaptureError, match="another program publishes pictures here; stop it, or choose another name"):
        PictureWriter(writer.name)


KILLED = """
import sys, time
import numpy as np
from ac_gym.capture import PictureWriter
writer = PictureWriter(sys.argv[1])
for number in range(100, 105):
    writer.write(np.full((8, 16, 4), number, np.uint8), number=number)
writer.begin()
print("up", flush=True)
time.sleep(60)
"""


def test_a_killed_writer(name: str) -> None:
    command = [sys.executable, "-P", "-c", KILLED, name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        source = open_source("shm", name)
        assert source.get_frame(False).number == 104
        process.kill()
    with pytest.raises(NoPicturesError):  # its last picture is not the game's any more
        source.get_frame(False, timeout=0.02)
    with pytest.raises(NoPicturesError):
        open_source("shm", name)
    with PictureWriter(name) as writer:
        writer.write(plain(1), number=1)
        assert source.get_frame(False).number == 1
    if sys.platform != "win32":
        assert not list(Path("/dev/shm").glob(name + "*"))


def test_a_wait_ends_as_soon_as_the_picture_is_there(name: str) -> None:
    """Two threads answer each other, a hundred times more often than a lost wake-up would allow."""
    rounds, names = 1000, (name + ".ping", name + ".pong")
    writers = [PictureWriter(each) for each in names]
    sources = [_core.PictureSource.shm(each) for each in names]
    small = target((1, 1), "gray", None, "clamp")
    marks = [source.mark() for source in sources]
    slow = 0

    def answer() -> None:
        mark = marks[0]
        for i in range(rounds):
            sources[0].next(small, mark, 20.0)
            mark = sources[0].mark()
            writers[1].write(plain(i % 256, 1, 1))

    answering = threading.Thread(target=answer)
    answering.start()
    mark = marks[1]
    for i in range(rounds):
        start = time.perf_counter()
        writers[0].write(plain(i % 256, 1, 1))
        sources[1].next(small, mark, 20.0)
        mark = sources[1].mark()
        slow += time.perf_counter() - start > 0.09  # who is not woken looks up every 0.1 s
    answering.join(20.0)
    for each in (*writers, *sources):
        each.close()
    assert slow <= rounds // 100


def test_a_writer_that_overtakes_the_reader(writer: PictureWriter) -> None:
    done = threading.Event()

    def write() -> None:
        pictures = [plain(level, 1280, 720) for level in range(0, 256, 15)]
        while not done.is_set():
            for picture in pictures:
                writer.write(picture)

    writing = threading.Thread(target=write)
    writing.start()
    try:
        with open_source("shm", writer.name) as source:
            for _ in range(200):
                image = source.get_frame(False, timeout=20.0).image
                assert image.min() == image.max()
    finally:
        done.set()
        writing.join()


@posix
def test_ctrl_c_ends_a_wait(source: Source) -> None:
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    start = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        source.get_frame(timeout=60.0)
    assert time.perf_counter() - start < 30.0


@pytest.mark.parametrize("bad", ["", "a/b", ".hidden", "x" * 48, "name with space"])
def test_names_that_cannot_be(bad: str) -> None:
    for use in (PictureWriter, lambda name: open_source("shm", name)):
        with pytest.raises(CaptureError, match="is no name for shared memory; 1 to 47 letters"):
            use(bad)


@pytest.mark.parametrize(
    ("picture", "format", "message"),
    [
        (np.zeros((4, 4)), None, "this array 2"),
        (np.zeros((4, 4, 2), np.uint8), None, r"an array \(height, width, 4 or 3\) of 8-bit numbers"),
        (np.zeros((4, 4, 4), np.float32), "rgba16f", r"an array \(height, width, 4\) of 16-bit numbers"),
        (np.zeros((4, 4, 3), np.uint16), "rgba16", r"an array \(height, width, 4\) of 16-bit numbers"),
        (np.zeros((4, 0, 4), np.uint8), None, "a picture of 0 x 4 pixels in format 0 cannot be published"),
        (np.zeros((4, 20000, 4), np.uint8), None, "a picture of 16385 x 4 pixels"),
        (np.zeros((4, 4, 4), np.uint8), "nv12", "unknown picture format 'nv12'"),
    ],
)
def test_pictures_that_cannot_be_published(
    writer: PictureWriter, picture: NDArray[np.uint8], format: str | None, message: str
) -> None:
    with pytest.raises(AcGymError, match=message):
        writer.write(picture, format=format)  # type: ignore[arg-type]


def test_few_slots(name: str) -> None:
    with pytest.raises(CaptureError, match="2 slots; 3 to 64 are possible"):
        PictureWriter(name, slots=2)


# What a broken or hostile publisher could have written: (file, offset, bytes) and what the reader says.
DAMAGE = {
    "no store": ("", 16, bytes(4), "in time"),
    "another layout": ("", 8, b"\x02\0\0\0", "is published in layout 2, this program reads 1"),
    "another program's memory": ("", 0, b"something", "nobody publishes"),
    "slots beyond the end": (".1", 12, b"\x40\0\0\0", "in time"),
    "slots of no size": (".1", SLOT_BYTES, bytes(8), "in time"),
    "slots that overflow": (".1", SLOT_BYTES, b"\xff" * 8, "in time"),
    "wide": (".1", None, np.array([1 << 30, 8], "<u4").tobytes(), "which cannot be read"),
    "nothing": (".1", None, bytes(8), "a picture of 0 x 0 pixels"),
    "format": (".1", None, np.array([16, 8, 99], "<u4").tobytes(), "in format 99, which cannot be read"),
    "stride": (".1", None, np.array([16, 8, 0, 0, 8, 0], "<u4").tobytes(), "which cannot be read"),
    "long stride": (".1", None, np.array([16, 8, 0, 0, 2**32 - 1, 2**31], "<u4").tobytes(), "which cannot be read"),
}


@posix
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_broken_publisher_does_not_break_the_reader(writer: PictureWriter, damage: str) -> None:
    writer.write(plain(1))
    suffix, offset, data, message = DAMAGE[damage]
    path = Path("/dev/shm", writer.name + suffix)
    if offset is None:  # in the header of the picture's slot: the only one that has a sequence number
        store = np.fromfile(path, "<u8")
        pages = range(2 * PAGE // 8 - PAGE // 8, len(store), int(store[3]) // 8)
        offset = next(8 * page + 24 for page in pages if store[page])
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)
    with pytest.raises(CaptureError, match=message):
        open_source("shm", writer.name).get_frame(False, timeout=0.02)


@posix
def test_calls_of_accapture(writer: PictureWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DEFAULT_NAMES, "shm", writer.name)
    writer.write(np.array([[[1, 2, 3]]], np.uint8))
    assert get_frame(wait_for_new_frame=False).tolist() == [[[3, 2, 1]]]
    with pytest.raises(CaptureTimeoutError):
        get_frame(timeout=0.02)
    shutdown()
    shutdown()
    assert get_frame(False).tolist() == [[[3, 2, 1]]]
    shutdown()
