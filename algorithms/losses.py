"""The losses and targets of soft actor-critic and of distribution correction, as pure functions.

Equation numbers are those of Haarnoja et al. 2018, "Soft Actor-Critic Algorithms and Applications" (arXiv 1812.05905);
distribution correction is that of Kumar, Gupta, Levine 2020, "DisCor: Corrective Feedback in Reinforcement Learning via
Distribution Correction" (arXiv 2003.07305), with a model of the error for each critic.
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


def critic_loss(q: Tensor, target: Tensor, weights: Tensor | None = None) -> Tensor:
    """Eq. 5, summed over the critics: q (2, B), target (B,); `weights` (2, B), each row of sum 1, replace the mean."""
    squares = (q - target).square()
    return 0.5 * (squares.mean(dim=-1) if weights is None else (weights * squares).sum(dim=-1)).sum()


def policy_loss(q: Tensor, log_prob: Tensor, alpha: Tensor) -> Tensor:
    """Eq. 7 with the smaller of the two values: q (2, B) at the sampled actions, log_prob (B,)."""
    return (alpha * log_prob - torch.minimum(q[0], q[1])).mean()


def imitation_loss(action: Tensor, shown: Tensor, q: Tensor, shown_q: Tensor) -> Tensor:
    """Squared distance to a demonstrator's actions, summed over them, where the critics hold them for better than the
    policy's: behaviour cloning with a Q filter (Nair et al. 2018, arXiv 1709.10089, eq. 1 and 2).

    action: the policy's, (B, A), shown: the demonstrator's, (B, A); q, shown_q: the critics' values of both, (2, B).
    """
    better = torch.minimum(shown_q[0], shown_q[1]) > torch.minimum(q[0], q[1])
    return (better * (action - shown).square().sum(dim=-1)).mean()


def temperature_gradient(log_prob: Tensor, target_entropy: float) -> Tensor:
    """Derivative with respect to log alpha of -log alpha * mean(log_prob + target_entropy), eq. 18's usual form."""
    return -(log_prob.detach().mean() + target_entropy)


def correction_weights(discount: Tensor, next_error: Tensor, tau: Tensor) -> Tensor:
    """DisCor's Algorithm 1: w proportional to exp(-gamma * Delta(s', a') / tau), normalised over the batch, (2, B).

    A sample counts little where the target it learns from is expected to be wrong. discount: as in `soft_target`, (B,);
    next_error: target error networks at the sampled next action, (2, B); tau: a temperature for each critic, (2,).
    """
    return torch.softmax(-discount * next_error / tau.unsqueeze(-1), dim=-1)


def error_target(q: Tensor, target: Tensor, discount: Tensor, next_error: Tensor) -> Tensor:
    """DisCor's Algorithm 1: the Bellman error of now and those to come, |Q - y| + gamma * Delta(s', a'), (2, B)."""
    return torch.addcmul((q - target).abs(), discount, next_error)


def error_loss(error: Tensor, target: Tensor) -> Tensor:
    """Mean square of error networks (2, B) against `error_target`, summed over the two."""
    return (error - target).square().mean(dim=-1).sum()
