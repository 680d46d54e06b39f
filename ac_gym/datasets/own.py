"""Our own recordings (`ac_gym.recording.schema`) as drives, and drives as such files."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ac_gym import channels
from ac_gym.constants import NEUTRAL
from ac_gym.datasets.columns import parquet, read_columns, schema_metadata
from ac_gym.datasets.model import AT, Recording, flaws_of, rate_of, stem
from ac_gym.datasets.whole import new_file
from ac_gym.errors import RecordingError
from ac_gym.recording.columns import CHANNEL_COLUMNS, CONTROLS, element_names

_PART_OF = ("episode", "car")
_STATIC = "static_info"  # where the header's notes keep what the game told


def is_own(path: Path) -> bool:
    """Whether a Parquet file is one of ours; RecordingError if it is no Parquet file."""
    with parquet(path):
        from ac_gym.recording.schema import METADATA_KEY

        return METADATA_KEY in schema_metadata(path)


def read_own(path: Path, only: Collection[str] | None = None) -> list[Recording]:
    """The drives in a file, one an episode of a car; of all channels, or `only` of those named (which is faster)."""
    with parquet(path):
        from ac_gym.recording.schema import Header

    wanted = set(CHANNEL_COLUMNS) if only is None else {
        name for channel in channels.CHANNELS if channel.name in only for name in element_names(channel)
    }  # fmt: skip
    table = read_columns(path, dict.fromkeys([*wanted, *CONTROLS, *_PART_OF], 1))
    header, columns, rows = Header.decode(table.metadata, str(path)), table.columns, table.rows
    frames, known = np.zeros((rows, channels.WIDTH)), np.zeros(channels.WIDTH, bool)
    for index, name in enumerate(CHANNEL_COLUMNS):
        if name in columns:
            frames[:, index], known[index] = columns[name][:, 0], True
    if not known.any():
        raise RecordingError(f"{path}: it has none of the telemetry columns, such as {CHANNEL_COLUMNS[0]}")
    controls = None
    if all(name in columns for name in CONTROLS):
        controls = np.column_stack([columns[name] for name in CONTROLS]).astype(np.float32)
    rate = header.rate if 0.0 < header.rate < math.inf else rate_of(frames, known)
    static = header.notes.get(_STATIC, {})
    whole = Recording(stem(path), frames, known, rate, controls, header.track, header.car, static)
    part = [columns[name][:, 0] for name in _PART_OF if name in columns]
    return [replace(drive, flaws=flaws_of(drive.frames, known, rate)) for drive in _drives(whole, part)]


def _drives(whole: Recording, part: list[NDArray[np.float64]]) -> list[Recording]:
    """One recording an episode of a car; the first row of an episode has no controls of its own."""
    if not part or not len(whole):
        return [whole]
    keys, group = np.unique(np.column_stack(part), axis=0, return_inverse=True)
    found = []
    for number in range(len(keys)):
        rows = np.flatnonzero(group == number) if len(keys) > 1 else slice(None)
        controls = None if whole.controls is None else _filled(whole.controls[rows])
        name = whole.name if len(keys) == 1 else f"{whole.name}-{number + 1}"
        found.append(replace(whole, name=name, frames=whole.frames[rows], controls=controls))
    return found


def _filled(controls: NDArray[np.float32]) -> NDArray[np.float32]:
    """Neutral controls for the row that nothing led to."""
    if len(controls) and np.isnan(controls[0]).any():
        controls = np.concatenate([np.array([NEUTRAL], np.float32), controls[1:]])
    return controls


def write_own(path: Path, recording: Recording, source: str = "import") -> Path:
    """Writes one drive into a new file; the columns are those that are known."""
    with parquet(path):
        import pyarrow as pa
        import pyarrow.parquet as pq

        from ac_gym.recording.schema import CLOCK_FIELDS, CONTROL_FIELDS, FRAME_FIELDS, METADATA_KEY, Header, column

        rows = len(recording)
        clock = recording.frames[:, AT["timestamp_ac"]] if recording.known[AT["timestamp_ac"]] else None
        seconds = np.arange(rows) / recording.rate if clock is None else clock
        fields = [*CLOCK_FIELDS]
        arrays = [column(seconds, fields[0].type), column(np.zeros(rows, np.int64), fields[1].type)]
        for index in np.flatnonzero(recording.known):
            fields.append(FRAME_FIELDS[index])
            arrays.append(column(np.ascontiguousarray(recording.frames[:, index]), fields[-1].type))
        if recording.controls is not None:
            fields += CONTROL_FIELDS
            arrays += [column(values, pa.float32()) for values in recording.controls.T]
        notes = {_STATIC: dict(recording.static)} if recording.static else {}
        header = Header(
            source=source, track=recording.track, car=recording.car, rate=recording.rate, notes=notes,
            end={"rows": rows, "reason": "stopped"},
        )  # fmt: skip
        table = pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata={METADATA_KEY: header.encode()}))
        with new_file(path) as unfinished:
            pq.write_table(table, unfinished, use_dictionary=False)
    return path
