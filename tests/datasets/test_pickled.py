"""Pickled laps: plain data is read, everything else is refused in one line and nothing of it is run."""

from __future__ import annotations

import copyreg
import io
import os
import pickle
import pickletools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ac_gym import channels
from ac_gym.datasets import Recording, read_recordings
from ac_gym.datasets.pickled import loads_plain
from ac_gym.datasets.wire import CONTROL_KEYS, columns_from
from ac_gym.errors import RecordingError

PROTOCOLS = range(2, pickle.HIGHEST_PROTOCOL + 1)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9) | st.binary(),
    lambda inner: st.lists(inner, max_size=4)
    | st.tuples(inner, inner)
    | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=15,
)  # fmt: skip


def _states(drive: Recording, numpy_numbers: bool) -> list[dict[str, Any]]:
    columns = dict(columns_from(drive.frames, drive.known))
    assert drive.controls is not None
    columns |= {key: drive.controls[:, i].astype(float) for i, key in enumerate(CONTROL_KEYS)}
    rows = range(len(drive))
    if numpy_numbers:
        return [{key: values[row] for key, values in columns.items()} for row in rows]
    return [{key: values[row].tolist() for key, values in columns.items()} for row in rows]


@pytest.mark.parametrize("numpy_numbers", [False, True])
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_laps_are_read(drive: Recording, tmp_path: Path, numpy_numbers: bool, protocol: int) -> None:
    static = {**drive.static, "TyreContactPoint_FL": np.array([1.0, 2.0, 3.0])}
    lap = {"states": _states(drive, numpy_numbers), "static_info": static}
    (tmp_path / "drive.pkl").write_bytes(pickle.dumps(lap, protocol))
    (found,) = read_recordings(tmp_path / "drive.pkl")
    np.testing.assert_array_equal(found.frames[:, found.known], drive.frames[:, found.known])
    on_wire = sum(channel.size for channel in channels.CHANNELS if channel.wire)
    assert found.known.sum() == on_wire
    assert drive.controls is not None
    assert found.controls is not None
    np.testing.assert_array_equal(found.controls[:, :3], drive.controls[:, :3])
    assert (found.track, found.car, found.static["TyreContactPoint_FL"]) == ("monza", "bmw_z4_gt3", [1.0, 2.0, 3.0])


def test_laps_of_motec_logs_lack_channels_and_static_info(tmp_path: Path) -> None:
    """As the reference project converts human laps: fewer keys, `static_info` an empty text."""
    states = [{"speed": 1.0 + i, "yaw": 0.0, "world_position_x": float(i)} for i in range(5)]
    folder = tmp_path / "monza" / "bmw_z4_gt3" / "20240313_OP" / "laps"
    folder.mkdir(parents=True)
    (folder / "stint.pkl").write_bytes(pickle.dumps({"states": states, "static_info": ""}))
    (found,) = read_recordings(folder / "stint.pkl")
    assert found.known.sum() == 3
    assert (found.track, found.car, found.static) == ("monza", "bmw_z4_gt3", {})


def test_a_state_that_lacks_a_key_is_named(tmp_path: Path) -> None:
    states: list[dict[str, Any]] = [{"speed": float(i), "RPM": 5000, "Mz": [1, 2, 3, 4]} for i in range(6)]
    del states[2]["speed"]
    states[4]["Mz"] = "?"
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"states": states, "static_info": {}}))
    (found,) = read_recordings(tmp_path / "a.pkl")
    assert {str(flaw) for flaw in found.flaws} == {
        "row 2: speed is not a number", "row 4: self_aligning_torque is not a number",
    }  # fmt: skip


@pytest.mark.parametrize("content", [[], {"states": []}, {"states": [1]}, {"states": {}}, 5, {"states": [{"a": 1}]}])
def test_other_plain_data_is_no_lap(tmp_path: Path, content: Any) -> None:
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(RecordingError, match=r"a\.pkl"):
        read_recordings(tmp_path / "a.pkl")


@settings(max_examples=80, deadline=None)
@given(plain, st.sampled_from(PROTOCOLS))
def test_plain_data_comes_back(content: Any, protocol: int) -> None:
    assert loads_plain(pickle.dumps(content, protocol)) == content


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("dtype", ["f8", ">f8", "f4", "i4", "u1", "?", "i8"])
def test_arrays_come_back(dtype: str, protocol: int) -> None:
    for array in (
        np.arange(6).reshape(2, 3).astype(dtype),
        np.asfortranarray(np.ones((2, 3), dtype)),
        np.zeros(0, dtype),
    ):
        found = loads_plain(pickle.dumps({"a": array, "n": array.dtype.type(1)}, protocol))
        np.testing.assert_array_equal(found["a"], array)
        assert found["n"] == 1


class _Runs:
    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> Any:
        return self.call[0], self.call[1:]


def _marked(path: Path) -> list[bytes]:
    """Pickles that would leave a file behind, or worse, if they were run."""
    target = str(path)
    calls = [
        (os.system, f"touch {target}"), (open, target, "w"), (eval, f"open({target!r}, 'w')"), (getattr, 1, "real"),
        (__import__, "os"), (np.load, target), (np.memmap, target, "f8", "w+", 0, (4,)), (np.fromfile, target),
        (copyreg._reconstructor, io.BytesIO, object, None), (np.dtype, "O"), (np.dtype, [("a", "f8")]),
    ]  # fmt: skip
    return [pickle.dumps({"states": [{"speed": _Runs(*call)}]}, protocol) for call in calls for protocol in (2, 4)]


def test_nothing_is_run(tmp_path: Path) -> None:
    for number, data in enumerate(_marked(tmp_path / "run")):
        (tmp_path / f"{number}.pkl").write_bytes(data)
        with pytest.raises(RecordingError, match="only plain data") as told:
            read_recordings(tmp_path / f"{number}.pkl")
        assert "\n" not in str(told.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "content", [np.array([{}], dtype=object), np.array(["text"]), np.zeros(2, [("a", "f8")]), np.datetime64(1, "s"),
                np.ma.array([1.0]), io.BytesIO(), Path("a"), complex(1, 2), frozenset({1})],
)  # fmt: skip
def test_other_objects_are_refused(content: Any) -> None:
    with pytest.raises(RecordingError):
        loads_plain(pickle.dumps({"states": content}, 2))


def test_arrays_of_the_wrong_size_are_refused() -> None:
    """The shape of an array is in the file beside its bytes, and may lie."""
    honest = pickle.dumps(np.arange(4.0), 2)
    assert b"K\x04\x85" in honest
    for lie in (b"K\xff\x85", b"K\x03\x85"):
        with pytest.raises(RecordingError, match="size"):
            loads_plain(honest.replace(b"K\x04\x85", lie))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_pickles_end_in_one_line(data: st.DataObject) -> None:
    whole = bytearray(
        pickle.dumps({"states": [{"speed": 1.0, "Mz": np.arange(4.0)}] * 2}, data.draw(st.sampled_from([2, 4, 5])))
    )
    for _ in range(data.draw(st.integers(0, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    found, said = None, ""
    try:
        found = loads_plain(cut)
    except RecordingError as error:
        said = str(error)
    assert "\n" not in said
    assert is_plain(found)


def is_plain(value: Any) -> bool:
    """Nothing but data, all the way down."""
    if isinstance(value, dict):
        return all(map(is_plain, value.keys())) and all(map(is_plain, value.values()))
    if isinstance(value, list | tuple | set | frozenset):
        return all(map(is_plain, value))
    if isinstance(value, np.ndarray | np.generic | np.dtype):
        return not np.dtype(getattr(value, "dtype", value)).hasobject
    return value is None or isinstance(value, bool | int | float | complex | str | bytes | bytearray)


def test_the_damage_above_reaches_deep() -> None:
    """The pickles that are damaged there do contain the calls that matter."""
    names = {op.name for op, _, _ in pickletools.genops(pickle.dumps({"Mz": np.arange(4.0)}, 2))}
    assert {"GLOBAL", "REDUCE", "BUILD"} <= names
