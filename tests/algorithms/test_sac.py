"""Updates of soft actor-critic against a float64 reference, term by term."""

from __future__ import annotations

import copy
import math

import torch
from torch import Tensor

from algorithms.replay import Batch
from algorithms.sac import SAC, SACSettings

OBS, ACT, B = 6, 2, 16
SIZES = (32, 16)
SETTINGS = SACSettings(policy_hidden_units=SIZES, q_hidden_units=SIZES, policy_lr=1e-3, q_lr=2e-3, entropy_lr=3e-3)


def _batch(seed: int = 0) -> Batch:
    g = torch.Generator().manual_seed(seed)
    return Batch(
        obs=torch.randn(B, OBS, generator=g), action=torch.rand(B, ACT, generator=g) * 2 - 1,
        reward=torch.randn(B, generator=g), discount=0.9 * (torch.rand(B, generator=g) > 0.2).float(),
        next_obs=torch.randn(B, OBS, generator=g),
    )  # fmt: skip


def _forward(state: dict[str, Tensor], prefix: str, x: Tensor) -> Tensor:
    for n in (0, 2, 4):
        x = x @ state[f"{prefix}.{n}.weight"].T + state[f"{prefix}.{n}.bias"]
        x = x.relu() if n < 4 else x
    return x


def _sample(state: dict[str, Tensor], obs: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    mean, log_std = _forward(state, "net", obs).chunk(2, 1)
    u = mean + log_std.exp() * noise
    gauss = -0.5 * noise**2 - log_std - 0.5 * math.log(2 * math.pi)
    return u.tanh(), (gauss - torch.log(1 - u.tanh() ** 2)).sum(1)


def _adam(param: Tensor, grad: Tensor, lr: float, m: Tensor, v: Tensor, t: int) -> Tensor:
    m.mul_(0.9).add_(0.1 * grad)
    v.mul_(0.999).add_(0.001 * grad**2)
    return param - lr * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)


class _Reference:
    """The same updates in float64, written out over plain state dicts with autograd for the gradients."""

    def __init__(self, agent: SAC) -> None:
        self.policy, self.critic, self.target = (
            {k: v.double() for k, v in net.state_dict().items()}
            for net in (agent.policy, agent.critic, agent.target_critic)
        )
        self.log_alpha = agent.log_alpha.double().clone()
        self.rng = copy.deepcopy(agent.rng)
        self.t = 0
        self.moments: dict[str, tuple[Tensor, Tensor]] = {}

    def _descend(self, name: str, params: dict[str, Tensor], loss: Tensor, lr: float) -> None:
        grads = torch.autograd.grad(loss, list(params.values()))
        for (key, value), grad in zip(params.items(), grads, strict=True):
            m, v = self.moments.setdefault(name + key, (torch.zeros_like(value), torch.zeros_like(value)))
            params[key] = _adam(value.detach(), grad, lr, m, v, self.t)

    def _q(self, critic: dict[str, Tensor], obs: Tensor, action: Tensor) -> Tensor:
        x = torch.cat((obs, action), 1)
        return torch.stack([_forward(critic, f"net{k}.net", x)[:, 0] for k in (1, 2)])

    def update(self, b: Batch) -> dict[str, float]:
        self.t += 1
        obs, action, reward, discount, next_obs = (
            x.double() for x in (b.obs, b.action, b.reward, b.discount, b.next_obs)
        )
        alpha = self.log_alpha.exp()
        noise = torch.randn(B, ACT, generator=self.rng).double()
        next_action, next_log_prob = _sample(self.policy, next_obs, noise)
        target = reward + discount * (self._q(self.target, next_obs, next_action).amin(0) - alpha * next_log_prob)
        critic = {k: v.requires_grad_() for k, v in self.critic.items()}
        q = self._q(critic, obs, action)
        critic_loss = 0.5 * ((q[0] - target) ** 2).mean() + 0.5 * ((q[1] - target) ** 2).mean()
        self.critic = critic
        self._descend("critic", self.critic, critic_loss, SETTINGS.q_lr)

        policy = {k: v.requires_grad_() for k, v in self.policy.items()}
        noise = torch.randn(B, ACT, generator=self.rng).double()
        action, log_prob = _sample(policy, obs, noise)
        policy_loss = (alpha * log_prob - self._q(self.critic, obs, action).amin(0)).mean()
        self.policy = policy
        self._descend("policy", self.policy, policy_loss, SETTINGS.policy_lr)

        slope = -(log_prob.detach().mean() - ACT)
        m, v = self.moments.setdefault("alpha", (torch.zeros(()).double(), torch.zeros(()).double()))
        self.log_alpha = _adam(self.log_alpha, slope, SETTINGS.entropy_lr, m, v, self.t)
        for key in self.target:
            self.target[key] = 0.995 * self.target[key] + 0.005 * self.critic[key]
        return {
            "loss/critic": critic_loss.item(), "loss/policy": policy_loss.item(), "value/q": q.mean().item(),
            "policy/entropy": -log_prob.mean().item(), "policy/alpha": self.log_alpha.exp().item(),
        }  # fmt: skip


def test_updates_equal_the_float64_reference_term_by_term() -> None:
    agent = SAC(OBS, ACT, SETTINGS, seed=3)
    reference = _Reference(agent)
    for step in range(3):
        metrics = {name: value.item() for name, value in agent.update(_batch(step)).items()}
        expected = reference.update(_batch(step))
        assert metrics.keys() == expected.keys()
        for name, value in expected.items():
            assert math.isclose(metrics[name], value, rel_tol=2e-4, abs_tol=2e-5), (step, name, metrics[name], value)
    for net, state in (
        (agent.policy, reference.policy), (agent.critic, reference.critic), (agent.target_critic, reference.target)
    ):  # fmt: skip
        for key, value in net.state_dict().items():
            torch.testing.assert_close(value.double(), state[key].detach(), rtol=1e-3, atol=3e-5)


def test_policy_delay_updates_the_policy_every_so_often() -> None:
    agent = SAC(OBS, ACT, SACSettings(policy_hidden_units=(8,), q_hidden_units=(8,), policy_delay=3))
    changed = []
    for step in range(6):
        before = agent.policy.weights[0].clone()
        agent.update(_batch(step))
        changed.append(not torch.equal(before, agent.policy.weights[0]))
    assert changed == [True, False, False, True, False, False]


def test_restored_agent_goes_on_identically() -> None:
    agent = SAC(OBS, ACT, SETTINGS, seed=1)
    for step in range(3):
        agent.update(_batch(step))
    other = SAC(OBS, ACT, SETTINGS, seed=2)
    other.load_state_dict(copy.deepcopy(agent.state_dict()))
    for step in range(3, 6):
        agent.update(_batch(step))
        other.update(_batch(step))
    for key, value in agent.critic.state_dict().items():
        assert torch.equal(value, other.critic.state_dict()[key])
    assert torch.equal(agent.log_alpha, other.log_alpha)


def test_global_random_state_is_left_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    agent = SAC(OBS, ACT, SETTINGS)
    agent.update(_batch())
    assert torch.equal(torch.rand(3), expected)
