"""Recordings into other formats, file by file; nothing is left out without a word."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ac_gym.datasets.csv_table import write_csv
from ac_gym.datasets.episodes import left_out, rebuild, resampled
from ac_gym.datasets.minari_export import write_minari
from ac_gym.datasets.model import Recording
from ac_gym.datasets.motec import write_motec
from ac_gym.datasets.own import write_own
from ac_gym.datasets.reading import read_recordings
from ac_gym.datasets.reference import write_states_parquet
from ac_gym.datasets.reference_task import derived_columns
from ac_gym.errors import UnknownNameError
from ac_gym.task import TaskSettings


def _write_reference(path: Path, recording: Recording) -> tuple[list[Path], str]:
    derived, why_none = derived_columns(recording)
    return write_states_parquet(path, recording, derived), why_none


_Writer = Callable[[Path, Recording], tuple[list[Path], str]]
_FILES: dict[str, tuple[str, _Writer]] = {  # ending, and what writes: the files, and a remark
    "parquet": (".parquet", lambda path, recording: ([write_own(path, recording)], "")),
    "reference": ("_states.parquet", _write_reference),
    "motec": (".ld", lambda path, recording: (write_motec(path, recording), "")),
    "csv": (".csv", lambda path, recording: ([write_csv(path, recording)], "")),
}
FILE_FORMATS = tuple(_FILES)
FORMATS = (*FILE_FORMATS, "minari", "pictures")


@dataclass(frozen=True)
class Converted:
    """What became of one recording (or of all, for a data set)."""

    name: str
    paths: tuple[Path, ...]
    notes: tuple[str, ...]
    """what is wrong with rows, or was left out"""


def convert_files(
    files: Iterable[Path], to: str, out: Path, *, track: str = "", car: str = "", rate: float | None = None
) -> Iterator[Converted]:
    """Each drive in `files` as a file of the format `to` in the folder `out`; one that exists is not overwritten.

    `track` and `car` override what the recordings tell; `rate` (Hz) takes fewer rows.
    """
    if to not in _FILES:
        raise UnknownNameError("format", to, FORMATS)
    suffix, write = _FILES[to]
    for recording in _read(files, track, car, rate):
        folder = out / recording.name if to == "reference" else out  # its static_info.json has no name of its own
        path = folder / f"{recording.name}{suffix}"
        paths, remark = write(path, recording)
        yield Converted(recording.name, tuple(paths), (*map(str, recording.flaws), *filter(None, [remark])))


def convert_to_minari(
    files: Iterable[Path],
    dataset_id: str,
    *,
    folder: Path | None = None,
    track: str = "",
    car: str = "",
    settings: TaskSettings | None = None,
) -> Converted:
    """All drives in `files` as one Minari data set of the task with these settings."""
    notes: list[str] = []

    def noted() -> Iterator[Recording]:
        for recording in _read(files, track, car, None):
            found = [*recording.flaws, left_out(recording)]
            notes.extend(f"{recording.name}: {flaw}" for flaw in found if flaw is not None)
            yield recording

    said = write_minari(rebuild(noted(), settings), dataset_id, folder=folder)
    return Converted(dataset_id, (folder,) if folder else (), (*notes, *said))


def _read(files: Iterable[Path], track: str, car: str, rate: float | None) -> Iterator[Recording]:
    for file in files:
        for found in read_recordings(file):
            recording = replace(found, track=track or found.track, car=car or found.car)
            yield recording if rate is None else resampled(recording, rate)
