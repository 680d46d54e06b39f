"""Windows from the replay memory against a brute-force reading of what was stored."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algorithms.replay import Replay

GAMMA = 0.9
STEP, TERMINATED, TRUNCATED = "step", "terminated", "truncated"
Story = list[tuple[float, str]]  # reward and kind of each step of one environment


def _observation(env: int, episode: int, t: int) -> list[float]:
    return [env, episode, t]


def _store(replay: Replay, stories: list[Story]) -> dict[tuple[float, ...], tuple[float, float, tuple[float, ...]]]:
    """Feed the stories in lockstep; return what each start should give: return, discount, next observation."""
    n = len(stories)
    position = [(0, 0)] * n
    rows: list[list[tuple[tuple[float, ...], float, str, tuple[float, ...]]]] = [[] for _ in range(n)]
    for t in range(max(len(s) for s in stories)):
        active = [e for e in range(n) if t < len(stories[e])]
        obs, following, rewards, kinds = [], [], [], []
        for e in active:
            episode, k = position[e]
            reward, kind = stories[e][t]
            obs.append(_observation(e, episode, k))
            following.append(_observation(e, episode, k + 1))
            rewards.append(reward)
            kinds.append(kind)
            rows[e].append((tuple(obs[-1]), reward, kind, tuple(following[-1])))
            position[e] = (episode + 1, 0) if kind != STEP else (episode, k + 1)
        kind_array = np.array(kinds)
        replay.add(
            np.array(active), np.array(obs), np.zeros((len(active), 1)), np.array(rewards),
            kind_array == TERMINATED, kind_array == TRUNCATED, np.array(following),
        )  # fmt: skip
    expected = {}
    for e in range(n):
        for i, (start, *_) in enumerate(rows[e]):
            total, discount = 0.0, 1.0
            for _, reward, kind, reached in rows[e][i : i + replay.nstep]:
                total += discount * reward
                discount *= GAMMA
                last = reached
                if kind != STEP:
                    break
            expected[start] = (total, 0.0 if kind == TERMINATED else discount, last)
    return expected


story = st.lists(
    st.tuples(st.integers(-5, 5).map(float), st.sampled_from([STEP, STEP, STEP, TERMINATED, TRUNCATED])),
    min_size=1, max_size=40,
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(st.lists(story, min_size=1, max_size=3), st.integers(1, 4), st.integers(12, 120))
def test_windows_equal_brute_force(stories: list[Story], nstep: int, capacity: int) -> None:
    replay = Replay(capacity, len(stories), 3, 1, GAMMA, nstep)
    expected = _store(replay, stories)
    batch = replay.sample(300)
    for obs, reward, discount, reached in zip(batch.obs, batch.reward, batch.discount, batch.next_obs, strict=True):
        total, bootstrap, last = expected[tuple(obs.tolist())]
        assert reward.item() == pytest.approx(total, abs=1e-5)
        assert discount.item() == pytest.approx(bootstrap, abs=1e-6)
        assert tuple(reached.tolist()) == last


def test_truncation_bootstraps_and_termination_does_not() -> None:
    for kind, discount in ((TERMINATED, 0.0), (TRUNCATED, GAMMA)):
        replay = Replay(100, 1, 3, 1, GAMMA, nstep=3)
        _store(replay, [[(1.0, kind)]])
        batch = replay.sample(4)
        np.testing.assert_allclose(batch.discount, discount)
        np.testing.assert_array_equal(batch.next_obs[0], _observation(0, 0, 1))


def test_sampling_is_uniform_over_steps_whatever_the_episode_lengths() -> None:
    replay = Replay(1000, 2, 3, 1, GAMMA, nstep=2)
    expected = _store(replay, [[(0.0, STEP)] * 20, [(0.0, TERMINATED)] * 30])
    starts, counts = np.unique(replay.sample(50_000).obs.numpy(), axis=0, return_counts=True)
    assert len(starts) == len(expected) == 50
    assert np.abs(counts - 1000).max() < 5 * np.sqrt(1000)


def test_ring_keeps_the_newest() -> None:
    replay = Replay(10, 1, 3, 1, GAMMA, nstep=1)
    _store(replay, [[(0.0, STEP)] * 100])
    seen = {int(obs[2]) for obs in replay.sample(1000).obs}
    assert seen == set(range(91, 100))


def test_end_episodes_truncates_what_is_under_way() -> None:
    replay = Replay(100, 2, 3, 1, GAMMA, nstep=3)
    _store(replay, [[(1.0, STEP)] * 2, [(1.0, TERMINATED)] * 2])
    replay.end_episodes()
    replay.add(
        np.arange(2), np.full((2, 3), 7.0), np.zeros((2, 1)), np.full(2, 100.0), np.zeros(2, bool), np.zeros(2, bool),
        np.full((2, 3), 8.0),
    )  # fmt: skip
    batch = replay.sample(500)
    before = batch.obs[:, 0] < 5
    assert batch.reward[before].max() <= 1.0 + GAMMA  # no window reaches into the new episodes
    assert set(batch.reward[~before].tolist()) == {100.0}


def test_empty_memory_says_so() -> None:
    with pytest.raises(ValueError, match="empty replay memory"):
        Replay(10, 1, 3, 1).sample(1)


def test_state_of_another_shape_is_refused() -> None:
    saved = Replay(100, 2, 3, 1).state_dict()
    with pytest.raises(ValueError, match="resume with the settings of the saved run"):
        Replay(100, 4, 3, 1).load_state_dict(saved)
