"""What a run says about where it comes from."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import torch

from algorithms.provenance import git_state, save_provenance


def _git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


def test_commit_changes_and_every_start_are_kept(tmp_path: Path) -> None:
    source, run = tmp_path / "source", tmp_path / "run"
    source.mkdir()
    _git(source, "init", "-q")
    (source / "code.py").write_text("a = 1\n")
    _git(source, "add", "code.py")
    _git(source, "commit", "-q", "-m", "first")
    state = save_provenance(run, source)
    assert len(state["starts"][0]["git"]["commit"]) == 40
    assert state["starts"][0]["git"]["changed"] == []
    assert not (run / "changes.diff").exists()

    (source / "code.py").write_text("a = 2\n")
    save_provenance(run, source)
    kept = json.loads((run / "system.json").read_text())
    assert [start["git"]["changed"] for start in kept["starts"]] == [[], ["code.py"]]
    assert "+a = 2" in (run / "changes.diff").read_text()
    assert kept["system"]["packages"]["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert kept["system"]["cores"] >= 1


def test_a_folder_without_git_has_no_state(tmp_path: Path) -> None:
    assert git_state(tmp_path) == {}
