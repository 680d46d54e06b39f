"""DisCor: soft actor-critic whose critics learn most where their targets can be trusted (arXiv 2003.07305).

Beside each critic an error network Delta learns how wrong that critic's value is, its Bellman error summed over what
follows; samples whose next state is wrong count little in the critic's loss.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from algorithms import losses
from algorithms.networks import TwinCritic
from algorithms.observations import Shape
from algorithms.replay import Batch
from algorithms.sac import SAC, SACSettings, descend


@dataclass(frozen=True)
class DisCorSettings(SACSettings):
    """Those of soft actor-critic and the error model's."""

    error_lr: float = 3e-4
    error_hidden_units: Sequence[int] = (256, 256, 256, 256)
    tau_init: float = 10.0  # temperatures of the weights at the start; they follow the error model's mean


class DisCor(SAC):
    """Learner and actor in one, as `SAC`."""

    settings: DisCorSettings

    def __init__(
        self,
        obs_shape: Shape,
        action_dim: int,
        settings: DisCorSettings | None = None,
        device: str = "cpu",
        seed: int = 0,
    ) -> None:
        s = settings or DisCorSettings()
        super().__init__(obs_shape, action_dim, s, device, seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed + 1)
            features, trunk = self.encoder.features, self.encoder.new_trunk()
            error = TwinCritic(features, action_dim, s.error_hidden_units, False, self._low_precision, trunk)
        self.error = error.to(self.device)
        self.target_error = copy.deepcopy(self.error).requires_grad_(False)
        self.tau = torch.full((2,), s.tau_init, device=self.device)
        self._error_params: list[Tensor] = list(self.error.parameters())
        self._target_params = [*self._target_params, *self.target_error.parameters()]
        self._followed_params = [*self._followed_params, *self._error_params]
        self.error_optimizer = torch.optim.Adam(self._error_params, lr=s.error_lr, fused=True)

    def _update_critic(self, b: Batch[Tensor]) -> Tensor:
        next_action, target = self._target(b)
        with torch.no_grad():
            next_error = self.target_error.values(b.next_obs, next_action)
            weights = losses.correction_weights(b.discount, next_error, self.tau)
        q = self._fit_critic(b, target, weights)
        self._fit_error(b, losses.error_target(q, target, b.discount, next_error))
        self._metrics["discor/effective_samples"] = 1.0 / weights.square().sum(dim=-1).mean()
        return q

    def _fit_error(self, b: Batch[Tensor], target: Tensor) -> None:
        error = self.error.values(b.obs.detach(), b.action)
        loss = losses.error_loss(error, target)
        descend(self.error_optimizer, self._error_params, torch.autograd.grad(loss, self._error_params))
        self.tau.lerp_(error.detach().mean(dim=-1), self.settings.target_update_coef)
        self._metrics["loss/error"] = loss.detach()
        self._metrics["discor/tau_1"], self._metrics["discor/tau_2"] = self.tau.clone().unbind()

    def state_dict(self) -> dict[str, Any]:
        return super().state_dict() | {
            "error": self.error.state_dict(),
            "target_error": self.target_error.state_dict(),
            "error_optimizer": self.error_optimizer.state_dict(),
            "tau": self.tau.clone(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state)
        self.error.load_state_dict(state["error"])
        self.target_error.load_state_dict(state["target_error"])
        self.error_optimizer.load_state_dict(state["error_optimizer"])
        self.tau.copy_(state["tau"])

    def modules(self) -> dict[str, torch.nn.Module]:
        return super().modules() | {"online_error_net.pth": self.error, "target_error_net.pth": self.target_error}
