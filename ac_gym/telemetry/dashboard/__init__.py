"""The dashboard page: plain files, served as they are."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@cache
def _files() -> dict[str, tuple[str, bytes]]:
    found = {f"/{file.name}": file for file in _FOLDER.iterdir() if file.suffix in _KINDS}
    found["/"] = _FOLDER / "index.html"
    return {path: (_KINDS[file.suffix], file.read_bytes()) for path, file in found.items()}


def dashboard_file(path: str) -> tuple[str, bytes] | None:
    """Content type and bytes of the file at a path of the server; None where there is none."""
    return _files().get(path)
