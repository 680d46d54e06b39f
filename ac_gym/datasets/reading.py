"""Reading a recording, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Collection
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
    """The recordings in a folder and the folders in it, by name; CSV files are not taken for recordings unasked."""
    folder = Path(folder)
    if folder.is_file():
        return [folder]
    if not folder.is_dir():
        raise RecordingError(f"{folder}: no such file or folder")
    wanted = (".parquet", ".pkl", ".pickle", ".ld")
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in wanted and not path.name.endswith(PICTURE_INDEX) and path.is_file()
    )
    if not found:
        raise RecordingError(f"{folder}: no recordings in it ({', '.join(SUFFIXES)})")
    return found
