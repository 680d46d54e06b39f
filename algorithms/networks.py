"""The policy and the twin critics of soft actor-critic.

State dicts have the reference project's layout: policy `net.0.weight`, `net.0.bias`, `net.2.*`, ...; critics
`net1.net.0.weight`, ... and `net2.net.0.weight`, .... Linear weights there are (out, in).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

LOG_STD_MIN, LOG_STD_MAX = -20.0, 2.0
_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)
_LOG_2 = math.log(2.0)


class GaussianPolicy(nn.Module):
    """A diagonal Gaussian squashed by tanh; `net` gives mean and log standard deviation, (B, 2 * action_dim)."""

    def __init__(self, obs_dim: int, action_dim: int, hidden: Sequence[int] = (256, 256, 256)) -> None:
        super().__init__()
        self.obs_dim, self.action_dim = obs_dim, action_dim
        sizes = [obs_dim, *hidden]
        layers: list[nn.Module] = []
        for n_in, n_out in zip(sizes, sizes[1:], strict=False):
            layers += [nn.Linear(n_in, n_out), nn.ReLU(inplace=True)]
        self.net = nn.Sequential(*layers, nn.Linear(sizes[-1], 2 * action_dim))
        for layer in self.net:
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)

    def forward(self, obs: Tensor) -> tuple[Tensor, Tensor]:
        """obs (B, obs_dim) -> mean and log std, (B, action_dim) each."""
        mean, log_std = self.net(obs).chunk(2, dim=-1)
        return mean, log_std.clamp(LOG_STD_MIN, LOG_STD_MAX)

    def sample(self, obs: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Reparameterised action (B, action_dim) in (-1, 1) and its log probability (B,) for standard normal `noise`."""
        mean, log_std = self(obs)
        u = torch.addcmul(mean, log_std.exp(), noise)
        # Haarnoja et al. 2018 (arXiv 1812.05905) eq. 26, with log(1 - tanh(u)^2) = 2 (log 2 - u - softplus(-2u)),
        # which does not overflow for large |u|.
        log_prob = noise.square().mul(-0.5) - log_std - 2.0 * (_LOG_2 - u - functional.softplus(-2.0 * u))
        return torch.tanh(u), log_prob.sum(dim=-1) - self.action_dim * _HALF_LOG_2PI

    @torch.no_grad()
    def act(self, obs: Tensor, noise: Tensor | None = None) -> Tensor:
        """Action (B, action_dim): the squashed mean, or a sample where `noise` is given."""
        mean, log_std = self(obs)
        return torch.tanh(mean if noise is None else torch.addcmul(mean, log_std.exp(), noise))


class TwinCritic(nn.Module):
    """Two action values of (obs, action), computed as one batched product over weights stacked as (2, in, out)."""

    def __init__(
        self, obs_dim: int, action_dim: int, hidden: Sequence[int] = (256, 256, 256), layer_norm: bool = False
    ) -> None:
        super().__init__()
        self.layer_norm = layer_norm
        sizes = [obs_dim + action_dim, *hidden, 1]
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for n_in, n_out in zip(sizes, sizes[1:], strict=False):
            weight = torch.empty(2, n_in, n_out)
            for one in weight:
                nn.init.xavier_uniform_(one)
            self.weights.append(nn.Parameter(weight))
            self.biases.append(nn.Parameter(torch.zeros(2, 1, n_out)))
        self.register_state_dict_post_hook(_to_reference_layout)
        self.register_load_state_dict_pre_hook(_from_reference_layout)

    def forward(self, obs: Tensor, action: Tensor) -> Tensor:
        """obs (B, obs_dim), action (B, action_dim) -> values (2, B)."""
        x = torch.cat((obs, action), dim=-1)
        h = x.expand(2, *x.shape)
        last = len(self.weights) - 1
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            h = torch.baddbmm(bias, h, weight)
            if i < last:
                if self.layer_norm:
                    h = functional.layer_norm(h, h.shape[-1:])
                h = torch.relu_(h)
        return h.squeeze(-1)


def _to_reference_layout(module: nn.Module, state: dict[str, Any], prefix: str, _metadata: Any) -> None:
    assert isinstance(module, TwinCritic)
    for i in range(len(module.weights)):
        weight, bias = state.pop(f"{prefix}weights.{i}"), state.pop(f"{prefix}biases.{i}")
        for k in (0, 1):
            state[f"{prefix}net{k + 1}.net.{2 * i}.weight"] = weight[k].t().contiguous()
            state[f"{prefix}net{k + 1}.net.{2 * i}.bias"] = bias[k, 0].clone()


def _from_reference_layout(
    module: nn.Module, state: dict[str, Any], prefix: str, _metadata: Any, _strict: bool, missing: list[str],
    _unexpected: list[str], _errors: list[str],
) -> None:  # fmt: skip
    assert isinstance(module, TwinCritic)
    for i in range(len(module.weights)):
        keys = [f"{prefix}net{k}.net.{2 * i}" for k in (1, 2)]
        lacking = [f"{key}.{part}" for key in keys for part in ("weight", "bias") if f"{key}.{part}" not in state]
        if lacking:
            missing.extend(lacking)
            continue
        state[f"{prefix}weights.{i}"] = torch.stack([state.pop(f"{key}.weight").t() for key in keys])
        state[f"{prefix}biases.{i}"] = torch.stack([state.pop(f"{key}.bias").unsqueeze(0) for key in keys])
