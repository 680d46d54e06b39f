"""Soft actor-critic and DisCor in float64, written out over plain state dicts: what the updates are compared with."""

from __future__ import annotations

import copy
import math

import torch
from torch import Tensor

from algorithms.discor import DisCor
from algorithms.replay import Batch
from algorithms.sac import SAC

OBS, ACT, B = 6, 2, 16


def toy_batch(seed: int = 0, shown: int = 0) -> Batch:
    g = torch.Generator().manual_seed(seed)
    return Batch(
        obs=torch.randn(B, OBS, generator=g), action=torch.rand(B, ACT, generator=g) * 2 - 1,
        reward=torch.randn(B, generator=g), discount=0.9 * (torch.rand(B, generator=g) > 0.2).float(),
        next_obs=torch.randn(B, OBS, generator=g), shown=shown,
    )  # fmt: skip


State = dict[str, Tensor]


def _forward(state: State, prefix: str, x: Tensor) -> Tensor:
    last = len([key for key in state if key.startswith(prefix + ".") and key.endswith("weight")]) - 1
    for i in range(last + 1):
        x = x @ state[f"{prefix}.{2 * i}.weight"].T + state[f"{prefix}.{2 * i}.bias"]
        x = x.relu() if i < last else x
    return x


def _twins(state: State, obs: Tensor, action: Tensor) -> Tensor:
    x = torch.cat((obs, action), 1)
    return torch.stack([_forward(state, f"net{k}.net", x)[:, 0] for k in (1, 2)])


def _sample(state: State, obs: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    mean, log_std = _forward(state, "net", obs).chunk(2, 1)
    u = mean + log_std.exp() * noise
    gauss = -0.5 * noise**2 - log_std - 0.5 * math.log(2 * math.pi)
    return u.tanh(), (gauss - torch.log(1 - u.tanh() ** 2)).sum(1)


def _double(net: torch.nn.Module) -> State:
    return {key: value.double() for key, value in net.state_dict().items()}


class SACReference:
    """Starts where `agent` is and makes the same updates; `terms` holds what the last one computed on the way."""

    def __init__(self, agent: SAC) -> None:
        self.settings = agent.settings
        self.policy, self.critic, self.target = map(_double, (agent.policy, agent.critic, agent.target_critic))
        self.log_alpha = agent.log_alpha.double().clone()
        self.rng = copy.deepcopy(agent.rng)
        self.t = 0
        self.moments: dict[str, tuple[Tensor, Tensor]] = {}
        self.terms: dict[str, Tensor] = {}

    def update(self, b: Batch) -> dict[str, float]:
        """One update; returns the figures that the agent's `update` returns."""
        self.t += 1
        obs, action, reward, discount, next_obs = (
            x.double() for x in (b.obs, b.action, b.reward, b.discount, b.next_obs)
        )
        alpha = self.log_alpha.exp()
        next_action, next_log_prob = _sample(self.policy, next_obs, self._noise())
        target = reward + discount * (_twins(self.target, next_obs, next_action).amin(0) - alpha * next_log_prob)
        weights = self._weights(discount, next_obs, next_action)
        self.critic = {k: v.requires_grad_() for k, v in self.critic.items()}
        q = _twins(self.critic, obs, action)
        critic_loss = 0.5 * (weights * (q - target) ** 2).sum()
        self._descend("critic", self.critic, critic_loss, self.settings.q_lr)
        self.terms = {"target": target, "weights": weights}
        figures = self._learn_errors(obs, action, discount, next_obs, next_action, (q - target).abs().detach())

        self.policy = {k: v.requires_grad_() for k, v in self.policy.items()}
        own, log_prob = _sample(self.policy, obs, self._noise())
        own_q = _twins(self.critic, obs, own).amin(0)
        policy_loss = (alpha * log_prob - own_q).mean()
        if self.settings.imitation_coef and b.shown:
            followed = [((own[i] - action[i]) ** 2).sum() * bool(q[:, i].min() > own_q[i]) for i in range(b.shown)]
            imitation = sum(followed) / b.shown
            policy_loss = policy_loss + self.settings.imitation_coef * imitation
            figures["loss/imitation"] = imitation.item()
        self._descend("policy", self.policy, policy_loss, self.settings.policy_lr)

        slope = -(log_prob.detach().mean() - ACT)
        self.log_alpha = self._adam("alpha", self.log_alpha, slope, self.settings.entropy_lr)
        self._follow(self.target, self.critic)
        return figures | {
            "loss/critic": critic_loss.item(), "loss/policy": policy_loss.item(), "value/q": q.mean().item(),
            "policy/entropy": -log_prob.mean().item(), "policy/alpha": self.log_alpha.exp().item(),
        }  # fmt: skip

    def _weights(self, discount: Tensor, next_obs: Tensor, next_action: Tensor) -> Tensor:
        return torch.full((2, B), 1.0 / B, dtype=torch.float64)

    def _learn_errors(self, *_: Tensor) -> dict[str, float]:
        return {}

    def _noise(self) -> Tensor:
        return torch.randn(B, ACT, generator=self.rng).double()

    def _descend(self, name: str, params: State, loss: Tensor, lr: float) -> None:
        grads = torch.autograd.grad(loss, list(params.values()))
        for (key, value), grad in zip(params.items(), grads, strict=True):
            params[key] = self._adam(name + key, value.detach(), grad, lr)

    def _adam(self, name: str, param: Tensor, grad: Tensor, lr: float) -> Tensor:
        m, v = self.moments.setdefault(name, (torch.zeros_like(param), torch.zeros_like(param)))
        m.mul_(0.9).add_(0.1 * grad)
        v.mul_(0.999).add_(0.001 * grad**2)
        return param - lr * (m / (1 - 0.9**self.t)) / ((v / (1 - 0.999**self.t)).sqrt() + 1e-8)

    def _follow(self, target: State, online: State) -> None:
        for key in target:
            target[key] = 0.995 * target[key] + 0.005 * online[key].detach()


class DisCorReference(SACReference):
    """The same with weights from a model of the critics' errors."""

    def __init__(self, agent: DisCor) -> None:
        super().__init__(agent)
        self.error_lr = agent.settings.error_lr
        self.error, self.target_error = map(_double, (agent.error, agent.target_error))
        self.tau = agent.tau.double().clone()

    def _weights(self, discount: Tensor, next_obs: Tensor, next_action: Tensor) -> Tensor:
        raw = torch.exp(-discount * _twins(self.target_error, next_obs, next_action) / self.tau[:, None])
        return raw / raw.sum(1, keepdim=True)

    def _learn_errors(self, *terms: Tensor) -> dict[str, float]:
        obs, action, discount, next_obs, next_action, bellman_error = terms
        target = bellman_error + discount * _twins(self.target_error, next_obs, next_action)
        self.error = {k: v.requires_grad_() for k, v in self.error.items()}
        error = _twins(self.error, obs, action)
        loss = ((error - target) ** 2).mean(1).sum()
        self._descend("error", self.error, loss, self.error_lr)
        self.tau = 0.995 * self.tau + 0.005 * error.detach().mean(1)
        self._follow(self.target_error, self.error)
        self.terms["error_target"] = target
        return {
            "loss/error": loss.item(), "discor/tau_1": self.tau[0].item(), "discor/tau_2": self.tau[1].item(),
            "discor/effective_samples": 1.0 / (self.terms["weights"] ** 2).sum(1).mean().item(),
        }  # fmt: skip
