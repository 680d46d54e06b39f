"""Recorded laps as the reference project (assetto_corsa_gym) writes them: Parquet of states beside `static_info.json`,
and its older pickles `{"states": [dict, ...], "static_info": dict}`."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ac_gym.datasets.columns import read_columns, write_columns
from ac_gym.datasets.model import Flaw, Recording, controls_of, flaws_of, rate_of, stem, tells_controls
from ac_gym.datasets.pickled import load_plain
from ac_gym.datasets.whole import new_file
from ac_gym.datasets.wire import CONTROL_KEYS, Column, WireKey, columns_from, frames_from, keys_of
from ac_gym.errors import RecordingError

STATIC_INFO = "static_info.json"
_INTEGERS = (
    "steps", "total_errors_out_of_sync", "packetId", "currentTime", "iLastTime", "completedLaps", "isInPit",
    "actualGear", "LapInvalidated", "LapCount", "BestLap", "numberOfTyresOut",
)  # fmt: skip
_MAX_JSON = 1 << 20


def read_states_parquet(path: Path, only: Collection[str] | None = None) -> Recording:
    """A Parquet of states, with the `static_info.json` beside it where there is one; of all channels or `only` some."""
    wanted = {key.key: key.size for key in keys_of(only)} | dict.fromkeys(CONTROL_KEYS, 1)
    table = read_columns(path, wanted)
    static, flaws = _static_beside(path)
    return _recording(path, lambda key, size: table.columns.get(key), table.rows, static, flaws)


def write_states_parquet(
    path: Path, recording: Recording, derived: Mapping[str, NDArray[Any]] | None = None
) -> list[Path]:
    """Writes states with the reference's keys and those `derived`, and `static_info.json` beside them: new files."""
    columns: dict[str, NDArray[Any]] = dict(columns_from(recording.frames, recording.known))
    for key in _INTEGERS:
        if key in columns and np.isfinite(columns[key]).all():
            columns[key] = columns[key].astype(np.int64)
    if tells_controls(recording):
        controls = controls_of(recording).astype(np.float64)
        columns |= {key: controls[:, index] for index, key in enumerate(CONTROL_KEYS)}
    track, _, layout = recording.track.partition("-")
    known = {"TrackName": track, "TrackConfiguration": layout, "CarName": recording.car}
    static = path.parent / STATIC_INFO
    with new_file(static) as unfinished:
        unfinished.write_text(json.dumps({**known, **recording.static}, indent=1), encoding="utf-8")
        write_columns(path, columns | dict(derived or {}))
    return [path, static]


def read_pickled(path: Path, only: Collection[str] | None = None) -> Recording:
    """A pickled lap, of all channels or `only` some; only plain data is let in."""
    content = load_plain(path)
    states = content.get("states") if isinstance(content, dict) else None
    if not isinstance(states, list) or not states or not all(isinstance(state, dict) for state in states):
        raise RecordingError(f"{path}: not a recorded lap: expected {{'states': [one dictionary a step, ...]}}")
    static = content.get("static_info")
    static = _plain(static) if isinstance(static, dict) else {}
    return _recording(path, _from_states(states, keys_of(only)), len(states), static, ())


def _from_states(states: Sequence[Mapping[str, Any]], keys: Iterable[WireKey]) -> Column:
    """Columns of a list of dictionaries; those that every state has are taken out all at once."""
    sizes = {key.key: key.size for key in keys} | dict.fromkeys(CONTROL_KEYS, 1)
    numbers = _taken_out(states, {name: size for name, size in sizes.items() if name in states[0]})

    def column(key: str, size: int) -> NDArray[np.float64] | None:
        if key in numbers:
            return numbers[key]
        if key not in sizes or not any(key in state for state in states):
            return None
        return np.array([_numbers_of(state.get(key), size) for state in states])

    return column


def _taken_out(states: Sequence[Mapping[str, Any]], sizes: Mapping[str, int]) -> dict[str, NDArray[np.float64]]:
    """Key -> (T, size); nothing where some state lacks a key or a number: each is then looked at by itself."""
    single = [name for name, size in sizes.items() if size == 1]
    rows = len(states)
    numbers: dict[str, NDArray[np.float64]] = {}
    try:
        if len(single) > 1:
            cells = chain.from_iterable(map(itemgetter(*single), states))
            table = np.fromiter(cells, np.float64, len(single) * rows).reshape(rows, -1)
            numbers = {name: table[:, [index]] for index, name in enumerate(single)}
        for name, size in sizes.items():
            if size > 1 and {len(value) for value in map(itemgetter(name), states)} == {size}:
                values = chain.from_iterable(map(itemgetter(name), states))
                numbers[name] = np.fromiter(values, np.float64, size * rows).reshape(rows, size)
    except (KeyError, TypeError, ValueError):
        return {}
    return numbers


def _numbers_of(value: Any, size: int) -> list[float]:
    """`size` numbers, or as many NaN where they are not."""
    try:
        numbers = [float(n) for n in (value if size > 1 else (value,))]
    except (TypeError, ValueError):
        numbers = []
    return numbers if len(numbers) == size else [np.nan] * size


def _recording(path: Path, column: Column, rows: int, static: Mapping[str, Any], flaws: tuple[Flaw, ...]) -> Recording:
    frames, known = frames_from(column, rows, str(path))
    controls = _controls(column, rows)
    rate = rate_of(frames, known)
    track, car = _names(path, static)
    flaws += flaws_of(frames, known, rate)
    return Recording(stem(path), frames, known, rate, controls, track, car, static, flaws)


def _controls(column: Column, rows: int) -> NDArray[np.float32] | None:
    found = [column(key, 1) for key in CONTROL_KEYS]
    if any(values is None for values in found):
        return None
    return np.column_stack([*(np.asarray(values).reshape(rows) for values in found), np.zeros(rows)]).astype(np.float32)


def _names(path: Path, static: Mapping[str, Any]) -> tuple[str, str]:
    """Track and car: as the game told, else from the folders `<track>/<car>/<id>/laps`."""
    track, layout, car = (str(static.get(key, "") or "") for key in ("TrackName", "TrackConfiguration", "CarName"))
    if track and car:
        return f"{track}-{layout}" if layout else track, car
    folders = path.resolve().parent
    return (folders.parents[2].name, folders.parents[1].name) if folders.name == "laps" else ("", "")


def _static_beside(path: Path) -> tuple[dict[str, Any], tuple[Flaw, ...]]:
    file = path.parent / STATIC_INFO
    try:
        if not file.exists():
            return {}, ()
        if file.stat().st_size > _MAX_JSON:
            raise RecordingError(f"{file}: larger than {_MAX_JSON >> 20} MiB")
        static = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RecordingError(f"{file}: not readable as JSON: {str(error)[:80]}") from None
    if not isinstance(static, dict):
        raise RecordingError(f"{file}: expected an object")
    return static, ()


def _plain(value: Any) -> Any:
    """Arrays and NumPy's numbers as lists and numbers, as JSON has them."""
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value
