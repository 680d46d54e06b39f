"""The three losses and the target of soft actor-critic, as pure functions.

Equation numbers are those of Haarnoja et al. 2018, "Soft Actor-Critic Algorithms and Applications" (arXiv 1812.05905).
"""

from __future__ import annotations

import torch
from torch import Tensor


def soft_target(reward: Tensor, discount: Tensor, next_q: Tensor, next_log_prob: Tensor, alpha: Tensor) -> Tensor:
    """Eq. 3 and 6 over n steps, with the smaller of the two target values: (B,).

    reward: the discounted sum of the window's rewards, (B,); discount: gamma^k after k steps, 0 where the window ends
    in a terminal state, (B,); next_q: target critics at the sampled next action, (2, B).
    """
    next_value = torch.minimum(next_q[0], next_q[1]) - alpha * next_log_prob
    return torch.addcmul(reward, discount, next_value)


def critic_loss(q: Tensor, target: Tensor) -> Tensor:
    """Eq. 5, summed over the critics: q (2, B), target (B,)."""
    return 0.5 * (q - target).square().mean(dim=-1).sum()


def policy_loss(q: Tensor, log_prob: Tensor, alpha: Tensor) -> Tensor:
    """Eq. 7 with the smaller of the two values: q (2, B) at the sampled actions, log_prob (B,)."""
    return (alpha * log_prob - torch.minimum(q[0], q[1])).mean()


def temperature_gradient(log_prob: Tensor, target_entropy: float) -> Tensor:
    """Derivative with respect to log alpha of -log alpha * mean(log_prob + target_entropy), eq. 18's usual form."""
    return -(log_prob.detach().mean() + target_entropy)
