"""Who may connect from a browser: our own page, and those that the user names; never any page on the web."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether only programs on this computer reach `host`."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def may_connect(host: str | None, origin: str | None, allowed: Collection[str]) -> str:
    """Empty, or why a request with these headers is refused, in one line.

    A browser names the page that asks (`Origin`), and what it takes us for (`Host`): a page elsewhere is refused, and
    so is a name that an attacker may have made to point here. Other programs send no `Origin`.
    """
    if origin in allowed:
        return ""
    try:
        name = urlsplit(f"//{host or 'localhost'}").hostname or ""
    except ValueError:
        name = ""
    hosts = {urlsplit(origin).hostname for origin in allowed}
    if not (is_loopback(name) or _is_address(name) or name in hosts):
        return f"this server is not known as {name or host}; name it with --allow-origin http://{name or host}"
    if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
        return f"pages of {origin} may not connect; allow them with --allow-origin {origin}"
    return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
