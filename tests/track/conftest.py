"""Shared by the track tests: a cache folder of their own, and the way from a file's text to a track."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from ac_gym.track import Track
from ac_gym.track.builder import build_track
from ac_gym.track.layout import parse_layout


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AC_GYM_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("MPLBACKEND", "Agg")
        yield


@pytest.fixture(scope="session")
def build() -> Callable[[str], Track]:
    return lambda text: build_track(parse_layout(text, "test.yaml"))
