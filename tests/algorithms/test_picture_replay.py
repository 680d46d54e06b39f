"""Pictures in the replay memory: each kept once, stacks as Gymnasium's wrapper gives them."""

from __future__ import annotations

from collections.abc import Callable

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import FrameStackObservation
from toys import BothEnv, NoiseEnv

from algorithms.guided import GuidedReplay
from algorithms.loop import collect
from algorithms.observations import shape_of
from algorithms.replay import Replay

STACK = 3


class Watched(gymnasium.Wrapper):
    """Remembers the observations it gave, episode by episode."""

    def __init__(self, env: gymnasium.Env, episodes: list[list[bytes]]) -> None:
        super().__init__(env)
        self._episodes = episodes

    def reset(self, **kwargs: object) -> tuple:
        obs, info = self.env.reset(**kwargs)
        self._episode = [obs.tobytes()]
        self._episodes.append(self._episode)
        return obs, info

    def step(self, action: np.ndarray) -> tuple:
        obs, *rest = self.env.step(action)
        self._episode.append(obs.tobytes())
        return obs, *rest


def _stacked() -> gymnasium.Env:
    return FrameStackObservation(NoiseEnv(), STACK)


def _vector(make: Callable[[], gymnasium.Env], mode: AutoresetMode = AutoresetMode.NEXT_STEP) -> SyncVectorEnv:
    return SyncVectorEnv([make] * 3, autoreset_mode=mode)


def _still(obs: np.ndarray) -> np.ndarray:
    return np.zeros((3, 1), np.float32)


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
@pytest.mark.parametrize("capacity", [3000, 60])
@pytest.mark.parametrize("nstep", [1, 3])
def test_stacks_equal_those_of_gymnasium_on_the_same_drive(mode: AutoresetMode, capacity: int, nstep: int) -> None:
    """Also when the ring was overwritten many times, and after an episode's first picture."""
    episodes: list[list[bytes]] = []
    env = _vector(lambda: Watched(_stacked(), episodes), mode)
    replay = Replay(capacity, 3, shape_of(env.single_observation_space), 1, nstep=nstep)
    for _ in collect(env, _still, replay, 700, seed=4):
        pass
    following = {
        obs: {episode[j] for j in range(i + 1, i + nstep + 1) if j < len(episode)}  # the memory's end may cut a window
        for episode in episodes
        for i, obs in enumerate(episode)
    }
    starts = set()
    for _ in range(20):
        batch = replay.sample(100)
        assert batch.obs.shape == (100, STACK, 5, 4, 2)
        for obs, reached in zip(batch.obs.numpy(), batch.next_obs.numpy(), strict=True):
            assert obs.tobytes() in following  # a stack that was seen, in its order
            starts.add(obs.tobytes())
            assert reached.tobytes() in following[obs.tobytes()]
    assert len(starts) > (500 if capacity > 700 else 20)


def test_each_picture_is_kept_once() -> None:
    replay = Replay(6000, 3, (4, 84, 84, 1), 2)
    frame = 84 * 84
    held = sum(array.nbytes for array in replay._arrays().values())
    assert 6000 * frame <= held < 6000 * (frame + 60)  # not four pictures, and no float among them
    assert replay._obs.data.dtype == np.uint8


def test_numbers_and_pictures_stay_together() -> None:
    env = _vector(lambda: BothEnv(_stacked()))
    shape = shape_of(env.single_observation_space)
    assert shape == {"vector": 2, "pixels": (STACK, 5, 4, 2)}
    replay = Replay(2000, 3, shape, 1)
    for _ in collect(env, lambda obs: np.zeros((3, 1), np.float32), replay, 300):
        pass
    batch = replay.sample(200)
    assert batch.obs["vector"].shape == (200, 2)
    fresh = batch.obs["vector"][:, 0] == 0
    same = (batch.obs["pixels"] == batch.obs["pixels"][:, :1]).flatten(1).all(1)
    assert bool(fresh.any())
    np.testing.assert_array_equal(fresh, same)  # an episode's first stack, and no other, repeats its picture
    np.testing.assert_array_equal(batch.next_obs["vector"][:, 0], batch.obs["vector"][:, 0] + 1)


def test_final_observations_arrive_by_name_too() -> None:
    """Of a vector env that hands them out as one batch by name, and of Gymnasium's, as an array of dictionaries."""
    for batched in (False, True):
        env = _vector(lambda: BothEnv(_stacked()), AutoresetMode.SAME_STEP)
        if batched:
            env = _Batched(env)
        replay = Replay(2000, 3, shape_of(env.single_observation_space), 1)
        for _ in collect(env, lambda obs: np.zeros((3, 1), np.float32), replay, 300):
            pass
        batch = replay.sample(500)
        np.testing.assert_array_equal(batch.next_obs["vector"][:, 0], batch.obs["vector"][:, 0] + 1)
        assert (batch.next_obs["pixels"][:, -2] == batch.obs["pixels"][:, -1]).all()


class _Batched(gymnasium.vector.VectorWrapper):
    def step(self, actions: np.ndarray) -> tuple:
        *result, infos = self.env.step(actions)
        if "final_obs" in infos:
            rows = infos["final_obs"]
            some = next(row for row in rows if row is not None)
            infos["final_obs"] = {
                name: np.stack([np.zeros_like(some[name]) if row is None else row[name] for row in rows])
                for name in some
            }
        return *result, infos


def test_saved_memory_is_restored_and_of_other_observations_refused() -> None:
    def filled(seed: int) -> Replay:
        env = _vector(lambda: BothEnv(_stacked()))
        replay = Replay(240, 3, shape_of(env.single_observation_space), 1, seed=seed)
        for _ in collect(env, lambda obs: np.zeros((3, 1), np.float32), replay, 400, seed=seed):
            pass
        return replay

    replay, other = filled(0), filled(1)
    other.load_state_dict({k: v.copy() if isinstance(v, np.ndarray) else v for k, v in replay.state_dict().items()})
    for _ in range(3):
        a, b = replay.sample(50), other.sample(50)
        assert (a.obs["pixels"] == b.obs["pixels"]).all()
        assert (a.next_obs["vector"] == b.next_obs["vector"]).all()
    with pytest.raises(ValueError, match="other observations"):
        Replay(240, 3, 7, 1).load_state_dict(replay.state_dict())
    with pytest.raises(ValueError, match="other observations"):
        Replay(240, 3, {"vector": 2, "pixels": (STACK, 5, 4, 1)}, 1).load_state_dict(replay.state_dict())


def test_a_guide_shows_pictures() -> None:
    env = _vector(lambda: BothEnv(_stacked()))
    shape = shape_of(env.single_observation_space)
    guide = Replay(900, 3, shape, 1)
    replay = GuidedReplay(900, 3, shape, 1, 0.9, 1, 0, guide=guide, share=0.5)
    for memory in (guide, replay):
        for _ in collect(env, lambda obs: np.zeros((3, 1), np.float32), memory, 90):
            pass
    batch = replay.sample(64)
    assert batch.obs["pixels"].shape == (64, STACK, 5, 4, 2)
    assert batch.obs["vector"].shape == (64, 2)


@pytest.mark.parametrize(
    "space",
    [
        gymnasium.spaces.Discrete(3),
        gymnasium.spaces.Box(0, 255, (84, 84), np.uint8),
        gymnasium.spaces.Box(0, 1, (84, 84, 1), np.float32),
        gymnasium.spaces.Dict({"vector": gymnasium.spaces.Box(0, 1, (2,))}),
    ],
)
def test_spaces_that_cannot_be_learned_from_are_refused_in_one_line(space: gymnasium.Space) -> None:
    with pytest.raises(ValueError, match="cannot learn from") as error:
        shape_of(space)
    assert "\n" not in str(error.value)
