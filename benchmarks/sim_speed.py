"""Environment steps per second: ours beside Gymnasium's CarRacing-v3 and highway-env's racetrack, in one run.

    python benchmarks/sim_speed.py [--seconds 3] [--num-envs 1024] [--output benchmarks/results/sim_speed.json]

A step is a full environment step: 25 Hz control, physics at 325 Hz, the 125-number observation, reward, endings,
automatic resets. Each figure is the best of three runs of `--seconds` seconds. The others need
`pip install "gymnasium[box2d]" highway-env`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

import ac_gym
from ac_gym import _core
from ac_gym.envs import AssettoCorsaEnv, AssettoCorsaVectorEnv

RUNS = 3


def best_rate(step: Callable[[], int], seconds: float) -> float:
    """Greatest units a second over RUNS; `step` returns how many units it did."""
    best = 0.0
    for _ in range(RUNS):
        done, begun = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - begun) < seconds:
            done += step()
        best = max(best, done / elapsed)
    return best


def batch_actions(count: int) -> np.ndarray:
    """Random actions, 64 batches to go round."""
    return np.random.default_rng(0).uniform(-1, 1, (64, count, 3)).astype(np.float32)


def vector_rate(count: int, threads: int, seconds: float, **settings: Any) -> float:
    env = AssettoCorsaVectorEnv(count, threads=threads, **settings)
    env.reset(seed=0)
    actions, k = batch_actions(count), 0

    def step() -> int:
        nonlocal k
        k += 1
        env.step(actions[k % 64])
        return count

    return best_rate(step, seconds)


def breakdown(count: int, seconds: float) -> dict[str, float]:
    """Microseconds a car step of each part of a batch on one thread, medians over the batch steps of one run."""
    env = AssettoCorsaVectorEnv(count, threads=1)
    env.reset(seed=0)
    task, world = env.session.task, env.session.world
    spent: dict[str, list[float]] = {"act": [], "world": [], "task": [], "whole": []}

    def timed(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*given: Any) -> Any:
            begun = time.perf_counter()
            result = call(*given)
            spent[name].append(time.perf_counter() - begun)
            return result

        return wrapped

    task.act, world.step, task.observe = timed("act", task.act), timed("world", world.step), timed("task", task.observe)  # type: ignore[method-assign]
    step, actions, begun = timed("whole", env.step), batch_actions(count), time.perf_counter()
    while time.perf_counter() - begun < seconds:
        step(actions[len(spent["whole"]) % 64])
    parts = {name: 1e6 * float(np.median(took)) / count for name, took in spent.items()}
    return parts | {"python": parts["whole"] - parts["act"] - parts["world"] - parts["task"]}


def single_rate(make: Callable[[], gym.Env[Any, Any]], seconds: float) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other projects
        env = make()
    env.action_space.seed(0)
    actions, k = [env.action_space.sample() for _ in range(64)], 0
    env.reset(seed=0)

    def step() -> int:
        nonlocal k
        k += 1
        *_, terminated, truncated, _info = env.step(actions[k % 64])
        if terminated or truncated:
            env.reset()
        return 1

    rate = best_rate(step, seconds)
    env.close()
    return rate


def racetrack() -> gym.Env[Any, Any]:
    import highway_env  # noqa: F401  registers the id

    return gym.make("racetrack-v0")


def measure(count: int, seconds: float) -> dict[str, Any]:
    cores = os.cpu_count() or 1
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    rates = {f"threads_{n}": vector_rate(count, n, seconds) for n in sorted({1, 2, cores}) if n <= cores}
    ours = single_rate(AssettoCorsaEnv, seconds)
    others = {
        "CarRacing-v3": single_rate(lambda: gym.make("CarRacing-v3"), seconds),
        "highway-env racetrack-v0": single_rate(racetrack, seconds),
    }
    return {
        "num_envs": count,
        "steps_per_second": rates,
        "two_threads_over_one": rates.get("threads_2", float("nan")) / rates["threads_1"],
        "single_step_us": 1e6 / ours,
        "single_steps_per_second": ours,
        "microseconds_a_car_step": breakdown(count, seconds),
        "others_steps_per_second": others,
        "batch_on_one_thread_over": {name: rates["threads_1"] / rate for name, rate in others.items()},
        "single_over": {name: ours / rate for name, rate in others.items()},
        "machine": {
            "cpu": cpu_name(),
            "cores": cores,
            "load_before": load,
            "python": platform.python_version(),
            "numpy": np.__version__,
        },
        "version": ac_gym.__version__,
        "observation_numbers": 125,
        "core": {"frame_width": _core.FRAME_WIDTH, "physics_hz": 325, "control_hz": 25},
    }


def cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    names = (
        [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if "model name" in line]
        if info.exists()
        else []
    )
    return names[0] if names else platform.processor()


def report(found: dict[str, Any]) -> str:
    lines = [f"AssettoCorsaVectorEnv, {found['num_envs']} cars, 125 numbers, 325 Hz physics"]
    lines += [
        f"  {name.replace('_', ' '):<12} {rate:>12,.0f} steps/s" for name, rate in found["steps_per_second"].items()
    ]
    lines.append(f"  two threads over one  {found['two_threads_over_one']:.2f}")
    parts = found["microseconds_a_car_step"]
    lines.append("  one thread, us a car step: " + ", ".join(f"{name} {took:.2f}" for name, took in parts.items()))
    lines.append(
        f"AssettoCorsaEnv.step  {found['single_step_us']:.1f} us ({found['single_steps_per_second']:,.0f} steps/s)"
    )
    for name, rate in found["others_steps_per_second"].items():
        batch, single = found["batch_on_one_thread_over"][name], found["single_over"][name]
        lines.append(
            f"{name:<26} {rate:>8,.0f} steps/s: our batch on one thread is {batch:,.0f} times that, "
            f"our single env {single:,.0f} times"
        )
    machine = found["machine"]
    lines.append(f"{machine['cpu']}, {machine['cores']} cores, load before {machine['load_before']:.1f}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--num-envs", type=int, default=1024)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results" / "sim_speed.json")
    options = parser.parse_args()
    found = measure(options.num_envs, options.seconds)
    print(report(found))
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
