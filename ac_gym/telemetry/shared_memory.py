"""Named shared memory that holds one page: the game's mappings on Windows, files in /dev/shm elsewhere.

On Windows a page is the named mapping that the game itself makes (`acpmf_physics` and `Local\\acpmf_physics` are the
same object). Elsewhere it is the file `/dev/shm/<name>` of the same layout; who made it holds a lock (flock) on it, so
that what a killed process left behind is told from a page in use.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from ac_gym.errors import GameNotRunningError, SharedMemoryError
from ac_gym.telemetry.pages import OLDER_SIZES

_FOLDER = Path("/dev/shm")
_FILE_MAP_READ = 4
_READS = 64  # a page is written within microseconds, a few hundred times a second: two copies soon agree


class SharedPage:
    """One page of type `dtype` in shared memory; made by `create` or `open`, let go of by `close`."""

    def __init__(
        self,
        name: str,
        dtype: np.dtype,
        memory: mmap.mmap,
        owned: int | None,
        file: os.stat_result | None = None,
    ) -> None:
        self.name, self.dtype = name, dtype
        self._memory, self._owned, self._file = memory, owned, file
        self._closed = False

    @classmethod
    def create(cls, name: str, dtype: np.dtype) -> Self:
        """A new page, zeroed; SharedMemoryError where another program publishes one of that name."""
        if sys.platform == "win32":
            if _windows_page_exists(name):
                raise SharedMemoryError(_taken(name))
            return cls(name, dtype, mmap.mmap(-1, dtype.itemsize, tagname=name), None)
        file = _lock_new_file(_path(name), name)
        os.ftruncate(file, dtype.itemsize)
        return cls(name, dtype, mmap.mmap(file, dtype.itemsize), file)

    @classmethod
    def open(cls, name: str, dtype: np.dtype) -> Self:
        """The page that the game (or the stand-in host) publishes, to read; GameNotRunningError where there is none.

        A page of an older version, which has the same fields but the last ones, is taken too: those are read as 0.
        """
        if sys.platform == "win32":
            # A mapping by tagname would silently make the page where there is none.
            if not _windows_page_exists(name):
                raise GameNotRunningError(_absent(name))
            return cls(name, dtype, mmap.mmap(-1, dtype.itemsize, tagname=name, access=mmap.ACCESS_READ), None)
        try:
            file = os.open(_path(name), os.O_RDONLY)
        except FileNotFoundError:
            raise GameNotRunningError(_absent(name)) from None
        except OSError as error:
            raise SharedMemoryError(f"{_path(name)}: cannot be opened ({error.strerror})") from error
        try:
            found = os.fstat(file)
            if found.st_size == 0:  # its maker has only just begun
                raise GameNotRunningError(_absent(name))
            if found.st_size < dtype.itemsize and found.st_size not in OLDER_SIZES.get(dtype, ()):
                raise SharedMemoryError(
                    f"{_path(name)}: {found.st_size} bytes, the page has {dtype.itemsize}; another program's file?"
                )
            size = min(found.st_size, dtype.itemsize)
            return cls(name, dtype, mmap.mmap(file, size, access=mmap.ACCESS_READ), None, found)
        finally:
            os.close(file)

    def write(self, record: np.ndarray) -> None:
        """Publishes `record`, a scalar of the page's type, in one copy."""
        self._memory[: self.dtype.itemsize] = record.tobytes()

    def read(self) -> np.ndarray:
        """A copy of the page, of shape (); not torn, unless it is being written all the time."""
        return np.frombuffer(self.read_bytes(), self.dtype)[0:1].reshape(())

    def read_bytes(self) -> bytes:
        """The bytes of `read`: two copies, one after the other, that agree."""
        memory, size = self._memory, self.dtype.itemsize
        copy = memory[:size]
        for _ in range(_READS):
            again = memory[:size]
            if again == copy:
                break
            copy = again
        return copy + bytes(size - len(copy)) if len(copy) < size else copy

    def view(self) -> np.ndarray:
        """The page itself, of shape (), without a copy: it changes while it is looked at, and may be torn."""
        if len(self._memory) < self.dtype.itemsize:
            raise SharedMemoryError(f"{self.name} is a page of an older version, which has no view; read() copies it")
        return np.frombuffer(self._memory, self.dtype, 1).reshape(())

    @property
    def is_current(self) -> bool:
        """Whether this is still what programs find under the name; a host that was started anew makes a new page."""
        return self._file is None or _is_same(self._file, _path(self.name))

    def close(self) -> None:
        """Lets go of the page; who made it takes it away. What `view` returned keeps its memory until it goes."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(BufferError):  # views are about
            self._memory.close()
        if self._owned is not None:
            _path(self.name).unlink(missing_ok=True)
            os.close(self._owned)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _path(name: str) -> Path:
    if "/" in name or not name or name.startswith("."):
        raise SharedMemoryError(f"{name!r} is no name for shared memory; choose one of letters, digits, - and _")
    return _FOLDER / name


def _taken(name: str) -> str:
    return (
        f"shared memory {name!r} is in use by the game or another stand-in host; stop that one, or choose another base "
        "name for this one's pages (--pages)"
    )


def _absent(name: str) -> str:
    return (
        f"there is no shared memory {name!r}: the game is not running, or not in a session yet; start it, or "
        "`ac-gym serve`"
    )


def _lock_new_file(path: Path, name: str) -> int:
    """A new file at `path`, open and locked, in place of one that its maker, killed, left behind."""
    import fcntl

    if not path.parent.is_dir():
        raise SharedMemoryError(f"{path.parent} does not exist here; the pages need Windows or Linux")
    while True:
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise SharedMemoryError(f"{path}: cannot be made ({error.strerror})") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            raise SharedMemoryError(_taken(name)) from None
        if os.fstat(file).st_size == 0 and _is_at(file, path):
            return file
        # Someone else's leftover: a new file, so that who still reads the old one does not see two programs' values.
        if _is_at(file, path):
            path.unlink(missing_ok=True)
        os.close(file)


def _is_at(file: int, path: Path) -> bool:
    """Whether the open file is (still) the one at `path`."""
    return _is_same(os.fstat(file), path)


def _is_same(file: os.stat_result, path: Path) -> bool:
    try:
        return os.path.samestat(file, os.stat(path))
    except FileNotFoundError:
        return False


def _windows_page_exists(name: str) -> bool:
    import ctypes
    from ctypes import wintypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined]
    kernel.OpenFileMappingW.restype = wintypes.HANDLE
    kernel.OpenFileMappingW.argtypes = (wintypes.DWORD, wintypes.BOOL, wintypes.LPCWSTR)
    kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
    handle = kernel.OpenFileMappingW(_FILE_MAP_READ, False, name)
    if not handle:
        return False
    kernel.CloseHandle(handle)
    return True
