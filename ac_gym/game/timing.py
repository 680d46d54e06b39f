"""How well real time was kept: periods, missed deadlines, and the age of the states acted on."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ac_gym.game.wire import State

_KEPT = 16384  # latest figures of each kind; 11 minutes at 25 Hz


class _Ring:
    """The latest numbers, in a block of memory that does not grow."""

    def __init__(self, size: int = _KEPT) -> None:
        self._values: NDArray[np.float64] = np.empty(size)
        self._size, self.count = size, 0

    def add(self, value: float) -> None:
        self._values[self.count % self._size] = value
        self.count += 1

    def values(self) -> NDArray[np.float64]:
        return self._values[: min(self.count, self._size)]


class TimingReport:
    """Jitter of one connection; times in seconds by this process's clock unless they are said to be the plugin's.

    `period`: from one state returned to the next. `plugin_period`: between sending two states that follow each other,
    by the plugin's clock. `age`: from receiving a state to sending the controls that answer it. `answer_age`: from
    sending a state to receiving its controls, by the plugin's clock. A deadline is missed by a step whose controls were
    sent later than one nominal period after its state, or after which states were skipped.
    """

    def __init__(self, period: float = 0.04) -> None:
        self.nominal_period = period
        self.steps = 0
        self.late_controls = 0
        """controls sent later than one period after the state they answer"""
        self.skipped_states = 0
        """states that arrived while we were busy"""
        self.deadline_misses = 0
        """steps with late controls or skipped states"""
        self.last_age = math.nan
        """age of the state that the last controls answered [s]"""
        self._periods, self._plugin_periods, self._ages, self._answer_ages = (_Ring() for _ in range(4))
        self._last: State | None = None
        self._answered = True
        self._was_late = False
        self._judged = 0

    def received(self, state: State, skipped: int) -> None:
        """A state was returned, and `skipped` older ones were not."""
        self.steps += 1
        last = self._last
        if last is not None:
            self._periods.add(state.received_at - last.received_at)
            if state.sequence == last.sequence + 1:
                self._plugin_periods.add(state.sent_at - last.sent_at)
            self.skipped_states += skipped
            self.deadline_misses += bool(skipped or self._was_late)
        if state.answered != self._judged and math.isfinite(state.answer_age):
            self._answer_ages.add(state.answer_age)
            self._judged = state.answered
        self._last, self._was_late, self._answered = state, False, False

    def sent(self, at: float) -> None:
        """Controls were sent; the first after a state count as its answer."""
        if self._last is None or self._answered:
            return
        self._answered = True
        self.last_age = at - self._last.received_at
        self._ages.add(self.last_age)
        self._was_late = self.last_age > self.nominal_period
        self.late_controls += self._was_late

    def pause(self) -> None:
        """What lies between the last state and the next is no step: a reset, or a connection made anew."""
        self._last, self._was_late, self._answered = None, False, True

    def figures(self) -> dict[str, float]:
        """Counts, and mean, std, p50, p99 and max of each kind over its latest 16384; times in seconds."""
        found: dict[str, float] = {
            "steps": self.steps,
            "nominal_period": self.nominal_period,
            "deadline_misses": self.deadline_misses,
            "late_controls": self.late_controls,
            "skipped_states": self.skipped_states,
        }
        kinds = {
            "period": self._periods,
            "plugin_period": self._plugin_periods,
            "age": self._ages,
            "answer_age": self._answer_ages,
        }
        for name, ring in kinds.items():
            found |= {f"{name}_{measure}": value for measure, value in _measures(ring.values()).items()}
        return found

    def summary(self) -> str:
        """One line for a person."""
        ms = {name: f"{1e3 * value:.2f}" for name, value in self.figures().items()}
        if not self._periods.count:
            return f"{self.steps} steps, no period measured"
        return (
            f"{self.steps} steps at {1.0 / self._periods.values().mean():.2f} Hz ({1.0 / self.nominal_period:g} asked "
            f"for); period {ms['period_mean']} +- {ms['period_std']}, p99 {ms['period_p99']}, max {ms['period_max']} "
            f"ms; {self.deadline_misses} deadlines missed ({self.late_controls} controls late, {self.skipped_states} "
            f"states skipped); age of the state acted on {ms['age_mean']}, p99 {ms['age_p99']}, max {ms['age_max']} ms "
            f"here, {ms['answer_age_mean']}, p99 {ms['answer_age_p99']} ms at the plugin"
        )


def _measures(values: NDArray[np.float64]) -> dict[str, float]:
    if not len(values):
        return dict.fromkeys(("mean", "std", "p50", "p99", "max"), math.nan)
    p50, p99 = np.percentile(values, (50.0, 99.0))
    return {
        "mean": float(values.mean()), "std": float(values.std()), "p50": float(p50), "p99": float(p99),
        "max": float(values.max()),
    }  # fmt: skip
