"""The examples run, at toy length, and learn from what they should."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PLACE = ["--track", "indianapolis_sp", "--car", "dallara_f317", "--cars", "4"]


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_stable_baselines3_trains_on_the_native_batch(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    saved = tmp_path / "agent.zip"
    arguments = ["--steps", "600", "--learning-starts", "200", "--save", str(saved)]
    agent = load("stable_baselines3_sac").main([*PLACE, *arguments])
    assert agent.num_timesteps >= 600
    assert agent._n_updates > 20
    assert saved.is_file()
    assert "the limit is" in capsys.readouterr().out


def test_ended_cars_show_stable_baselines3_what_they_saw_last() -> None:
    cars = load("stable_baselines3_sac").Cars(3, track="indianapolis_sp", car="dallara_f317", max_episode_py_time=0.2)
    cars.seed(1)
    cars.reset()
    for step in range(5):
        cars.step_async(np.zeros((3, 3), np.float32))
        observation, _, done, infos = cars.step_wait()
        assert done.all() == (step == 4)
    for i, info in enumerate(infos):
        assert info["TimeLimit.truncated"]
        assert not np.array_equal(info["terminal_observation"], observation[i])
    cars.close()


def test_the_single_file_trains(capsys: pytest.CaptureFixture) -> None:
    policy = load("single_file_sac").main(
        [*PLACE, "--steps", "600", "--start-steps", "200", "--batch", "16", "--memory", "400"]
    )
    assert all(bool(np.isfinite(value.detach().numpy()).all()) for value in policy.parameters())
    assert "the limit is" in capsys.readouterr().out
