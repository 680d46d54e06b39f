"""Behaviour cloning learns what was shown, and measures itself by laps that it has not seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from algorithms.bc import BCSettings, BehaviourCloning, export_clone, split
from algorithms.errors import UserError

SETTINGS = BCSettings(hidden_units=(32, 32), learning_rate=3e-3, batch_size=64, max_epochs=25, patience=25)


class Shown:
    """Toy samples in ten groups."""

    planes = 0

    def __init__(self, inputs: NDArray[np.float32], labels: NDArray[np.float32]) -> None:
        self._inputs, self.labels = inputs, labels
        self.beside = np.zeros((len(labels), 0), np.float32)
        self.groups = np.repeat(np.arange(10), len(labels) // 10)

    def inputs(self, which: NDArray[np.int64]) -> NDArray[np.float32]:
        return self._inputs[which]


def _numbers(noise: float = 0.0) -> tuple[Shown, NDArray[np.float32]]:
    """Samples, and what was meant: a pedal that is mostly at its end."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 4)).astype(np.float32)
    meant = np.column_stack([np.tanh(x[:, 0] - x[:, 1]), np.where(x[:, 2] > 0.0, 1.0, -1.0)]).astype(np.float32)
    labels = np.clip(meant + noise * rng.normal(size=meant.shape), -1.0, 1.0).astype(np.float32)
    return Shown(x, labels), meant


def _taught(data: Shown, settings: BCSettings = SETTINGS) -> BehaviourCloning:
    learner = BehaviourCloning(data, settings)
    assert [epoch.number for epoch in learner.epochs()] == list(range(1, learner.epoch + 1))
    learner.keep_best()
    return learner


def test_it_learns_a_mapping_of_numbers() -> None:
    data, _ = _numbers()
    assert _taught(data).validate() < 0.1


def test_a_control_that_moves_little_is_learned_as_well_as_one_that_moves_much() -> None:
    data, meant = _numbers()
    data.labels[:, 0] *= 0.03
    learner = _taught(data)
    with torch.no_grad():
        answers = learner.network(torch.from_numpy(data.inputs(np.arange(2000)))).numpy()
    assert np.abs(answers[:, 0] - 0.03 * meant[:, 0]).mean() < 0.2 * data.labels[:, 0].std()


def test_noise_that_is_cut_off_at_the_end_of_a_pedal_does_not_move_the_answer() -> None:
    data, meant = _numbers(noise=0.3)
    learner = _taught(data)
    with torch.no_grad():
        answers = learner.network(torch.from_numpy(data.inputs(np.arange(2000)))).numpy()
    held = meant[:, 1] > 0.0
    away = np.abs(data.inputs(np.arange(2000))[:, 2]) > 0.5  # from where the pedal changes
    assert data.labels[held, 1].mean() < 0.9  # the mean answer is off the end
    assert np.median(answers[held & away, 1]) > 0.95


def test_it_learns_from_pictures() -> None:
    rng = np.random.default_rng(0)
    column = rng.integers(2, 22, 400)
    pictures = np.full((400, 1, 12, 24), -0.5, np.float32)
    pictures[np.arange(400), :, :, column] = 0.5
    labels = (column[:, None] / 12.0 - 1.0).astype(np.float32)
    settings = replace(SETTINGS, channels=(8, 8), kernels=(3, 3), strides=(2, 2), shift=1, max_epochs=15)
    assert _taught(Shown(pictures, labels), settings).validate() < 0.25


def test_laps_are_held_back_whole() -> None:
    groups = np.repeat(np.arange(10), 7)
    learned, held = split(groups, 0.2, seed=3)
    assert not set(groups[learned]) & set(groups[held])
    assert len(set(groups[held])) == 2
    assert len(learned) + len(held) == 70


def test_one_lap_is_not_enough() -> None:
    with pytest.raises(UserError, match="needs two"):
        split(np.zeros(5, np.int64), 0.2, 0)


def test_it_ends_when_what_is_held_back_gets_no_better() -> None:
    rng = np.random.default_rng(0)
    noise = Shown(rng.normal(size=(200, 4)).astype(np.float32), rng.uniform(-1, 1, (200, 1)).astype(np.float32))
    learner = BehaviourCloning(noise, replace(SETTINGS, max_epochs=500, patience=3))
    losses = [epoch.validation_loss for epoch in learner.epochs()]
    assert len(losses) < 100
    assert min(losses) == losses[-4] == learner.best_loss


def test_a_resumed_run_is_the_run_that_was_not_broken_off(tmp_path: Path) -> None:
    data, _ = _numbers()
    settings = replace(SETTINGS, max_epochs=4)
    whole = [epoch.validation_loss for epoch in BehaviourCloning(data, settings).epochs()]
    first = BehaviourCloning(data, settings)
    begun = next(iter(first.epochs())).validation_loss
    first.save(tmp_path / "training_state.pt")
    second = BehaviourCloning(data, settings)
    second.load(tmp_path / "training_state.pt")
    assert [begun, *(epoch.validation_loss for epoch in second.epochs())] == whole


def test_a_state_that_does_not_fit_is_one_clear_line(tmp_path: Path) -> None:
    data, _ = _numbers()
    path = tmp_path / "training_state.pt"
    learner = BehaviourCloning(data, SETTINGS)
    with pytest.raises(UserError, match="nothing to resume"):
        learner.load(path)
    path.write_bytes(b"not tensors")
    with pytest.raises(UserError, match="damaged"):
        learner.load(path)
    BehaviourCloning(data, replace(SETTINGS, hidden_units=(8,))).save(path)
    with pytest.raises(UserError, match="settings of the saved run"):
        learner.load(path)
    BehaviourCloning(Shown(data.inputs(np.arange(1000)), data.labels[:1000]), SETTINGS).save(path)
    with pytest.raises(UserError, match="another data set: 1000 samples, not 2000"):
        learner.load(path)


def test_what_is_learned_beside_the_answers_counts_in_learning_alone(tmp_path: Path) -> None:
    """Columns beside shape the network, are no part of the measure, and are not in the exported file."""
    data, _ = _numbers()
    beside = np.tanh(data.inputs(np.arange(len(data.labels)))[:, 3:4])
    beside[::2] = np.nan  # not told everywhere
    data.beside = beside.astype(np.float32)
    learner = _taught(data)
    learner.keep_best()
    held = np.flatnonzero(np.isin(data.groups, np.unique(data.groups[split(data.groups, 0.2, 0)[1]])))
    with torch.no_grad():
        answers = learner.network(torch.from_numpy(data.inputs(held))).numpy()
    assert answers.shape[1] == 3
    told = ~np.isnan(data.beside[held, 0])
    assert np.abs(answers[told, 2] - data.beside[held][told, 0]).mean() < 0.1
    spread = data.labels[split(data.groups, 0.2, 0)[0]].std(axis=0)
    expected = (np.abs(answers[:, :2] - data.labels[held]) / spread).mean()
    assert learner.validate() == pytest.approx(expected, rel=1e-3)

    state = learner.best_network()
    export_clone(learner.network, state, {}, tmp_path, answers=2)
    with np.load(tmp_path / "policy.npz") as file:
        last = max(name for name in file.files if name.startswith("weight"))
        assert file[last].shape[0] == 2 * 2  # the second half as that of a Gaussian policy
