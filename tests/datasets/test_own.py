"""Recordings of several cars and episodes in one file: a drive each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ac_gym.datasets import Recording, read_recordings
from ac_gym.recording.schema import Header, column, frame_columns, schema


def test_a_drive_an_episode_of_a_car(drive: Recording, tmp_path: Path) -> None:
    """Two cars step by step, the second with two episodes; nothing led to the first row of an episode."""
    assert drive.controls is not None
    rows = 60
    frames = np.repeat(drive.frames[:rows], 2, axis=0)
    controls = np.repeat(drive.controls[:rows], 2, axis=0)
    car, episode = np.tile([0, 1], rows), np.zeros(2 * rows, int)
    episode[(car == 1) & (np.arange(2 * rows) >= 80)] = 1
    controls[[0, 1, 81]] = np.nan
    layout = schema(Header(source="simulated", track="monza", car="bmw_z4_gt3", rate=25.0), actions=3)
    values = {"car": car, "episode": episode, **dict(zip(layout.names[142:146], controls.T, strict=True))}
    assert layout.names[142:146] == ["control_steer", "control_throttle", "control_brake", "control_gear_request"]
    arrays = [
        column(np.zeros(2 * rows), pa.float64()),
        column(np.zeros(2 * rows, int), pa.int64()),
        *frame_columns(frames),
    ]
    arrays += [column(np.asarray(values.get(f.name, np.zeros(2 * rows))), f.type) for f in list(layout)[142:]]
    pq.write_table(pa.Table.from_arrays(arrays, schema=layout), tmp_path / "all.parquet")

    drives = read_recordings(tmp_path / "all.parquet")
    assert [one.name for one in drives] == ["all-1", "all-2", "all-3"]
    assert [len(one) for one in drives] == [60, 40, 20]
    np.testing.assert_array_equal(drives[0].frames, drive.frames[:60])
    np.testing.assert_array_equal(drives[2].frames, drive.frames[40:60])
    for one in drives:
        assert one.controls is not None
        np.testing.assert_array_equal(one.controls[0], [0.0, -1.0, -1.0, 0.0])
    np.testing.assert_array_equal(drives[0].controls[1:], drive.controls[1:60])  # type: ignore[index]
    assert all(one.flaws == () for one in drives)
