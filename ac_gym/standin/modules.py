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


def make_ac(*parts: object, tell: Callable[[str], None] = lambda line: None) -> ModuleType:
    """The module `ac`: every public method of `parts` a function, which answers what it cannot take with -1.

    `tell` gets a line the first time that a function does so: the game says nothing, but whoever writes an app, or the
    stand-in, wants to know.
    """
    module = ModuleType("ac")
    for part in parts:
        for name, function in _functions(part):
            setattr(module, name, _failing(function, tell))
    return module


def _failing(function: Callable[..., Any], tell: Callable[[str], None]) -> Callable[..., Any]:
    told = False

    @wraps(function)
    def call(*arguments: Any) -> Any:
        nonlocal told
        try:
            return function(*arguments)
        except (TypeError, ValueError, IndexError) as error:
            if not told:
                given = ", ".join(map(repr, arguments))
                tell(f"ac.{function.__name__}({given}) is answered with -1: {error}")
                told = True
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
