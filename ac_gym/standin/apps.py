"""In-game apps: loaded from their folder and called as the game calls them."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from ac_gym.standin.game_log import GameLog

AC_VERSION = 1.16


class Guard:
    """Calls into apps: what they raise goes to the game's log, and the game goes on."""

    def __init__(self, log: GameLog) -> None:
        self.log = log
        self._last = ""
        self.errors = 0

    def __call__(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """The function's answer, None where it raised. An error that repeats is logged once."""
        try:
            return function(*arguments)
        except Exception:  # whatever an app does wrong is the app's business
            self.errors += 1
            trace = traceback.format_exc()
            if trace != self._last:
                self.log.log(trace)
            self._last = trace
            return None


class App:
    """One app, from the folder in which the game has it."""

    def __init__(self, folder: Path, guard: Guard) -> None:
        self.folder, self.name = folder, folder.name
        self._guard = guard
        self._module: ModuleType | None = None

    @property
    def running(self) -> bool:
        """Whether it was loaded and its acMain came to its end."""
        return self._module is not None

    def start(self) -> None:
        """Imports the app and calls `acMain`."""
        module = self._guard(importlib.import_module, self.name)
        if module is None:
            return
        name = self._guard(lambda: module.acMain(AC_VERSION))
        if isinstance(name, str):
            self._module = module
        elif name is not None:
            self._guard.log.log(f"{self.name}: acMain must return the app's name, returned {name!r}")

    def update(self, seconds: float) -> None:
        """`acUpdate`, once a frame."""
        if self._module is not None and (update := getattr(self._module, "acUpdate", None)) is not None:
            self._guard(update, seconds)

    def stop(self) -> None:
        """`acShutdown`"""
        if self._module is not None and (shutdown := getattr(self._module, "acShutdown", None)) is not None:
            self._guard(shutdown)
        self._module = None


@contextmanager
def import_path(folders: list[Path]) -> Iterator[None]:
    """Python looks for modules in the apps' folders first; afterwards their modules are forgotten."""
    names = {name for folder in folders for name in _module_names(folder)} - sys.stdlib_module_names
    before = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in names}
    for name in before:
        del sys.modules[name]
    path = sys.path[:]
    sys.path[:0] = map(str, folders)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = path
        for name in [name for name in sys.modules if name.partition(".")[0] in names]:
            del sys.modules[name]
        sys.modules |= before


def _module_names(folder: Path) -> Iterator[str]:
    for path in folder.iterdir():
        if path.suffix == ".py":
            yield path.stem
        elif path.is_dir() and path.name.isidentifier():
            yield path.name
