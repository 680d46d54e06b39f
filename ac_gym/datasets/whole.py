"""Files and folders that are whole or not there: they have a temporary name until they are done."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ac_gym.errors import RecordingError


@contextmanager
def new_file(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """Where to write what is to become `path`: it gets that name when the block ends well, else nothing is left of it,
    nor of the folders made for it.

    RecordingError, a line that names `path`, for one that exists (unless it is to be replaced) or cannot be written.
    """
    with _named_at_the_end(path, replace=replace) as unfinished:
        yield unfinished


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """The same for a folder, which is made."""
    with _named_at_the_end(path) as unfinished:
        unfinished.mkdir()
        yield unfinished


@contextmanager
def _named_at_the_end(path: Path, *, replace: bool = False) -> Iterator[Path]:
    ending = f".{os.getpid()}.partial"  # of this process alone: another may be writing the same
    unfinished = path.with_name(path.name + ending)
    taken = (unfinished,) if replace else (unfinished, path)
    _refuse(*taken)
    made = [folder for folder in path.parents if not os.path.lexists(folder)]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield unfinished
        _refuse(*taken[1:])  # who else wrote it may have been done first
        os.replace(unfinished, path)
    except BaseException as error:
        _remove(unfinished, made)
        if isinstance(error, OSError):
            raise RecordingError(_told(error, path, ending)) from None
        raise


def _refuse(*taken: Path) -> None:
    if there := next((path for path in taken if os.path.lexists(path)), None):
        raise RecordingError(f"{there} exists: remove it, or choose another place")


def _remove(unfinished: Path, folders: list[Path]) -> None:
    """What was begun, and those of the folders around it, from within outwards, that hold nothing else."""
    with suppress(OSError):
        if unfinished.is_dir():
            shutil.rmtree(unfinished)
        else:
            unfinished.unlink(missing_ok=True)
        for folder in folders:
            folder.rmdir()


def _told(error: OSError, path: Path, ending: str) -> str:
    """One line about `path`, or about another one where the error is of that: an input, a file written beside it."""
    reason = os.strerror(error.errno) if error.errno else " ".join(str(error).split())[:120]
    named = error.filename
    where = Path(os.fsdecode(named).replace(ending, "")) if isinstance(named, str | bytes | os.PathLike) else path
    if where == path or where in path.parents or path in where.parents:
        return f"{path}: cannot be written ({reason})"
    return f"{where}: {reason}"
