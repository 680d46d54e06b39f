"""What its picture costs the stand-in host in real time: frames kept, CPU a frame, and how late pictures are.

    python benchmarks/standin_pictures.py [--seconds 20] [--fps 60] [--size 640x480] [--output FILE.json]

The host, with the plugin, runs without and with pictures, one after the other. A reader in another process takes each
picture as 84x84 gray, as a learner would: how many of the frames it saw, and how long after its frame a picture was in
its array. CPU is that of the host's process, all threads, as a share of one core.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from ac_gym.capture import open_source
from ac_gym.errors import CaptureError
from ac_gym.standin import Host, PictureSettings

WARM_UP_S = 2.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--fps", type=float, default=60.0)
    parser.add_argument("--size", default="640x480")
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    width, height = map(int, args.size.split("x"))
    name = f"ac_gym_bench.{os.getpid()}"
    found: dict[str, Any] = {"machine": platform.processor() or platform.machine(), "cores": os.cpu_count()}
    found["load"] = os.getloadavg()[0]
    for kind, pictures in (("without", None), ("with", PictureSettings((width, height), name=name))):
        found[kind] = measure(args.fps, args.seconds, pictures)
        print(f"{kind:8s}", ", ".join(f"{key} {value:.4g}" for key, value in found[kind].items()), flush=True)
    if args.output:
        args.output.write_text(json.dumps(found, indent=1) + "\n")


def measure(fps: float, seconds: float, pictures: PictureSettings | None) -> dict[str, float]:
    """A host of its own for `seconds` after a warm-up."""
    ports = {"ego_server_port": 0, "opponents_server_port": 0, "simulation_management_server_port": 0}
    pages = f"ac_gym_bench_{os.getpid()}"
    with Host("monza", "bmw_z4_gt3", fps=fps, settings=ports, pages=pages, pictures=pictures) as host:
        host.run(until=WARM_UP_S)
        reader = Reader(pictures.name) if pictures is not None else None
        frames, late = host.status().frames, host.status().overruns
        began, cpu = time.perf_counter(), time.process_time()
        host.run(until=WARM_UP_S + seconds)
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        frames = host.status().frames - frames
        figures = {
            "mean_period_ms": 1000.0 * took / frames, "late_frames": host.status().overruns - late,
            "frames": frames, "cpu_ms_a_frame": 1000.0 * cpu / frames, "cpu_share": cpu / took,
        }  # fmt: skip
        return figures | reader.figures() if reader is not None else figures


class Reader:
    """Takes pictures in a process of its own."""

    def __init__(self, name: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._end, theirs = context.Pipe()
        self._process = context.Process(target=take, args=(name, theirs), daemon=True)
        self._process.start()
        self._end.recv()  # it is there

    def figures(self) -> dict[str, float]:
        """Stops it."""
        self._end.send("stop")
        numbers, delays = self._end.recv()
        self._process.join()
        seen, published = len(numbers), (numbers[-1] - numbers[0]) // 2 + 1
        return {
            "pictures_of_frames": seen / published, "delay_median_ms": 1000.0 * float(np.median(delays)),
            "delay_p99_ms": 1000.0 * float(np.percentile(delays, 99)),
        }  # fmt: skip


def take(name: str, end: Connection) -> None:
    """Each picture once, until told to stop; then their numbers, and the delays between frame and array."""
    numbers: list[int] = [0]
    delays: list[float] = []
    with open_source("shm", name, size=(84, 84), color="gray") as source:
        end.send("ready")
        while not end.poll():
            try:
                frame = source.get_frame(False, 0.2, at_least=numbers[-1] + 1)
            except CaptureError:
                continue
            numbers.append(frame.number)
            delays.append(time.perf_counter() - frame.time)
    end.recv()
    end.send((numbers[1:], delays))


if __name__ == "__main__":
    main()
