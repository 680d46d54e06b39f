"""Writing files that are whole or not there, and what a run leaves on disk.

model/checkpoints/step_00200000/policy_net.pth ...  networks, loadable with weights_only
model/{final,best_lap_time,best_reward}/...         the same, replaced as the run goes on
training_state.pt                                   all that `--resume` needs, replay memory included
"""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from algorithms.errors import UserError
from algorithms.loop import Agent, Progress
from algorithms.replay import Replay

TRAINING_STATE = "training_state.pt"


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a file beside `path`, flush it to the disk and only then give it the name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        write(partial)
        with open(partial, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def save_networks(agent: Agent, folder: Path) -> Path:
    """The agent's networks as one folder that appears whole; an older folder of the name is replaced."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    for name, module in agent.modules().items():
        write_atomically(partial / name, _saver(_on_cpu(module.state_dict())))
    if folder.exists():
        outdated = folder.with_name(f".{folder.name}.{os.getpid()}.outdated")
        os.replace(folder, outdated)
        os.replace(partial, folder)
        shutil.rmtree(outdated)
    else:
        os.replace(partial, folder)
    return folder


def load_networks(folder: Path, networks: Mapping[str, torch.nn.Module], device: str | torch.device = "cpu") -> None:
    """Load `networks` by file name from a folder of `save_networks` or of the reference project."""
    for name, network in networks.items():
        path = folder / name
        if not path.is_file():
            raise UserError(f"no {name} in {folder}: give the folder of a checkpoint, as model/final of a run")
        state = torch.load(path, map_location=device, weights_only=True)
        try:
            network.load_state_dict(state)
        except RuntimeError as error:
            reason = str(error).splitlines()[-1].strip()
            raise UserError(f"{path} does not fit: {reason} Check the hidden units and the observation.") from error


def save_training(run: Path, agent: Agent, replay: Replay, progress: Progress, extra: Mapping[str, Any]) -> Path:
    """Everything that a resumed run needs, as one file; `extra` is the caller's own JSON-able part."""
    memory = replay.state_dict()
    arrays = {name: torch.from_numpy(value) for name, value in memory.items() if isinstance(value, np.ndarray)}
    state = {
        "agent": agent.state_dict(),
        "replay": memory | arrays | {"rng": json.dumps(memory["rng"])},
        "progress": progress.state_dict(),
        "random": _random_state(),
        "extra": json.dumps(dict(extra)),
    }
    path = run / TRAINING_STATE
    write_atomically(path, _saver(state))
    return path


def load_training(run: Path, agent: Agent, replay: Replay, progress: Progress) -> dict[str, Any]:
    """Restore what `save_training` wrote and return its `extra`; the environment starts new episodes."""
    path = run / TRAINING_STATE
    if not path.is_file():
        raise UserError(f"nothing to resume in {run}: it has no {TRAINING_STATE}")
    state = torch.load(path, map_location="cpu", weights_only=True)
    agent.load_state_dict(state["agent"])
    memory = {k: v.numpy() if isinstance(v, torch.Tensor) else v for k, v in state["replay"].items()}
    memory["rng"] = json.loads(state["replay"]["rng"])
    replay.load_state_dict(memory)
    replay.end_episodes()
    progress.load_state_dict(state["progress"])
    _set_random_state(state["random"])
    return dict(json.loads(state["extra"]))


def _saver(state: Mapping[str, Any]) -> Callable[[Path], None]:
    return lambda path: torch.save(dict(state), path)


def _random_state() -> dict[str, Any]:
    state = np.random.get_state(legacy=False)
    state["state"]["key"] = state["state"]["key"].tolist()
    return {"torch": torch.get_rng_state(), "numpy": json.dumps(state), "python": json.dumps(random.getstate())}


def _set_random_state(state: Mapping[str, Any]) -> None:
    torch.set_rng_state(state["torch"])
    legacy = json.loads(state["numpy"])
    legacy["state"]["key"] = np.array(legacy["state"]["key"], np.uint32)
    np.random.set_state(legacy)
    version, internal, gauss_next = json.loads(state["python"])
    random.setstate((version, tuple(internal), gauss_next))


def _on_cpu(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {key: value.detach().cpu() for key, value in state.items()}
