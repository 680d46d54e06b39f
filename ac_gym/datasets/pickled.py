"""Reading the reference project's pickled laps without running anything that they name.

A pickle is a program that may call any function of any module. This reader knows a handful of names, those with which
NumPy writes arrays and numbers, and puts functions of its own in their place; whatever else a file names ends the
reading. Arrays hold plain numbers of the size that their shape says, or there is no array.
"""

from __future__ import annotations

import io
import math
import pickle
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from ac_gym.errors import RecordingError

MAX_BYTES = 1 << 30
_KINDS = "?bhilqpBHILQPefd"  # plain numbers, by NumPy's letters
_PLAIN = {"b", "i", "u", "f"}  # and by its kinds
_NDARRAY = object()  # what a file may hand to `_reconstruct`, and nothing else


class _ForbiddenError(Exception):
    pass


class _Dtype:
    """Stands for `numpy.dtype` while a file is read: a kind of plain number, no more."""

    def __init__(self, code: str, align: bool = False, copy: bool = False) -> None:
        if not isinstance(code, str) or code.lstrip("<>=|")[:1] not in (*_KINDS, "u", "f"):
            raise _ForbiddenError(f"an array of {str(code)[:40]}")
        dtype = np.dtype(code)
        if dtype.kind not in _PLAIN or dtype.itemsize > 8:
            raise _ForbiddenError(f"an array of {code[:40]}")
        self.dtype = dtype

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        order = state[1]
        if order not in ("<", ">", "=", "|"):
            raise _ForbiddenError("an array of unknown byte order")
        self.dtype = self.dtype.newbyteorder(order)


class _Array(np.ndarray):
    """An array that is filled from the bytes of the file once they are checked."""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, fortran, data = state
        values = _numbers(data, kind, shape, "F" if fortran else "C")
        checked: Any = (1, values.shape, values.dtype, bool(fortran), values.tobytes("A"))
        super().__setstate__(checked)


def _numbers(data: Any, kind: Any, shape: Any, order: str) -> np.ndarray[Any, Any]:
    if not isinstance(kind, _Dtype) or not isinstance(data, bytes | bytearray) or not isinstance(shape, tuple):
        raise _ForbiddenError("an array of something else than numbers")
    if any(type(n) is not int or n < 0 for n in shape) or math.prod(shape) * kind.dtype.itemsize != len(data):
        raise _ForbiddenError("an array whose size is not that of its numbers")
    return np.frombuffer(bytes(data), kind.dtype).reshape(shape, order=order)  # type: ignore[call-overload]


def _reconstruct(subtype: Any, shape: Any, code: Any) -> _Array:
    if subtype is not _NDARRAY:
        raise _ForbiddenError("an array of a class of its own")
    return np.ndarray.__new__(_Array, (0,), np.uint8)


def _scalar(kind: Any, data: Any = b"") -> Any:
    return _numbers(data, kind, (), "C")[()]


def _from_buffer(data: Any, kind: Any, shape: Any, order: Any) -> np.ndarray[Any, Any]:
    return _numbers(data, kind, shape, "F" if order == "F" else "C")


def _encoded(text: Any, encoding: Any) -> bytes:
    """How older protocols write bytes."""
    if not isinstance(text, str) or encoding != "latin1":
        raise _ForbiddenError("text in an unknown encoding")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    """How older protocols write none."""
    return b""


_NAMES: dict[tuple[str, str], Any] = {("numpy", "ndarray"): _NDARRAY, ("numpy", "dtype"): _Dtype}
_NAMES[("_codecs", "encode")] = _encoded
_NAMES[("builtins", "bytes")] = _NAMES[("__builtin__", "bytes")] = _no_bytes
for _core in ("numpy.core", "numpy._core"):
    _NAMES[(f"{_core}.multiarray", "_reconstruct")] = _reconstruct
    _NAMES[(f"{_core}.multiarray", "scalar")] = _scalar
    _NAMES[(f"{_core}.numeric", "_frombuffer")] = _from_buffer


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _NAMES[(module, name)]
        except KeyError:
            raise _ForbiddenError(f"{module}.{name}") from None

    def persistent_load(self, pid: Any) -> NoReturn:
        raise _ForbiddenError("a reference to something outside the file")


_BROKEN = (
    pickle.UnpicklingError, EOFError, TypeError, ValueError, AttributeError, IndexError, KeyError, OverflowError,
    MemoryError, RecursionError, ImportError,
)  # fmt: skip


def load_plain(path: Path) -> Any:
    """What is in a pickle of plain data: dict, list, tuple, str, bytes, numbers, bool, None, NumPy arrays and numbers.

    Raises RecordingError, naming what else it found, or for a file that is too large or broken off.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise RecordingError(f"{path}: {size >> 20} MiB; pickled laps of at most {MAX_BYTES >> 20} MiB are read")
        data = path.read_bytes()
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror or error}") from None
    return loads_plain(data, str(path))


def loads_plain(data: bytes, name: str = "pickle") -> Any:
    """The same, from bytes."""
    try:
        return _PlainUnpickler(io.BytesIO(data)).load()
    except _ForbiddenError as error:
        raise RecordingError(
            f"{name}: contains {error}; only plain data is read from pickles (it might be harmful: do not unpickle it)"
        ) from None
    except _BROKEN as error:
        raise RecordingError(f"{name}: not a whole pickle ({type(error).__name__}: {str(error)[:80]})") from None
