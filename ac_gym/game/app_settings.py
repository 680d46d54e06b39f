"""The settings of the in-game app as the app itself reads them: by its own module."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Protocol

from ac_gym.errors import InstallationError
from ac_gym.game.install import LIBRARY, SETTINGS
from ac_gym.game.installation import APP
from ac_gym.resources import plugin_dir


class AppSettings(Protocol):
    """What others than the app ask of them; the keys are explained in `sensors_par.ini`."""

    ego_server_host_name: str
    ego_server_port: int  # UDP
    opponents_server_port: int  # TCP
    simulation_management_server_port: int  # TCP
    ego_sampling_freq: float
    neutral_after: float
    client_timeout: float
    pages: str
    token: str
    wrong: list[str]
    """a line for each setting that cannot be used"""
    problems: list[str]
    """the same, with what the app does instead"""


def read_app_settings(ini: Path) -> AppSettings:
    """Those in the file `ini`; the defaults and a problem where it cannot be read."""
    settings: AppSettings = _module(plugin_dir()).read(str(ini))
    return settings


def parse_app_settings(text: str, source: Path) -> AppSettings:
    """Those in the text of an ini file, as the app in the folder `source` takes them."""
    settings: AppSettings = _module(source).parse(text, SETTINGS)
    return settings


def default_app_settings() -> AppSettings:
    """Those of an app whose file says nothing."""
    return parse_app_settings(f"[{APP}]", plugin_dir())


def known_app_settings(source: Path) -> list[str]:
    """Their names."""
    return list(_module(source).DEFAULTS)


def is_loopback(host: str) -> bool:
    """Whether a server on `host` can be reached from its own computer only."""
    return bool(_module(plugin_dir()).is_loopback(host))


@cache
def _module(source: Path) -> ModuleType:
    """InstallationError where the folder has no app, or one of another time."""
    path = source / LIBRARY / "settings.py"
    spec = importlib.util.spec_from_file_location("ac_gym_app_settings", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except OSError as error:
        raise InstallationError(f"{path}: cannot be read ({error.strerror}); {source} is not the app {APP}") from None
    if not all(hasattr(module, name) for name in ("DEFAULTS", "is_loopback", "parse", "read")):
        raise InstallationError(f"{source} has the app of another version of ac_gym; take the one that came with yours")
    return module
