"""The vector environment: Gymnasium's autoreset modes, equality with the single environment, long random driving."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers.vector import RecordEpisodeStatistics

from ac_gym.car import available_cars
from ac_gym.envs import AssettoCorsaEnv, AssettoCorsaVectorEnv
from ac_gym.errors import UnknownNameError
from ac_gym.task import Ending
from ac_gym.track import available_tracks

# Always the same start, so that our batch and Gymnasium's copies of the single environment must agree to the bit.
SAME: dict[str, Any] = {"start": "line", "max_episode_py_time": 0.4}
MODES = [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP]


def pair(mode: AutoresetMode, count: int = 4) -> tuple[AssettoCorsaVectorEnv, SyncVectorEnv]:
    copies = SyncVectorEnv([lambda: AssettoCorsaEnv(**SAME) for _ in range(count)], autoreset_mode=mode)
    return AssettoCorsaVectorEnv(count, autoreset_mode=mode, **SAME), copies


def actions(count: int, k: int) -> np.ndarray:
    return np.random.default_rng(k).uniform(-1, 1, (count, 3)).astype(np.float32)


@pytest.mark.parametrize("mode", MODES)
def test_autoreset_is_gymnasiums(mode: AutoresetMode) -> None:
    ours, theirs = pair(mode)
    assert np.array_equal(ours.reset(seed=1)[0], theirs.reset(seed=1)[0])
    for k in range(35):
        got, expected = ours.step(actions(4, k)), theirs.step(actions(4, k))
        for mine, other in zip(got[:4], expected[:4], strict=True):
            assert mine.dtype == other.dtype
            assert np.array_equal(mine, other), k
        assert ("final_obs" in got[4]) == ("final_obs" in expected[4])
        if "final_obs" in got[4]:
            assert np.array_equal(got[4]["_final_obs"], expected[4]["_final_obs"])
            assert np.array_equal(got[4]["final_obs"], np.stack(expected[4]["final_obs"]))
            assert np.array_equal(got[4]["_final_info"], expected[4]["_final_info"])
            assert np.all(got[4]["final_info"]["end_reason"] == Ending.TIME_LIMIT)


def test_cars_that_end_at_different_times_are_reset_alone() -> None:
    env = AssettoCorsaVectorEnv(16)
    env.reset(seed=0)
    ended = np.zeros(16, bool)
    alone = 0
    for k in range(400):
        observation, reward, terminated, truncated, info = env.step(actions(16, k))
        assert np.all(reward[ended] == 0.0)
        assert not terminated[ended].any()
        assert not truncated[ended].any()
        assert not observation[ended, 50:].any()
        assert np.all(env.telemetry["steps"][ended] == 0)
        assert np.all(env.telemetry["steps"][~ended] > 0)
        ended = terminated | truncated
        assert np.array_equal(ended, info["end_reason"] != Ending.DRIVING)
        alone += ended.any() and not ended.all()
    assert alone > 10


def test_same_step_gives_the_last_observation_and_the_first() -> None:
    env = AssettoCorsaVectorEnv(16, autoreset_mode="same_step")
    env.reset(seed=0)
    for k in range(200):
        observation, reward, terminated, truncated, info = env.step(actions(16, k))
        ended = terminated | truncated
        if ended.any():
            assert np.array_equal(info["_final_obs"], ended)
            assert info["final_obs"][ended, 50:].any()
            assert not observation[ended, 50:].any()
            assert np.array_equal(info["final_obs"][~ended], observation[~ended])
            assert np.all(reward[ended] != 0.0)
            return
    raise AssertionError("no car ended")


def test_disabled_leaves_the_reset_to_the_caller() -> None:
    env = AssettoCorsaVectorEnv(4, autoreset_mode=AutoresetMode.DISABLED, **SAME)
    env.reset(seed=0)
    for k in range(10):
        *_, truncated, _ = env.step(actions(4, k))
    assert truncated.all()
    mask = np.array([True, False, True, False])
    observation, _ = env.reset(options={"reset_mask": mask})
    assert not observation[mask, 50:].any()
    assert observation[~mask, 50:].any()
    assert np.array_equal(env.telemetry["steps"] == 0, mask)


def test_metadata_names_the_mode() -> None:
    for mode in AutoresetMode:
        assert AssettoCorsaVectorEnv(1, autoreset_mode=mode).metadata["autoreset_mode"] == mode
    assert AssettoCorsaVectorEnv(1).metadata["autoreset_mode"] == AutoresetMode.NEXT_STEP
    with pytest.raises(UnknownNameError, match="SAME_STEP"):
        AssettoCorsaVectorEnv(1, autoreset_mode="same_stepp")


def test_a_car_of_the_batch_is_the_single_environment() -> None:
    env, batch = AssettoCorsaEnv(), AssettoCorsaVectorEnv(32)
    observation, _ = env.reset(seed=11)
    assert np.array_equal(batch.reset(seed=11)[0][0], observation)
    for k in range(300):
        drawn = actions(32, k)
        observation, reward, terminated, truncated, _ = env.step(drawn[0])
        got = batch.step(drawn)
        assert np.array_equal(got[0][0], observation)
        assert got[1][0] == reward
        assert got[2][0] == terminated
        assert got[3][0] == truncated
        if terminated or truncated:
            env.reset()
            batch.step(drawn)


def test_a_seed_repeats_and_another_does_not() -> None:
    def rollout(seed: int) -> np.ndarray:
        env = AssettoCorsaVectorEnv(20)
        rows = [env.reset(seed=seed)[0]]
        return np.array(rows + [env.step(actions(20, k))[0] for k in range(50)])

    first, again, other = rollout(1), rollout(1), rollout(2)
    assert np.array_equal(first, again)
    assert not np.array_equal(first[0], other[0])


def test_results_share_no_memory_unless_asked() -> None:
    env = AssettoCorsaVectorEnv(4)
    env.reset(seed=0)
    first, second = env.step(actions(4, 0)), env.step(actions(4, 1))
    for a, b in zip(first[:4], second[:4], strict=True):
        assert not np.shares_memory(a, b)
    views = AssettoCorsaVectorEnv(4, copy=False)
    views.reset(seed=0)
    assert np.shares_memory(views.step(actions(4, 0))[0], views.step(actions(4, 1))[0])


def test_info_always_has_its_arrays() -> None:
    env = AssettoCorsaVectorEnv(5)
    env.reset(seed=0)
    info = env.step(actions(5, 0))[4]
    for name in ("lap_time", "lap_valid", "lap_count", "end_reason"):
        assert info[name].shape == (5,)
    assert np.isnan(info["lap_time"]).all()
    assert not info["lap_valid"].any()


def test_gym_make_vec_is_the_native_batch() -> None:
    env = gym.make_vec("AssettoCorsa-v0", num_envs=8, track="imola", car="dallara_f317")
    assert isinstance(env.unwrapped, AssettoCorsaVectorEnv)
    assert env.reset(seed=0)[0].shape == (8, 125)
    assert env.single_action_space.shape == (3,)


def test_gymnasiums_vector_wrappers_work() -> None:
    env = RecordEpisodeStatistics(AssettoCorsaVectorEnv(4, **SAME))
    env.reset(seed=0)
    infos = [env.step(actions(4, k))[4] for k in range(12)]
    assert np.all(next(i for i in infos if "episode" in i)["episode"]["l"] == 10)


def test_clear_refusals() -> None:
    env = AssettoCorsaVectorEnv(4)
    with pytest.raises(gym.error.ResetNeeded):
        env.step(actions(4, 0))
    with pytest.raises(gym.error.ResetNeeded, match="reset_mask"):
        env.reset(options={"reset_mask": np.array([True, False, False, False])})
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"\(4, 3\)"):
        env.step(actions(5, 0))
    wild = actions(4, 0)
    wild[2, 1] = np.nan
    with pytest.raises(ValueError, match="car 2"):
        env.step(wild)
    with pytest.raises(ValueError, match="reset_mask"):
        env.reset(options={"reset_mask": np.ones(3, bool)})
    with pytest.raises(ValueError, match="one seed"):
        env.reset(seed=[1, 2, 3, 4])
    assert np.isfinite(env.step(actions(4, 1))[0]).all()


def test_a_refused_step_changes_nothing() -> None:
    env, twin = AssettoCorsaVectorEnv(4), AssettoCorsaVectorEnv(4)
    env.reset(seed=0), twin.reset(seed=0)
    with pytest.raises(ValueError, match="finite"):
        env.step(np.full((4, 3), np.inf, np.float32))
    assert np.array_equal(env.step(actions(4, 0))[0], twin.step(actions(4, 0))[0])


@pytest.mark.parametrize("car", available_cars())
def test_a_million_random_steps_over_all_cars_and_tracks(car: str) -> None:
    """Endings off for half of them, so that cars also tumble about off the road and along the walls."""
    count, steps = 512, 94
    done = 0
    for k, track in enumerate(available_tracks()):
        env = AssettoCorsaVectorEnv(
            count, track, car, copy=False, enable_out_of_track_termination=k % 2 == 0,
            damage_rate=1.0, tyre_wear_rate=1.0, fuel_rate=1.0,
            randomise={"grip": (0.5, 1.2), "chassis_mass": (0.8, 1.3)}, start_speed=(0.0, 1.2),
        )  # fmt: skip
        env.reset(seed=k)
        rng = np.random.default_rng(k)
        held = rng.uniform(-1, 1, (count, 3)).astype(np.float32)
        for step in range(steps):
            if step % 5 == 0:
                held = rng.uniform(-1, 1, (count, 3)).astype(np.float32)
            observation, reward, *_ = env.step(held)
            assert np.isfinite(observation).all()
            assert np.isfinite(reward).all()
            assert np.isfinite(env.session.world.frames).all()
            done += count
        assert np.abs(observation).max() <= 20.0
        assert env.telemetry["speed"].max() < 130.0
        assert env.telemetry["wheel_load"].max() < 60_000.0
        border = np.maximum(-env.telemetry["border_left"], -env.telemetry["border_right"])
        assert border.max() < 100.0, "walls hold"
    assert done * len(available_cars()) > 1_000_000
