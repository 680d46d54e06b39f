"""Batches that are partly somebody else's driving, and the steps of a behaviour policy that such a memory holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode
from toys import counting_vector, point_vector

from algorithms.errors import UserError
from algorithms.guided import GuidedReplay
from algorithms.loop import collect
from algorithms.replay import COLUMNS, Batch, Replay

OWN, SHOWN = 1.0, 2.0  # every number that the agent drove, and that the guide did


def _fill(replay: Replay, value: float, steps: int = 50) -> None:
    none = np.zeros(2, bool)
    for _ in range(steps):
        row = np.full((2, 3), value)
        replay.add(np.arange(2), row, row[:, :1], row[:, 0], none, none, row)


def _guided(share: float, seed: int = 0) -> GuidedReplay:
    guide = Replay(200, 2, 3, 1, seed=seed + 1)
    _fill(guide, SHOWN)
    return GuidedReplay(200, 2, 3, 1, 0.9, 1, seed, guide=guide, share=share)


def _arrays(batch: Batch) -> list[np.ndarray]:
    return [getattr(batch, name).numpy() for name in COLUMNS]


@pytest.mark.parametrize(("share", "shown"), [(0.0, 0), (0.25, 16), (0.5, 32), (0.9, 58), (1.0, 64)])
def test_share_of_every_batch_comes_from_the_guide(share: float, shown: int) -> None:
    replay = _guided(share)
    _fill(replay, OWN)
    for _ in range(5):
        batch = replay.sample(64)
        assert int((batch.obs[:, 0] == SHOWN).sum()) == batch.shown == shown
        assert (batch.obs[:shown] == SHOWN).all()
        for values in (batch.obs, batch.action, batch.next_obs, batch.reward[:, None]):  # rows stay together
            assert torch.equal(values[:, 0], batch.obs[:, 0])
        assert len(batch.discount) == 64


def test_only_a_guide_is_needed_where_it_gives_everything() -> None:
    assert set(_guided(1.0).sample(8).reward.tolist()) == {SHOWN}
    with pytest.raises(ValueError, match="empty replay memory"):
        _guided(0.5).sample(8)


def test_guide_is_never_changed() -> None:
    guide = Replay(200, 2, 3, 1)
    _fill(guide, SHOWN)
    held = {name: np.copy(value) for name, value in guide.state_dict().items() if name != "rng"}
    replay = GuidedReplay(40, 2, 3, 1, guide=guide)
    saved = replay.state_dict()
    _fill(replay, OWN, steps=300)  # several times round its ring
    replay.sample(100)
    replay.end_episodes()
    replay.load_state_dict(saved)
    for name, value in held.items():
        np.testing.assert_array_equal(guide.state_dict()[name], value)


def test_resumed_sampling_continues_identically() -> None:
    replay, other = _guided(0.5), _guided(0.5, seed=7)
    for memory in (replay, replay.guide, other.guide):  # the guide is collected anew, and alike
        rng = np.random.default_rng(0)
        for t in range(40):
            row = rng.normal(size=(2, 3))
            ended = np.full(2, t % 9 == 8)
            memory.add(np.arange(2), row, row[:, :1], row[:, 0], ended, ~ended & (t == 5), row)
    replay.sample(10)
    other.load_state_dict(_copied(replay.state_dict()))
    for _ in range(3):
        for a, b in zip(_arrays(replay.sample(32)), _arrays(other.sample(32)), strict=True):
            np.testing.assert_array_equal(a, b)


def _copied(state: dict[str, Any]) -> dict[str, Any]:
    return {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in state.items()}


def test_a_run_is_resumed_with_a_guide_only_if_it_had_one() -> None:
    guided, plain = _guided(0.5), Replay(200, 2, 3, 1, 0.9, 1)
    with pytest.raises(UserError, match="with demonstrations"):
        plain.load_state_dict(guided.state_dict())
    with pytest.raises(UserError, match="without demonstrations"):
        guided.load_state_dict(plain.state_dict())


@pytest.mark.parametrize("share", [-0.1, 1.01, float("nan")])
def test_share_outside_0_to_1_is_refused(share: float) -> None:
    with pytest.raises(UserError, match="between 0 and 1"):
        _guided(share)


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_collect_stores_what_the_policy_did(mode: AutoresetMode) -> None:
    """Every stored step is one that was asked for and driven: none that only reset, none across an episode's end."""
    given: dict[tuple[float, ...], float] = {}

    def act(obs: np.ndarray) -> np.ndarray:
        actions = np.random.default_rng(len(given)).uniform(-1.0, 1.0, (len(obs), 1)).astype(np.float32)
        given.update({tuple(row): float(action) for row, action in zip(obs.tolist(), actions[:, 0], strict=True)})
        return actions

    replay = Replay(10_000, 4, 3, 1, gamma=0.5)
    counts = list(collect(counting_vector(4, mode), act, replay, 200))
    batch = replay.sample(20_000)
    stored = set()
    for obs, action, reward, following in zip(
        batch.obs.tolist(), batch.action.tolist(), batch.reward.tolist(), batch.next_obs.tolist(), strict=True
    ):
        number, episode, t = obs
        assert action == [given[tuple(obs)]]
        assert following == [number, episode, t + 1]
        assert reward == 10 * episode + t + 1
        assert t < 3 + number  # at the end of an episode nothing is driven
        stored.add(tuple(obs))
    assert len(stored) == counts[-1]
    assert counts == sorted(counts)
    assert 200 <= counts[-1] < 204  # whole steps of four environments


def test_collect_scales_actions_to_the_environment() -> None:
    """PointEnv moves by at most 0.5: full action is stored as 1 and driven as 0.5."""
    replay = Replay(1000, 2, 1, 1)
    for _ in collect(point_vector(2), lambda obs: np.ones((len(obs), 1), np.float32), replay, 100):
        pass
    batch = replay.sample(500)
    assert set(batch.action[:, 0].tolist()) == {1.0}
    torch.testing.assert_close(batch.next_obs, (batch.obs + 0.5).clamp(max=1.0))
