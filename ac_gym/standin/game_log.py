"""The game's log of its Python apps, `logs/py_log.txt`: what apps log, and the tracebacks of their errors."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path

_KEPT = 1000


class GameLog:
    """Writes lines to `path`, keeps the last ones in `lines`, and hands each to `listener`."""

    def __init__(self, path: Path, listener: Callable[[str], None] | None = None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", encoding="utf-8")
        self._listener = listener
        self.lines: deque[str] = deque(maxlen=_KEPT)

    def log(self, text: str) -> None:
        """`ac.log`"""
        for line in text.splitlines() or [""]:
            self.lines.append(line)
            if not self._file.closed:
                self._file.write(f"{line}\n")
            if self._listener is not None:
                self._listener(line)
        if not self._file.closed:
            self._file.flush()

    def console(self, text: str) -> None:
        """`ac.console`: the game shows it in its console."""
        self.log(f"CONSOLE: {text}")

    def close(self) -> None:
        self._file.close()
