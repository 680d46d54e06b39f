"""Drivers assessed side by side: table, JSON, plot."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ac_gym.assessment import Assessment
from ac_gym.published import published_source
from ac_gym.report.plots import DRIVEN, GRID, LIMIT, PALE, STEER, TEXT, THROTTLE, new_figure, tidy
from ac_gym.statistics import bootstrap_interval, interquartile_mean, share_interval

_KIND_COLOURS = {"standing": LIMIT, "flying": DRIVEN}
_REFERENCE_COLOURS = {"human": THROTTLE, "sac": STEER}
COLUMNS = ("driver", "start", "clean", "best s", "median", "spread", "limit", "human", "SAC")


@dataclass(frozen=True)
class Group:
    """Assessments of one label: the runs of one method."""

    label: str
    runs: tuple[Assessment, ...]

    @property
    def score(self) -> float:
        """Interquartile mean of limit / lap time over every lap asked for, 0 for one that is not clean."""
        return interquartile_mean(np.concatenate([score for run in self.runs for score in run.scores()]))

    @property
    def interval(self) -> tuple[float, float]:
        """Bootstrap interval of the score: over the runs or, of a single one, over its cars."""
        if len(self.runs) > 1:
            return bootstrap_interval([np.concatenate(run.scores()) for run in self.runs])
        return bootstrap_interval(self.runs[0].scores())

    @property
    def units(self) -> str:
        """What the interval is drawn over."""
        return f"{len(self.runs)} runs" if len(self.runs) > 1 else f"{len(self.runs[0].scores())} starts"


def group(assessments: Sequence[Assessment]) -> list[Group]:
    """In the order in which the labels first appear."""
    labels = list(dict.fromkeys(a.label for a in assessments))
    return [Group(label, tuple(a for a in assessments if a.label == label)) for label in labels]


def rows(assessments: Sequence[Assessment]) -> list[tuple[str, ...]]:
    """Texts of `COLUMNS`, a row for each driver and kind of start."""
    return [
        (run.label, kind, *_lap_texts(run, kind)) for g in group(assessments) for run in g.runs for kind in run.attempts
    ]


def score_lines(assessments: Sequence[Assessment]) -> list[str]:
    """The score of each label with its interval."""
    lines = []
    for g in group(assessments):
        low, high = g.interval
        bounds = "" if np.isnan(low) else f" (95 %: {low:.4f} to {high:.4f}, over {g.units})"
        clean = sum(len(a.times_s) for run in g.runs for a in run.attempts.values())
        asked = sum(a.asked for run in g.runs for a in run.attempts.values())
        rate_low, rate_high = share_interval(clean, asked)
        rate = f"{clean} of {asked} laps clean (95 %: {100 * rate_low:.0f} to {100 * rate_high:.0f} %)"
        lines.append(f"{g.label}: score {g.score:.4f}{bounds}; {rate}")
    return lines


def _lap_texts(run: Assessment, kind: str) -> tuple[str, ...]:
    figures = run.attempts[kind].figures()
    clean = f"{figures['clean']} of {figures['asked']}"
    if not figures["clean"]:
        return clean, *("-",) * 6
    references = run.references()
    gaps = (
        f"{100 * (figures['best_s'] / references[name] - 1):+.2f} %" if name in references else "-"
        for name in ("limit", "human", "sac")
    )
    return clean, f"{figures['best_s']:.3f}", f"{figures['median_s']:.3f}", f"{figures['std_s']:.3f}", *gaps


def as_dict(assessments: Sequence[Assessment]) -> dict[str, Any]:
    """All figures, for JSON."""
    return {
        "published": published_source(),
        "groups": [
            {
                "label": g.label,
                "runs": len(g.runs),
                "score_iqm": round(g.score, 5),
                "score_95": None if np.isnan(g.interval[0]) else [round(bound, 5) for bound in g.interval],
                "score_95_over": g.units,
            }
            for g in group(assessments)
        ],
        "drivers": [a.as_dict() for a in assessments],
    }


def markdown(assessments: Sequence[Assessment]) -> str:
    """The table, and under it what its figures mean."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    lines += ["| " + " | ".join(row) + " |" for row in rows(assessments)]
    scores = [f"- {line}" for line in score_lines(assessments)]
    return "\n".join([*lines, "", *scores, "", *notes(assessments), ""])


def notes(assessments: Sequence[Assessment]) -> list[str]:
    """What a reader must know of the figures."""
    p, evaluation = assessments[0].protocol, assessments[0].evaluation
    varied = f", grip and mass within {100 * p.vary:g} %" if p.vary else ""
    return [
        f"{evaluation.car.title} on {evaluation.track.title}; limit {evaluation.limit_s:.2f} s. A car a start "
        f"({p.standing} standing, {p.flying} flying), {p.laps} laps each after the out lap, seed {p.seed}{varied}.",
        "Gaps to limit, human and SAC are those of the best lap. Score: interquartile mean of limit / lap time over "
        f"every lap asked for, 0 for one that is not clean. Best human and SAC: {published_source()}.",
    ]


def write_comparison(folder: Path, assessments: Sequence[Assessment]) -> list[Path]:
    """evaluation.json, evaluation.md and evaluation.png."""
    folder.mkdir(parents=True, exist_ok=True)
    data, table = folder / "evaluation.json", folder / "evaluation.md"
    data.write_text(json.dumps(as_dict(assessments), indent=2) + "\n", encoding="utf-8")
    table.write_text(markdown(assessments), encoding="utf-8")
    return [data, table, plot_comparison(folder / "evaluation.png", assessments)]


def plot_comparison(path: Path, assessments: Sequence[Assessment]) -> Path:
    """Every clean lap beside the limit and the published laps, and each group's score with its interval."""
    groups = group(assessments)
    figure = new_figure(11.0, 2.0 + 0.55 * sum(len(g.runs) for g in groups))
    laps, scores = figure.subplots(1, 2, width_ratios=[3, 1])
    ticks: list[tuple[float, str]] = []
    y, worst = 0.0, 0.92
    for g in groups:
        first = y
        for run in g.runs:
            _draw_laps(laps, run, y)
            name = g.label if len(g.runs) == 1 else f"{g.label} {len(ticks) - round(first) + 1}"
            ticks.append((y, name))
            y += 1.0
        low, high = g.interval
        middle = 0.5 * (first + y - 1.0)
        worst = min(worst, g.score, g.score if np.isnan(low) else low)
        scores.plot([g.score], [middle], "o", color=DRIVEN, markersize=6)
        if not np.isnan(low):
            scores.plot([low, high], [middle] * 2, color=DRIVEN, linewidth=2.5, alpha=0.5)
    _draw_references(laps, assessments[0])
    for ax in (laps, scores):
        tidy(ax, "")
        ax.set_ylim(y - 0.4, -0.6)
        ax.grid(axis="y", color=GRID, linewidth=0)
    scores.set_xlim(max(worst - 0.03, -0.03), 1.01)
    laps.set_yticks([at for at, _ in ticks], [name for _, name in ticks])
    scores.set_yticks([])
    laps.set_xlabel("clean laps, s", color=TEXT, fontsize=9)
    scores.set_xlabel("score: limit / lap time,\ninterquartile mean, 95 %", color=TEXT, fontsize=9)
    handles, labels = laps.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    laps.legend(unique.values(), unique.keys(), fontsize=8, frameon=False, loc="best")
    evaluation = assessments[0].evaluation
    title = f"{evaluation.car.title}, {evaluation.track.title}"
    figure.suptitle(title, x=0.01, ha="left", color=TEXT, fontsize=13, fontweight="bold")
    figure.savefig(path, dpi=130)
    return path


def _draw_laps(ax: Any, run: Assessment, y: float) -> None:
    for k, (kind, attempts) in enumerate(run.attempts.items()):
        times = attempts.times_s
        heights = y + 0.22 * (k - 0.5 * (len(run.attempts) - 1))
        ax.plot(
            times, np.full(len(times), heights), "o", color=_KIND_COLOURS[kind], alpha=0.6, markersize=4.5,
            markeredgewidth=0, label=f"{kind} start",
        )  # fmt: skip
        if not len(times):
            ax.annotate(
                f"no clean lap, {kind} start", (0.02, heights), xycoords=("axes fraction", "data"), fontsize=7,
                color=PALE, va="center",
            )  # fmt: skip


def _draw_references(ax: Any, run: Assessment) -> None:
    ax.axvline(run.evaluation.limit_s, color=TEXT, linewidth=1.2, linestyle="--", label="limit")
    for name, colour in _REFERENCE_COLOURS.items():
        if name in run.published:
            label = {"human": "best human (in the game)", "sac": "SAC (in the game)"}[name]
            ax.axvline(run.published[name], color=colour, linewidth=1.2, linestyle=":", label=label)
