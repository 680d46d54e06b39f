"""Where the package's data lives: inside the wheel, or beside the package in a checkout."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,100}")  # of a track or car of the user's own: it becomes a file name

_PACKAGE = Path(__file__).resolve().parent


def _data_dir(name: str) -> Path:
    bundled = _PACKAGE / "_data" / name
    return bundled if bundled.is_dir() else _PACKAGE.parent / name


def tracks_dir() -> Path:
    """Folder of the track files, one YAML a circuit."""
    return _data_dir("tracks")


def configs_dir() -> Path:
    """Folder of the training configurations, with the cars in `cars/`."""
    return _data_dir("configs")


def plugin_dir() -> Path:
    """Folder of the in-game app, `sensors_par`, as it goes into the game's `apps/python`."""
    return _data_dir("plugin") / "sensors_par"


def user_tracks_dir() -> Path:
    """Folder of the user's own tracks, imported or written; may not exist."""
    return _user_dir() / "tracks"


def user_cars_dir() -> Path:
    """Folder of the user's own cars, imported or written; may not exist."""
    return _user_dir() / "cars"


def obs_settings_file() -> Path:
    """Where OBS's WebSocket server is and its password: lines `host`, `port`, `password`; may not exist."""
    return _user_dir() / "obs.yaml"


def _user_dir() -> Path:
    """`AC_GYM_HOME`, else the platform's folder for a user's data."""
    if override := os.environ.get("AC_GYM_HOME"):
        return Path(override)
    if sys.platform == "win32":
        base = Path(os.environ.get("APPDATA", Path.home() / "AppData" / "Roaming"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share"))
    return base / "ac_gym"


def cache_dir() -> Path:
    """Folder for what can be rebuilt at any time (`AC_GYM_CACHE`, else the platform's cache folder); may not exist."""
    if override := os.environ.get("AC_GYM_CACHE"):
        return Path(override)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return base / "ac_gym"
