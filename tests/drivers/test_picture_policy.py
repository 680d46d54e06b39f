"""A cloned driver in NumPy answers as its network in PyTorch; files that are none are one clear line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ac_gym.capture.transform import PictureTransform
from ac_gym.drivers import NetworkPolicy, PicturePolicy
from ac_gym.drivers.learned import learned_policy
from ac_gym.errors import PolicyFileError
from algorithms.bc import BCSettings, Clone, export_clone

SETTINGS = BCSettings(hidden_units=(16, 8), channels=(6, 5, 4), kernels=(5, 3, 3), strides=(2, 2, 1))
TRANSFORM = PictureTransform(size=(40, 28), color="rgb", stack=2)


def _about(**changes: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "kind": "pictures", "picture": TRANSFORM.as_dict(), "view": "cockpit", "size": [160, 120], "rate": 25.0,
        "strides": [2, 2, 1],
    }  # fmt: skip
    return whole | changes


@pytest.fixture
def network() -> Clone:
    torch.manual_seed(0)
    return Clone((6, 28, 40), 3, SETTINGS)


def test_pictures_are_answered_as_by_the_network_that_learned(network: Clone, tmp_path: Path) -> None:
    path = export_clone(network, network.state_dict(), _about(), tmp_path)
    policy = learned_policy(tmp_path)
    assert isinstance(policy, PicturePolicy)
    assert (policy.seen.transform, policy.seen.size, policy.seen.rate) == (TRANSFORM, (160, 120), 25.0)
    seen = np.random.default_rng(0).integers(0, 256, (5, *TRANSFORM.shape), dtype=np.uint8)
    with torch.no_grad():
        expected = network(torch.from_numpy(TRANSFORM.numbers(seen))).numpy()
    np.testing.assert_allclose(policy(seen), expected, atol=2e-6)
    with pytest.raises(PolicyFileError, match="by pictures"):
        NetworkPolicy.load(path)


def test_changes_that_were_shown_beside_the_pictures_are_in_the_exported_weights(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = Clone((6, 28, 40), 3, SETTINGS, planes=TRANSFORM.shape[-1])
    export_clone(network, network.state_dict(), _about(), tmp_path)
    seen = np.random.default_rng(0).integers(0, 256, (5, *TRANSFORM.shape), dtype=np.uint8)
    with torch.no_grad():
        expected = network(torch.from_numpy(TRANSFORM.numbers(seen))).numpy()
        still = network(torch.from_numpy(TRANSFORM.numbers(np.repeat(seen[:, -1:], TRANSFORM.shape[0], 1)))).numpy()
    policy = PicturePolicy.load(tmp_path)
    np.testing.assert_allclose(policy(seen), expected, atol=1e-5)
    assert np.abs(expected - still).max() > 0.01  # they count


def test_numbers_are_standardised_by_what_the_file_says(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = Clone((7,), 3, SETTINGS)
    mean, scale = np.arange(7, dtype=np.float32), np.linspace(0.0, 3.0, 7, dtype=np.float32)
    export_clone(network, network.state_dict(), {"mean": mean.tolist(), "scale": scale.tolist()}, tmp_path)
    policy = NetworkPolicy.load(tmp_path)
    seen = np.random.default_rng(0).normal(size=(5, 7)).astype(np.float32)
    with torch.no_grad():
        expected = network(torch.from_numpy((seen - mean) * scale)).numpy()
    assert (policy.obs_dim, policy.action_dim) == (7, 3)
    np.testing.assert_allclose(policy(seen), expected, atol=2e-6)
    with pytest.raises(PolicyFileError, match="by numbers"):
        PicturePolicy.load(tmp_path)


@pytest.mark.parametrize(
    "about",
    [
        {},
        _about(strides=[2, 2]),
        _about(strides=[2, 2, 0]),
        _about(strides=[1, 1, 1]),
        _about(size=[3]),
        _about(rate=0.0),
        _about(rate="fast"),
        _about(picture={**TRANSFORM.as_dict(), "stack": 3}),
        _about(picture={**TRANSFORM.as_dict(), "crop": [0, 0, 2, 1]}),
        _about(picture={"size": [40, 28]}),
    ],
)
def test_a_transform_that_is_not_the_networks_is_refused(network: Clone, about: dict[str, Any], tmp_path: Path) -> None:
    export_clone(network, network.state_dict(), about, tmp_path)
    with pytest.raises(PolicyFileError) as raised:
        PicturePolicy.load(tmp_path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("about", [{"mean": [0.0]}, {"mean": [0.0], "scale": [1.0]}, {"mean": ["a"] * 7, "scale": 3}])
def test_so_are_means_of_another_size(about: dict[str, Any], tmp_path: Path) -> None:
    export_clone(other := Clone((7,), 3, SETTINGS), other.state_dict(), about, tmp_path)
    with pytest.raises(PolicyFileError, match="mean and scale"):
        NetworkPolicy.load(tmp_path)


def test_a_damaged_file_is_one_clear_line(network: Clone, tmp_path: Path) -> None:
    path = export_clone(network, network.state_dict(), _about(), tmp_path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(PolicyFileError, match="damaged"):
        learned_policy(tmp_path)
    with pytest.raises(PolicyFileError, match=r"no policy\.npz"):
        learned_policy(tmp_path / "elsewhere")
