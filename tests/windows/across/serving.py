"""The stand-in host as a process of its own, on either system, and a client on Linux that drives in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import environment
import numpy as np
from wine import Wine

from ac_gym.channels import COLUMNS
from ac_gym.game.client import GameConnection
from ac_gym.game.wire import State


@dataclass(frozen=True)
class Served:
    process: subprocess.Popen[bytes]
    about: dict[str, Any]
    """what `ac-gym serve --print-ports` tells"""

    def connection(self, timeout: float = 10.0) -> GameConnection:
        ports = self.about["ports"]
        return GameConnection(ego_port=ports["ego"], management_port=ports["management"], timeout=timeout)


@contextmanager
def serving(windows: Wine | None, *options: str) -> Iterator[Served]:
    """`ac-gym serve` under Windows, or on this machine where `windows` is None."""
    pages = f"ac_gym_test_{os.getpid()}_{os.urandom(4).hex()}"
    command = (
        "-m", "ac_gym.cli.main", "serve", "--track=indianapolis_sp", "--car=bmw_z4_gt3", "--ego-port=0",
        "--management-port=0", "--opponents-port=0", f"--pages={pages}", "--quiet", "--print-ports", *options,
    )  # fmt: skip
    if windows is not None:
        process = windows.start_python(*command)
    else:
        process = subprocess.Popen(
            [sys.executable, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=os.environ | {"AC_GYM_CACHE": str(environment.CACHE)},
        )  # fmt: skip
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line.startswith(b"{"):
            ended = process.poll()
            process.kill()
            said = (line + process.communicate()[0]).decode(errors="replace")
            raise AssertionError(f"instead of its ports, ac-gym serve (exit code {ended}) tells {said!r}")
        yield Served(process, json.loads(line))
    finally:
        process.kill()
        process.communicate()


def drive(game: GameConnection, states: int, first: State | None = None) -> np.ndarray:
    """Frames (states, width) from the next state on, or from `first`, of a drive by the number of the step alone."""
    frames = []
    for step in range(states):
        state = first if first and step == 0 else game.receive()
        frames.append(state.frame.copy())
        game.send((0.05 * np.sin(step / 10.0), 0.2, -1.0, 0.0))
    return np.array(frames)


def restarted(game: GameConnection) -> State:
    """The first state after a reset."""
    game.receive()
    game.reset()
    while (state := game.receive()).frame[COLUMNS["current_time"].start] > 0.0:
        game.send((0.0, 1.0, -1.0, 0.0))
    return state
