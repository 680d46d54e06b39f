"""Pictures as an observation."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers import FrameStackObservation

from ac_gym.camera import Camera
from ac_gym.envs import AssettoCorsaEnv, AssettoCorsaVectorEnv
from ac_gym.errors import ConfigError, UnknownNameError

SMALL: dict[str, Any] = {"obs_size": (40, 30)}
COAST = np.array([0.1, 0.4, -1.0], np.float32)


def actions(count: int, step: int) -> np.ndarray:
    return np.random.default_rng(step).uniform(-1, 1, (count, 3)).astype(np.float32)


def seen_by(env: AssettoCorsaEnv | AssettoCorsaVectorEnv, **settings: Any) -> np.ndarray:
    """The pictures of the present state, taken by a camera of one's own."""
    camera = Camera(env.session.world, size=(40, 30), **{"color": "gray", **settings})
    return camera.draw(env.session.world.frames)


def test_spaces() -> None:
    assert AssettoCorsaEnv().observation_space.shape == (125,)
    pixels = AssettoCorsaEnv(observation="pixels").observation_space
    assert isinstance(pixels, gym.spaces.Box)
    assert (pixels.shape, pixels.dtype, pixels.low.min(), pixels.high.max()) == ((84, 84, 1), np.uint8, 0, 255)
    both = AssettoCorsaVectorEnv(5, observation="both", obs_size=(64, 48), obs_color="rgb", obs_stack=3)
    assert isinstance(both.single_observation_space, gym.spaces.Dict)
    assert both.single_observation_space["vector"].shape == (125,)
    assert both.single_observation_space["pixels"].shape == (3, 48, 64, 3)
    assert both.observation_space["pixels"].shape == (5, 3, 48, 64, 3)  # type: ignore[index]


@pytest.mark.parametrize("observation", ["pixels", "both"])
@pytest.mark.filterwarnings("ignore:.*:UserWarning")  # on the ranges of the numbers, as for the vector alone
def test_gymnasiums_checker(observation: str) -> None:
    env = AssettoCorsaEnv(observation=observation)
    check_env(env, skip_render_check=True)
    assert env.observation_space.contains(env.reset(seed=0)[0])


@pytest.mark.parametrize("observation", ["pixels", "both"])
def test_a_picture_belongs_to_the_state_that_it_comes_with(observation: str) -> None:
    env = AssettoCorsaEnv(observation=observation, obs_view="chase", obs_color="rgb", **SMALL)

    def agrees(seen: Any) -> bool:
        picture = seen["pixels"] if observation == "both" else seen
        return np.array_equal(picture, seen_by(env, view="chase", color="rgb")[0])

    for options in (None, {"s": 700.0, "speed": 40.0}):
        seen, info = env.reset(seed=3, options=options)
        assert agrees(seen)
        assert env.observation_space.contains(seen)
        for _ in range(5):
            seen, *_, info = env.step(COAST)
            assert agrees(seen)
        assert info["picture_age"] == 0.0


def test_numbers_and_driving_are_the_same_with_pictures() -> None:
    plain, both = AssettoCorsaEnv(), AssettoCorsaEnv(observation="both")
    np.testing.assert_array_equal(plain.reset(seed=2)[0], both.reset(seed=2)[0]["vector"])
    for _ in range(20):
        expected, got = plain.step(COAST), both.step(COAST)
        np.testing.assert_array_equal(expected[0], got[0]["vector"])
        assert expected[1:4] == got[1:4]


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_a_car_of_the_batch_sees_what_the_single_environment_sees(threads: int) -> None:
    env = AssettoCorsaEnv(observation="pixels", **SMALL)
    batch = AssettoCorsaVectorEnv(9, observation="pixels", threads=threads, **SMALL)
    np.testing.assert_array_equal(env.reset(seed=4)[0], batch.reset(seed=4)[0][0])
    for k in range(10):
        drawn = actions(9, k)
        np.testing.assert_array_equal(env.step(drawn[0])[0], batch.step(drawn)[0][0])


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_a_new_episode_is_seen_at_once(mode: AutoresetMode) -> None:
    env = AssettoCorsaVectorEnv(6, observation="both", autoreset_mode=mode, max_episode_py_time=0.2, **SMALL)
    env.reset(seed=0)
    for k in range(14):
        before = seen_by(env)
        seen, _, terminated, truncated, info = env.step(actions(6, k))
        np.testing.assert_array_equal(seen["pixels"], seen_by(env))
        ended = terminated | truncated
        if not ended.any():
            continue
        if mode == AutoresetMode.SAME_STEP:
            assert (info["final_obs"]["pixels"][ended] != seen["pixels"][ended]).any()
            assert (info["final_obs"]["pixels"][ended] != before[ended]).any(), "of the last step, not the one before"
            assert info["final_obs"]["vector"].shape == (6, 125)
        if mode == AutoresetMode.DISABLED:
            mask = ended & (np.arange(6) % 2 == 0)
            again, _ = env.reset(options={"reset_mask": mask})
            np.testing.assert_array_equal(again["pixels"], seen_by(env))
            np.testing.assert_array_equal(again["pixels"][~mask], seen["pixels"][~mask])
            return


def test_a_stack_is_what_gymnasiums_wrapper_makes() -> None:
    ours = AssettoCorsaEnv(observation="pixels", obs_stack=4, **SMALL)
    theirs = FrameStackObservation(AssettoCorsaEnv(observation="pixels", **SMALL), 4, padding_type="reset")
    assert ours.observation_space == theirs.observation_space
    np.testing.assert_array_equal(ours.reset(seed=1)[0], theirs.reset(seed=1)[0])
    for _ in range(6):
        np.testing.assert_array_equal(ours.step(COAST)[0], theirs.step(COAST)[0])


def test_gymnasiums_wrapper_stacks_both() -> None:
    env = FrameStackObservation(AssettoCorsaEnv(observation="both", **SMALL), 3)
    seen, _ = env.reset(seed=1)
    assert seen["pixels"].shape == (3, 30, 40, 1)
    assert seen["vector"].shape == (3, 125)
    assert env.observation_space.contains(env.step(COAST)[0])


def test_a_stack_begins_anew_with_each_episode() -> None:
    env = AssettoCorsaVectorEnv(4, observation="pixels", obs_stack=3, max_episode_py_time=0.32, **SMALL)
    singles = AssettoCorsaVectorEnv(4, observation="pixels", max_episode_py_time=0.32, **SMALL)
    stacks, pictures = env.reset(seed=0)[0], [singles.reset(seed=0)[0]] * 3
    np.testing.assert_array_equal(stacks, np.stack(pictures, axis=1))
    begun = np.zeros(4, bool)
    for k in range(20):
        drawn = actions(4, k)
        stacks, _, terminated, truncated, _ = env.step(drawn)
        now = singles.step(drawn)[0]
        pictures = [np.where(begun[:, None, None, None], now, old) for old in pictures[1:]] + [now]
        np.testing.assert_array_equal(stacks, np.stack(pictures, axis=1))
        begun = terminated | truncated


@pytest.mark.parametrize("stack", [1, 3])
def test_results_share_no_memory_unless_asked(stack: int) -> None:
    env = AssettoCorsaVectorEnv(3, observation="both", obs_stack=stack, **SMALL)
    seen = [env.reset(seed=0)[0], env.step(actions(3, 0))[0], env.step(actions(3, 1))[0], env.reset()[0]]
    for a, b in pairwise(seen):
        assert not np.shares_memory(a["pixels"], b["pixels"])
        assert not np.shares_memory(a["vector"], b["vector"])
    views = AssettoCorsaVectorEnv(3, observation="pixels", copy=False, **SMALL)
    views.reset(seed=0)
    assert np.shares_memory(views.step(actions(3, 0))[0], views.step(actions(3, 1))[0])


def test_kept_observations_stay_whole() -> None:
    env = AssettoCorsaVectorEnv(3, observation="pixels", obs_stack=2, **SMALL)
    kept = [env.reset(seed=0)[0]]
    kept += [env.step(actions(3, k))[0] for k in range(8)]
    copies = [one.copy() for one in kept]
    for k in range(8):
        env.step(actions(3, k))
    for one, copy in zip(kept, copies, strict=True):
        np.testing.assert_array_equal(one, copy)


def test_cars_see_each_other_where_asked() -> None:
    seen = {}
    for asked in (False, True):
        env = AssettoCorsaVectorEnv(2, observation="pixels", obs_cars=asked, start="line", obs_size=(160, 120))
        env.reset(seed=0)
        env.session.world.place(1, env.session.world.track.start.s_m + 12.0)
        env.session.pixels.begin()  # type: ignore[union-attr]
        seen[asked] = env.session.observation
    assert (seen[True][0] != seen[False][0]).any()


def test_a_seed_repeats() -> None:
    def rollout(seed: int) -> np.ndarray:
        env = AssettoCorsaVectorEnv(5, observation="pixels", obs_color="rgb", **SMALL)
        return np.array([env.reset(seed=seed)[0]] + [env.step(actions(5, k))[0] for k in range(10)])

    first = rollout(1)
    assert np.array_equal(first, rollout(1))
    assert not np.array_equal(first[0], rollout(2)[0])


def test_gym_make() -> None:
    env = gym.make("AssettoCorsa-v0", observation="pixels")
    assert env.reset(seed=0)[0].shape == (84, 84, 1)
    envs = gym.make_vec("AssettoCorsa-v0", num_envs=3, observation="both", obs_color="rgb")
    assert envs.reset(seed=0)[0]["pixels"].shape == (3, 84, 84, 3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"observation": "pixel"}, "unknown observation 'pixel'; did you mean pixels"),
        ({"obs_view": "cockpits"}, "unknown obs_view 'cockpits'; did you mean cockpit"),
        ({"obs_color": "grey"}, "unknown obs_color 'grey'; did you mean gray"),
        ({"obs_size": (84, 0)}, "not 84 x 0"),
        ({"obs_size": 84}, r"\(width, height\), not 84"),
        ({"obs_stack": 0}, "obs_stack must be 1 to 64 pictures, is 0"),
    ],
)
def test_wrong_settings_are_told_in_one_line(settings: dict[str, Any], message: str) -> None:
    with pytest.raises((ConfigError, UnknownNameError), match=message) as caught:
        AssettoCorsaEnv(**settings)
    assert "\n" not in str(caught.value)
