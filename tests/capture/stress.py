"""Shared-memory pictures under stress: one writer, several readers, each a process, some of them killed on the way.

    python tests/capture/stress.py --seconds 60 --fps 240 --readers 4

Every picture carries its number and a checksum. What must hold: no picture is torn; a waiting reader never gets one
that was begun before it asked, another never one older than what was published when it asked; both go on after the
writer was killed and started again, and when pictures change in size. Prints one line a reader; the exit status is 1
where it fails.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import uuid
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ac_gym.capture import PictureWriter, Source, open_source
from ac_gym.errors import CaptureTimeoutError, NoPicturesError

SIZES = ((640, 480), (320, 240), (800, 600))  # of the pictures, in turn
BEGUN, PUBLISHED = 0, 1  # columns of the writer's own account, a file beside the shared memory


def write(name: str, account: Path, fps: float) -> None:
    """Publishes pictures until it is killed."""
    numbers = np.memmap(account, np.int64, "r+")
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (height, width, 3), dtype=np.uint8) for width, height in SIZES]
    number, due = int(numbers[BEGUN]), time.perf_counter()
    with PictureWriter(name) as writer:
        while True:
            number, due = number + 1, due + 1.0 / fps
            writer.begin()
            numbers[BEGUN] = number
            picture = pictures[number // 500 % len(pictures)]
            picture ^= np.uint8(number % 255 + 1)  # no byte stays as it was in the picture before
            stamp(picture, number)
            writer.write(picture, number=number)
            numbers[PUBLISHED] = number
            time.sleep(max(0.0, due - time.perf_counter()))


def stamp(picture: NDArray[np.uint8], number: int) -> None:
    """Writes number and checksum over the first 12 bytes."""
    data = picture.reshape(-1)
    data[:8] = np.frombuffer(number.to_bytes(8, "little"), np.uint8)
    data[8:12] = np.frombuffer(zlib.crc32(data[12:]).to_bytes(4, "little"), np.uint8)


def whole(picture: NDArray[np.uint8], number: int) -> bool:
    data = picture.reshape(-1)
    same = int.from_bytes(data[:8].tobytes(), "little") == number
    return same and int.from_bytes(data[8:12].tobytes(), "little") == zlib.crc32(data[12:])


def read(name: str, account: Path, seconds: float) -> dict[str, Any]:
    """Reads pictures for `seconds`, every fourth without waiting, and counts what went wrong."""
    numbers = np.memmap(account, np.int64, "r")
    source = opened(name)
    print("reading", flush=True)
    end = time.perf_counter() + seconds
    ages, frames, torn, stale, absent, sizes = [], 0, 0, 0, 0, set()
    while time.perf_counter() < end:
        wait = frames % 4 != 3
        before = int(numbers[BEGUN if wait else PUBLISHED])
        try:
            frame = source.get_frame(wait, timeout=0.5)
        except (CaptureTimeoutError, NoPicturesError):
            absent += 1
            continue
        frames += 1
        ages.append(time.perf_counter() - frame.time)
        sizes.add(frame.image.shape)
        torn += not whole(frame.image, frame.number)
        stale += frame.number < before + wait
    source.shutdown()
    late = {f"age_ms_p{p}": round(1e3 * float(np.percentile(ages, p)), 2) for p in (50, 99, 100)} if ages else {}
    return {"frames": frames, "torn": torn, "stale": stale, "absent": absent, "sizes": len(sizes), **late}


def run(seconds: float, fps: float, readers: int) -> list[dict[str, Any]]:
    """What each reader counted. Half-way, the writer and one more reader are killed; the writer is started again."""
    name = f"ac_gym_stress.{uuid.uuid4().hex[:8]}"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        account = Path(folder) / "account"
        account.write_bytes(bytes(16))
        writer = start("write", name, account, fps)
        watched = [start("read", name, account, seconds) for _ in range(readers)]
        victim = start("read", name, account, 10 * seconds)
        try:
            for process in (*watched, victim):
                assert process.stdout is not None
                assert process.stdout.readline() == "reading\n"
            time.sleep(seconds / 2)
            end(victim)
            end(writer)
            time.sleep(min(0.3, seconds / 10))
            writer = start("write", name, account, fps)
            return [json.loads(process.communicate(timeout=10 * seconds + 60)[0]) for process in watched]
        finally:
            for process in (writer, victim, *watched):
                end(process)
            PictureWriter(name).close()  # takes away what the killed one left


def start(role: str, name: str, account: Path, number: float) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, role, name, str(account), str(number)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def opened(name: str, timeout: float = 60.0) -> Source:
    """The source, once there is a writer."""
    end = time.monotonic() + timeout
    while True:
        try:
            return open_source("shm", name)
        except NoPicturesError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


def main() -> int:
    if len(sys.argv) > 1 and sys.argv[1] in ("read", "write"):
        role, name, account, number = sys.argv[1:]
        if role == "write":
            write(name, Path(account), float(number))
        print(json.dumps(read(name, Path(account), float(number))))
        return 0
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--fps", type=float, default=240.0)
    parser.add_argument("--readers", type=int, default=4)
    options = parser.parse_args()
    results = run(options.seconds, options.fps, options.readers)
    for result in results:
        print(result)
    return any(result["torn"] or result["stale"] or not result["frames"] for result in results)


if __name__ == "__main__":
    sys.exit(main())
