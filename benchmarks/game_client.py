"""CPU time of a step on either end of the game connection: our client, and the plugin inside the game.

    python benchmarks/game_client.py [--seconds 8] [--output benchmarks/results/game_client.json]

Client: from a datagram that waits in the socket to the telemetry frame, and on to the observation, with states that the
plugin's own encoders write of a lap driven by the line follower; the median of single steps. `back to back` is one step
after the other. `paced` is a drive in real time, 25 states a second from the plugin under the stand-in host in another
process: between two steps caches and the processor's clock go cold, for us and for every peer, so the ratio tells more
than the figure. Peers, in the same run: json.loads of the reference plugin's message alone, also at 25 Hz;
ast.literal_eval of it, the nearest safe thing to the eval of the reference project's client; a hundred additions, which
tell what waking up costs anybody. Plugin: its own frame timer under the stand-in host at 50 frames a second, in this
CPython. The exit status is 1 where a limit is missed (client, back to back, 60 us; plugin, mean, 300 us).
"""

from __future__ import annotations

import argparse
import ast
import json
import math
import os
import platform
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from ac_gym.car import load_car
from ac_gym.drivers import LineFollower
from ac_gym.game.conversation import Conversation
from ac_gym.game.dialect import Wishes, recognise
from ac_gym.game.link import Link
from ac_gym.game.management import AcGymManagement
from ac_gym.game.reception import Counters
from ac_gym.game.reference import ReferenceCodec
from ac_gym.game.timing import TimingReport
from ac_gym.game.wire import AcGymCodec, EgoCodec
from ac_gym.resources import plugin_dir
from ac_gym.task import Task
from ac_gym.track import load_track
from ac_gym.worlds import SimulatedWorld

CLIENT_LIMIT, PLUGIN_LIMIT = 60.0, 300.0  # us
TRACK, CAR = "monza", "bmw_z4_gt3"
STATES, SESSION = 2000, 1
DRIVE = np.array([0.0, 0.5, -1.0, 0.0], np.float32)


class Stopwatch:
    """CPU time of this thread for single steps, us; the clock's own share is taken off."""

    def __init__(self) -> None:
        self.steps: list[float] = []
        empty = []
        for _ in range(1000):
            begun = time.thread_time_ns()
            empty.append(time.thread_time_ns() - begun)
        self._clock_ns = statistics.median(empty)

    def run(self, step: Callable[[], object]) -> None:
        begun = time.thread_time_ns()
        step()
        self.steps.append(1e-3 * (time.thread_time_ns() - begun - self._clock_ns))

    def median(self) -> float:
        return statistics.median(self.steps)


def drive() -> tuple[Task, list[list[float]]]:
    """A task, and the telemetry rows of a drive over the lap."""
    world = SimulatedWorld(load_track(TRACK), load_car(CAR), 1)
    task, driver = Task(world), LineFollower(load_track(TRACK), load_car(CAR))
    world.seed(0)
    world.reset()
    task.begin()
    rows = []
    for _ in range(STATES):
        world.step(driver(task.telemetry))
        task.observe()
        rows.append(world.frames[0].tolist())
    return task, rows


def messages(rows: list[list[float]]) -> tuple[list[bytes], list[bytes]]:
    """The rows as the plugin sends them: binary, and the reference's text."""
    sys.path.insert(0, str(plugin_dir()))
    from sensors_par_lib import state  # the very file that goes into the game

    binary, text = [], []
    for number, row in enumerate(rows, 1):
        client = SimpleNamespace(session=SESSION, sequence=number, out_of_sync=0)
        binary.append(state.binary(row, client, 0.04 * number, 0.04 * number, number - 1, 0.001, 1))
        text.append(state.text(row, number, 0).encode())
    return binary, text


def back_to_back(codec: EgoCodec, datagrams: list[bytes], task: Task) -> dict[str, float]:
    """Median CPU of a step whose datagram waits in the socket, us."""
    frame, observation, send = Stopwatch(), Stopwatch(), Stopwatch()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        conversation = Conversation(Link(*server.getsockname()), codec, Counters())
        conversation.drive(DRIVE)
        client = server.recvfrom(4096)[1]
        world = task.world

        def observe() -> None:
            state = conversation.next(1.0)
            assert state is not None
            world.frames[0] = state.frame
            task.observe()

        for number, datagram in enumerate(datagrams):
            server.sendto(datagram, client)
            if number % 2:
                frame.run(lambda: conversation.next(1.0))
            else:
                observation.run(observe)
            send.run(lambda: conversation.drive(DRIVE))
            server.recv(4096)
        conversation.abandon()
    return {"frame": frame.median(), "observation": observation.median(), "controls": send.median()}


def paced(protocol: str, task: Task, seconds: float) -> tuple[float, dict[str, Any], TimingReport]:
    """A drive in real time: our CPU a step (median, us), what the plugin says of itself, and how time was kept."""
    host = subprocess.Popen(
        [sys.executable, __file__, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert host.stdin is not None
    assert host.stdout is not None
    watch, timing, here = Stopwatch(), TimingReport(), "127.0.0.1"
    try:
        ports = json.loads(host.stdout.readline())
        wishes = Wishes(role="driver", protocol=protocol, apply="default", token="", take_over=False)
        link = Link(here, ports["ego"])
        conversation = Conversation(link, recognise(here, ports["management"], wishes, 5.0)[1], Counters())
        conversation.greet(5.0)

        def observe() -> None:
            state = conversation.next(1.0)
            assert state is not None
            task.world.frames[0] = state.frame
            task.observe()
            timing.received(state, conversation.skipped)

        ends = time.perf_counter() + seconds
        while time.perf_counter() < ends:
            link.wait(1.0)
            watch.run(observe)
            timing.sent(conversation.drive(DRIVE))
        status = AcGymManagement(here, ports["management"]).status()
        conversation.leave()
    finally:
        host.stdin.close()
        host.wait(30)
    return watch.median(), status, timing


def serve() -> None:
    """The stand-in host, until our input ends."""
    from ac_gym.standin.host import Host

    free = {f"{name}_port": 0 for name in ("ego_server", "opponents_server", "simulation_management_server")}
    with Host(TRACK, CAR, settings=free, pages=f"ac_gym_benchmark_{os.getpid()}") as host:
        print(json.dumps(host.ports), flush=True)
        running = threading.Thread(target=host.run)
        running.start()
        sys.stdin.read()
        host.stop()
        running.join()


def per_call(work: Callable[[bytes], object], texts: list[bytes], pause: float = 0.0) -> float:
    """Median CPU of `work`, us, with a pause (s) before each."""
    watch = Stopwatch()
    for text in texts:
        time.sleep(pause)
        watch.run(lambda text=text: work(text))
    return watch.median()


def report(title: str, rows: list[tuple[str, float, float]], base: float, of: str) -> None:
    print(f"\n{title:<58} {'us':>8} {'limit':>6}  ratio to {of}")
    for name, value, limit in rows:
        shown = f"{limit:6.0f}" if math.isfinite(limit) else " " * 6
        print(f"  {name:<56} {value:8.1f} {shown}  {value / base:6.2f}{'  MISSED' if value > limit else ''}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each drive in real time")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
        return 0
    task, rows = drive()
    binary, text = messages(rows)
    ours = AcGymCodec()
    ours.session = SESSION
    hot_binary = back_to_back(ours, binary, task)
    hot_text = back_to_back(ReferenceCodec(rate=25.0, applies_controls=True), text, task)
    loads, loads_paced = per_call(json.loads, text), per_call(json.loads, text[:100], 0.04)
    added, added_paced = (per_call(lambda _: sum(range(100)), text[:100], pause) for pause in (0.0, 0.04))
    literal = per_call(lambda message: ast.literal_eval(message.decode()), text[:300])
    cold_binary, status, timing = paced("ac_gym", task, options.seconds)
    cold_text, status_text, _ = paced("reference", task, options.seconds)
    size = statistics.mean(map(len, text))
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores; states of {len(binary[0])} and {size:.0f} bytes"
    )
    client = [
        ("binary: datagram to frame", hot_binary["frame"], CLIENT_LIMIT),
        ("binary: datagram to observation", hot_binary["observation"], CLIENT_LIMIT),
        ("reference text: datagram to frame", hot_text["frame"], CLIENT_LIMIT),
        ("reference text: datagram to observation", hot_text["observation"], CLIENT_LIMIT),
        ("sending controls", hot_binary["controls"], math.inf),
        ("peer: json.loads of the reference text, nothing else", loads, math.inf),
        ("peer: ast.literal_eval of it, nothing else", literal, math.inf),
        ("peer: a hundred additions", added, math.inf),
    ]
    report("client, CPU a step, back to back", client, loads, "json.loads")
    real_time = [
        ("binary: datagram to observation", cold_binary, math.inf),
        ("reference text: datagram to observation", cold_text, math.inf),
        ("peer: json.loads of the reference text, nothing else", loads_paced, math.inf),
        ("peer: a hundred additions", added_paced, math.inf),
    ]
    report("client, CPU a step, paced", real_time, loads_paced, "json.loads")
    plugin = [
        (f"{name}, {which}", told["frame_us"][which], PLUGIN_LIMIT if which == "mean" else math.inf)
        for name, told in (("our client (binary)", status), ("reference client (text)", status_text))
        for which in ("mean", "max")
    ]
    report("plugin, time a frame at 50 frames a second", plugin, PLUGIN_LIMIT, "limit")
    print(f"\nreal time: {timing.summary()}")
    missed = sum(value > limit for _, value, limit in client + plugin)
    if options.output:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        figures = {"python": platform.python_version(), "client_us": {name: value for name, value, _ in client}}
        figures |= {"client_paced_us": {name: value for name, value, _ in real_time}}
        figures |= {"plugin_us": {name: value for name, value, _ in plugin}, "real_time": timing.figures()}
        options.output.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
