"""Fuzzes everything that reads bytes from the other end, in the client and in the plugin.

    python tests/fuzz_wire.py [SECONDS] [--seed N]

Inputs are arbitrary bytes and mutations of genuine messages: bits flipped, pieces cut, doubled and spliced, numbers
replaced by wild ones. In the client anything but an event, or the one error that a checker may raise, is a finding; so
is a stream that reads otherwise when it is cut otherwise, and a state with numbers that are not finite. In the plugin
any exception is, an answer that is no JSON, a line of its log that is not one line, and a joystick beyond its axes.
The exit status is 1 where there are findings.
"""

# ruff: noqa: E402 - the rooms whose helpers are used are no packages

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).parent / room) for room in ("game", "plugin")]

from fake_game import FakeAc, FakeJoystick, acsys_module, library, remove_pages
from fake_plugin import SESSION, reference_state, state_bytes, welcome
from running_app import ManagementClient, Running, ring
from test_game_answers import STATIC, track

from ac_gym.game import answers
from ac_gym.game.framing import FrameReader, frame
from ac_gym.game.reference import ReferenceCodec
from ac_gym.game.wire import (
    AcGymCodec,
    Dismissed,
    EgoCodec,
    Malformed,
    MessageError,
    Refused,
    State,
    Welcome,
    from_json,
)

MESSAGES = (
    welcome(),
    {"refused": {"reason": "token", "message": "no"}},
    {"dismissed": {"reason": "shutdown", "message": ""}},
    reference_state(7),
    STATIC,
    track(4, height=[0.0] * 4),
)
FROM_GAME = [
    state_bytes(7, answered=6, age=0.01, speed=50.0),
    *(json.dumps(message).encode() for message in MESSAGES),
    b"identified",
    b"disconnect",
    b"{'version': 0.1, 'ego_sampling_freq': 25, 'screen_capture_enable': False, 'worker': None, 'list': [1, (2, 3)]}",
    frame({"id": 1, "ok": True, "result": STATIC}) + frame({"id": 2, "ok": False, "error": "no"}),
]
WILD = [
    b"NaN", b"-Infinity", b"1e999", b"-1", b"0", b"null", b"true", b"{}", b"[]", b'""', b"[" * 2000, b"9" * 5000,
    b"\0", b"\xff", b"\xed\xa0\x80", b'"\\ud800"', b'"a\\nb"', b"__import__('os')", b"(" * 300, b"-" * 500,
    b"\x7f\xff\xff\xff",
]  # fmt: skip


TO_EGO = [
    b"connect", b"disconnect", b"reset",
    b'{"hello": {"protocol": 1, "role": "driver", "client": "somebody", "token": "secret", "take_over": true}}',
    b'{"hello": {"protocol": 1, "role": "observer", "client": "", "apply": "plugin"}}',
    b'{"steer": 0.5, "acc": -1, "brake": -1, "enable_gear_shift": 1, "shift_up": 1, "server_steps": 1}',
    b'{"steer": 0.5, "acc": 1, "brake": 0, "server_steps": 1, "session": 7}', b'{"alive": {"session": 7}}',
    b'{"bye": {"session": 7}}',
]  # fmt: skip
TO_MANAGEMENT = [
    json.dumps({"command": command, "id": 7, "token": "secret"}).encode()
    for command in ("hello", "static_info", "track_info", "config", "status", "reset")
]

VALUE = re.compile(rb'"[^"]*"|-?[0-9.]+|true|false|null')  # of JSON


def mutated(rng: random.Random, genuine: Sequence[bytes]) -> bytes:
    """Bytes of any kind, most of them nearly genuine."""
    if rng.random() < 0.1:
        return rng.randbytes(rng.randrange(300))
    data = bytearray(rng.choice(genuine))
    for _ in range(int(rng.expovariate(0.7))):
        at = rng.randrange(len(data) + 1)
        end = min(at + 1 + int(rng.expovariate(0.1)), len(data))
        match rng.randrange(8):
            case 0 if data:
                data[at % len(data)] ^= 1 << rng.randrange(8)
            case 1:
                del data[at:end]
            case 2:
                data[at:at] = data[at:end]
            case 3:
                data[at:end] = rng.choice(WILD)
            case 4:
                other = rng.choice(genuine)
                begin = rng.randrange(len(other))
                data[at:] = other[begin:]
            case 5:
                data[at:end] = rng.randbytes(end - at)
            case _ if values := list(VALUE.finditer(data)):
                value = rng.choice(values)
                data[value.start() : value.end()] = rng.choice(WILD)
    return bytes(data)


# --- the client -------------------------------------------------------------------------------------------------------


def ego(codec: EgoCodec, data: bytes) -> str:
    event = codec.decode(data, 0.0)
    assert isinstance(event, State | Welcome | Refused | Dismissed | Malformed), event
    if isinstance(event, State):
        assert event.frame.shape == (140,)
        assert np.isfinite(event.frame).all()
    return type(event).__name__


def ours(data: bytes, rng: random.Random) -> str:
    codec = AcGymCodec()
    codec.session = SESSION
    return ego(codec, data)


REFERENCE = ReferenceCodec(rate=25.0, applies_controls=True)


def reference(data: bytes, rng: random.Random) -> str:
    return ego(REFERENCE, data)


def framing(data: bytes, rng: random.Random) -> str:
    whole, cut = FrameReader(4096), FrameReader(4096)
    found, at = [], 0
    while at < len(data):
        end = at + rng.randrange(1, 50)
        found += cut.feed(data[at:end])
        at = end
    assert found == whole.feed(data)
    return "messages" if found else "nothing yet"


def checked(check: Callable[[bytes], object], data: bytes) -> str:
    try:
        check(data)
    except MessageError:
        return "refused"
    return "accepted"


def config(data: bytes, rng: random.Random) -> str:
    return checked(answers.config, data)


def information(data: bytes, rng: random.Random) -> str:
    return checked(lambda text: answers.track_info(from_json(text, 2**20)), data) + checked(
        lambda text: answers.static_info(from_json(text, 2**20)), data
    )


# --- the plugin -------------------------------------------------------------------------------------------------------


class Plugin:
    """The app under a minimal game, of which datagrams and requests are asked past all that would hide an exception."""

    def __init__(self, folder: Path, token: str) -> None:
        acsys = acsys_module()
        settings = {"vjoy_executed_by_server": True, "second_driver": "take_over", "token": token}
        base = f"ac_gym_fuzz_{os.getpid()}_{token}"
        self.running = Running(folder, FakeAc(acsys, joystick=FakeJoystick()), acsys, base, settings)
        self._told = 0

    def datagram(self, data: bytes, rng: random.Random) -> str:
        ego = self.running.app.servers.ego
        with ego._lock:
            for client in ego._admission.clients.values():
                client.session, client.sequence = 7, 1
            useful = ego._take(data, ("127.0.0.1", rng.randrange(40000, 40004)))
        self._check_log()
        position = self.running.joystick.last if self.running.joystick.positions else (1, 1, 1, 0)
        assert all(1 <= axis <= 32768 for axis in position[:3]), position
        assert 0 <= position[3] < 4, position
        return "useful" if useful else "ignored"

    def request(self, data: bytes, rng: random.Random) -> str:
        answer = self._management.raw(data[:65536])
        self._check_log()
        return "answered" if answer["ok"] else "refused"

    def _check_log(self) -> None:
        lines = list(self.running.ac.lines)
        for line in lines[self._told :]:
            assert line.isprintable(), f"no line of a log: {line!r}"
        self._told = len(lines)

    def __enter__(self) -> Plugin:
        self._management = ManagementClient(self.running)
        return self

    def __exit__(self, *_: object) -> None:
        self._management.close()
        self.running.close()
        remove_pages(self.running.base)


Target = Callable[[bytes, random.Random], str]


@contextlib.contextmanager
def targets() -> Iterator[list[tuple[str, Target, Sequence[bytes]]]]:
    """Name, what takes the bytes, and genuine ones."""
    library("log").Log.limited = lambda log, subject, text: log(text)  # every line is looked at
    client = [(each.__name__, each, FROM_GAME) for each in (ours, reference, framing, config, information)]
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        lane = folder / "content" / "tracks" / "testring" / "ai" / "fast_lane.ai"
        lane.parent.mkdir(parents=True)
        lane.write_bytes(ring())
        stack.callback(os.chdir, Path.cwd())
        os.chdir(folder)
        plugins = []
        for token in ("", "secret"):
            (folder / f"app{token}").mkdir()
            plugin = stack.enter_context(Plugin(folder / f"app{token}", token))
            locked = " (token)" if token else ""
            plugins.append((f"datagrams{locked}", plugin.datagram, TO_EGO))
            plugins.append((f"requests{locked}", plugin.request, TO_MANAGEMENT))
        yield [*client, *plugins]


def fuzz(going_on: Callable[[int], bool], seed: int) -> tuple[int, Counter[str]]:
    """Findings (10 at most, printed), and what became of the inputs; `going_on` is asked before each, by its number."""
    rng, outcomes = random.Random(seed), Counter[str]()
    findings = number = 0
    with targets() as known:
        while going_on(number) and findings < 10:
            name, target, genuine = known[number % len(known)]
            number += 1
            data = mutated(rng, genuine)
            try:
                outcomes[f"{name}: {target(data, rng)}"] += 1
            except Exception:
                findings += 1
                print(f"FINDING in {name} with {data!r}\n{traceback.format_exc()}", flush=True)
    return findings, outcomes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seconds", type=float, nargs="?", default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    end = time.perf_counter() + options.seconds
    findings, outcomes = fuzz(lambda _: time.perf_counter() < end, options.seed)
    executions = sum(outcomes.values()) + findings
    print(f"seed {options.seed}: {executions} executions in {options.seconds:g} s")
    for outcome, count in sorted(outcomes.items()):
        print(f"  {outcome:<36} {count}")
    print(f"{findings} findings")
    return int(findings > 0)


if __name__ == "__main__":
    sys.exit(main())
