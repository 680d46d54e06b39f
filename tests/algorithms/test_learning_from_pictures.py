"""Soft actor-critic on pictures: the encoder, who teaches it, and that it learns."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.vector import SyncVectorEnv
from gymnasium.wrappers import FrameStackObservation
from toys import BothEnv, DotEnv

from algorithms.checkpoint import load_networks, load_training, save_networks, save_training
from algorithms.discor import DisCor, DisCorSettings
from algorithms.encoder import EncoderSettings, PictureEncoder
from algorithms.errors import UserError
from algorithms.loop import LoopSettings, Progress, train
from algorithms.observations import Shape, shape_of
from algorithms.replay import Batch, Replay
from algorithms.sac import SAC, SACSettings

TINY = EncoderSettings(channels=(8, 16), kernels=(4, 3), strides=(2, 2), features=24, shift=1)
SMALL = SACSettings(
    policy_hidden_units=(64,), q_hidden_units=(64,), policy_lr=2e-3, q_lr=2e-3, entropy_lr=3e-3, initial_alpha=0.1,
    target_update_coef=0.02, critic_layer_norm=True, encoder=TINY,
)  # fmt: skip
PICTURES: Shape = (3, 16, 16, 1)
BOTH: Shape = {"vector": 5, "pixels": (3, 16, 16, 1)}


def _pictures(n: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(0, 256, (n, 3, 16, 16, 1), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


def _observations(shape: Shape, n: int, seed: int = 0) -> Any:
    pictures = _pictures(n, seed)
    return pictures if shape is PICTURES else {"pixels": pictures, "vector": torch.full((n, 5), 0.5)}


def _batch(shape: Shape = PICTURES, n: int = 16, seed: int = 0) -> Batch[Any]:
    g = torch.Generator().manual_seed(seed)
    return Batch(
        _observations(shape, n, seed), torch.rand(n, 2, generator=g) * 2 - 1, torch.randn(n, generator=g),
        torch.full((n,), 0.9), _observations(shape, n, seed + 1),
    )  # fmt: skip


@pytest.mark.parametrize("learner", [SAC, DisCor])
@pytest.mark.parametrize("shape", [PICTURES, BOTH])
def test_acts_and_learns_on_pictures_and_on_both(learner: type[SAC], shape: Shape) -> None:
    settings = DisCorSettings(**{**vars(SMALL), "error_hidden_units": (32,)}) if learner is DisCor else SMALL
    agent = learner(shape, 2, settings)
    action = agent.act({k: v.numpy() for k, v in obs.items()} if isinstance(obs := _observations(shape, 7), dict)
                       else obs.numpy(), deterministic=True)  # fmt: skip
    assert action.shape == (7, 2)
    assert np.abs(action).max() <= 1.0
    metrics = agent.update(_batch(shape))
    assert all(np.isfinite(float(value)) for value in metrics.values())


def test_the_average_of_a_policy_looks_through_the_average_of_the_encoder() -> None:
    agent = SAC(PICTURES, 2, replace(SMALL, policy_average_share=0.5))
    weight = next(agent.encoder.parameters())
    expected = weight.detach().clone()
    for seed, coef in enumerate((1.0, 1.0, 2 / 3)):
        agent.update(_batch(seed=seed))
        expected = (1 - coef) * expected + coef * weight.detach()
    torch.testing.assert_close(next(agent.acting_modules()["encoder.pth"].parameters()), expected)
    driven = agent.average_policy.act(agent.average_encoder(_pictures(7))).numpy()
    np.testing.assert_array_equal(agent.act(_pictures(7).numpy(), deterministic=True), driven)


@pytest.mark.parametrize("colors", [1, 3])
@pytest.mark.parametrize("low_precision", [False, True])
def test_encoder_sees_a_stack_as_channels(colors: int, low_precision: bool) -> None:
    encoder = PictureEncoder((3, 16, 16, colors), 2, TINY, low_precision)
    pixels = torch.randint(0, 256, (4, 3, 16, 16, colors), dtype=torch.uint8)
    numbers = torch.arange(8.0).view(4, 2)
    encoded = encoder({"pixels": pixels, "vector": numbers})
    planes = torch.stack([pixels[:, s, :, :, c] for s in range(3) for c in range(colors)], 1)
    expected = encoder.convolutions(planes.float() / 255 - 0.5).flatten(1)
    tolerance = 0.05 if low_precision else 1e-5
    torch.testing.assert_close(encoded[:, :-2], expected, rtol=tolerance, atol=tolerance)
    assert torch.equal(encoded[:, -2:], numbers)
    features = encoder.new_trunk()(encoded)
    assert features.shape == (4, 24 + 2)
    assert encoder.features == 26
    assert features[:, :24].abs().max() <= 1.0


def test_shift_moves_whole_observations_within_bounds_and_repeats_edges() -> None:
    shift = 2
    encoder = PictureEncoder((3, 16, 16, 1), 0, EncoderSettings((8,), (4,), (2,), 8, shift))
    pixels = _pictures(200)
    moved = encoder.shifted(pixels, torch.Generator().manual_seed(1))
    assert isinstance(moved, torch.Tensor)
    assert moved.dtype == torch.uint8
    padded = np.pad(pixels.numpy(), ((0, 0), (0, 0), (shift, shift), (shift, shift), (0, 0)), mode="edge")
    found = np.zeros((5, 5), int)
    for picture, result in zip(padded, moved.numpy(), strict=True):
        fits = [
            (y, x)
            for y in range(5)
            for x in range(5)
            if np.array_equal(picture[:, y : y + 16, x : x + 16], result)  # all of the stack alike
        ]
        assert len(fits) == 1
        found[fits[0]] += 1
    assert (found > 0).all()  # every shift of -2..2 both ways, none beyond
    still = PictureEncoder((3, 16, 16, 1), 0, EncoderSettings((8,), (4,), (2,), 8, 0))
    assert torch.equal(still.shifted(pixels, torch.Generator()), pixels)  # type: ignore[arg-type]


def test_only_the_critics_teach_the_encoder() -> None:
    agent = SAC(PICTURES, 2, SMALL)
    b = agent._encoded(_batch())
    assert not b.next_obs.requires_grad
    before = copy.deepcopy(agent.encoder.state_dict())
    policy = copy.deepcopy(agent.policy.state_dict())
    critic = copy.deepcopy(agent.critic.state_dict())
    agent._update_policy(b, torch.zeros(2, 16))
    assert all(torch.equal(value, agent.encoder.state_dict()[key]) for key, value in before.items())
    assert all(torch.equal(value, agent.critic.state_dict()[key]) for key, value in critic.items())
    assert not torch.equal(policy["trunk.linear.weight"], agent.policy.state_dict()["trunk.linear.weight"])
    policy = copy.deepcopy(agent.policy.state_dict())
    agent._update_critic(b)
    assert all(torch.equal(value, agent.policy.state_dict()[key]) for key, value in policy.items())
    assert not any(torch.equal(value, agent.encoder.state_dict()[key]) for key, value in before.items())
    assert not torch.equal(critic["trunk.linear.weight"], agent.critic.state_dict()["trunk.linear.weight"])


def test_encoder_gradient_is_that_of_the_critics_loss() -> None:
    agent = SAC(PICTURES, 2, SMALL)
    b = agent._encoded(_batch())
    target = torch.randn(16)
    weight = agent.encoder.convolutions[0].weight  # type: ignore[union-attr,index]
    loss = 0.5 * (agent.critic.values(b.obs, b.action) - target).square().mean(-1).sum()
    (expected,) = torch.autograd.grad(loss, weight)
    b = Batch(agent.encoder(agent.encoder.shifted(_batch().obs, _same_shifts())), b.action, b.reward, b.discount, b.obs)
    agent._fit_critic(b, target)
    torch.testing.assert_close(weight.grad, expected)


def _same_shifts() -> torch.Generator:
    return torch.Generator().manual_seed(0)  # as a new agent of seed 0


def test_target_trunk_follows_the_critics() -> None:
    agent = SAC(PICTURES, 2, SMALL)
    old = agent.target_critic.trunk.linear.weight.clone()  # type: ignore[union-attr]
    agent.update(_batch())
    new, online = agent.target_critic.trunk.linear.weight, agent.critic.trunk.linear.weight  # type: ignore[union-attr]
    torch.testing.assert_close(new, old + 0.02 * (online - old))


def test_encoder_lies_beside_the_reference_files_and_loads(tmp_path: Path) -> None:
    agent, other = SAC(PICTURES, 2, SMALL, seed=0), SAC(PICTURES, 2, SMALL, seed=1)
    folder = save_networks(agent, tmp_path / "final")
    assert {path.name for path in folder.iterdir()} == {
        "encoder.pth", "policy_net.pth", "online_q_net.pth", "target_q_net.pth"
    }  # fmt: skip
    state = torch.load(folder / "policy_net.pth", weights_only=True)
    assert {"net.0.weight", "net.2.weight", "trunk.linear.weight"} <= set(state)
    load_networks(folder, other.acting_modules())
    pixels = _pictures(5).numpy()
    assert np.array_equal(agent.act(pixels, deterministic=True), other.act(pixels, deterministic=True))
    (folder / "encoder.pth").unlink()
    with pytest.raises(UserError, match=r"no encoder\.pth"):
        load_networks(folder, other.acting_modules())


def test_pictures_too_small_are_one_clear_line() -> None:
    with pytest.raises(UserError, match="pictures of 16 x 16 pixels are too small"):
        PictureEncoder((1, 16, 16, 1), 0, EncoderSettings())


def _dots(n: int) -> SyncVectorEnv:
    return SyncVectorEnv([lambda: FrameStackObservation(DotEnv(), 3)] * n)


def _run(
    env: SyncVectorEnv, seed: int, steps: int, resume: tuple[SAC, Replay, Progress] | None = None
) -> tuple[SAC, Replay, Progress]:
    shape = shape_of(env.single_observation_space)
    agent, replay, progress = resume or (
        SAC(shape, 1, SMALL, seed=seed), Replay(20_000, env.num_envs, shape, 1, 0.9, 3, seed), Progress()
    )  # fmt: skip
    settings = LoopSettings(num_steps=steps, start_steps=200, batch_size=32, update_interval=8, seed=seed)
    return agent, replay, train(env, agent, replay, settings, progress=progress)


@pytest.mark.parametrize("wrap", [lambda env: env, BothEnv])
def test_seeded_runs_are_equal_and_resumed_ones_go_on_alike(wrap: Any, tmp_path: Path) -> None:
    def env() -> SyncVectorEnv:
        return SyncVectorEnv([lambda: wrap(FrameStackObservation(DotEnv(), 2))] * 4)

    (a, memory, run_a), (b, _, run_b) = _run(env(), 1, 400), _run(env(), 1, 400)
    assert list(run_a.returns) == list(run_b.returns)
    for key, value in a.encoder.state_dict().items():
        assert torch.equal(value, b.encoder.state_dict()[key])
    save_training(tmp_path, a, memory, run_a, {})
    memory.end_episodes()
    shape = shape_of(env().single_observation_space)
    other = SAC(shape, 1, SMALL, seed=5), Replay(20_000, 4, shape, 1, 0.9, 3, 5), Progress()
    load_training(tmp_path, *other)
    first = _run(env(), 1, 600, (a, memory, run_a))
    again = _run(env(), 1, 600, other)
    assert list(first[2].returns) == list(again[2].returns)
    for key, value in first[0].encoder.state_dict().items():
        assert torch.equal(value, again[0].encoder.state_dict()[key])


def test_a_dot_is_brought_to_the_middle() -> None:
    agent, _, progress = _run(_dots(8), 0, 5000)
    assert progress.updates < 610
    env, total = FrameStackObservation(DotEnv(), 3), 0.0
    for seed in range(20):
        obs, _ = env.reset(seed=seed)
        truncated = False
        while not truncated:
            obs, reward, _, truncated, _ = env.step(agent.act(obs[None], deterministic=True)[0])
            total += float(reward) / 20
    assert total > -3.0  # the best is about -1, standing still gives -7.5, random actions about -7


def test_single_pictures_need_no_stack() -> None:
    env = SyncVectorEnv([DotEnv] * 2)
    assert shape_of(env.single_observation_space) == (1, 16, 16, 1)
    agent, replay, progress = _run(env, 0, 260)
    assert progress.updates > 5
    assert replay.sample(4).obs.shape == (4, 1, 16, 16, 1)
    assert agent.act(np.zeros((2, 16, 16, 1), np.uint8)).shape == (2, 1)
    assert isinstance(env.single_observation_space, gymnasium.spaces.Box)
