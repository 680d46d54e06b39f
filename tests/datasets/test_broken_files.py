"""Files that are broken off, of another kind, or without the columns: one clear line each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ac_gym.datasets import Recording, read_recordings, recording_files
from ac_gym.datasets.csv_table import read_csv
from ac_gym.datasets.ld_file import LdChannel, LdFile, decode_ld, encode_ld
from ac_gym.datasets.motec import write_motec
from ac_gym.datasets.own import write_own
from ac_gym.errors import AcGymError, RecordingError

FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_truncated_files_say_so(drive: Recording, tmp_path: Path) -> None:
    files = [write_own(tmp_path / "a.parquet", drive), write_motec(tmp_path / "a.ld", drive)[0]]
    for file in files:
        data = file.read_bytes()
        file.write_bytes(data[: len(data) * 3 // 4])
        with pytest.raises(RecordingError) as told:
            read_recordings(file)
        assert str(file) in str(told.value)
        assert "\n" not in str(told.value)


def test_other_files_are_refused(tmp_path: Path) -> None:
    for name, content in (("a.parquet", b"PAR"), ("a.ld", b"\x41" * 4000), ("a.csv", b""), ("a.csv", b"\xff\xfe\0")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(RecordingError, match=name):
            read_recordings(tmp_path / name)
    (tmp_path / "a.txt").write_text("speed")
    with pytest.raises(RecordingError, match="ends in none of"):
        read_recordings(tmp_path / "a.txt")
    with pytest.raises(RecordingError, match="no such file"):
        read_recordings(tmp_path / "nothing.parquet")
    with pytest.raises(RecordingError, match="no recordings"):
        recording_files(_folder(tmp_path / "empty"))


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_wrong_columns(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1.0]}), tmp_path / "a.parquet")
    with pytest.raises(RecordingError, match="telemetry key"):
        read_recordings(tmp_path / "a.parquet")
    pq.write_table(pa.table({"speed": ["fast"]}), tmp_path / "b.parquet")
    with pytest.raises(RecordingError, match="speed holds string, not numbers"):
        read_recordings(tmp_path / "b.parquet")
    pq.write_table(pa.table({"speed": [1.0], "Mz": [3.0]}), tmp_path / "c.parquet")
    with pytest.raises(RecordingError, match="Mz holds double, not lists"):
        read_recordings(tmp_path / "c.parquet")
    (tmp_path / "a.csv").write_text("time,velocity\n1,2\n")
    with pytest.raises(RecordingError, match="none of its columns"):
        read_csv(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text("speed,speed\n1,2\n")
    with pytest.raises(RecordingError, match="more than once"):
        read_csv(tmp_path / "b.csv")


def test_lists_of_another_length_are_missing_numbers(tmp_path: Path) -> None:
    table = pa.table({"speed": [1.0, 2.0, 3.0], "Mz": [[1.0, 2.0, 3.0, 4.0], [1.0], None]})
    pq.write_table(table, tmp_path / "a.parquet")
    (found,) = read_recordings(tmp_path / "a.parquet")
    np.testing.assert_array_equal(found["self_aligning_torque"][0], [1.0, 2.0, 3.0, 4.0])
    assert np.isnan(found["self_aligning_torque"][1:]).all()
    assert [str(flaw) for flaw in found.flaws] == ["rows 1-2: self_aligning_torque is not a number"]


def test_bad_cells_and_lines_of_csv_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("speed [m/s],rpm,abc\n1,2,3\n4,oops,6\n7,8\n10,11,12\n13,,15\n")
    found = read_csv(tmp_path / "a.csv")
    assert [str(flaw) for flaw in found.flaws][:2] == ["row 2: has not 3 cells", "rows 1, 4: a cell is not a number"]
    np.testing.assert_array_equal(found["speed"], [1, 4, 7, 10, 13])
    np.testing.assert_array_equal(np.isnan(found["rpm"]), [False, True, False, False, True])


def test_csv_in_the_reference_projects_keys(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("world_position_x,accStatus,LapCount\n1.5,0.25,3\n")
    found = read_csv(tmp_path / "a.csv")
    assert found["world_position"][0, 0] == 1.5
    assert found["throttle"][0] == 0.25
    assert found["lap_count"][0] == 3


@FEW
@given(st.binary(max_size=4000))
def test_any_bytes_as_ld(data: bytes) -> None:
    for content in (data, b"\x40\0\0\0" + data):
        check_ld(content)


@FEW
@given(at=st.integers(0, 20_000), value=st.integers(0, 255))
def test_a_flipped_byte_in_ld(at: int, value: int) -> None:
    """Every pointer in the file may be wrong."""
    log = LdFile(tuple(LdChannel(f"c{i}", "m", 50, np.arange(20.0)) for i in range(5)), venue="monza")
    data = bytearray(encode_ld(log))
    data[at % len(data)] = value
    check_ld(bytes(data))


def check_ld(data: bytes) -> None:
    """It is one clear line, or a file with no more samples than there are bytes for."""
    log, said = LdFile(()), ""
    try:
        log = decode_ld(data)
    except RecordingError as error:
        said = str(error)
    assert "\n" not in said
    assert all(2 * len(channel.values) <= len(data) for channel in log.channels)
    assert all(channel.values.dtype == np.float64 for channel in log.channels)


names = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=31)
samples = st.lists(st.floats(width=32, allow_nan=False), max_size=30)


@FEW
@given(st.lists(st.tuples(names, st.integers(1, 1000), samples), max_size=6), names)
def test_what_is_encoded_as_ld_is_decoded(channels: list, venue: str) -> None:
    log = LdFile(
        tuple(LdChannel(name, "m/s", rate, np.array(values, float)) for name, rate, values in channels), venue=venue
    )
    found = decode_ld(encode_ld(log))
    assert found.venue == venue
    assert [(c.name, c.unit, c.rate, c.values.tolist()) for c in found.channels] == [
        (c.name, c.unit, c.rate, c.values.tolist()) for c in log.channels
    ]


def test_channels_in_a_circle_end() -> None:
    data = bytearray(encode_ld(LdFile((LdChannel("a", "", 1, np.zeros(1)), LdChannel("b", "", 1, np.zeros(1))))))
    first = int.from_bytes(data[8:12], "little")
    data[first + 124 + 4 : first + 124 + 8] = first.to_bytes(4, "little")
    with pytest.raises(RecordingError, match="circles"):
        decode_ld(bytes(data))


@FEW
@given(st.text(max_size=300))
def test_any_text_as_csv(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.csv").write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
    found, said = None, "a.csv"
    try:
        found = read_csv(tmp_path / "a.csv")
    except AcGymError as error:
        said = str(error)
    assert "a.csv" in said
    assert "\n" not in said
    assert found is None or found.frames.shape == (len(found), len(found.known))


@FEW
@given(st.lists(st.text(st.sampled_from("0123456789.,-enaif\"' \t#"), max_size=30), max_size=8))
def test_any_lines_under_a_header(tmp_path: Path, lines: list[str]) -> None:
    (tmp_path / "a.csv").write_text("speed,rpm\n" + "\n".join(lines), encoding="utf-8")
    found = read_csv(tmp_path / "a.csv")
    assert found.frames.shape[1] == len(found.known)
