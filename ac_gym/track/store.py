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

import numpy as np

from ac_gym.errors import InvalidTrackError, UnknownNameError
from ac_gym.resources import cache_dir, tracks_dir
from ac_gym.track.model import Corner, StartPose, Track

_SCALARS = ("name", "title", "length_m", "line_length_m", "sector_s", "corners", "start")


def available_tracks() -> list[str]:
    """Names of the tracks that come with the package."""
    return sorted(path.stem for path in tracks_dir().glob("*.yaml"))


def load_track(name_or_path: str | Path) -> Track:
    """The built track of that name, or of a track file; built at first use, then from the cache on disk."""
    return _load(str(_track_file(name_or_path)))


def _track_file(name_or_path: str | Path) -> Path:
    path = Path(name_or_path)
    if path.suffix in (".yaml", ".yml"):
        if not path.is_file():
            raise InvalidTrackError(f"{path}: no such track file")
        return path.resolve()
    names = available_tracks()
    if str(name_or_path) not in names:
        raise UnknownNameError("track", str(name_or_path), names)
    return tracks_dir() / f"{name_or_path}.yaml"


@lru_cache(maxsize=32)
def _load(file: str) -> Track:
    from ac_gym.track.version import BUILDER_VERSION

    path = Path(file)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidTrackError(f"{path}: cannot be read ({error.strerror})") from error
    digest = hashlib.sha256(content + f"|{BUILDER_VERSION}".encode()).hexdigest()[:20]

    def build() -> Track:
        from ac_gym.track.builder import build_track
        from ac_gym.track.layout import read_layout

        return build_track(read_layout(path))

    return built_once(f"{path.stem}-{digest}", build)


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
