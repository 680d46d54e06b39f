"""The plugin as a host runs it: its settings, its ports, and how often it sends."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from ac_gym.errors import ConfigError, UnknownNameError
from ac_gym.game.app_settings import AppSettings, is_loopback, known_app_settings, parse_app_settings
from ac_gym.game.ini import IniFile
from ac_gym.standin.ports import choose_ports

_LONGEST_NEUTRAL_AFTER_S = 60.0  # that the plugin takes
_HOST, _PAGES, _TIMEOUT = "ego_server_host_name", "pages", "client_timeout"
_PORTS = {
    "ego": "ego_server_port",
    "management": "simulation_management_server_port",
    "opponents": "opponents_server_port",
}


class PluginSettings:
    """The settings of `sensors_par` at `source`, with those of the host and then those of the user over them.

    Under the host the plugin executes controls itself. Where the host waits for the driver (`speed` infinite), it is
    the host that decides how long, so the plugin must not give up before it. ConfigError for what the plugin would
    not take.
    """

    def __init__(self, source: Path, pages: str, speed: float, patience: float, settings: Mapping[str, object]) -> None:
        self.source, self._name = source, f"{source.name}.ini"
        written = source / self._name
        self._ini = IniFile.read(written)
        if not list(self._ini.entries()):
            raise ConfigError(f"{written}: cannot be read as the plugin's settings")
        known = known_app_settings(source)
        for name, value in settings.items():
            if name not in known:
                raise UnknownNameError(f"setting of {self._name}", name, known)
            if "\n" in str(value):
                raise ConfigError(f"setting {name}: a value is one line, is {value!r}")
        if str(settings.get(_PAGES, pages)) != pages:
            raise ConfigError(f"setting {_PAGES}: it is {pages}, as the host's are called; --pages names both")
        own: dict[str, object] = {"vjoy_executed_by_server": True, _PAGES: pages}
        if speed == math.inf:
            own["neutral_after"] = min(2.0 * patience, _LONGEST_NEUTRAL_AFTER_S)
            own[_TIMEOUT] = max(2.0 * patience, self._read().client_timeout)
        self._set(own)
        self._set(settings)
        taken = self._read()
        if taken.wrong:
            remote = not is_loopback(str(settings.get(_HOST, taken.ego_server_host_name)))
            remedy = " (--allow-remote); set a token then" if remote else ""
            raise ConfigError(f"setting {taken.wrong[0]}{remedy}")
        self.ego_rate = taken.ego_sampling_freq

    def choose_ports(self) -> dict[str, int]:
        """Server -> port; a free one where the settings say 0. ConfigError for one that is taken."""
        settings = self._read()
        wanted = {name: int(getattr(settings, name)) for name in _PORTS.values()}
        chosen = choose_ports(settings.ego_server_host_name, wanted)
        self._set(chosen)
        return {server: chosen[name] for server, name in _PORTS.items()}

    def write(self, folder: Path) -> None:
        """Puts the settings into the ini file of the app in `folder`."""
        (folder / self._name).write_bytes(self._ini.data())

    def _set(self, values: Mapping[str, object]) -> None:
        for name, value in values.items():
            self._ini.set(self.source.name, name, str(value))

    def _read(self) -> AppSettings:
        """As the plugin will."""
        return parse_app_settings(self._ini.data().decode("utf-8-sig", "replace"), self.source)
