"""The layout of recorded telemetry: which columns a file has, their types and units, and frames to columns and back.

A recording is one Parquet file, one row a state, of one car. A channel of `ac_gym.channels` is one column (`speed`) or,
where it has several numbers, one column each (`slip_angle_fl`); counters and flags are integers and booleans, all else
is float64. Each column's field metadata has `unit` and `doc`, those of a channel `channel` and `element` as well.
Beside the channels:

| columns                                  | what                                                                  |
|------------------------------------------|-----------------------------------------------------------------------|
| `time`                                   | s, when the state reached the recorder, by its process's perf_counter  |
| `dropped`                                | states so far that were not recorded, because the disk was too slow    |
| `game_time`, `sequence`, `flags`         | of states from the plugin: see `ac_gym.game.wire.State`                |
| `control_steer`, `control_throttle`,     | controls of the step that led here, float32: -1..1 (pedals: -1 up) and    |
| `control_brake`, `control_gear_request`  | -1, 0, +1; NaN in the first row of an episode                          |
| `action_0` ...                           | the action of that step, float32; NaN in the first row of an episode   |
| `reward`                                 | of that step, float64; NaN in the first row of an episode              |
| `terminated`, `truncated`, `end_reason`  | the episode ended with this row, and why (`ac_gym.task.Ending`)        |
| `episode`, `car`                         | number of the episode (0, 1, ...) and of the car in the batch          |

The schema's metadata has the key `ac_gym`: a JSON object, see `Header`. An integer column holds null where the
frame had a number that is none (NaN).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ac_gym.channels import CHANNELS, COLUMNS, WIDTH
from ac_gym.errors import RecordingError
from ac_gym.recording.columns import CHANNEL_COLUMNS, CONTROLS, element_names

LAYOUT = 1
"""Version of this layout; a reader refuses a newer one."""

METADATA_KEY = b"ac_gym"
"""of the schema's metadata: the `Header`, known when the recording begins"""
END_KEY = b"ac_gym_end"
"""of the Parquet file's metadata: JSON, what is known when it ends; `read_header` has both"""

_COUNTS = dict.fromkeys(("steps", "total_errors_out_of_sync", "packet_id"), pa.int64())
_COUNTS |= dict.fromkeys(("completed_laps", "lap_count", "sector"), pa.int32())
_COUNTS |= dict.fromkeys(("gear", "tyres_out", "surface"), pa.int8())
_COUNTS |= dict.fromkeys(("lap_invalidated", "last_lap_valid", "is_in_pit"), pa.bool_())


@dataclass(frozen=True)
class Header:
    """What a file says of the whole recording, as JSON under the key `ac_gym` of its schema metadata."""

    source: str = ""
    """`simulated`, `game` (of an environment), `plugin` (an observer), `pages` (shared memory), or an importer's"""
    track: str = ""
    car: str = ""
    rate: float = 0.0
    """states a second, Hz; 0 = not known"""
    steering_lock_deg: float = 0.0
    """steering wheel angle at full lock; 0 = not known"""
    track_length: float = 0.0
    """m; 0 = not known"""
    started: float = 0.0
    """Unix time of the start, s"""
    clock_offset: float = 0.0
    """Unix time - `time` column, s, at the start"""
    layout: int = LAYOUT
    version: str = ""
    """of ac_gym"""
    notes: dict[str, Any] = field(default_factory=dict)
    """the source's own: the simulator's settings, what OBS recorded, ..."""
    end: dict[str, Any] = field(default_factory=dict)
    """what is known at the end only: `rows`, `dropped`, `missed`, `reason` (`stopped`, or what failed), ...; after a
    kill `repaired`: true"""

    def encode(self) -> bytes:
        """The JSON text."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decode(cls, metadata: Mapping[bytes, bytes] | None, where: str) -> Header:
        """From schema metadata; RecordingError, naming the file `where`, for what is not one of our recordings."""
        text = (metadata or {}).get(METADATA_KEY)
        if text is None:
            raise RecordingError(f"{where}: not a recording of ac_gym; `ac-gym convert` takes those of others in")
        try:
            values = dict(json.loads(text))
            header = cls(**{f.name: values[f.name] for f in fields(cls) if f.name in values})
        except (ValueError, TypeError, KeyError) as error:
            raise RecordingError(f"{where}: its header is damaged ({error})") from error
        for f in fields(cls):
            expected = (int, float) if f.type == "float" else type(getattr(cls(), f.name))
            if not isinstance(getattr(header, f.name), expected):
                raise RecordingError(f"{where}: its header is damaged ({f.name} is no {f.type})")
        if header.layout > LAYOUT:
            raise RecordingError(f"{where}: made by a newer ac_gym (layout {header.layout}, we know {LAYOUT}): upgrade")
        return header


def _field(name: str, kind: pa.DataType, unit: str, doc: str, **more: str) -> pa.Field:
    return pa.field(name, kind, metadata={"unit": unit, "doc": doc, **more})


def _channel_fields() -> Iterable[pa.Field]:
    for channel in CHANNELS:
        kind = _COUNTS.get(channel.name, pa.float64())
        for number, name in enumerate(element_names(channel)):
            yield _field(name, kind, channel.unit, channel.doc, channel=channel.name, element=str(number))


CLOCK_FIELDS = (
    _field("time", pa.float64(), "s", "when the state reached the recorder, by time.perf_counter of its process"),
    _field("dropped", pa.int64(), "1", "states so far that were not recorded: the disk was too slow"),
)
FRAME_FIELDS = tuple(_channel_fields())
PLUGIN_FIELDS = (
    _field("game_time", pa.float64(), "s", "game time since the plugin began"),
    _field("sequence", pa.int64(), "1", "number of the state; a gap is a lost one"),
    _field("flags", pa.int32(), "bits", "1 the plugin moves the joystick, 2 recording, 4 not live, 8 driver silent"),
)
CONTROL_FIELDS = tuple(
    _field(name, pa.float32(), "-1..1", "control of the step that led here") for name in CONTROLS
)  # fmt: skip
END_FIELDS = (
    _field("reward", pa.float64(), "1", "of the step that led here"),
    _field("terminated", pa.bool_(), "0/1", "the episode ended with this row, in a terminal state"),
    _field("truncated", pa.bool_(), "0/1", "the episode was cut off with this row"),
    _field("end_reason", pa.int8(), "code", "ac_gym.task.Ending"),
    _field("episode", pa.int64(), "1", "number of the episode in this recording"),
    _field("car", pa.int32(), "1", "number of the car in the batch"),
)


def action_fields(count: int) -> tuple[pa.Field, ...]:
    """`action_0` ..."""
    return tuple(_field(f"action_{i}", pa.float32(), "-1..1", "action of the step that led here") for i in range(count))


def schema(header: Header, *, plugin: bool = False, actions: int = 0) -> pa.Schema:
    """The schema of a recording: `plugin` for states from the plugin, `actions` > 0 for what an environment records."""
    columns = [*CLOCK_FIELDS, *FRAME_FIELDS]
    if plugin:
        columns += PLUGIN_FIELDS
    if actions:
        columns += [*CONTROL_FIELDS, *action_fields(actions), *END_FIELDS]
    return pa.schema(columns, metadata={METADATA_KEY: header.encode()})


def column(values: NDArray[Any], kind: pa.DataType) -> pa.Array:
    """Numbers (N,) as a column of that type; a number that the type cannot hold becomes null."""
    target = np.dtype(kind.to_pandas_dtype())
    if values.dtype == target or pa.types.is_floating(kind):
        return pa.array(values, kind)
    with np.errstate(invalid="ignore"):
        cast = values.astype(target)
    unfit = cast != values
    return pa.array(cast, kind, mask=unfit if unfit.any() else None)


def frame_columns(frames: NDArray[np.float64]) -> list[pa.Array]:
    """Frames (N, WIDTH) as the columns CHANNEL_COLUMNS."""
    transposed = np.ascontiguousarray(frames.T)
    return [column(values, f.type) for values, f in zip(transposed, FRAME_FIELDS, strict=True)]


def frames_of(table: pa.Table | pa.RecordBatch) -> NDArray[np.float64]:
    """The telemetry frames (N, WIDTH) of a table that has all channels; RecordingError names those it lacks."""
    missing = [name for name in CHANNEL_COLUMNS if name not in table.schema.names]
    if missing:
        raise RecordingError(f"the recording lacks {len(missing)} of {WIDTH} channel columns: {', '.join(missing[:5])}")
    frames = np.empty((table.num_rows, WIDTH))
    for i, name in enumerate(CHANNEL_COLUMNS):
        frames[:, i] = _numbers(table.column(name))
    return frames


def channel_of(table: pa.Table | pa.RecordBatch, name: str) -> NDArray[np.float64]:
    """One channel: (N,), or (N, size) where it has several numbers."""
    names = CHANNEL_COLUMNS[COLUMNS[name]]
    values = np.column_stack([_numbers(table.column(each)) for each in names])
    return values[:, 0] if len(names) == 1 else values


def _numbers(values: pa.ChunkedArray | pa.Array) -> NDArray[np.float64]:
    if values.null_count or not pa.types.is_float64(values.type):
        values = values.cast(pa.float64())
    return values.to_numpy() if isinstance(values, pa.ChunkedArray) else values.to_numpy(zero_copy_only=False)
