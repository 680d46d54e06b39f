"""Reading a recording, whatever its format."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from ac_gym.datasets.csv_table import read_csv
from ac_gym.datasets.model import Recording
from ac_gym.datasets.motec import read_motec
from ac_gym.datasets.own import is_own, read_own
from ac_gym.datasets.reference import read_pickled, read_states_parquet
from ac_gym.errors import RecordingError

_SINGLE: dict[str, Callable[[Path, Collection[str] | None], Recording]] = {
    ".pkl": read_pickled,
    ".pickle": read_pickled,
    ".ld": lambda path, only: read_motec(path),
    ".csv": lambda path, only: read_csv(path),
}
PICTURE_INDEX = "_pictures.parquet"  # of the recorder: a table of pictures, not of states
SUFFIXES = (".parquet", *_SINGLE)
_JOURNAL = ".journal"  # of the recorder: beside a recording that is not finished
_SHOWN = 5  # names in a message
_log = logging.getLogger("ac_gym.datasets")


def read_recordings(path: str | Path, only: Collection[str] | None = None) -> list[Recording]:
    """The drives in a file: our Parquet, the reference project's Parquet or pickle, MoTeC's .ld, CSV.

    `only`: channels that are enough, where the format lets others be skipped. RecordingError for what is none of these.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if not path.is_file():
        raise RecordingError(f"{path}: no such file")
    if suffix == ".parquet":
        return read_own(path, only) if is_own(path) else [read_states_parquet(path, only)]
    if suffix not in _SINGLE:
        raise RecordingError(f"{path}: not a recording: its name ends in none of {', '.join(SUFFIXES)}")
    return [_SINGLE[suffix](path, only)]


def recording_files(folder: str | Path) -> list[Path]:
    """The recordings in a folder and the folders in it, by name; CSV files are not taken for recordings unasked.

    A file is taken as it is. RecordingError where there are none; a warning in the log names those that are not
    finished, since they are left out.
    """
    folder = Path(folder)
    if not folder.is_dir():
        return [_checked(folder)]
    wanted = (".parquet", ".pkl", ".pickle", ".ld")
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in wanted and not path.name.endswith(PICTURE_INDEX) and path.is_file()
    )
    begun = sorted(set(map(_finished, folder.rglob(f"*{_JOURNAL}"))) - set(found))
    begun = [path for path in begun if not path.name.endswith(PICTURE_INDEX)]
    if begun and found:
        _log.warning("%s", _unfinished(begun, folder))
    if not found:
        raise RecordingError(
            _unfinished(begun, folder) if begun else f"{folder}: no recordings ({', '.join(SUFFIXES)})"
        )
    return found


def _checked(file: Path) -> Path:
    """A file that is there, and is no part of one that is not finished."""
    whole = _finished(file)
    if whole.with_suffix(_JOURNAL).is_file() and (file != whole or not file.is_file()):
        raise RecordingError(_unfinished([whole], whole.with_suffix(_JOURNAL)))
    if not file.is_file():
        raise RecordingError(f"{file}: no such file or folder")
    return file


def _finished(part: Path) -> Path:
    """The name that a part of an unfinished recording will have; any other file's own."""
    return part.with_suffix(".parquet" if part.suffix == _JOURNAL else "" if part.suffix == ".part" else part.suffix)


def _unfinished(recordings: Sequence[Path], place: Path) -> str:
    names = ", ".join(path.name for path in recordings[:_SHOWN])
    more = f" and {len(recordings) - _SHOWN} more" if len(recordings) > _SHOWN else ""
    return f"{place}: not finished: {names}{more}; what was broken off, `ac-gym record repair {place}` completes"
