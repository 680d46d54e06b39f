"""The package as a whole: data that travels with it, registration, and which room may import which."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import gymnasium as gym
import pytest

import ac_gym
from ac_gym.car import available_cars
from ac_gym.resources import configs_dir, tracks_dir
from ac_gym.track import available_tracks

ROOT = Path(__file__).parents[1]

# Room -> what it must not import.
FORBIDDEN = {
    "algorithms": ("ac_gym",),
    "ac_gym": ("algorithms", "torch"),
    "ac_gym/track": ("ac_gym.envs", "ac_gym.task", "ac_gym.worlds", "ac_gym.car"),
    "ac_gym/worlds": ("ac_gym.envs", "ac_gym.task"),
    "ac_gym/task": ("ac_gym.envs", "ac_gym.drivers"),
    "ac_gym/envs": ("ac_gym.cli", "ac_gym.drivers"),
    "ac_gym/channels.py": ("ac_gym", "numpy"),
    "ac_gym/errors.py": ("ac_gym.car", "ac_gym.track", "numpy"),
}


def modules(room: str) -> list[Path]:
    path = ROOT / room
    return [path] if path.suffix else sorted(path.rglob("*.py"))


def imports(path: Path, *, top_level: bool = False) -> set[str]:
    """Names of the modules that a file imports; type-checking blocks are left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            node.body = []
    nodes = tree.body if top_level else list(ast.walk(tree))
    found = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("room", FORBIDDEN)
def test_rooms_import_only_what_they_may(room: str) -> None:
    for path in modules(room):
        for name in imports(path):
            for forbidden in FORBIDDEN[room]:
                allowed = not f"{name}.".startswith(f"{forbidden}.")
                assert allowed, f"{path.relative_to(ROOT)} imports {name}"


def test_the_environments_are_registered_once() -> None:
    ac_gym.register()
    ac_gym.register()
    spec = gym.spec("AssettoCorsa-v0")
    assert spec.entry_point == "ac_gym.envs:AssettoCorsaEnv"
    assert spec.vector_entry_point


def test_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == ac_gym.__version__
    assert project["license"] == "MIT"
    assert (ROOT / "LICENSE").exists()


def test_cars_and_tracks_travel_with_it() -> None:
    assert len(available_cars()) >= 3
    assert len(available_tracks()) >= 7
    assert all((configs_dir() / "cars" / f"{name}.yaml").is_file() for name in available_cars())
    assert all((tracks_dir() / f"{name}.yaml").is_file() for name in available_tracks())


def test_core_headers_know_nothing_of_python() -> None:
    for header in sorted((ROOT / "native").glob("*.h")):
        text = header.read_text()
        for python in ("nanobind", "Python.h"):
            assert python not in text, header.name
        for gnu in ("__attribute__", "__builtin", "typeof(", "<unistd.h>", "<pthread.h>"):
            assert gnu not in text, f"{header.name}: {gnu} is not what MSVC compiles"
