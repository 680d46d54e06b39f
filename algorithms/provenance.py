"""What a run ran on: command, machine, packages and the state of the source, beside its results."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch

from algorithms.checkpoint import write_atomically

_PACKAGES = ("ac_gym", "torch", "numpy", "gymnasium", "scipy")


def save_provenance(run: Path, source: Path) -> dict[str, Any]:
    """Write `system.json` and, where `source` is a git checkout with changes, `changes.diff`; returns the first.

    A resumed run adds an entry: `starts` lists them all.
    """
    path = run / "system.json"
    starts = json.loads(path.read_text())["starts"] if path.is_file() else []
    git = git_state(source)
    if git.get("changed"):
        diff = _git(source, "diff", "HEAD", "--no-color", "--no-ext-diff")
        write_atomically(run / "changes.diff", lambda partial: partial.write_text(diff))
    start = {"time": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "command": sys.argv, "git": git}
    state = {"system": system_state(), "starts": [*starts, start]}
    write_atomically(path, lambda partial: partial.write_text(json.dumps(state, indent=2) + "\n"))
    return state


def system_state() -> dict[str, Any]:
    """Machine and versions."""
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return {
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "gpus": gpus,
        "python": platform.python_version(),
        "packages": versions,
    }


def git_state(source: Path) -> dict[str, Any]:
    """Commit and changed files of the checkout around `source`; empty where there is none, or no git."""
    commit = _git(source, "rev-parse", "HEAD").strip()
    if not commit:
        return {}
    changed = _git(source, "status", "--porcelain", "--untracked-files=no").splitlines()
    return {"commit": commit, "changed": [line[3:] for line in changed]}


def _git(source: Path, *arguments: str) -> str:
    try:
        answer = subprocess.run(
            ["git", "-C", str(source), *arguments], capture_output=True, text=True, errors="replace", timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout if answer.returncode == 0 else ""


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
