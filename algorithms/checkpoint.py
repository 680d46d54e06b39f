"""Writing files that are whole or not there, and what a run leaves on disk.

model/checkpoints/step_00200000/policy_net.pth ...  networks, loadable with weights_only; policy.npz without PyTorch
model/{final,best_lap_time,best_reward}/...         the same, replaced as the run goes on
training_state.pt                                   all that `--resume` needs, replay memory included
"""

from __future__ import annotations

import json
import os
import pickle
import random
import shutil
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from algorithms.errors import UserError
from algorithms.loop import Agent, Progress
from algorithms.replay import Replay

TRAINING_STATE = "training_state.pt"
POLICY, PORTABLE_POLICY = "policy_net.pth", "policy.npz"
ENCODER = "encoder.pth"  # where there is one, the policy cannot do without it
_PARTIAL, _OUTDATED = ".partial", ".outdated"  # endings of hidden names: on its way in, on its way out


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside `path`, flush it to the disk and only then give it the name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}{_PARTIAL}")
    try:
        write(partial)
        with open(partial, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def save_networks(agent: Agent, folder: Path) -> Path:
    """The agent's networks as one folder that appears whole; an older folder of the name is replaced.

    A process killed between the two renames leaves the older folder under another name: see `recover`.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f".{folder.name}.{os.getpid()}{_PARTIAL}")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        _write_networks(agent, partial)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)  # a full disk has no place for it
        raise
    if folder.exists():
        outdated = folder.with_name(f".{folder.name}.{os.getpid()}{_OUTDATED}")
        os.replace(folder, outdated)
        os.replace(partial, folder)
        shutil.rmtree(outdated)
    else:
        os.replace(partial, folder)
    return folder


def _write_networks(agent: Agent, folder: Path) -> None:
    folder.mkdir()
    modules = agent.modules()
    for name, module in modules.items():
        write_atomically(folder / name, _saver(_on_cpu(module.state_dict())))
        if name == POLICY and ENCODER not in modules:
            export_policy(module.state_dict(), folder / PORTABLE_POLICY)


def export_policy(state: Mapping[str, torch.Tensor], path: Path) -> Path:
    """A policy's state dict as NumPy's .npz, for programs without PyTorch: weight_0 (n, obs_dim), bias_0, ..."""
    arrays: dict[str, Any] = {}
    for part in ("weight", "bias"):
        layers = [value for key, value in state.items() if key.endswith(f".{part}")]
        arrays |= {f"{part}_{i}": value.detach().float().cpu().numpy() for i, value in enumerate(layers)}

    def write(partial: Path) -> None:
        with partial.open("wb") as file:  # given a name, NumPy would add its own ending
            np.savez(file, **arrays)

    write_atomically(path, write)
    return path


def recover(run: Path) -> None:
    """Clear away what a killed process left half done in a run's folder: scraps go, a folder on its way out returns."""
    for outdated in sorted(run.rglob(f".*{_OUTDATED}")):
        folder = outdated.with_name(outdated.name[1:].rsplit(".", 2)[0])
        if not folder.exists():
            os.replace(outdated, folder)
    for scrap in [*run.rglob(f".*{_PARTIAL}"), *run.rglob(f".*{_OUTDATED}")]:
        if scrap.is_dir():
            shutil.rmtree(scrap, ignore_errors=True)
        else:
            scrap.unlink(missing_ok=True)


def load_networks(
    folder: Path,
    networks: Mapping[str, torch.nn.Module],
    device: str | torch.device = "cpu",
    optional: Collection[str] = (),
) -> list[str]:
    """Load `networks` by file name from a folder of `save_networks` or of the reference project.

    Returns the names of those that are `optional` and not there. Nothing is loaded unless everything fits.
    """
    states = {}
    for name, network in networks.items():
        path = folder / name
        if path.is_file():
            states[name] = _read_state(path, device)
            _check_fit(path, states[name], network)
        elif name not in optional:
            raise UserError(f"no {name} in {folder}: give the folder of a checkpoint, as model/final of a run")
    for name, state in states.items():
        networks[name].load_state_dict(state)
    return [name for name in networks if name not in states]


def _read_state(path: Path, device: str | torch.device) -> dict[str, torch.Tensor]:
    state = read_tensors(path, device)
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise UserError(f"{path} is not a file of network weights: it must hold a state dict of tensors")
    return state


def read_tensors(path: Path, device: str | torch.device) -> Any:
    """Tensors and plain values only: nothing in the file is executed."""
    try:
        return torch.load(path, map_location=device, weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise UserError(f"{path} is not a file of tensors and plain values, or is damaged") from error


def _check_fit(path: Path, state: Mapping[str, torch.Tensor], network: torch.nn.Module) -> None:
    own = network.state_dict()
    if {key: value.shape for key, value in state.items()} == {key: value.shape for key, value in own.items()}:
        return
    theirs, ours = _layers(state), _layers(own)
    if theirs != ours:
        reason = f"it has layers of {theirs}, this run of {ours}. Set hidden units and observation as they were"
    else:
        odd = sorted(state.keys() ^ own.keys()) or [key for key in own if state[key].shape != own[key].shape]
        reason = f"the two differ in {', '.join(odd[:3])}"
    raise UserError(f"{path} does not fit: {reason}")


def _layers(state: Mapping[str, torch.Tensor]) -> str:
    """Widths of the first network in the state, as 125-256-256-6."""
    weights = [value for key, value in state.items() if key.endswith(".weight") and value.ndim == 2]
    widths: list[int] = []
    for weight in weights:
        if widths and weight.shape[1] != widths[-1]:
            break  # the twin
        widths = [*(widths or [weight.shape[1]]), weight.shape[0]]
    return "-".join(map(str, widths)) or "no known kind"


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
    state = read_tensors(path, "cpu")
    if not isinstance(state, dict) or "agent" not in state:
        raise UserError(f"{path} is not the state of a run")
    if state["agent"].keys() != agent.state_dict().keys():
        raise UserError(f"{path} is of another algorithm: resume with that of the saved run")
    try:
        agent.load_state_dict(state["agent"])
    except (RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise UserError(f"{path} does not fit: {reason} Resume with the settings of the saved run.") from error
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
