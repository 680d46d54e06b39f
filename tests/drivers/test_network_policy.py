"""Learned policies in NumPy: the same actions as the networks of PyTorch, and files that are none are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ac_gym.drivers import NetworkPolicy
from ac_gym.errors import PolicyFileError
from algorithms.checkpoint import save_networks
from algorithms.sac import SAC, SACSettings

OBS, ACT = 7, 3


@pytest.fixture
def agent() -> SAC:
    made = SAC(OBS, ACT, SACSettings(policy_hidden_units=(16, 8), q_hidden_units=(8,)), seed=4)
    for bias in made.policy.biases:
        torch.nn.init.uniform_(bias, -0.5, 0.5)
    return made


def test_a_checkpoint_drives_without_torch_as_it_does_with_it(agent: SAC, tmp_path: Path) -> None:
    folder = save_networks(agent, tmp_path / "final")
    policy = NetworkPolicy.load(folder)
    assert (policy.obs_dim, policy.action_dim) == (OBS, ACT)
    obs = np.random.default_rng(0).normal(size=(50, OBS)).astype(np.float32)
    actions = policy(obs)
    assert actions.dtype == np.float32
    np.testing.assert_allclose(actions, agent.act(obs, deterministic=True), atol=1e-5)


def _write(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, "do not follow"),
        ({"weight_0": np.zeros((4, 2))}, "damaged"),
        ({"weight_0": np.zeros((4, 2)), "bias_0": np.zeros(3)}, "do not follow"),
        ({"weight_0": np.zeros((3, 2)), "bias_0": np.zeros(3)}, "do not follow"),
        ({"weight_0": np.full((4, 2), np.nan), "bias_0": np.zeros(4)}, "not finite"),
        ({"weight_0": np.array([[object()] * 2] * 4), "bias_0": np.zeros(4)}, "damaged"),
        (
            {"weight_0": np.zeros((4, 2)), "bias_0": np.zeros(4), "weight_1": np.zeros((2, 5)), "bias_1": np.zeros(2)},
            "do not follow",
        ),
    ],
)
def test_files_that_are_no_policy_are_one_clear_line(arrays: dict, message: str, tmp_path: Path) -> None:
    with pytest.raises(PolicyFileError, match=message) as error:
        NetworkPolicy.load(_write(tmp_path / "policy.npz", **arrays))
    assert "\n" not in str(error.value)


def test_a_folder_without_a_policy_says_what_to_do(agent: SAC, tmp_path: Path) -> None:
    with pytest.raises(PolicyFileError, match=r"no policy\.npz"):
        NetworkPolicy.load(tmp_path)
    torch.save(agent.policy.state_dict(), tmp_path / "policy_net.pth")
    with pytest.raises(PolicyFileError, match="--test --load_path"):
        NetworkPolicy.load(tmp_path)
    (tmp_path / "policy.npz").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(PolicyFileError, match="damaged"):
        NetworkPolicy.load(tmp_path)
