"""Fuzzes everything that reads bytes from the game: ego datagrams, frames, management answers.

    python tests/game/fuzz_wire.py [SECONDS] [--seed N]

Inputs are arbitrary bytes and mutations of genuine messages: bits flipped, pieces cut, doubled and spliced, numbers
replaced by wild ones. Anything but an event, or the one error that a checker may raise, is a finding; so is a stream
that reads otherwise when it is cut otherwise, and a state with numbers that are not finite. The exit status is 1 where
there are findings.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable

import numpy as np
from fake_plugin import SESSION, reference_state, state_bytes, welcome
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
GENUINE = [
    state_bytes(7, answered=6, age=0.01, speed=50.0),
    *(json.dumps(message).encode() for message in MESSAGES),
    b"identified",
    b"disconnect",
    b"{'version': 0.1, 'ego_sampling_freq': 25, 'screen_capture_enable': False, 'worker': None, 'list': [1, (2, 3)]}",
    frame({"id": 1, "ok": True, "result": STATIC}) + frame({"id": 2, "ok": False, "error": "no"}),
]
WILD = [
    b"NaN", b"-Infinity", b"1e999", b"-1", b"0", b"null", b"true", b"{}", b"[]", b'""', b"[" * 2000, b"9" * 5000,
    b"\0", b"\xff", b"\xed\xa0\x80", b'"\\ud800"', b"__import__('os')", b"(" * 300, b"-" * 500, b"\x7f\xff\xff\xff",
]  # fmt: skip


def mutated(rng: random.Random) -> bytes:
    """Bytes of any kind, most of them nearly genuine."""
    if rng.random() < 0.1:
        return rng.randbytes(rng.randrange(300))
    data = bytearray(rng.choice(GENUINE))
    for _ in range(1 + int(rng.expovariate(1.0))):
        at = rng.randrange(len(data) + 1)
        end = min(at + 1 + int(rng.expovariate(0.1)), len(data))
        match rng.randrange(6):
            case 0 if data:
                data[at % len(data)] ^= 1 << rng.randrange(8)
            case 1:
                del data[at:end]
            case 2:
                data[at:at] = data[at:end]
            case 3:
                data[at:end] = rng.choice(WILD)
            case 4:
                other = rng.choice(GENUINE)
                begin = rng.randrange(len(other))
                data[at:] = other[begin:]
            case _:
                data[at:end] = rng.randbytes(end - at)
    return bytes(data)


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


TARGETS = (ours, reference, framing, config, information)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seconds", type=float, nargs="?", default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    outcomes: Counter[str] = Counter()
    findings = executions = 0
    begun = time.perf_counter()
    while (elapsed := time.perf_counter() - begun) < options.seconds and findings < 10:
        data = mutated(rng)
        for target in TARGETS:
            executions += 1
            try:
                outcomes[f"{target.__name__}: {target(data, rng)}"] += 1
            except Exception:
                findings += 1
                print(f"FINDING in {target.__name__} with {data!r}\n{traceback.format_exc()}", flush=True)
    print(f"seed {options.seed}: {executions} executions in {elapsed:.1f} s ({executions / elapsed:.0f} a second)")
    for outcome, count in sorted(outcomes.items()):
        print(f"  {outcome:<36} {count}")
    print(f"{findings} findings")
    return int(findings > 0)


if __name__ == "__main__":
    sys.exit(main())
