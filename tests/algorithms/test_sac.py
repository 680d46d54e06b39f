"""Updates of soft actor-critic and of DisCor against a float64 reference, term by term."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from reference import ACT, OBS, B, DisCorReference, SACReference
from reference import toy_batch as _batch
from torch import Tensor

from algorithms import losses
from algorithms.discor import DisCor, DisCorSettings
from algorithms.sac import SAC, SACSettings

SIZES = (32, 16)
SETTINGS = SACSettings(policy_hidden_units=SIZES, q_hidden_units=SIZES, policy_lr=1e-3, q_lr=2e-3, entropy_lr=3e-3)


ERRORS = DisCorSettings(**vars(SETTINGS), error_hidden_units=(24, 16, 8), error_lr=1.5e-3, tau_init=0.5)


@pytest.fixture
def terms(monkeypatch: pytest.MonkeyPatch) -> dict[str, Tensor]:
    """What the last update's targets and weights were."""
    seen: dict[str, Tensor] = {}

    def watch(function: str, name: str) -> None:
        inner: Callable[..., Tensor] = getattr(losses, function)

        def watched(*args: Tensor) -> Tensor:
            seen[name] = inner(*args)
            return seen[name]

        monkeypatch.setattr(losses, function, watched)

    watch("soft_target", "target")
    watch("correction_weights", "weights")
    watch("error_target", "error_target")
    return seen


def _compare(agent: SAC, reference: SACReference, terms: dict[str, Tensor], steps: int, shown: int = 0) -> None:
    for step in range(steps):
        metrics = {name: value.item() for name, value in agent.update(_batch(step, shown)).items()}
        expected = reference.update(_batch(step, shown))
        assert metrics.keys() == expected.keys()
        for name, value in expected.items():
            assert math.isclose(metrics[name], value, rel_tol=2e-4, abs_tol=2e-5), (step, name, metrics[name], value)
        assert "target" in terms
        for name, value in terms.items():
            torch.testing.assert_close(value.double(), reference.terms[name].detach(), rtol=2e-4, atol=2e-5)


def _compare_networks(*pairs: tuple[torch.nn.Module, dict[str, Tensor]]) -> None:
    for net, state in pairs:
        for key, value in net.state_dict().items():
            torch.testing.assert_close(value.double(), state[key].detach(), rtol=1e-3, atol=3e-5)


def test_updates_equal_the_float64_reference_term_by_term(terms: dict[str, Tensor]) -> None:
    agent = SAC(OBS, ACT, SETTINGS, seed=3)
    reference = SACReference(agent)
    _compare(agent, reference, terms, steps=3)
    _compare_networks(
        (agent.policy, reference.policy), (agent.critic, reference.critic), (agent.target_critic, reference.target)
    )


def test_a_demonstrator_is_followed_where_the_critics_hold_it_for_better(terms: dict[str, Tensor]) -> None:
    agent = SAC(OBS, ACT, replace(SETTINGS, imitation_coef=2.0), seed=3)
    reference = SACReference(agent)
    _compare(agent, reference, terms, steps=3, shown=10)
    _compare_networks((agent.policy, reference.policy), (agent.critic, reference.critic))

    action, shown = torch.zeros(3, 2), torch.ones(3, 2)
    q, shown_q = torch.tensor([[0.0, 2.0, 2.0], [1.0, 2.0, 0.0]]), torch.tensor([[1.0, 9.0, 9.0], [1.0, 1.0, 1.0]])
    assert losses.imitation_loss(action, shown, q, shown_q) == pytest.approx((2.0 + 0.0 + 2.0) / 3)


def test_discor_updates_equal_the_float64_reference_term_by_term(terms: dict[str, Tensor]) -> None:
    agent = DisCor(OBS, ACT, ERRORS, seed=3)
    reference = DisCorReference(agent)
    _compare(agent, reference, terms, steps=3)
    assert terms.keys() == {"target", "weights", "error_target"}
    assert terms["weights"].amax() > 1.3 / B  # the weights do weigh
    _compare_networks(
        (agent.policy, reference.policy), (agent.critic, reference.critic), (agent.target_critic, reference.target),
        (agent.error, reference.error), (agent.target_error, reference.target_error),
    )  # fmt: skip


def test_weights_are_small_where_the_next_state_is_wrong_and_know_its_end() -> None:
    error = torch.tensor([[0.0, 4.0, 4.0], [0.0, 0.0, 0.0]])
    weights = losses.correction_weights(torch.tensor([0.9, 0.9, 0.0]), error, torch.tensor([2.0, 2.0]))
    torch.testing.assert_close(weights.sum(1), torch.ones(2))
    assert weights[0, 1] < weights[0, 0]
    assert weights[0, 2] == weights[0, 0]  # nothing follows a terminal step
    torch.testing.assert_close(weights[1], torch.full((3,), 1 / 3))


def test_equal_weights_are_the_plain_mean() -> None:
    q, target = torch.randn(2, B), torch.randn(B)
    plain = losses.critic_loss(q, target)
    torch.testing.assert_close(losses.critic_loss(q, target, torch.full((2, B), 1 / B)), plain)


def test_policy_delay_updates_the_policy_every_so_often() -> None:
    agent = SAC(OBS, ACT, SACSettings(policy_hidden_units=(8,), q_hidden_units=(8,), policy_delay=3))
    changed = []
    for step in range(6):
        before = agent.policy.weights[0].clone()
        agent.update(_batch(step))
        changed.append(not torch.equal(before, agent.policy.weights[0]))
    assert changed == [True, False, False, True, False, False]


def test_the_average_of_the_policy_drives_and_the_policy_explores() -> None:
    agent = SAC(OBS, ACT, replace(SETTINGS, policy_average_share=0.5), seed=1)
    average = [p.clone() for p in agent.policy.parameters()]
    for step, coef in enumerate((1.0, 1.0, 2 / 3, 1 / 2, 2 / 5)):
        agent.update(_batch(step))
        average = [(1 - coef) * a + coef * p for a, p in zip(average, agent.policy.parameters(), strict=True)]
    for expected, parameter in zip(average, agent.average_policy.parameters(), strict=True):
        torch.testing.assert_close(parameter, expected)

    obs = np.ones((2, OBS), np.float32)
    driven = agent.average_policy.act(torch.ones(2, OBS)).numpy()
    np.testing.assert_array_equal(agent.act(obs, deterministic=True), driven)
    agent.rng.manual_seed(3)
    noise = torch.randn(2, ACT, generator=torch.Generator().manual_seed(3))
    np.testing.assert_array_equal(agent.act(obs), agent.policy.act(torch.ones(2, OBS), noise).numpy())


def test_what_is_saved_is_the_average_and_learning_on_begins_with_it() -> None:
    agent = SAC(OBS, ACT, replace(SETTINGS, policy_average_share=0.25), seed=1)
    agent.update(_batch(0))
    saved = agent.modules()["policy_net.pth"].state_dict()
    other = SAC(OBS, ACT, agent.settings, seed=2)
    other.modules()["policy_net.pth"].load_state_dict(saved)
    other.begin_from_average()
    for learned, average in zip(other.policy.parameters(), agent.average_policy.parameters(), strict=True):
        assert torch.equal(learned, average)
        assert learned.requires_grad
        assert not average.requires_grad


AVERAGED = replace(SETTINGS, policy_average_share=0.5)


@pytest.mark.parametrize(("kind", "settings"), [(SAC, SETTINGS), (SAC, AVERAGED), (DisCor, ERRORS)])
def test_restored_agent_goes_on_identically(kind: type[SAC], settings: Any) -> None:
    agent = kind(OBS, ACT, settings, seed=1)
    for step in range(3):
        agent.update(_batch(step))
    other = kind(OBS, ACT, settings, seed=2)
    other.load_state_dict(copy.deepcopy(agent.state_dict()))
    for step in range(3, 6):
        agent.update(_batch(step))
        other.update(_batch(step))
    for name, net in agent.modules().items():
        for key, value in net.state_dict().items():
            assert torch.equal(value, other.modules()[name].state_dict()[key])
    assert torch.equal(agent.log_alpha, other.log_alpha)


def test_global_random_state_is_left_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    agent = SAC(OBS, ACT, SETTINGS)
    agent.update(_batch())
    assert torch.equal(torch.rand(3), expected)
