"""Finding and loading tracks: by name or path, built once and kept on disk."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import asdict, fields
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ac_gym.errors import InvalidTrackError, UnknownNameError
from ac_gym.resources import NAME, cache_dir, tracks_dir, user_tracks_dir
from ac_gym.track.model import Corner, StartPose, Track

if TYPE_CHECKING:
    from ac_gym.track.borders import Borders

_SUFFIXES = (".csv", ".yaml", ".yml")
_SCALARS = ("name", "title", "length_m", "line_length_m", "sector_s", "corners", "start")


def available_tracks() -> list[str]:
    """Names of the tracks that come with the package."""
    return sorted(path.stem for path in tracks_dir().glob("*.yaml"))


def user_tracks() -> list[str]:
    """Names of the user's own tracks, in `resources.user_tracks_dir()`."""
    return sorted({path.stem for path in user_tracks_dir().glob("*") if path.suffix in _SUFFIXES})


def load_track(name_or_path: str | Path) -> Track:
    """The built track of that name, of a track file (.yaml) or of a file of borders (.csv).

    Built at first use, then taken from the cache on disk. The package's tracks go before the user's own.
    """
    return _load(str(_track_file(name_or_path)))


def keep_track(name: str, borders: Borders, *, replace: bool = False) -> tuple[Path, Track]:
    """Keeps a track of one's own, so that `load_track(name)` finds it; answers its file and the track.

    InvalidTrackError for borders that make no track, for a name that is taken by the package or makes no file name, and
    where a different one of one's own has it and not `replace`.
    """
    from ac_gym.track.border_file import write_borders
    from ac_gym.track.borders import track_from_borders

    if not NAME.fullmatch(name):
        raise InvalidTrackError(f"{name!r} cannot name a track: letters, digits, _ - and . can; choose another --name")
    if name in available_tracks():
        raise InvalidTrackError(f"{name} is a circuit of the package already; choose another --name")
    track = track_from_borders(name, **vars(borders))
    path = user_tracks_dir() / f"{name}.csv"
    fresh = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_borders(fresh, borders)
        if path.exists() and not replace and path.read_bytes() != fresh.read_bytes():
            fresh.unlink()
            raise InvalidTrackError(f"{path} is there already, and different; give --replace, or another --name")
        fresh.replace(path)
    except OSError as error:
        raise InvalidTrackError(f"{path}: cannot be written ({error.strerror}); set AC_GYM_HOME to a folder") from error
    _load.cache_clear()
    return path, track


def _track_file(name_or_path: str | Path) -> Path:
    path = Path(name_or_path)
    if path.suffix in _SUFFIXES:
        if not path.is_file():
            raise InvalidTrackError(f"{path}: no such track file")
        return path.resolve()
    name = str(name_or_path)
    if name in available_tracks():
        return tracks_dir() / f"{name}.yaml"
    if name not in user_tracks():
        raise UnknownNameError("track", name, {*available_tracks(), *user_tracks()})
    return next(file for suffix in _SUFFIXES if (file := user_tracks_dir() / f"{name}{suffix}").is_file())


@lru_cache(maxsize=32)
def _load(file: str) -> Track:
    from ac_gym.track.version import BUILDER_VERSION

    path = Path(file)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidTrackError(f"{path}: cannot be read ({error.strerror})") from error
    digest = hashlib.sha256(content + f"|{BUILDER_VERSION}".encode()).hexdigest()[:20]
    return built_once(f"{path.stem}-{digest}", lambda: _built(path))


def _built(path: Path) -> Track:
    """The track of a file, by what kind of file it is."""
    if path.suffix == ".csv":
        from ac_gym.track.border_file import read_borders
        from ac_gym.track.borders import track_from_borders

        return track_from_borders(path.stem, **vars(read_borders(path)))
    from ac_gym.track.builder import build_track
    from ac_gym.track.layout import read_layout

    return build_track(read_layout(path))


def built_once(key: str, build: Callable[[], Track]) -> Track:
    """The track kept on disk under `key`, which names all that it was built from; else `build()`, kept from now on."""
    kept = cache_dir() / "tracks" / f"{key}.npz"
    track = _read(kept)
    if track is None:
        track = build()
        _write(kept, track)
    return track


def _read(path: Path) -> Track | None:
    """The track kept at `path`; None where there is none that can be read."""
    try:
        # By way of memory: numpy leaves a damaged file open.
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files if name != "scalars"}
            scalars = json.loads(str(stored["scalars"]))
        scalars["sector_s"] = tuple(scalars["sector_s"])
        scalars["corners"] = tuple(Corner(**corner) for corner in scalars["corners"])
        scalars["start"] = StartPose(**scalars["start"])
        return _frozen(Track(**scalars, **arrays))
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None


def _write(path: Path, track: Track) -> None:
    """Keeps the track; a cache that cannot be written only costs the time to build the track again."""
    _frozen(track)
    arrays = {f.name: getattr(track, f.name) for f in fields(track) if f.name not in _SCALARS}
    scalars = {
        "name": track.name,
        "title": track.title,
        "length_m": track.length_m,
        "line_length_m": track.line_length_m,
        "sector_s": track.sector_s,
        "corners": [asdict(corner) for corner in track.corners],
        "start": asdict(track.start),
    }
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(file, scalars=np.array(json.dumps(scalars)), **arrays)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise


def _frozen(track: Track) -> Track:
    """Arrays of a shared track are read-only."""
    for field in fields(track):
        value = getattr(track, field.name)
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
    return track
