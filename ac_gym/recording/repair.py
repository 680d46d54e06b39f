"""What a killed recording left behind becomes what it would have been: `ac-gym record repair`."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from ac_gym.errors import MissingPackageError, RecordingError
from ac_gym.recording.csv_file import repair_csv
from ac_gym.recording.parquet_format import Group
from ac_gym.recording.table_file import GROUP_KEY, ParquetFile, TableFile, in_use, journal_path, unfinished_path

_KILLED: Mapping[str, Any] = {"reason": "interrupted", "repaired": True}
_log = logging.getLogger("ac_gym.recording")


@dataclass(frozen=True)
class Repaired:
    """What became of one file."""

    path: Path
    rows: int
    """or frames of a video"""
    cut: int
    """bytes at the end that held no whole rows"""


def repair(place: str | Path) -> list[Repaired]:
    """Makes the Parquet, CSV and video files that a folder and those below it have unfinished, or that of a journal.

    What is still being recorded is left alone. Raises RecordingError where a file cannot be read or written, after
    all others; its journal is then still there.
    """
    place = Path(place)
    if place.is_dir():
        journals = sorted(path for path in place.rglob("*.journal") if not in_use(path))
        texts = sorted(path for path in place.rglob("*.csv.part") if not in_use(path))
        videos = sorted(path for path in place.rglob("*_video.mp4.part") if not _index_in_use(path))
    elif place.is_file():
        journals = [place if place.suffix == ".journal" else journal_path(place)]
        texts = videos = []
    else:
        raise RecordingError(f"{place}: no such file or folder")
    for journal in journals:
        if not journal.exists():
            raise RecordingError(f"{place}: there is no {journal.name} beside it to repair it from")
        if in_use(journal):
            raise RecordingError(f"{journal}: is being recorded to")
    work: list[tuple[Callable[[Path], Repaired], Path]] = [(repair_video, path) for path in videos]
    work += [(_repair_text, path) for path in texts]
    work += [(_repair_table, journal) for journal in journals]
    done, problems = [], []
    for mend, path in work:
        try:
            done.append(mend(path))
        except RecordingError as error:
            problems.append(error)
    if problems:
        raise problems[0]
    return done


def salvage(table: TableFile, end: Mapping[str, Any]) -> None:
    """After a failure: the table's safe rows become the file after all, with `end`, where the disk has room for it."""
    table.abandon()
    journal = journal_path(table.path)
    if journal.exists():
        try:
            _repair_table(journal, end)
        except RecordingError as error:
            _log.error("%s; make room, then: ac-gym record repair %s", error, journal)


def repair_video(unfinished: Path) -> Repaired:
    """A video that is in fragments can be read as it is; it only lacks its name. Where it has no frame it stays."""
    try:
        import av
    except ImportError:
        raise MissingPackageError("av", "record") from None

    path, frames = unfinished.with_name(unfinished.name.removesuffix(".part")), 0
    if path.exists():
        raise RecordingError(f"{path} exists beside {unfinished.name}: move one of them away")
    try:
        with av.open(str(unfinished), format="mp4") as container:
            frames = sum(packet.size > 0 and not packet.is_corrupt for packet in container.demux(video=0))
    except (av.FFmpegError, IndexError):  # killed before the first frame, or in a fragment
        if not frames:
            return Repaired(unfinished, 0, unfinished.stat().st_size)
    os.replace(unfinished, path)
    return Repaired(path, frames, 0)


def _repair_table(journal: Path, end: Mapping[str, Any] = _KILLED) -> Repaired:
    path = journal.with_suffix(".parquet")
    if path.exists():  # killed between the last two steps
        journal.unlink()
        return Repaired(path, 0, 0)
    try:
        rows, cut = _complete(journal, path, end)
    except (OSError, pa.ArrowException) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error).splitlines()[0]
        raise RecordingError(f"{journal}: cannot be made {path.name} ({reason})") from error
    unfinished_path(path).unlink(missing_ok=True)
    journal.unlink()
    return Repaired(path, rows, cut)


def _repair_text(unfinished: Path) -> Repaired:
    return Repaired(*repair_csv(unfinished))


def _complete(journal: Path, path: Path, end: Mapping[str, Any]) -> tuple[int, int]:
    """Adds what the Parquet file lacks, and `end`. Rows in it, bytes that were of no use."""
    found = _read_journal(journal)
    if found is None:  # killed before the first row
        return 0, journal.stat().st_size
    unfinished = unfinished_path(path)
    size = unfinished.stat().st_size if unfinished.exists() else 0
    groups = [group for group in found.groups if group.end <= size]
    missing = sum(sum(group.sizes) for group in found.groups[len(groups) :])  # after a power cut, or by another's hand
    parquet = ParquetFile(path, found.rows.schema, groups)
    try:
        if len(found.rows):
            parquet.write_group(found.rows)
        parquet.close(end)
    except BaseException:
        parquet.abandon()
        raise
    return parquet.rows, found.cut + missing


class _Journal(NamedTuple):
    groups: list[Group]
    rows: pa.RecordBatch
    """those after the last group"""
    cut: int
    """bytes at its end that are no whole batch"""


def _read_journal(journal: Path) -> _Journal | None:
    """None where it has no schema."""
    groups: list[Group] = []
    batches: list[pa.RecordBatch] = []
    with pa.OSFile(str(journal)) as file:
        try:
            reader = pa.ipc.open_stream(file)
        except (pa.ArrowInvalid, OSError):
            return None
        whole = file.tell()
        while True:
            try:
                batch, known = reader.read_next_batch_with_custom_metadata()
            except (StopIteration, pa.ArrowInvalid, OSError):
                break
            whole = file.tell()
            if known is None:
                batches.append(batch)
            else:
                group = json.loads(known[GROUP_KEY])
                groups.append(Group(reader.schema, group["rows"], group["start"], tuple(group["sizes"])))
                batches.clear()
    rows = pa.Table.from_batches(batches, reader.schema).combine_chunks().to_batches()
    nothing = pa.RecordBatch.from_pylist([], reader.schema)
    return _Journal(groups, rows[0] if rows else nothing, journal.stat().st_size - whole)


def _index_in_use(video: Path) -> bool:
    """The video itself is in the hands of a library; the journal of its pictures tells whether it grows."""
    index = video.with_name(video.name.replace("_video.mp4.part", "_pictures.journal"))
    return index.exists() and in_use(index)
