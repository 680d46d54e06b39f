"""Replay memory with a guide: part of every batch comes from a fixed memory of somebody else's driving.

Mixing half and half keeps what the guide shows in every batch without a loss of its own for imitation (RLPD, Ball et
al., arXiv 2302.02948). Where the guide's steps come from is the caller's affair: a policy that is driven before
learning (`loop.collect`), or episodes that were recorded (`remember`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np
import torch

from algorithms.errors import UserError
from algorithms.observations import mapped
from algorithms.replay import COLUMNS, Batch, Replay


class GuidedReplay(Replay):
    """A `Replay` that draws the share `share` of its batches from `guide`, which it never changes."""

    def __init__(self, *memory: Any, guide: Replay, share: float = 0.5) -> None:
        super().__init__(*memory)
        if not 0.0 <= share <= 1.0:
            raise UserError(f"the guide's share of a batch must lie between 0 and 1, is {share:g}")
        self.guide, self.share = guide, share

    def sample(self, batch_size: int) -> Batch[Any]:
        guided = round(self.share * batch_size)
        parts = []
        if guided:
            parts.append(self.guide.sample(guided))
        if guided < batch_size:
            parts.append(super().sample(batch_size - guided))
        columns = {name: [getattr(part, name) for part in parts] for name in COLUMNS}
        whole: dict[str, Any] = {
            name: mapped(lambda *tensors: torch.cat(tensors), *parts) for name, parts in columns.items()
        }
        return Batch(**whole, shown=guided)

    def state_dict(self) -> dict[str, Any]:
        """What the agent drove, and both random states; the guide's steps are got again on resuming."""
        state = super().state_dict()
        return state | {"rng": {"own": state["rng"], "guide": self.guide.random_state}}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if "guide" not in state["rng"]:
            raise UserError("the saved run learned without demonstrations: resume it without them")
        super().load_state_dict(state | {"rng": state["rng"]["own"]})
        self.guide.random_state = state["rng"]["guide"]


class Episode(Protocol):
    """T steps as somebody recorded them; step t leads from `observations[t]` to `observations[t + 1]`."""

    @property
    def observations(self) -> np.ndarray: ...
    @property
    def actions(self) -> np.ndarray: ...
    @property
    def rewards(self) -> np.ndarray: ...
    @property
    def terminated(self) -> np.ndarray: ...


def remember(replay: Replay, episodes: Iterable[Episode]) -> None:
    """Store whole episodes, shared out evenly among the environments of `replay`."""
    held = np.zeros(replay.num_envs, np.int64)
    for episode in episodes:
        env = int(held.argmin())
        replay.add_episode(env, episode.observations, episode.actions, episode.rewards, episode.terminated)
        held[env] += len(episode.observations)
