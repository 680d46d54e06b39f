"""The learning curve of a run, from its summary.csv."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ac_gym.evaluation import Evaluation
from ac_gym.report.plots import DRIVEN, LIMIT, PALE, TEXT, THROTTLE, new_figure, tidy


def plot_learning(summary: Path, path: Path, evaluation: Evaluation) -> list[Path]:
    """Return, lap times and clean laps over steps; writes nothing where the run has logged nothing yet."""
    limit_s = evaluation.limit_s
    curves = _read(summary)
    if len(curves.get("step", ())) < 2:
        return []
    figure = new_figure(11.0, 8.0)
    figure.suptitle(
        f"{evaluation.car.title}, {evaluation.track.title}",
        x=0.01,
        ha="left",
        color=TEXT,
        fontsize=14,
        fontweight="bold",
    )
    returns, laps, clean = figure.subplots(3, 1, sharex=True, height_ratios=[2, 2, 1])
    millions = curves["step"] / 1e6

    def curve(ax: Any, name: str, colour: str, label: str, *, dots: bool = False) -> None:
        if name in curves and (known := np.isfinite(curves[name])).any():
            style: dict[str, Any] = (
                {"marker": "o", "markersize": 4, "linestyle": "none"} if dots else {"linewidth": 1.6}
            )
            ax.plot(millions[known], curves[name][known], color=colour, label=label, **style)

    curve(returns, "episode/return", DRIVEN, "mean of 100 episodes")
    curve(laps, "laps/best_s", DRIVEN, "best clean lap so far, training")
    curve(laps, "eval/best_lap_s", THROTTLE, "best clean lap of an evaluation", dots=True)
    laps.axhline(limit_s, color=LIMIT, linewidth=1.4, linestyle="--", label=f"limit {limit_s:.2f} s")
    if {"laps/completed", "laps/clean"} <= curves.keys():
        _clean_share(clean, millions, curves["laps/completed"], curves["laps/clean"])
    curve(clean, "eval/clean_rate", THROTTLE, "evaluations", dots=True)
    clean.set_ylim(-0.05, 1.05)
    for ax, label in ((returns, "return"), (laps, "lap time, s"), (clean, "clean laps, share")):
        tidy(ax, label)
        if ax.get_legend_handles_labels()[0]:
            ax.legend(fontsize=8, frameon=False, loc="best")
    clean.set_xlabel("environment steps, millions", color=TEXT, fontsize=9)
    _minutes_above(returns, millions, curves)
    figure.savefig(path, dpi=130)
    return [path]


def plot_losses(summary: Path, path: Path) -> list[Path]:
    """Loss of what is learned from and of what is held back, over epochs; nothing where the run has no such losses."""
    curves = _read(summary)
    if "loss/validation" not in curves:
        return []
    figure = new_figure(9.0, 4.5)
    ax = figure.subplots()
    ax.plot(curves["step"], curves["loss/train"], color=DRIVEN, linewidth=1.6, label="learned from")
    ax.plot(curves["step"], curves["loss/validation"], color=LIMIT, linewidth=1.6, label="held back")
    best = int(np.nanargmin(curves["loss/validation"]))
    ax.plot(
        curves["step"][best], curves["loss/validation"][best], "o", color=THROTTLE,
        label=f"kept: epoch {curves['step'][best]:.0f}",
    )  # fmt: skip
    ax.set_yscale("log")
    tidy(ax, "mean absolute error, in each control's spread")
    ax.set_xlabel("epochs", color=TEXT, fontsize=9)
    ax.legend(fontsize=8, frameon=False, loc="best")
    figure.savefig(path, dpi=130)
    return [path]


def _clean_share(
    ax: Any, millions: NDArray[np.float64], completed: NDArray[np.float64], clean: NDArray[np.float64]
) -> None:
    """Share of the laps driven between two rows that were clean."""
    known = np.isfinite(completed) & np.isfinite(clean)
    more = np.diff(completed[known])
    some = more > 0
    if some.any():
        share = np.diff(clean[known])[some] / more[some]
        ax.plot(millions[known][1:][some], share, color=DRIVEN, linewidth=1.2, label="training")


def _minutes_above(ax: Any, millions: NDArray[np.float64], curves: dict[str, NDArray[np.float64]]) -> None:
    """A second axis in minutes."""
    if "time/elapsed_s" not in curves:
        return
    known = np.isfinite(curves["time/elapsed_s"])
    minutes = curves["time/elapsed_s"][known] / 60.0
    if len(minutes) < 2 or not (np.diff(minutes) > 0).all():
        return
    from matplotlib.ticker import MaxNLocator

    ticks = MaxNLocator(8).tick_values(minutes[0], minutes[-1])
    ticks = ticks[(ticks >= minutes[0]) & (ticks <= minutes[-1])]
    above = ax.secondary_xaxis("top")
    above.set_xticks(np.interp(ticks, minutes, millions[known]), [f"{tick:g}" for tick in ticks])
    above.set_xlabel("minutes", color=TEXT, fontsize=9)
    above.tick_params(labelsize=8, colors=TEXT, length=2)
    above.spines["top"].set_color(PALE)


def _read(summary: Path) -> dict[str, NDArray[np.float64]]:
    """Columns by name, NaN where a row has no value."""
    with summary.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = rows[0].keys() if rows else ()
    return {name: np.array([float(row[name]) if row[name] else np.nan for row in rows]) for name in names}
