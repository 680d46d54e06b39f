"""Ports of the plugin's servers: free ones where 0 is asked for, and whether the others can be had."""

from __future__ import annotations

import socket
import sys
from collections.abc import Mapping

from ac_gym.errors import ConfigError

_KINDS = {
    "ego_server_port": socket.SOCK_DGRAM,
    "simulation_management_server_port": socket.SOCK_STREAM,
    "opponents_server_port": socket.SOCK_STREAM,
}


def choose_ports(host: str, wanted: Mapping[str, int]) -> dict[str, int]:
    """Setting -> port for the plugin's port settings; ConfigError for one that another program has."""
    held: list[socket.socket] = []
    chosen: dict[str, int] = {}
    try:
        for setting, port in wanted.items():
            held.append(_bound(host, port, setting))
            chosen[setting] = held[-1].getsockname()[1]
    finally:
        for end in held:  # all are held until the last is chosen, so that no two are the same
            end.close()
    return chosen


def _bound(host: str, port: int, setting: str) -> socket.socket:
    kind = _KINDS[setting]
    end = socket.socket(socket.AF_INET, kind)
    if kind == socket.SOCK_STREAM and sys.platform != "win32":
        end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: not stopped by TIME_WAIT
    try:
        end.bind((host, port))
    except (OSError, OverflowError) as error:
        end.close()
        protocol = "UDP" if kind == socket.SOCK_DGRAM else "TCP"
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"{setting}: {protocol} {host}:{port} cannot be had ({reason}); choose another, or 0"
        ) from error
    return end
