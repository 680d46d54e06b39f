"""Learning through the bridge: `train.py AssettoCorsa.world=game` against `ac-gym serve`, with UDP between the two.

    python benchmarks/real_time.py [--minutes 10] [--steps 6000] [--output FILE.json]
        [--policy RUN/model/best_lap_time --config RUN/config.yaml]

In real time for `--minutes`, an update a step: the rate kept, deadlines missed, states lost. Then as fast as the driver
answers, with an update a step and without: steps a second, as a multiple of real time. With `--policy`, the same
networks drive laps from the standing start in the simulator's own process and through the bridge. On a machine that
others keep busy, give both ends their turn: chrt -f 10 python benchmarks/real_time.py.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
REPORT = re.compile(r"(\d+) steps at ([\d.]+) Hz .*; (\d+) deadlines? missed .*; lost (\d+), late (\d+)")
LAPS = re.compile(r"lap \d+: .*?([\d.]+) s")
RATE = 25.0  # Hz


@contextmanager
def serving(*options: str) -> Iterator[dict[str, Any]]:
    """`ac-gym serve` on free ports: what its ready file says."""
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready.json"
        ports = [f"--{name}-port=0" for name in ("ego", "management", "opponents", "udp")]
        command = [sys.executable, "-m", "ac_gym.cli.main", "serve", "--quiet", f"--ready-file={ready}", *ports]
        with subprocess.Popen([*command, f"--pages=ac_gym_bench_{os.getpid()}", *options]) as host:
            try:
                while not ready.exists():
                    if host.poll() is not None:
                        raise SystemExit("ac-gym serve did not start")
                    time.sleep(0.05)
                yield json.loads(ready.read_text())
            finally:
                host.send_signal(signal.SIGINT)


def settings(served: dict[str, Any]) -> list[str]:
    """What train.py must know of the host."""
    ports = served["ports"]
    return [
        "AssettoCorsa.world=game", f"AssettoCorsa.ego_server_port={ports['ego']}",
        f"AssettoCorsa.simulation_management_server_port={ports['management']}",
    ]  # fmt: skip


def learn(served: dict[str, Any], *more: str) -> dict[str, Any]:
    """Trains until the report on real time is printed; that report."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "train.py", *settings(served), f"work_dir={folder}/run", "save_video=false", *more]
        began = time.perf_counter()
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as training:
            assert training.stdout is not None
            for line in training.stdout:
                if found := REPORT.search(line):
                    training.kill()  # the evaluation laps that follow are not measured
                    steps, rate, missed, lost, late = found.groups()
                    return {
                        "steps": int(steps), "rate_hz": float(rate), "deadlines_missed": int(missed),
                        "lost": int(lost), "late": int(late), "seconds": time.perf_counter() - began,
                        "report": line.strip(),
                    }  # fmt: skip
    raise SystemExit("train.py ended without its report on real time")


def drive(policy: Path, *more: str) -> list[float]:
    """Lap times (s) of `train.py --test`, the first from the standing start."""
    command = [sys.executable, "train.py", "--test", "--load_path", str(policy.resolve()), "save_video=false"]
    command += ["AssettoCorsa.eval_number_of_laps=3", *more]
    run = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return [float(lap) for lap in LAPS.findall(run.stdout)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--steps", type=int, default=6000, help="as fast as the driver answers")
    parser.add_argument("--policy", type=Path, help="networks to drive laps with, both ways")
    parser.add_argument("--config", type=Path, help="the configuration that they were learned with")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    found: dict[str, Any] = {
        "python": platform.python_version(), "cores": os.cpu_count(), "load": os.getloadavg()[0],
        "scheduling": {0: "normal", 1: "fifo", 2: "rr"}.get(os.sched_getscheduler(0), "other"),
    }  # fmt: skip
    with serving() as served:
        found["real_time"] = learn(served, f"Agent.max_minutes={options.minutes:g}")
    print(found["real_time"]["report"], flush=True)
    for name, start in (("update_a_step", "Agent.start_steps=500"), ("no_updates", "Agent.start_steps=1000000")):
        with serving("--speed=max", "--patience=30", "--reset=random") as served:
            told = learn(served, f"Agent.num_steps={options.steps}", start, "Agent.checkpoint_freq=0")
        found[name] = told
        print(f"{name}: {told['rate_hz']:.0f} steps/s, {told['rate_hz'] / RATE:.1f} times real time", flush=True)
    if options.policy:
        config = ["--config", str(options.config.resolve())] if options.config else []
        found["laps_in_process"] = drive(options.policy, *config)
        with serving("--speed=max", "--patience=30", "--reset=line") as served:
            found["laps_through_the_bridge"] = drive(
                options.policy, *config, *settings(served), "AssettoCorsa.num_cars=1"
            )
        print("laps in process", found["laps_in_process"], "through the bridge", found["laps_through_the_bridge"])
    if options.output:
        options.output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    real = found["real_time"]
    return int(real["lost"] > 0 or abs(real["rate_hz"] - RATE) > 0.05)


if __name__ == "__main__":
    sys.exit(main())
