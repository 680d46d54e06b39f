"""The layout of recorded telemetry: names, types and units, and numbers that come back as they went in."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from ac_gym.channels import CHANNELS, COLUMNS, WIDTH
from ac_gym.errors import RecordingError
from ac_gym.recording import schema

INTEGER = [i for i, field in enumerate(schema.FRAME_FIELDS) if not pa.types.is_floating(field.type)]


def frames(count: int = 7) -> np.ndarray:
    made = np.random.default_rng(1).normal(size=(count, WIDTH))
    made[:, INTEGER] = np.arange(count)[:, None] % 2
    return made


def table(rows: np.ndarray) -> pa.Table:
    return pa.Table.from_arrays(schema.frame_columns(rows), schema=pa.schema(schema.FRAME_FIELDS))


def test_every_number_of_a_frame_has_a_column_of_its_own() -> None:
    assert len(set(schema.CHANNEL_COLUMNS)) == WIDTH
    for channel in CHANNELS:
        names = schema.CHANNEL_COLUMNS[COLUMNS[channel.name]]
        assert all(name.startswith(channel.name) for name in names)


def test_columns_tell_their_unit_and_their_channel() -> None:
    field = schema.schema(schema.Header()).field("slip_angle_rl")
    assert field.metadata[b"unit"] == b"deg"
    assert (field.metadata[b"channel"], field.metadata[b"element"]) == (b"slip_angle", b"2")
    assert all(f.metadata[b"unit"] for f in schema.schema(schema.Header(), plugin=True, actions=3))


def test_frames_come_back_equal() -> None:
    rows = frames()
    assert np.array_equal(schema.frames_of(table(rows)), rows)
    assert np.array_equal(schema.channel_of(table(rows), "slip_ratio"), rows[:, COLUMNS["slip_ratio"]])
    assert schema.channel_of(table(rows), "speed").shape == (len(rows),)


def test_a_count_that_is_no_number_is_null_and_comes_back_as_nan() -> None:
    rows = frames()
    gear = COLUMNS["gear"].start
    rows[2, gear] = np.nan
    made = table(rows)
    assert made.column("gear").null_count == 1
    assert np.array_equal(schema.frames_of(made), rows, equal_nan=True)


def test_the_header_comes_back() -> None:
    header = schema.Header(source="game", track="monza", rate=25.0, notes={"wind": [1, 2]})
    metadata = schema.schema(header).metadata
    assert schema.Header.decode(metadata, "x.parquet") == header


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        (None, "not a recording"),
        ({b"ac_gym": b"{"}, "damaged"),
        ({b"ac_gym": b"[1]"}, "damaged"),
        ({b"ac_gym": b'{"layout": 99}'}, "newer"),
    ],
)
def test_a_header_that_is_none_is_one_clear_line(metadata: dict | None, words: str) -> None:
    with pytest.raises(RecordingError, match=words) as raised:
        schema.Header.decode(metadata, "x.parquet")
    assert "x.parquet" in str(raised.value)


def test_missing_columns_are_named() -> None:
    with pytest.raises(RecordingError, match="slip_angle_fl"):
        schema.frames_of(table(frames()).drop_columns(["slip_angle_fl"]))
