"""A program: save a run over an older one again and again, killed one step further each time; prints what was found.

python crash_points.py FOLDER. Each kill happens in a child of its own, before or after one of the calls that change
files, or in the middle of a write.
"""

from __future__ import annotations

import io
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from algorithms import checkpoint
from algorithms.checkpoint import load_networks, load_training, recover, save_networks, save_training
from algorithms.loop import Progress
from algorithms.replay import Replay
from algorithms.sac import SAC, SACSettings

_SIZES = SACSettings(policy_hidden_units=(4,), q_hidden_units=(4,))


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    os.fsync = lambda _: None  # for the loss of power, which nobody tests here
    survived, point = False, 0
    while not survived:
        point += 1
        run = folder / str(point)
        _save(run, version=1)
        child = os.fork()
        if child == 0:
            _kill_at(point)
            _save(run, version=2)
            os._exit(0)
        survived = os.waitpid(child, 0)[1] == 0
        before = _version(run) if (run / "model" / "best").exists() else 0
        recover(run)
        assert _version(run) in (1, 2), point
        assert not [path for path in run.rglob(".*")], f"scraps after point {point}"
        print(point, before, _version(run), "survived" if survived else "killed")


def _agent(version: float) -> SAC:
    """An agent all of whose numbers tell its version."""
    agent = SAC(2, 1, _SIZES)
    for network in agent.modules().values():
        for param in network.parameters():
            param.data.fill_(version)
    return agent


def _save(run: Path, version: int) -> None:
    agent = _agent(version)
    save_networks(agent, run / "model" / "best")
    save_training(run, agent, Replay(10, 1, 2, 1), Progress(env_steps=version), {})


def _version(run: Path) -> int:
    """Version of the best networks, after checking that whatever can be seen is whole and of one version."""
    best = 0
    for folder in (run / "model").glob("[!.]*"):
        agent = _agent(0)
        load_networks(folder, agent.modules())
        seen = {float(value) for net in agent.modules().values() for p in net.parameters() for value in p.flatten()}
        assert len(seen) == 1, (folder, seen)
        best = int(seen.pop()) if folder.name == "best" else best
    progress = Progress()
    load_training(run, _agent(0), Replay(10, 1, 2, 1), progress)
    assert progress.env_steps in (1, 2)
    return best


def _kill_at(point: int) -> None:
    """Kill this process at the `point`-th occasion."""
    left = point

    def occasion() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(function: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **kwargs: Any) -> Any:
            occasion()
            result = function(*args, **kwargs)
            occasion()
            return result

        return watched

    def save_in_halves(state: Any, path: Path) -> None:
        whole = io.BytesIO()
        real_save(state, whole)
        data = whole.getvalue()
        with open(path, "wb", buffering=0) as file:
            file.write(data[: len(data) // 2])
            occasion()
            file.write(data[len(data) // 2 :])
        occasion()

    real_save = torch.save
    checkpoint.torch.save = save_in_halves  # type: ignore[attr-defined]
    os.replace, shutil.rmtree = around(os.replace), around(shutil.rmtree)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
