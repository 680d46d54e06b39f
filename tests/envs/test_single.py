"""The single environment: Gymnasium's contract, hostile callers, clear errors."""

from __future__ import annotations

import subprocess
import sys
import time
import warnings
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import ac_gym
from ac_gym.envs import AssettoCorsaEnv
from ac_gym.errors import AcGymError, UnknownNameError


@pytest.fixture(scope="module")
def env() -> AssettoCorsaEnv:
    return AssettoCorsaEnv()


def _complaints(env: gym.Env, **options: bool) -> list[str]:
    """What Gymnasium's checker warns of; errors it raises."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        check_env(env.unwrapped, **options)
    return [str(warning.message) for warning in said]


def test_gymnasiums_checker_has_nothing_to_say() -> None:
    pytest.importorskip("pygame")
    assert _complaints(gym.make("AssettoCorsa-v0", render_mode="rgb_array")) == []


def test_gymnasiums_checker_without_pictures() -> None:
    env = gym.make("AssettoCorsa-v0", track="ks_laguna_seca", car="ks_mazda_miata")
    assert _complaints(env, skip_render_check=True) == []


@pytest.mark.filterwarnings(
    "default"
)  # torch and SB3 may warn of themselves at import; the checker's warnings fail below
def test_stable_baselines_checker_has_nothing_to_say(recwarn: pytest.WarningsRecorder, env: AssettoCorsaEnv) -> None:
    from stable_baselines3.common.env_checker import check_env as check_for_sb3

    recwarn.clear()
    check_for_sb3(env)
    assert not [str(w.message) for w in recwarn]


def test_spaces(env: AssettoCorsaEnv) -> None:
    assert env.observation_space.shape == (125,)
    assert env.observation_space.dtype == np.float32
    assert env.action_space == gym.spaces.Box(-1.0, 1.0, (3,), np.float32)


def test_a_fresh_interpreter_makes_it_by_module_name() -> None:
    code = """
import gymnasium
env = gymnasium.make("ac_gym:AssettoCorsa-v0")
env.reset(seed=0)
print(env.step(env.action_space.sample())[0].shape)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "(125,)"


def test_import_is_quick_and_light() -> None:
    code = """
import time; begun = time.perf_counter()
import ac_gym, sys
print(time.perf_counter() - begun)
print([m for m in ("torch", "scipy", "yaml", "matplotlib", "pygame", "omegaconf", "algorithms") if m in sys.modules])
"""
    times = []
    for _ in range(3):
        took, heavy = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
        ).stdout.splitlines()
        times.append(float(took))
        assert heavy == "[]"
    assert min(times) < 0.5


def rollout(env: gym.Env, seed: int, steps: int = 150) -> list[Any]:
    rng = np.random.default_rng(seed)
    rows = [env.reset(seed=seed)[0]]
    for _ in range(steps):
        observation, reward, terminated, truncated, info = env.step(rng.uniform(-1, 1, 3).astype(np.float32))
        rows += [observation, reward, terminated, truncated, info]
        if terminated or truncated:
            rows.append(env.reset()[0])
    return rows


def test_a_seed_repeats_a_rollout() -> None:
    first, again = rollout(AssettoCorsaEnv(), 4), rollout(AssettoCorsaEnv(), 4)
    assert len(first) == len(again)
    assert str(first) == str(again)
    assert not np.array_equal(first[0], rollout(AssettoCorsaEnv(), 5, 1)[0])


def test_starts_differ_from_episode_to_episode(env: AssettoCorsaEnv) -> None:
    starts = [env.reset(seed=1 if k == 0 else None)[0] for k in range(5)]
    assert len({start.tobytes() for start in starts}) == 5


def test_observations_share_no_memory(env: AssettoCorsaEnv) -> None:
    first, _ = env.reset(seed=1)
    kept = first.copy()
    second = env.step(np.zeros(3, np.float32))[0]
    third = env.step(np.ones(3, np.float32))[0]
    assert not np.shares_memory(first, second)
    assert not np.shares_memory(second, third)
    assert np.array_equal(first, kept)


def test_no_number_of_the_observation_is_constant(env: AssettoCorsaEnv) -> None:
    seen = np.array([row for row in rollout(env, 0, 3000) if isinstance(row, np.ndarray)])
    assert np.flatnonzero(np.ptp(seen, axis=0) == 0.0).tolist() == []


def test_the_end_is_told(env: AssettoCorsaEnv) -> None:
    env.reset(seed=3)
    full_right = np.array([1.0, 1.0, -1.0], np.float32)
    for _ in range(400):
        *_, terminated, truncated, info = env.step(full_right)
        if terminated or truncated:
            break
    assert terminated
    assert info["end_reason"] in ("out_of_track", "too_slow")


def test_a_reset_in_the_middle_begins_anew(env: AssettoCorsaEnv) -> None:
    env.reset(seed=8)
    for _ in range(30):
        env.step(np.array([0.1, 1.0, 0.0], np.float32))
    observation, info = env.reset()
    assert not observation[50:].any()
    assert info["lap_count"] == 0
    assert env.telemetry["steps"][0] == 0


def test_a_start_of_ones_own(env: AssettoCorsaEnv) -> None:
    observation, _ = env.reset(seed=0, options={"s": 1000.0, "offset": 1.0, "speed": 30.0})
    assert observation[0] == pytest.approx(30 / 80)
    assert env.telemetry["s"][0] == pytest.approx(1000.0, abs=0.05)
    assert env.telemetry["offset"][0] == pytest.approx(1.0, abs=0.01)
    with pytest.raises(ValueError, match="finite"):
        env.reset(options={"s": float("nan")})
    with pytest.raises((TypeError, AcGymError), match="position"):
        env.reset(options={"position": 3.0})
    env.reset(seed=0)


def test_a_step_needs_a_reset() -> None:
    with pytest.raises(gym.error.ResetNeeded):
        AssettoCorsaEnv().step(np.zeros(3, np.float32))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"track": "monzza"}, "monza"),
        ({"car": "bmw_z4"}, "bmw_z4_gt3"),
        ({"world": "simulate"}, "simulated"),
        ({"max_lap_number": 3}, "max_laps_number"),
        ({"render_mode": "humann"}, "human"),
        ({"start": "middle"}, "line"),
    ],
)
def test_wrong_names_are_answered_with_the_nearest(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(UnknownNameError) as error:
        AssettoCorsaEnv(**settings)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def hostile(rng: np.random.Generator) -> Any:
    """An action that no sane policy sends."""
    kinds = [
        lambda: rng.uniform(-1, 1, 3).astype(np.float32),
        lambda: rng.choice([np.nan, np.inf, -np.inf, 0.0], 3),
        lambda: rng.uniform(-1, 1, 3) * 10.0 ** rng.integers(-300, 300),
        lambda: np.float32(rng.normal(0, 100, 3)),
        lambda: np.zeros(rng.integers(0, 7), np.float32),
        lambda: np.zeros((rng.integers(0, 3), 3)),
        lambda: np.float64(0.5),
        lambda: rng.integers(-1000, 1000, 3),
        lambda: rng.integers(0, 2, 3).astype(bool),
        lambda: [0.1, 0.2, 0.3],
        lambda: ["left", "full", "none"],
        lambda: None,
        lambda: {"steer": 1.0},
        lambda: np.array([0.1, None, 0.2], dtype=object),
        lambda: rng.uniform(-1, 1, 6).astype(np.float32)[::2],
        lambda: rng.uniform(-1, 1, 3).astype(np.float16),
        lambda: rng.uniform(-1, 1, 3).astype(">f4"),
    ]
    return kinds[rng.integers(len(kinds))]()


def test_ten_thousand_hostile_actions() -> None:
    env = AssettoCorsaEnv(enable_out_of_track_termination=False, damage_rate=1.0, tyre_wear_rate=1.0, fuel_rate=1.0)
    rng = np.random.default_rng(0)
    env.reset(seed=0)
    refusals = []
    for k in range(10_000):
        try:
            observation, reward, terminated, truncated, _ = env.step(hostile(rng))
        except (ValueError, TypeError) as error:
            refusals.append(str(error))
            continue
        assert env.observation_space.contains(observation)
        assert np.isfinite(reward)
        if terminated or truncated or k % 997 == 0:
            env.reset()
    assert 2000 < len(refusals) < 8000
    assert all(text and "\n" not in text for text in refusals), "one clear line each"
    assert np.isfinite(env.session.world.frames).all()


def test_a_step_takes_tens_of_microseconds(env: AssettoCorsaEnv) -> None:
    """A guard against gross slowness; the figure itself is measured in benchmarks/sim_speed.py."""
    env.reset(seed=0)
    action, begun = np.array([0.0, 0.1, 0.0], np.float32), time.perf_counter()
    for _ in range(500):
        env.step(action)
    assert (time.perf_counter() - begun) / 500 < 500e-6


def test_version() -> None:
    assert ac_gym.ENV_ID == "AssettoCorsa-v0"
