"""The plugin as a host runs it: its settings, its ports, and how often it sends."""

from __future__ import annotations

import configparser
import ipaddress
import math
from collections.abc import Mapping
from pathlib import Path

from ac_gym.errors import ConfigError
from ac_gym.standin.game_folder import edit_settings
from ac_gym.standin.ports import choose_ports

_HOST = "ego_server_host_name"
_PORTS = {
    "ego": "ego_server_port",
    "management": "simulation_management_server_port",
    "opponents": "opponents_server_port",
}


class PluginSettings:
    """The settings of `sensors_par` at `source`, with those of the host and then those of the user over them.

    Under the host the plugin executes controls itself. Where the host waits for the driver (`speed` infinite), it is
    the host that decides how long, so the plugin must not give up before it.
    """

    def __init__(self, source: Path, pages: str, speed: float, patience: float, settings: Mapping[str, object]) -> None:
        self.source, self.ini = source, f"{source.name}.ini"
        self.values: dict[str, object] = {"vjoy_executed_by_server": True, "pages": pages}
        if speed == math.inf:
            self.values["neutral_after"] = 2.0 * patience
        self.values |= settings
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read_string((source / self.ini).read_text(encoding="utf-8-sig"))
            self._written = dict(parser[source.name])
        except (OSError, KeyError, configparser.Error) as error:
            raise ConfigError(f"{source / self.ini}: cannot be read as the plugin's settings ({error})") from error
        self.ego_rate = self._number("ego_sampling_freq")

    def choose_ports(self) -> dict[str, int]:
        """Server -> port; a free one where the settings say 0. ConfigError for one that is taken."""
        host = str(self._value(_HOST))
        if not _is_loopback(host) and str(self._value("allow_remote")).lower() != "true":
            raise ConfigError(
                f"{_HOST} {host}: other machines could connect; allow it (--allow-remote) and set a token"
            )
        wanted = {setting: int(self._number(setting)) for setting in _PORTS.values()}
        chosen = choose_ports(host, wanted)
        self.values |= chosen
        return {server: chosen[setting] for server, setting in _PORTS.items()}

    def write(self, folder: Path) -> None:
        """Puts the settings into the ini file of the app in `folder`."""
        edit_settings(folder / self.ini, self.values)

    def _value(self, name: str) -> object:
        for values in (self.values, self._written):
            if name in values:
                return values[name]
        raise ConfigError(f"{self.source / self.ini}: has no setting {name}")

    def _number(self, name: str) -> float:
        value = self._value(name)
        try:
            return float(str(value))
        except ValueError:
            raise ConfigError(f"setting {name}: {value!r} is not a number") from None


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
