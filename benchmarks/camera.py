"""Pictures per second of the simulator's camera on one core, beside CarRacing-v3's own rendering, in one run.

    python benchmarks/camera.py [--seconds 1] [--output benchmarks/results/camera.json]

Ours: cockpit views of cars spread over a circuit, into an array that is there already: 84x84 gray and RGB, 640x480 RGB;
on every circuit. Theirs: `render()` of `state_pixels` (96x96) and `rgb_array` (600x400). Each figure is the best of
five runs of `--seconds` seconds, per second of processor time of one thread, so that other programs disturb it little.
Then two threads against one, by the clock. CarRacing needs `pip install "gymnasium[box2d]"`.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from sim_speed import cpu_name

import ac_gym
from ac_gym.camera import Camera
from ac_gym.car import load_car
from ac_gym.track import available_tracks, load_track
from ac_gym.worlds import SimulatedWorld

SIZES = {"84x84 gray": ((84, 84), "gray"), "84x84 rgb": ((84, 84), "rgb"), "640x480 rgb": ((640, 480), "rgb")}
TARGETS = {"84x84 gray": 20_000, "640x480 rgb": 1_000}


RUNS = 5


def best_rate(draw: Callable[[], int], seconds: float, clock: Callable[[], float]) -> float:
    """Greatest pictures a second by `clock` over RUNS; `draw` returns how many it drew."""
    best = 0.0
    for _ in range(RUNS):
        done, begun = 0, clock()
        while (elapsed := clock() - begun) < seconds:
            done += draw()
        best = max(best, done / elapsed)
    return best


def camera_rate(
    track: str, size: tuple[int, int], color: str, seconds: float, threads: int = 1, clock: Any = time.thread_time
) -> float:
    """Pictures a second."""
    count = 256 if size[0] * size[1] < 20_000 else 32
    world = SimulatedWorld(load_track(track), load_car("bmw_z4_gt3"), count)
    world.seed(0), world.reset()
    camera = Camera(world, size=size, color=color, threads=threads)
    pictures = np.empty((count, *camera.shape), np.uint8)

    def draw() -> int:
        camera.draw(world.frames, pictures)
        return count

    return best_rate(draw, seconds, clock)


def car_racing_rate(mode: str, seconds: float) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other projects
        env: Any = gym.make("CarRacing-v3", render_mode=mode)
    env.reset(seed=0)
    for _ in range(60):  # beyond the zoom at the start
        env.step(np.array([0.0, 0.3, 0.0], np.float32))

    def draw() -> int:
        env.render()
        return 1

    rate = best_rate(draw, seconds, time.thread_time)
    env.close()
    return rate


def measure(seconds: float) -> dict[str, Any]:
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    tracks = available_tracks()
    ours = {name: {track: camera_rate(track, *kind, seconds) for track in tracks} for name, kind in SIZES.items()}
    by_threads = {
        name: [camera_rate(tracks[0], *kind, seconds, n, time.perf_counter) for n in (1, 2)]
        for name, kind in SIZES.items()
    }
    modes = {"state_pixels": "96x96", "rgb_array": "600x400"}
    return {
        "pictures_per_second_on_one_core": ours,
        "two_threads_over_one": {name: two / one for name, (one, two) in by_threads.items()},
        "CarRacing-v3": {f"{mode} {size}": car_racing_rate(mode, seconds) for mode, size in modes.items()},
        "machine": {"cpu": cpu_name(), "cores": os.cpu_count() or 1, "load_before": load},
        "version": ac_gym.__version__,
    }


def report(found: dict[str, Any]) -> str:
    lines = ["cockpit views, one core"]
    small, large = found["CarRacing-v3"].values()
    for name, rates in found["pictures_per_second_on_one_core"].items():
        slowest = min(rates, key=rates.get)
        peer = large if name.startswith("640") else small
        lines.append(
            f"  {name:<12} {rates[slowest]:>8,.0f} pictures/s on {slowest}, the slowest of {len(rates)} circuits"
            f" (fastest {max(rates.values()):,.0f}): {rates[slowest] / peer:,.0f} times CarRacing-v3"
            + (f"; wanted {TARGETS[name]:,}" if name in TARGETS else "")
        )
    ratios = ", ".join(f"{name} {ratio:.2f}" for name, ratio in found["two_threads_over_one"].items())
    lines.append(f"  two threads over one: {ratios}")
    lines += [f"CarRacing-v3 {name:<22} {rate:>8,.0f} pictures/s" for name, rate in found["CarRacing-v3"].items()]
    machine = found["machine"]
    lines.append(f"{machine['cpu']}, {machine['cores']} cores, load before {machine['load_before']:.1f}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results" / "camera.json")
    options = parser.parse_args()
    found = measure(options.seconds)
    print(report(found))
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
