"""The modules `ac` and `acsys` that in-game apps import, put in place for as long as a host runs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import ModuleType
from typing import Any

from ac_gym.errors import ConfigError
from ac_gym.standin.acsys import make_acsys
from ac_gym.standin.car_state import FAILED


def make_ac(*parts: object) -> ModuleType:
    """The module `ac`: every public method of `parts` a function, which answers what it cannot take with -1."""
    module = ModuleType("ac")
    for part in parts:
        for name, function in _functions(part):
            setattr(module, name, _failing(function))
    return module


def _failing(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def call(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except (TypeError, ValueError, IndexError):
            return FAILED

    return call


def _functions(part: object) -> Iterator[tuple[str, Callable[..., Any]]]:
    for name in dir(part):
        if not name.startswith("_") and callable(value := getattr(part, name)):
            yield name, value


@contextmanager
def installed(ac: ModuleType) -> Iterator[None]:
    """`import ac` and `import acsys` find the stand-in's within the context; ConfigError where another host is on."""
    if "ac" in sys.modules:
        raise ConfigError("another stand-in host runs in this process (there is one module `ac`); stop it first")
    sys.modules |= {"ac": ac, "acsys": make_acsys()}
    try:
        yield
    finally:
        for name in ("ac", "acsys"):
            del sys.modules[name]
