"""The timing report, from made-up clocks."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ac_gym.game.timing import TimingReport
from ac_gym.game.wire import State

FRAME = np.zeros(1)


def state(
    sequence: int, received_at: float, *, sent_at: float = 0.0, answered: int = 0, age: float = math.nan
) -> State:
    return State(sequence, 0.04 * sequence, sent_at, answered, age, 0, received_at, FRAME)


def test_periods_and_ages_of_a_regular_run() -> None:
    report = TimingReport(0.04)
    for step in range(100):
        at = 0.04 * step + (0.001 if step % 2 else 0.0)
        report.received(state(step + 1, at, sent_at=7.0 + 0.04 * step, answered=step, age=0.003), 0)
        report.sent(at + 0.010)
    figures = report.figures()
    assert figures["steps"] == 100
    assert figures["period_mean"] == pytest.approx(0.04, rel=1e-3)
    assert figures["period_std"] == pytest.approx(0.001, rel=1e-2)
    assert figures["period_max"] == pytest.approx(0.041)
    assert figures["plugin_period_std"] == pytest.approx(0.0, abs=1e-9)
    assert figures["age_p99"] == pytest.approx(0.010)
    assert figures["answer_age_mean"] == pytest.approx(0.003)
    assert report.last_age == pytest.approx(0.010)
    assert figures["deadline_misses"] == 0
    assert "0 deadlines missed" in report.summary()
    assert "24.99 Hz (25 asked for)" in report.summary()


def test_a_step_misses_its_deadline_once_however_it_shows() -> None:
    report = TimingReport(0.04)
    report.received(state(1, 0.0), 0)
    report.sent(0.05)
    report.received(state(3, 0.08), 1)
    report.sent(0.09)
    report.received(state(4, 0.12), 0)
    assert (report.late_controls, report.skipped_states, report.deadline_misses) == (1, 1, 1)
    report.received(state(7, 0.24), 2)
    assert (report.late_controls, report.skipped_states, report.deadline_misses) == (1, 3, 2)


def test_only_the_first_answer_to_a_state_counts() -> None:
    report = TimingReport(0.04)
    report.sent(0.0)
    report.received(state(1, 1.0), 0)
    report.sent(1.01)
    report.sent(1.03)
    assert report.figures()["age_max"] == pytest.approx(0.01)


def test_a_pause_is_no_period() -> None:
    report = TimingReport(0.04)
    report.received(state(1, 0.0), 0)
    report.received(state(2, 0.04), 0)
    report.pause()
    report.received(state(1, 9.0), 5)
    report.received(state(2, 9.04), 0)
    assert report.figures()["period_max"] == pytest.approx(0.04)
    assert report.deadline_misses == 0


def test_a_lost_state_is_no_period_of_the_plugin() -> None:
    report = TimingReport(0.04)
    report.received(state(1, 0.0, sent_at=1.0), 0)
    report.received(state(2, 0.04, sent_at=1.04), 0)
    report.received(state(4, 0.12, sent_at=1.12), 0)
    assert report.figures()["plugin_period_max"] == pytest.approx(0.04)
    assert report.figures()["period_max"] == pytest.approx(0.08)


def test_an_answer_age_is_counted_once() -> None:
    report = TimingReport(0.04)
    for sequence, answered, age in ((1, 0, math.nan), (2, 1, 0.010), (3, 1, 0.010), (4, 3, 0.040)):
        report.received(state(sequence, 0.04 * sequence, answered=answered, age=age), 0)
    assert report.figures()["answer_age_mean"] == pytest.approx(0.025)


def test_nothing_measured_is_said_so() -> None:
    assert "no period" in TimingReport(0.04).summary()
    assert math.isnan(TimingReport(0.04).figures()["period_mean"])


def test_memory_stays_the_same_over_a_long_run() -> None:
    report = TimingReport(0.04)
    for step in range(40_000):
        report.received(state(step + 1, 0.04 * step if step < 30_000 else 0.02 * step), 0)
    assert report.figures()["period_mean"] < 0.04, "the latest count"
    assert report.figures()["steps"] == 40_000
