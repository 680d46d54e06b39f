"""The settings of the in-game app as the app itself reads them: by its own module."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Protocol

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


def known_app_settings(source: Path) -> list[str]:
    """Their names."""
    return list(_module(source).DEFAULTS)


def is_loopback(host: str) -> bool:
    """Whether a server on `host` can be reached from its own computer only."""
    return bool(_module(plugin_dir()).is_loopback(host))


@cache
def _module(source: Path) -> ModuleType:
    path = source / LIBRARY / "settings.py"
    spec = importlib.util.spec_from_file_location("ac_gym_app_settings", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


APP_DEFAULTS = parse_app_settings(f"[{APP}]", plugin_dir())
