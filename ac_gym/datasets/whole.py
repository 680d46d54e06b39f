"""Files and folders that are whole or not there: they have a temporary name until they are done."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ac_gym.errors import RecordingError

_UNFINISHED = ".partial"


@contextmanager
def new_file(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """Where to write what is to become `path`: it gets that name when the block ends well, else nothing is left of it.

    RecordingError, a line that names `path`, for one that exists (unless it is to be replaced) or cannot be written.
    """
    with _named_at_the_end(path, replace=replace) as unfinished:
        try:
            yield unfinished
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """The same for a folder, which is made; what a kill left of an earlier one is cleared away."""
    with _named_at_the_end(path) as unfinished:
        if unfinished.exists():
            shutil.rmtree(unfinished)
        unfinished.mkdir()
        try:
            yield unfinished
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise


@contextmanager
def _named_at_the_end(path: Path, *, replace: bool = False) -> Iterator[Path]:
    if path.exists() and not replace:
        raise RecordingError(f"{path} exists: remove it, or choose another place")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(path.name + _UNFINISHED)
        yield unfinished
        os.replace(unfinished, path)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else " ".join(str(error).split())[:120]
        raise RecordingError(f"{path}: cannot be written ({reason})") from None
