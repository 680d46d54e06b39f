"""Data sets on disk: folders `<track>/<car>/<id>/laps` of recordings, and the YAML that lists them.

```yaml
monza:
  bmw_z4_gt3:
    - {id: 20240313_OP, type: human}
```
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ac_gym.datasets.reading import recording_files
from ac_gym.datasets.whole import new_file
from ac_gym.errors import RecordingError
from ac_gym.resources import NAME

LIST_FILE = "laps.yaml"
_MAX_BYTES = 1 << 20


@dataclass(frozen=True)
class Listed:
    """One entry: who drove on a track in a car."""

    track: str
    car: str
    id: str
    tags: Mapping[str, Any] = field(default_factory=dict)
    """whatever else the entry says: `type: human`, `auto_shift: true`, ..."""

    def folder(self, root: Path) -> Path:
        return root / self.track / self.car / self.id / "laps"


def read_list(path: Path) -> list[Listed]:
    """The entries of a list; RecordingError for one that is not of the form above."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise RecordingError(f"{path}: larger than {_MAX_BYTES >> 20} MiB")
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror or error}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise RecordingError(f"{path}: not valid YAML: {' '.join(str(error).split())[:120]}") from None
    return list(_entries(content, path))


def _entries(content: Any, path: Path) -> Iterator[Listed]:
    for track, cars in _mapping(content, path, "tracks").items():
        for car, entries in _mapping(cars, path, f"cars of {track}").items():
            if not isinstance(entries, list):
                raise RecordingError(f"{path}: {track}: {car}: expected a list of {{id: ...}}")
            for entry in entries:
                tags = dict(_mapping(entry, path, f"entries of {track}: {car}"))
                names = (str(track), str(car), str(tags.pop("id", "")))
                if bad := [name for name in names if not NAME.fullmatch(name)]:
                    raise RecordingError(f"{path}: {track}: {car}: {bad[0]!r} cannot be the name of a folder")
                yield Listed(*names, tags)


def _mapping(value: Any, path: Path, what: str) -> Mapping[Any, Any]:
    if not isinstance(value, dict):
        raise RecordingError(f"{path}: expected a mapping of {what}, found {type(value).__name__}")
    return value


def listed_files(
    root: Path, list_file: Path | None = None, *, track: str = "", car: str = "", **tags: Any
) -> list[Path]:
    """The recordings of the entries for a track and car (all, where they are empty) that have the given tags.

    The list is `laps.yaml` in `root` unless another is named. RecordingError where nothing is left, or a folder is
    missing.
    """
    list_file = list_file or root / LIST_FILE
    chosen = [
        entry
        for entry in read_list(list_file)
        if track in ("", entry.track) and car in ("", entry.car) and tags.items() <= entry.tags.items()
    ]
    if not chosen:
        wanted = ", ".join(filter(None, (track, car, *(f"{key}: {value}" for key, value in tags.items()))))
        raise RecordingError(f"{list_file}: lists no laps{f' of {wanted}' if wanted else ''}")
    return [file for entry in chosen for file in recording_files(entry.folder(root))]


def begun_list(path: Path) -> list[Listed]:
    """The entries that `write_list` would add to: none where there is no list yet."""
    return read_list(path) if path.exists() else []


def write_list(path: Path, entries: Iterable[Listed]) -> Path:
    """Adds entries to a list (or begins it); those with the same track, car and id are replaced."""
    whole = {(entry.track, entry.car, entry.id): entry for entry in begun_list(path)}
    whole |= {(entry.track, entry.car, entry.id): entry for entry in entries}
    tree: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for entry in whole.values():
        tree.setdefault(entry.track, {}).setdefault(entry.car, []).append({"id": entry.id, **entry.tags})
    with new_file(path, replace=True) as unfinished:
        unfinished.write_text(yaml.safe_dump(tree, sort_keys=False, default_flow_style=None), encoding="utf-8")
    return path
