"""The stacked networks against plain PyTorch ones, and the reference project's checkpoint layout."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from algorithms.networks import GaussianPolicy, TwinCritic

OBS, ACT, HIDDEN, B = 5, 2, (16, 24, 8), 9


def _sequential(sizes: list[int], layer_norm: bool = False) -> nn.Sequential:
    layers: list[nn.Module] = []
    for i, (n_in, n_out) in enumerate(pairwise(sizes)):
        layers.append(nn.Linear(n_in, n_out))
        if i < len(sizes) - 2:
            if layer_norm:
                layers.append(nn.LayerNorm(n_out, elementwise_affine=False))
            layers.append(nn.ReLU())
    return nn.Sequential(*layers)


def _copy(net: nn.Sequential, state: dict[str, Tensor], prefix: str) -> None:
    linears = [m for m in net if isinstance(m, nn.Linear)]
    for i, linear in enumerate(linears):
        linear.weight.data.copy_(state[f"{prefix}.{2 * i}.weight"])
        linear.bias.data.copy_(state[f"{prefix}.{2 * i}.bias"])


@pytest.mark.parametrize("layer_norm", [False, True])
def test_critic_and_its_gradients_equal_two_plain_networks(layer_norm: bool) -> None:
    torch.manual_seed(0)
    critic = TwinCritic(OBS, ACT, HIDDEN, layer_norm=layer_norm)
    plain = [_sequential([OBS + ACT, *HIDDEN, 1], layer_norm) for _ in range(2)]
    for k, net in enumerate(plain):
        _copy(net, critic.state_dict(), f"net{k + 1}.net")
    obs, weight = torch.randn(B, OBS), torch.randn(2, B)
    action = torch.randn(B, ACT, requires_grad=True)
    same = action.detach().clone().requires_grad_()

    values = critic.values(obs, action)
    expected = torch.stack([net(torch.cat((obs, same), 1)).squeeze(-1) for net in plain])
    torch.testing.assert_close(values, expected)
    (values * weight).sum().backward()
    (expected * weight).sum().backward()
    torch.testing.assert_close(action.grad, same.grad)
    for i, linears in enumerate(zip(*[[m for m in net if isinstance(m, nn.Linear)] for net in plain], strict=True)):
        torch.testing.assert_close(critic.weights[i].grad, torch.stack([m.weight.grad.t() for m in linears]))
        torch.testing.assert_close(critic.biases[i].grad[:, 0], torch.stack([m.bias.grad for m in linears]))


def test_frozen_critic_passes_gradients_to_the_action_only() -> None:
    critic = TwinCritic(OBS, ACT, HIDDEN)
    obs, action = torch.randn(B, OBS), torch.randn(B, ACT, requires_grad=True)
    (through,) = torch.autograd.grad(critic.values(obs, action).sum(), action)
    critic.values(obs, action, frozen=True).sum().backward()
    torch.testing.assert_close(action.grad, through)
    assert all(p.grad is None for p in critic.parameters())


def test_bfloat16_stays_close_to_float32() -> None:
    torch.manual_seed(1)
    exact, rough = TwinCritic(OBS, ACT, HIDDEN), TwinCritic(OBS, ACT, HIDDEN, low_precision=True)
    rough.load_state_dict(exact.state_dict())
    obs, action = torch.randn(B, OBS), torch.randn(B, ACT)
    for critic in (exact, rough):
        critic.values(obs, action).square().mean().backward()
    torch.testing.assert_close(rough.values(obs, action), exact.values(obs, action), rtol=0.05, atol=0.03)
    assert rough.values(obs, action).dtype == torch.float32
    for a, b in zip(rough.parameters(), exact.parameters(), strict=True):
        assert a.grad.dtype == torch.float32
        cosine = torch.cosine_similarity(a.grad.flatten(), b.grad.flatten(), dim=0)
        assert cosine > 0.99


def test_state_dicts_have_the_reference_layout() -> None:
    policy, critic = GaussianPolicy(125, 3), TwinCritic(125, 3)
    shapes = {key: tuple(value.shape) for key, value in policy.state_dict().items()}
    assert shapes == {
        "net.0.weight": (256, 125), "net.0.bias": (256,), "net.2.weight": (256, 256), "net.2.bias": (256,),
        "net.4.weight": (256, 256), "net.4.bias": (256,), "net.6.weight": (6, 256), "net.6.bias": (6,),
    }  # fmt: skip
    assert set(critic.state_dict()) == {
        f"net{k}.net.{n}.{part}" for k in (1, 2) for n in (0, 2, 4, 6) for part in ("weight", "bias")
    }
    assert critic.state_dict()["net2.net.0.weight"].shape == (256, 128)


def test_a_plain_policy_of_the_reference_layout_loads() -> None:
    plain = nn.ModuleDict({"net": _sequential([OBS, *HIDDEN, 2 * ACT])})
    policy = GaussianPolicy(OBS, ACT, HIDDEN)
    policy.load_state_dict(plain.state_dict())
    obs = torch.randn(B, OBS)
    mean, log_std = plain["net"](obs).chunk(2, 1)
    torch.testing.assert_close(policy.act(obs), mean.tanh())
    torch.testing.assert_close(policy.moments(obs)[1], log_std)


@pytest.mark.parametrize(("change", "message"), [("drop", "Missing key"), ("extra", "Unexpected key")])
def test_states_that_do_not_fit_are_refused(change: str, message: str) -> None:
    critic = TwinCritic(OBS, ACT, HIDDEN)
    state = critic.state_dict()
    if change == "drop":
        del state["net2.net.4.bias"]
    else:
        state["net3.net.0.bias"] = torch.zeros(1)
    with pytest.raises(RuntimeError, match=message):
        critic.load_state_dict(state)


def test_initial_weights_are_xavier_uniform_and_biases_zero() -> None:
    critic = TwinCritic(125, 3)
    for weight, bias in zip(critic.weights, critic.biases, strict=True):
        bound = (6.0 / (weight.shape[1] + weight.shape[2])) ** 0.5
        assert weight.abs().max() <= bound
        assert weight.abs().max() > 0.95 * bound
        assert not bias.any()
    assert not torch.equal(critic.weights[0][0], critic.weights[0][1])


def test_log_probability_is_that_of_a_squashed_gaussian() -> None:
    policy = GaussianPolicy(OBS, ACT, HIDDEN)
    obs, noise = torch.randn(B, OBS), torch.randn(B, ACT)
    mean, log_std = policy.moments(obs)
    action, log_prob = policy.sample(obs, noise)
    squashed = torch.distributions.TransformedDistribution(
        torch.distributions.Normal(mean, log_std.exp()), [torch.distributions.TanhTransform()]
    )
    torch.testing.assert_close(log_prob, squashed.log_prob(action).sum(-1), rtol=1e-3, atol=1e-3)


def test_log_probability_is_finite_at_the_limits() -> None:
    policy = GaussianPolicy(OBS, ACT, HIDDEN)
    policy.biases[-1].data[0, 0, 0] = 500.0
    action, log_prob = policy.sample(torch.zeros(1, OBS), torch.ones(1, ACT))
    assert torch.isfinite(log_prob).all()
    assert action.abs().max() <= 1.0
