"""The frame grabber against OpenCV and mss, in one run: a 1920x1080 BGRA picture to what a learner sees.

    python benchmarks/grab.py [--frames 200] [--output benchmarks/results/grab.json]

Ours is `get_frame` of pictures in shared memory, where another one is published before each call, into an array that is
there already. OpenCV has the same pictures as arrays and does `cvtColor`, then `resize`, in one thread, as ours; memcpy
copies them. All take turns, picture for picture; medians in microseconds. Then the screen under Xvfb, if that is
installed: mss and OpenCV against our `screen` source. The exit status is 1 where a target is missed: at INTER_AREA's
quality 4 times as fast as OpenCV's INTER_AREA, half as fast as its INTER_LINEAR, within 1.5 times the memcpy.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from sim_speed import cpu_name

from ac_gym import _core
from ac_gym.capture import PictureWriter, Source, open_source

WIDTH, HEIGHT, PICTURES = 1920, 1080, 6
WANTED = (((84, 84), "gray"), ((84, 84), "rgb"), ((320, 240), "gray"), ((320, 240), "rgb"), ((640, 480), "rgb"))
JUDGED = {"84x84 gray", "320x240 rgb"}
CODES = {"gray": cv2.COLOR_BGRA2GRAY, "rgb": cv2.COLOR_BGRA2RGB}


def pictures() -> list[NDArray[np.uint8]]:
    """Different ones, more than a processor's nearer caches hold: waves, hard edges and noise."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    rng = np.random.default_rng(0)
    result = []
    for i in range(PICTURES):
        channels = [128 + 90 * np.sin((x + 37 * i) / (50 + 30 * c)) * np.cos(y / 120) for c in range(3)]
        picture = np.stack([*channels, np.full_like(x, 255)], -1) + rng.integers(-20, 21, (HEIGHT, WIDTH, 4))
        picture[(x + y + 20 * i) % 97 < 3] = 255
        result.append(np.clip(picture, 0, 255).astype(np.uint8))
    return result


def medians(
    steps: dict[str, Callable[[NDArray[np.uint8]], Any]], frames: int, prepare: Callable[..., Any]
) -> dict[str, float]:
    """us of each step, over `frames` pictures in turn."""
    given = pictures()
    times: dict[str, list[float]] = {name: [] for name in steps}
    for i in range(frames + PICTURES):
        picture = given[i % PICTURES]
        prepare(picture)
        for name, step in steps.items():
            begun = time.perf_counter()
            step(picture)
            times[name].append(1e6 * (time.perf_counter() - begun))
    return {name: float(np.median(values[PICTURES:])) for name, values in times.items()}


def resized(picture: NDArray[np.uint8], size: tuple[int, int], color: str, how: int) -> NDArray[np.uint8]:
    image = cv2.resize(cv2.cvtColor(picture, CODES[color]), size, interpolation=how)
    return image.astype(np.uint8, copy=False).reshape(size[1], size[0], -1)


def compare(size: tuple[int, int], color: Any, frames: int) -> dict[str, float]:
    """us of ours and theirs, and the largest difference in levels to the mean of the area."""
    out = np.empty((size[1], size[0], 1 if color == "gray" else 3), np.uint8)
    copy = np.empty((HEIGHT, WIDTH, 4), np.uint8)
    with (
        PictureWriter(f"ac_gym_bench.{uuid.uuid4().hex[:8]}") as writer,
        open_source("shm", writer.name, size=size, color=color) as source,
    ):
        result = medians(
            {
                "ours": lambda picture: source.get_frame(False, out=out),
                "area": lambda picture: resized(picture, size, color, cv2.INTER_AREA),
                "linear": lambda picture: resized(picture, size, color, cv2.INTER_LINEAR),
                "memcpy": lambda picture: np.copyto(copy, picture),
            },
            frames,
            writer.write,
        )
        result["levels"] = difference(source, writer, size, color)
    return result


def difference(source: Source, writer: PictureWriter, size: tuple[int, int], color: str) -> int:
    """Levels by which ours differs from OpenCV's INTER_AREA at most; gray is taken last, so that little is rounded."""
    worst = 0
    for picture in pictures():
        writer.write(picture)
        theirs = resized(picture, size, "rgb", cv2.INTER_AREA)
        if color == "gray":
            theirs = cv2.cvtColor(theirs, cv2.COLOR_RGB2GRAY)[..., None]
        worst = max(worst, int(np.abs(source.get_frame(False).image.astype(int) - theirs).max()))
    return worst


def page_faults(frames: int = 1000) -> float:
    """Pages of memory that the system hands out for a frame: none where nothing of any size is allocated."""
    out = np.empty((240, 320, 3), np.uint8)
    with (
        PictureWriter(f"ac_gym_bench.{uuid.uuid4().hex[:8]}") as writer,
        open_source("shm", writer.name, size=(320, 240)) as source,
    ):
        for picture in pictures():
            writer.write(picture)
            source.get_frame(False, out=out)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(frames):
            source.get_frame(False, out=out)
        return (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / frames


@contextmanager
def screen() -> Iterator[bool]:
    """A screen of 1920x1080 in memory; whether there is one."""
    if not shutil.which("Xvfb"):
        yield False
        return
    command = ["Xvfb", "-displayfd", "1", "-noreset", "-screen", "0", f"{WIDTH}x{HEIGHT}x24"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert server.stdout is not None
    os.environ["DISPLAY"] = f":{server.stdout.readline().decode().strip()}"
    try:
        yield True
    finally:
        server.kill()
        server.communicate()


def compare_screen(size: tuple[int, int], color: Any, frames: int) -> dict[str, float]:
    import mss

    out = np.empty((size[1], size[0], 1 if color == "gray" else 3), np.uint8)
    with mss.MSS() as theirs, open_source("screen", size=size, color=color) as ours:

        def grab() -> NDArray[np.uint8]:
            shot = theirs.grab(theirs.monitors[1])
            return np.frombuffer(shot.raw, np.uint8).reshape(shot.height, shot.width, 4)

        return medians(
            {
                "mss": lambda _: grab(),
                "mss and area": lambda _: resized(grab(), size, color, cv2.INTER_AREA),
                "mss and linear": lambda _: resized(grab(), size, color, cv2.INTER_LINEAR),
                "screen": lambda _: ours.get_frame(out=out),
            },
            frames,
            lambda picture: None,
        )


def report(rows: dict[str, dict[str, float]]) -> bool:
    """Prints the table; whether all targets are met."""
    columns = ("AREA", "LINEAR", "memcpy", "to AREA", "to LINEAR", "to memcpy", "levels")
    print(f"{'us a picture':14}{'ours':>7}" + "".join(f"{column:>11}" for column in columns))
    good = True
    for name, row in rows.items():
        area, linear, memcpy = row["area"] / row["ours"], row["linear"] / row["ours"], row["ours"] / row["memcpy"]
        met = area >= 4.0 and linear >= 0.5 and memcpy <= 1.5 and row["levels"] <= 1
        good &= met or name not in JUDGED
        times = "".join(f"{row[column]:11.0f}" for column in ("area", "linear", "memcpy"))
        ratios = f"{area:10.1f}x{linear:10.2f}x{memcpy:10.2f}x{row['levels']:11.0f}"
        print(f"{name:14}{row['ours']:7.0f}{times}{ratios}{'  met' if met else '  MISSED' if name in JUDGED else ''}")
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    rows = {f"{size[0]}x{size[1]} {color}": compare(size, color, options.frames) for size, color in WANTED}
    good = report(rows)
    faults = page_faults()
    print(f"page faults a picture: {faults:g}")
    with screen() as there:
        from_screen = {f"{s[0]}x{s[1]} {c}": compare_screen(s, c, options.frames // 4) for s, c in WANTED if there}
    for name, row in from_screen.items():
        print(f"screen {name:12}" + "".join(f"{what:>16}{us:6.0f}" for what, us in row.items()))
    if not from_screen:
        print("the screen was not measured: there is no Xvfb here")
    if options.output:
        about = {
            "cpu": cpu_name(),
            "instructions": _core.grab_instructions(),
            "opencv": cv2.__version__,
            "frames": options.frames,
        }
        result = {**about, "us": rows, "page_faults_a_picture": faults, "screen_us": from_screen}
        options.output.write_text(json.dumps(result, indent=1) + "\n")
    return not good


if __name__ == "__main__":
    sys.exit(main())
