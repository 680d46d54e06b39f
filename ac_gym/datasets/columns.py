"""Columns of a Parquet file as NumPy arrays; `pyarrow` is imported only here and only when it is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ac_gym.datasets.whole import new_file
from ac_gym.errors import MissingPackageError, RecordingError

if TYPE_CHECKING:
    import pyarrow as pa

MAX_ROWS = 50_000_000


@contextmanager
def parquet(path: Path) -> Iterator[None]:
    """Turns what goes wrong with a Parquet file, or with a missing pyarrow, into one line."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingPackageError(str(error.name), "record") from None
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror or ' '.join(str(error).split())[:120]}") from None
    except ValueError as error:  # pyarrow's own errors are such
        hint = "; `ac-gym record repair` saves what is whole of a recording that was broken off"
        raise RecordingError(f"{path}: {' '.join(str(error).split())[:120]}{hint}") from None


def schema_metadata(path: Path) -> dict[bytes, bytes]:
    """The key-value metadata of a file."""
    with parquet(path):
        import pyarrow.parquet as pq

        return pq.read_schema(path).metadata or {}


@dataclass(frozen=True)
class Table:
    """Some columns of a file."""

    columns: dict[str, NDArray[np.float64]]
    """name -> (T, size)"""
    rows: int
    metadata: dict[bytes, bytes]


def read_columns(path: Path, wanted: Mapping[str, int]) -> Table:
    """Those of the `wanted` columns (name -> size) that there are; missing numbers are NaN.

    RecordingError for a file that is not Parquet, or a column that does not hold numbers.
    """
    with parquet(path):
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as file:
            names = [name for name in file.schema_arrow.names if name in wanted]
            if file.metadata.num_rows > MAX_ROWS:
                raise RecordingError(f"{path}: {file.metadata.num_rows:,} rows; at most {MAX_ROWS:,} are read")
            table = file.read(columns=names, use_threads=False)
            about = file.schema_arrow.metadata or {}
    columns = {name: _numbers(table[name], wanted[name], f"{path}: {name}") for name in names}
    return Table(columns, table.num_rows, about)


def write_columns(path: Path, columns: Mapping[str, NDArray[Any]], about: Mapping[str, str] | None = None) -> None:
    """Writes columns (T,), or (T, k) as lists of k, into a new file; `about` goes into its metadata."""
    with parquet(path):
        import pyarrow as pa
        import pyarrow.parquet as pq

        arrays = [
            pa.array(values)
            if values.ndim == 1
            else pa.ListArray.from_arrays(
                np.arange(len(values) + 1, dtype=np.int32) * values.shape[1], np.ascontiguousarray(values).ravel()
            )
            for values in columns.values()
        ]
        table = pa.table(arrays, names=list(columns)).replace_schema_metadata(dict(about or {}))
        with new_file(path) as unfinished:
            pq.write_table(table, unfinished, use_dictionary=False)


def _numbers(column: pa.ChunkedArray, size: int, name: str) -> NDArray[np.float64]:
    """(T, size), NaN for what is missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        if size == 1:
            numbers = column if pa.types.is_float64(column.type) else pc.cast(column, pa.float64())
            return numbers.to_numpy()[:, None]
        lengths = pc.list_value_length(column).to_numpy(zero_copy_only=False)
        flat = pc.cast(pc.list_flatten(column), pa.float64()).to_numpy()
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid, AttributeError):
        raise RecordingError(
            f"{name} holds {column.type}, not {'numbers' if size == 1 else 'lists of numbers'}"
        ) from None
    whole = lengths == size
    numbers = np.full((len(lengths), size), np.nan)
    if whole.all():
        return flat.reshape(-1, size)
    kept = np.repeat(whole, np.nan_to_num(lengths).astype(np.int64))
    numbers[whole] = flat[kept].reshape(-1, size)
    return numbers
