"""A file of JSON lines that is whole after every line: whoever kills the writer leaves a file that can be read."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from ac_gym.errors import RecordingError


class JsonLines:
    """Appends lines to `path`, each with one write that nothing buffers; RecordingError where that cannot be."""

    def __init__(self, path: str | Path) -> None:
        self.path, self.lines = Path(path), 0
        try:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
        except OSError as error:
            raise RecordingError(f"{self.path}: cannot be written ({error.strerror}); choose another file") from error
        self._size = os.fstat(self._file).st_size
        if self._size and _last_byte(self._file) != b"\n":
            self.close()
            raise RecordingError(
                f"{self.path} is there already and does not end with a whole line; choose another file"
            )

    def write(self, line: str) -> None:
        """Appends one line; after an error the file ends with the one before it."""
        data = line.encode() + b"\n"
        try:
            written = os.write(self._file, data)
            if written < len(data):
                written += os.write(self._file, data[written:])  # says why, where there is no room
        except OSError as error:
            with contextlib.suppress(OSError):  # a device has no end to be cut off
                os.ftruncate(self._file, self._size)
            raise RecordingError(
                f"{self.path}: cannot be written ({error.strerror}); the {self.lines} lines before are in it"
            ) from error
        self._size += len(data)
        self.lines += 1

    def close(self) -> None:
        """Again does nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _last_byte(file: int) -> bytes:
    os.lseek(file, -1, os.SEEK_END)
    return os.read(file, 1)
