"""Episodes as a Minari data set, the offline-RL format of Gymnasium's ecosystem."""

from __future__ import annotations

import os
import re
import shutil
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces

from ac_gym import _core
from ac_gym.datasets.episodes import Episode
from ac_gym.datasets.whole import new_folder
from ac_gym.errors import MissingPackageError, RecordingError

_NAME = re.compile(r"(?:[\w-]+/)*[\w-]+-v\d+")
_ROOT = "MINARI_DATASETS_PATH"  # Minari finds its folder in the environment only


def write_minari(
    episodes: Iterable[Episode], dataset_id: str, *, folder: Path | None = None, description: str = "", by: str = ""
) -> list[str]:
    """Writes the data set `dataset_id` (`namespace/name-v0`) where Minari keeps its own (`minari.load_dataset` opens
    it), or into `folder`; returns what was left out.

    In Minari an episode ends where it is terminal, a recorded drive does not: it is cut there, and goes on as another
    episode with the first step that is not terminal.
    """
    if not _NAME.fullmatch(dataset_id):
        raise RecordingError(f"{dataset_id!r} is no Minari name: that ends in its version, as monza/laps-v0")
    minari = _minari()
    buffers, said = _buffers(episodes, minari.data_collector.EpisodeBuffer)
    if not buffers:
        raise RecordingError(f"{dataset_id}: no episode to write")
    shapes = {(buffer.observations.shape[1], buffer.actions.shape[1]) for buffer in buffers}
    if len(shapes) > 1:
        raise RecordingError(f"{dataset_id}: episodes of several tasks: observations and actions of {sorted(shapes)}")
    ((observed, acted),) = shapes
    limit = _core.OBSERVATION_LIMIT
    with _new_data_set(dataset_id, folder), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an author, an address, code that it would like to have
        try:
            minari.create_dataset_from_buffers(
                dataset_id=dataset_id,
                buffer=buffers,
                observation_space=spaces.Box(-limit, limit, (observed,), np.float32),
                action_space=spaces.Box(-1.0, 1.0, (acted,), np.float32),
                algorithm_name=by or "recorded laps",
                description=description or "Recorded laps of Assetto Corsa, rebuilt by ac_gym",
                data_format="arrow",
            )
        except ValueError as error:
            raise RecordingError(f"{dataset_id}: {error}") from None
    return said


def _buffers(episodes: Iterable[Episode], new: Callable[..., Any]) -> tuple[list[Any], list[str]]:
    """Minari's episodes, and what was left out."""
    buffers: list[Any] = []
    said: list[str] = []
    for episode in episodes:
        pieces = list(_until_terminal(episode))
        steps = sum(last - first for first, last in pieces)
        if steps < len(episode):
            said.append(f"{episode.name}: {len(episode) - steps} steps out of track after the one that left it")
        for first, last in pieces:
            cut = np.zeros(last - first, bool)
            cut[-1] = not episode.terminated[last - 1]
            buffers.append(
                new(
                    id=len(buffers),
                    observations=episode.observations[first : last + 1],
                    actions=episode.actions[first:last],
                    rewards=episode.rewards[first:last],
                    terminations=episode.terminated[first:last],
                    truncations=cut,
                    infos={},
                )
            )
    return buffers, said


def _minari() -> Any:
    try:
        import minari
        import minari.data_collector
    except ModuleNotFoundError as error:
        raise MissingPackageError(str(error.name), "minari") from None
    return minari


@contextmanager
def _new_data_set(dataset_id: str, folder: Path | None) -> Iterator[None]:
    """What Minari writes into its folder becomes the data set when it is whole."""
    before = os.environ.get(_ROOT)
    root = folder or Path(before or Path.home() / ".minari" / "datasets")
    with new_folder(root / dataset_id) as unfinished:
        os.environ[_ROOT] = str(unfinished)
        try:
            yield
        finally:
            if before is None:
                del os.environ[_ROOT]
            else:
                os.environ[_ROOT] = before
        os.replace(unfinished / dataset_id / "data", unfinished / "data")
        shutil.rmtree(unfinished / Path(dataset_id).parts[0])


def _until_terminal(episode: Episode) -> Iterator[tuple[int, int]]:
    """Steps [first, last) of the stretches that end with their first terminal step."""
    first = 0
    while first < len(episode):
        after = np.flatnonzero(episode.terminated[first:])
        last = first + int(after[0]) + 1 if len(after) else len(episode)
        yield first, last
        driving = np.flatnonzero(~episode.terminated[last:])
        first = last + int(driving[0]) if len(driving) else len(episode)
