"""Soft actor-critic with n-step targets, twin critics and a tuned temperature (arXiv 1812.05905).

Pictures go through an encoder that policy and critics share and that the critics' loss teaches (see `encoder`).

A policy at the limit of grip swings from one update to the next between a fast lap and the gravel. What drives laps and
is kept can therefore be an average of its weights over the latest part of the run; what explores and learns is the
policy itself.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from algorithms import losses
from algorithms.encoder import EncoderSettings, as_seen, encoder_of
from algorithms.networks import GaussianPolicy, TwinCritic
from algorithms.observations import Observation, Seen, Shape
from algorithms.precision import use_bfloat16
from algorithms.replay import Batch


@dataclass(frozen=True)
class SACSettings:
    """What the learner can be told; `gamma` and `nstep` belong to the replay's windows."""

    policy_lr: float = 3e-4
    q_lr: float = 3e-4
    entropy_lr: float = 3e-4
    policy_hidden_units: Sequence[int] = (256, 256, 256)
    q_hidden_units: Sequence[int] = (256, 256, 256)
    target_update_coef: float = 0.005
    policy_delay: int = 1  # critic updates per update of policy and temperature
    imitation_coef: float = 0.0  # weight of following a demonstrator where the critics hold it for better
    policy_average_share: float = 0.0  # of its updates so far that the policy's average goes over; 0: there is none
    critic_layer_norm: bool = False
    initial_alpha: float = 1.0
    target_entropy: float | None = None  # that the temperature keeps; None: minus the number of actions
    precision: str = "float32"  # of the hidden layers: float32, bfloat16, or auto
    encoder: EncoderSettings = field(default_factory=EncoderSettings)  # of pictures


class SAC:
    """Learner and actor in one: `act` for the loop, `update` for one gradient step on a batch."""

    def __init__(
        self, obs_shape: Shape, action_dim: int, settings: SACSettings | None = None, device: str = "cpu", seed: int = 0
    ) -> None:
        self.settings = s = settings or SACSettings()
        self.device = torch.device(device)
        self.obs_shape, self.action_dim = obs_shape, action_dim
        self.rng = torch.Generator(self.device).manual_seed(seed)
        self._low_precision = low_precision = use_bfloat16(s.precision, self.device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            encoder = encoder_of(obs_shape, s.encoder, low_precision)
            features, trunk = encoder.features, encoder.new_trunk
            policy = GaussianPolicy(features, action_dim, s.policy_hidden_units, low_precision, trunk())
            critic = TwinCritic(features, action_dim, s.q_hidden_units, s.critic_layer_norm, low_precision, trunk())
        self.encoder = encoder.to(self.device)
        self.policy, self.critic = policy.to(self.device), critic.to(self.device)
        self.target_critic = copy.deepcopy(self.critic).requires_grad_(False)
        self.average_policy, self.average_encoder = self.policy, self.encoder
        self._average_params: list[Tensor] = []
        if s.policy_average_share:
            self.average_policy = copy.deepcopy(self.policy).requires_grad_(False)
            self.average_encoder = copy.deepcopy(self.encoder).requires_grad_(False)
            self._average_params = [*self.average_policy.parameters(), *self.average_encoder.parameters()]
        self.log_alpha = torch.tensor(float(np.log(s.initial_alpha)), device=self.device)
        self.target_entropy = -float(action_dim) if s.target_entropy is None else s.target_entropy
        self._policy_params: list[Tensor] = list(self.policy.parameters())
        self._averaged_params: list[Tensor] = [*self._policy_params, *self.encoder.parameters()]
        self._followed_params: list[Tensor] = list(self.critic.parameters())  # what the targets follow
        self._target_params: list[Tensor] = list(self.target_critic.parameters())
        self._critic_params: list[Tensor] = [*self._followed_params, *self.encoder.parameters()]
        self.policy_optimizer = torch.optim.Adam(self._policy_params, lr=s.policy_lr, fused=True)
        self.critic_optimizer = torch.optim.Adam(self._critic_params, lr=s.q_lr, fused=True)
        self.alpha_optimizer = torch.optim.Adam([self.log_alpha], lr=s.entropy_lr, fused=True)
        self.updates = 0
        self._metrics: dict[str, Tensor] = {}

    @torch.no_grad()
    def act(self, obs: Observation, deterministic: bool = False) -> np.ndarray:
        """obs (N, ...) -> actions (N, action_dim) float32 in [-1, 1]: a sample, or the average policy's mean."""
        seen = as_seen(obs, self.device)
        if deterministic:
            return self.average_policy.act(self.average_encoder(seen)).cpu().numpy()
        x = self.encoder(seen)
        return self.policy.act(x, self._noise(len(x))).cpu().numpy()

    def update(self, batch: Batch[Any]) -> dict[str, Tensor]:
        """One gradient step on everything; the returned scalars stay on the device until somebody reads them."""
        b = self._encoded(batch.to(self.device))
        done_q = self._update_critic(b)
        if self.updates % self.settings.policy_delay == 0:
            self._update_policy(b, done_q)
        with torch.no_grad():
            torch._foreach_lerp_(self._target_params, self._followed_params, self.settings.target_update_coef)
        self.updates += 1
        return self._metrics

    def _encoded(self, b: Batch[Seen]) -> Batch[Tensor]:
        """The batch as the networks see it; gradients flow through `obs`."""
        obs, next_obs = (self.encoder.shifted(seen, self.rng) for seen in (b.obs, b.next_obs))
        with torch.no_grad():
            encoded_next = self.encoder(next_obs)
        return Batch(self.encoder(obs), b.action, b.reward, b.discount, encoded_next, b.shown)

    def _update_critic(self, b: Batch[Tensor]) -> Tensor:
        """A step of the critics; returns their values (2, B) of what was done, before it."""
        _, target = self._target(b)
        return self._fit_critic(b, target)

    @torch.no_grad()
    def _target(self, b: Batch[Tensor]) -> tuple[Tensor, Tensor]:
        """The sampled next action (B, action_dim) and the critics' target (B,)."""
        next_action, next_log_prob = self.policy.sample(b.next_obs, self._noise(len(b.obs)))
        next_q = self.target_critic.values(b.next_obs, next_action)
        return next_action, losses.soft_target(b.reward, b.discount, next_q, next_log_prob, self.log_alpha.exp())

    def _fit_critic(self, b: Batch[Tensor], target: Tensor, weights: Tensor | None = None) -> Tensor:
        """A step of the critics towards `target`; returns their values (2, B) before it."""
        q = self.critic.values(b.obs, b.action)
        loss = losses.critic_loss(q, target, weights)
        descend(self.critic_optimizer, self._critic_params, torch.autograd.grad(loss, self._critic_params))
        self._metrics["loss/critic"] = loss.detach()
        self._metrics["value/q"] = q.detach().mean()
        return q.detach()

    def _update_policy(self, b: Batch[Tensor], done_q: Tensor) -> None:
        obs = b.obs.detach()
        action, log_prob = self.policy.sample(obs, self._noise(len(obs)))
        q = self.critic.values(obs, action, frozen=True)
        loss = losses.policy_loss(q, log_prob, self.log_alpha.exp())
        if self.settings.imitation_coef and (k := b.shown):
            imitation = losses.imitation_loss(action[:k], b.action[:k], q.detach()[:, :k], done_q[:, :k])
            loss = loss + self.settings.imitation_coef * imitation
            self._metrics["loss/imitation"] = imitation.detach()
        descend(self.policy_optimizer, self._policy_params, torch.autograd.grad(loss, self._policy_params))
        if self._average_params:
            self._average()
        gradient = losses.temperature_gradient(log_prob, self.target_entropy)
        descend(self.alpha_optimizer, [self.log_alpha], [gradient])
        self._metrics["loss/policy"] = loss.detach()
        self._metrics["policy/entropy"] = -log_prob.detach().mean()
        self._metrics["policy/alpha"] = self.log_alpha.detach().exp()

    @torch.no_grad()
    def _average(self) -> None:
        """Move the average by 1 / (share * k) at update k: a window that grows with the run, short while the policy
        improves, long where it only swings (polynomial-decay averaging, Shamir and Zhang 2013, arXiv 1212.1824)."""
        made = self.updates // self.settings.policy_delay + 1
        coef = min(1.0, 1.0 / (self.settings.policy_average_share * made))
        torch._foreach_lerp_(self._average_params, self._averaged_params, coef)

    def _noise(self, n: int) -> Tensor:
        return torch.randn(n, self.action_dim, generator=self.rng, device=self.device)

    def state_dict(self) -> dict[str, Any]:
        """Everything that `load_state_dict` needs to go on as if nothing had happened."""
        return {
            "encoder": self.encoder.state_dict(),
            "policy": self.policy.state_dict(),
            "average_encoder": self.average_encoder.state_dict(),
            "average_policy": self.average_policy.state_dict(),
            "critic": self.critic.state_dict(),
            "target_critic": self.target_critic.state_dict(),
            "log_alpha": self.log_alpha.clone(),
            "policy_optimizer": self.policy_optimizer.state_dict(),
            "critic_optimizer": self.critic_optimizer.state_dict(),
            "alpha_optimizer": self.alpha_optimizer.state_dict(),
            "updates": self.updates,
            "rng": self.rng.get_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what `state_dict` gave."""
        self.encoder.load_state_dict(state["encoder"])
        self.policy.load_state_dict(state["policy"])
        self.average_encoder.load_state_dict(state["average_encoder"])
        self.average_policy.load_state_dict(state["average_policy"])
        self.critic.load_state_dict(state["critic"])
        self.target_critic.load_state_dict(state["target_critic"])
        self.log_alpha.copy_(state["log_alpha"])
        self.policy_optimizer.load_state_dict(state["policy_optimizer"])
        self.critic_optimizer.load_state_dict(state["critic_optimizer"])
        self.alpha_optimizer.load_state_dict(state["alpha_optimizer"])
        self.updates = int(state["updates"])
        self.rng.set_state(state["rng"].cpu())

    def modules(self) -> dict[str, torch.nn.Module]:
        """The networks by the file names of the reference project, and the encoder where there is one; of the policy
        what drives laps, its average."""
        return self.acting_modules() | {"online_q_net.pth": self.critic, "target_q_net.pth": self.target_critic}

    def acting_modules(self) -> dict[str, torch.nn.Module]:
        """Those of `modules` that `act` needs."""
        encoder = self.average_encoder
        seen: dict[str, torch.nn.Module] = {"encoder.pth": encoder} if encoder.state_dict() else {}
        return {"policy_net.pth": self.average_policy} | seen

    def begin_from_average(self) -> None:
        """After loading networks: learn on from the policy that was loaded."""
        self.policy.load_state_dict(self.average_policy.state_dict())
        self.encoder.load_state_dict(self.average_encoder.state_dict())


def descend(optimizer: torch.optim.Optimizer, params: Sequence[Tensor], gradients: Sequence[Tensor]) -> None:
    """A step of `optimizer`, which holds `params`, along `gradients`."""
    for param, gradient in zip(params, gradients, strict=True):
        param.grad = gradient
    optimizer.step()
