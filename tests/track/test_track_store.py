"""Finding, caching and loading tracks."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from circuits import stadium_text

from ac_gym.errors import InvalidTrackError, UnknownNameError
from ac_gym.track import available_tracks, load_track
from ac_gym.track.store import _load


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small track file, with an empty cache folder and nothing held in the process."""
    monkeypatch.setenv("AC_GYM_CACHE", str(tmp_path / "cache"))
    _load.cache_clear()
    path = tmp_path / "mine.yaml"
    path.write_text(stadium_text(60.0, 300.0), encoding="utf-8")
    return path


def kept_files(own: Path) -> list[Path]:
    return list((own.parent / "cache" / "tracks").glob("*"))


def test_names_are_sorted_and_known() -> None:
    assert available_tracks() == sorted(available_tracks())
    assert "monza" in available_tracks()


def test_an_unknown_name_offers_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="unknown track 'monzza'; did you mean monza"):
        load_track("monzza")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidTrackError, match=r"nowhere\.yaml: no such track file"):
        load_track(tmp_path / "nowhere.yaml")


def test_the_same_name_gives_the_same_object() -> None:
    assert load_track("monza") is load_track("monza")


def test_what_comes_from_the_cache_is_what_was_built(own: Path) -> None:
    built = load_track(own)
    assert len(kept_files(own)) == 1
    _load.cache_clear()
    kept = load_track(own)
    assert kept is not built
    for name, value in vars(built).items():
        if isinstance(value, np.ndarray):
            assert np.array_equal(value, getattr(kept, name))
            assert value.dtype == getattr(kept, name).dtype
            assert not getattr(kept, name).flags.writeable
        else:
            assert value == getattr(kept, name)


def test_loading_from_the_cache_is_quick() -> None:
    load_track("monza")
    _load.cache_clear()
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        load_track("monza")
        times.append(time.perf_counter() - begin)
        _load.cache_clear()
    assert min(times) < 0.02


def test_a_changed_file_is_built_anew(own: Path) -> None:
    first = load_track(own)
    _load.cache_clear()
    own.write_text(stadium_text(60.0, 310.0), encoding="utf-8")
    assert load_track(own).length_m == pytest.approx(first.length_m + 20.0, abs=0.01)


@pytest.mark.parametrize("damage", [b"", b"not a zip file", b"PK\x03\x04 cut off"])
def test_a_damaged_cache_is_replaced(own: Path, damage: bytes) -> None:
    load_track(own)
    (kept,) = kept_files(own)
    kept.write_bytes(damage)
    _load.cache_clear()
    assert load_track(own).name == "test"
    assert kept.stat().st_size > 10_000


def test_a_cache_cut_short_is_replaced(own: Path) -> None:
    load_track(own)
    (kept,) = kept_files(own)
    kept.write_bytes(kept.read_bytes()[:-2000])
    _load.cache_clear()
    assert load_track(own).name == "test"


def test_a_cache_without_an_array_is_replaced(own: Path) -> None:
    load_track(own)
    (kept,) = kept_files(own)
    with np.load(kept) as stored:
        arrays = {name: stored[name] for name in stored.files if name != "bank"}
    with kept.open("wb") as file:
        np.savez(file, **arrays)
    _load.cache_clear()
    assert load_track(own).bank.shape == load_track(own).s.shape


def test_a_cache_that_cannot_be_written_does_no_harm(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = own.parent / "a file"
    blocked.write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("AC_GYM_CACHE", str(blocked))
    assert load_track(own).name == "test"


def test_nothing_is_left_half_written(own: Path) -> None:
    load_track(own)
    assert [path.suffix for path in kept_files(own)] == [".npz"]


def test_importing_and_loading_a_kept_track_needs_no_heavy_library() -> None:
    load_track("monza")
    code = (
        "import sys; from ac_gym.track import load_track; load_track('monza');"
        "print(sorted({'scipy', 'clarabel', 'matplotlib', 'yaml', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
