"""A CSV file that grows: whole lines only, under a temporary name until it is done."""

from __future__ import annotations

import contextlib
import csv
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from ac_gym.errors import RecordingError
from ac_gym.recording.table_file import hold

_PART = ".part"


class CsvFile:
    """For one thread. What was written is safe from a kill; `repair_csv` cuts a line that was not whole."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        """Raises RecordingError where the file cannot be made, or exists."""
        self.path = path
        self._unfinished = path.with_name(path.name + _PART)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists():
                raise FileExistsError(0, "exists")
            self._file = open(self._unfinished, "xb")  # noqa: SIM115 - closed by `close`
            hold(self._file)
            self.write([columns])
        except OSError as error:
            raise RecordingError(f"{path}: cannot be recorded to ({error.strerror or error})") from error

    def write(self, rows: Iterable[Sequence[object]]) -> None:
        """Adds rows."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        self._file.write(text.getvalue().encode())
        self._file.flush()

    def close(self) -> None:
        """The file is complete and has its name."""
        self._file.close()
        os.replace(self._unfinished, self.path)

    def abandon(self) -> None:
        """After a failure: what was written whole gets its name."""
        with contextlib.suppress(OSError):  # such as a disk that is still full
            self._file.close()
        repair_csv(self._unfinished)


def repair_csv(unfinished: Path) -> tuple[Path, int, int]:
    """Gives an unfinished file its name, cut to whole lines; its path, rows and the bytes cut."""
    path = unfinished.with_name(unfinished.name.removesuffix(_PART))
    if path.exists():
        raise RecordingError(f"{path} exists beside {unfinished.name}: move one of them away")
    size = unfinished.stat().st_size
    lines = end = 0
    with open(unfinished, "r+b") as file:
        for line in file:
            if not line.endswith(b"\n"):
                break
            lines, end = lines + 1, end + len(line)
        file.truncate(end)
    os.replace(unfinished, path)
    return path, max(lines - 1, 0), size - end
