"""The policy and the twin critics of soft actor-critic.

State dicts have the reference project's layout: policy `net.0.weight`, `net.0.bias`, `net.2.*`, ...; critics
`net1.net.0.weight`, ... and `net2.net.0.weight`, .... Linear weights there are (out, in). A network may begin with a
trunk (see `encoder`), `trunk.*`: the observations are what that takes, and `obs_dim` is what it gives.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from algorithms.mlp import StackedMLP

LOG_STD_MIN, LOG_STD_MAX = -20.0, 2.0
_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)
_LOG_2 = math.log(2.0)


class _ReferenceLayout(StackedMLP):
    """A stack whose state dict is that of `nn.Sequential` networks under `prefixes`, one for each of the stack."""

    def __init__(
        self, prefixes: Sequence[str], sizes: Sequence[int], layer_norm: bool, low_precision: bool,
        trunk: nn.Module | None,
    ) -> None:  # fmt: skip
        super().__init__(len(prefixes), sizes, layer_norm, low_precision)
        self.trunk = trunk or nn.Identity()
        self._prefixes = tuple(prefixes)
        self.register_state_dict_post_hook(_to_reference)
        self.register_load_state_dict_pre_hook(_from_reference)


class GaussianPolicy(_ReferenceLayout):
    """A diagonal Gaussian squashed by tanh; the network gives mean and log standard deviation."""

    def __init__(
        self,
        obs_dim: int,
        action_dim: int,
        hidden: Sequence[int] = (256, 256, 256),
        low_precision: bool = False,
        trunk: nn.Module | None = None,
    ) -> None:
        super().__init__(["net"], [obs_dim, *hidden, 2 * action_dim], False, low_precision, trunk)
        self.obs_dim, self.action_dim = obs_dim, action_dim

    def moments(self, obs: Tensor) -> tuple[Tensor, Tensor]:
        """obs (B, obs_dim) -> mean and log std, (B, action_dim) each."""
        mean, log_std = self(self.trunk(obs))[0].chunk(2, dim=-1)
        return mean, log_std.clamp(LOG_STD_MIN, LOG_STD_MAX)

    def sample(self, obs: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Reparameterised action (B, action_dim) in (-1, 1) and its log probability (B,); normal noise."""
        mean, log_std = self.moments(obs)
        u = torch.addcmul(mean, log_std.exp(), noise)
        # Haarnoja et al. 2018 (arXiv 1812.05905) eq. 26, with log(1 - tanh(u)^2) = 2 (log 2 - u - softplus(-2u)),
        # which does not overflow for large |u|.
        log_prob = noise.square().mul(-0.5) - log_std - 2.0 * (_LOG_2 - u - functional.softplus(-2.0 * u))
        return torch.tanh(u), log_prob.sum(dim=-1) - self.action_dim * _HALF_LOG_2PI

    @torch.no_grad()
    def act(self, obs: Tensor, noise: Tensor | None = None) -> Tensor:
        """Action (B, action_dim): the squashed mean, or a sample where `noise` is given."""
        mean, log_std = self.moments(obs)
        return torch.tanh(mean if noise is None else torch.addcmul(mean, log_std.exp(), noise))


class TwinCritic(_ReferenceLayout):
    """Two action values of (obs, action)."""

    def __init__(
        self,
        obs_dim: int,
        action_dim: int,
        hidden: Sequence[int] = (256, 256, 256),
        layer_norm: bool = False,
        low_precision: bool = False,
        trunk: nn.Module | None = None,
    ) -> None:
        sizes = [obs_dim + action_dim, *hidden, 1]
        super().__init__(["net1.net", "net2.net"], sizes, layer_norm, low_precision, trunk)

    def values(self, obs: Tensor, action: Tensor, frozen: bool = False) -> Tensor:
        """obs (B, obs_dim), action (B, action_dim) -> values (2, B); `frozen`: gradients reach the action only."""
        features = self.trunk(obs)
        return self(features.detach() if frozen else features, action, frozen=frozen).squeeze(-1)


def _to_reference(module: nn.Module, state: dict[str, Any], prefix: str, _metadata: Any) -> None:
    assert isinstance(module, _ReferenceLayout)
    for i in range(len(module.weights)):
        weight, bias = state.pop(f"{prefix}weights.{i}"), state.pop(f"{prefix}biases.{i}")
        for k, name in enumerate(module._prefixes):
            state[f"{prefix}{name}.{2 * i}.weight"] = weight[k].t().contiguous()
            state[f"{prefix}{name}.{2 * i}.bias"] = bias[k, 0].clone()


def _from_reference(
    module: nn.Module, state: dict[str, Any], prefix: str, _metadata: Any, _strict: bool, missing: list[str],
    _unexpected: list[str], _errors: list[str],
) -> None:  # fmt: skip
    assert isinstance(module, _ReferenceLayout)
    for i in range(len(module.weights)):
        keys = [f"{prefix}{name}.{2 * i}" for name in module._prefixes]
        lacking = [f"{key}.{part}" for key in keys for part in ("weight", "bias") if f"{key}.{part}" not in state]
        missing.extend(lacking)
        if not lacking:
            state[f"{prefix}weights.{i}"] = torch.stack([state.pop(f"{key}.weight").t() for key in keys])
            state[f"{prefix}biases.{i}"] = torch.stack([state.pop(f"{key}.bias").unsqueeze(0) for key in keys])
