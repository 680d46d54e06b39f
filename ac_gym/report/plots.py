"""Plots of a driven lap: over the track, and over distance against the limit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ac_gym.evaluation import Evaluation, Trace
from ac_gym.track.plot import draw_speed, draw_track, figure_size, plotting

TEXT, PALE, GRID = "#22262b", "#8b929b", "#e4e7ea"
DRIVEN, LIMIT, THROTTLE, BRAKE, STEER = "#1f6fe0", "#f0a33a", "#33a860", "#d8342b", "#6b4fc0"


def new_figure(width_in: float, height_in: float) -> Any:
    """A figure that needs no window."""
    with plotting():
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def tidy(ax: Any, label: str) -> None:
    """Grid and label, no frame."""
    ax.set_ylabel(label, color=TEXT, fontsize=9)
    ax.grid(True, color=GRID, linewidth=0.7)
    ax.set_axisbelow(True)
    ax.tick_params(labelsize=8, colors=TEXT, length=2)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(PALE)


def plot_line(path: Path, evaluation: Evaluation) -> Path:
    """The driven line over the track, coloured by speed; the racing line thin beneath it."""
    track, trace = evaluation.track, evaluation.shown()
    figure = new_figure(*figure_size(track))
    ax = draw_track(track, ax=figure.add_subplot(), line_width=0.7)
    position = np.asarray(trace.telemetry["world_position"], np.float64)
    draw_speed(ax, position[:, 0], position[:, 1], np.asarray(trace.telemetry["speed"], np.float64))
    if trace.lap is None:
        ax.plot(*position[-1, :2], "x", color=BRAKE, markersize=12, markeredgewidth=3, zorder=8)
    ax.annotate(
        f"{evaluation.car.title}: {headline(evaluation, trace)}", (0.0, 1.0), (0, 8), "axes fraction",
        textcoords="offset points", color=TEXT, fontsize=10,
    )  # fmt: skip
    figure.savefig(path, dpi=160, bbox_inches="tight", pad_inches=0.25)
    return path


def plot_speed(path: Path, evaluation: Evaluation) -> Path:
    """Speed against the limit profile over distance; beneath it time lost, pedals, steering, distance to the line."""
    track, profile, trace = evaluation.track, evaluation.profile, evaluation.shown()
    t, km = trace.telemetry, trace.distance_m / 1000.0
    figure = new_figure(13.0, 9.0)
    axes = figure.subplots(5, 1, sharex=True, height_ratios=[4, 1.6, 1.4, 1.4, 1.4])
    speed, delta, pedals, steer, gap = axes
    figure.suptitle(
        f"{evaluation.car.title}, {track.title}", x=0.01, ha="left", color=TEXT, fontsize=14, fontweight="bold"
    )
    speed.set_title(headline(evaluation, trace), loc="left", color=TEXT, fontsize=10, pad=27)

    speed.plot(track.s / 1000.0, 3.6 * profile.speed, color=LIMIT, linewidth=1.4, label="limit")
    speed.plot(km, 3.6 * t["speed"], color=DRIVEN, linewidth=1.6, label="driven")
    speed.legend(loc="lower right", fontsize=8, frameon=False, ncols=2)
    speed.set_ylim(0.0, None)
    lost = trace.time_s - np.interp(trace.distance_m, [*track.s, track.length_m], [*profile.time, profile.lap_time_s])
    delta.fill_between(km, lost, color=DRIVEN, alpha=0.15, linewidth=0)
    delta.plot(km, lost, color=DRIVEN, linewidth=1.4)
    pedals.plot(km, 100.0 * t["throttle"], color=THROTTLE, linewidth=1.1, label="throttle")
    pedals.plot(km, 100.0 * t["brake"], color=BRAKE, linewidth=1.1, label="brake")
    pedals.legend(loc="lower right", bbox_to_anchor=(1.0, 0.93), fontsize=8, frameon=False, ncols=2)
    pedals.set_ylim(-5.0, 105.0)
    steer.plot(km, t["steer_angle"], color=STEER, linewidth=1.1)
    gap.plot(km, t["gap"], color=TEXT, linewidth=1.1)
    labels = (
        "speed, km/h",
        "lost to the limit, s",
        "pedals, %",
        "steering, deg\nright positive",
        "off the line, m\nright positive",
    )
    for ax, label in zip(axes, labels, strict=True):
        tidy(ax, label)
        for corner in track.corners:
            ax.axvspan(corner.start_m / 1000.0, corner.end_m / 1000.0, color="#f3f5f7", zorder=0)
    _name_corners(speed, evaluation)
    figure.align_ylabels()
    gap.set_xlim(0.0, track.length_m / 1000.0)
    gap.set_xlabel("distance along the centre line, km", color=TEXT, fontsize=9)
    figure.savefig(path, dpi=130)
    return path


def headline(evaluation: Evaluation, trace: Trace) -> str:
    """Time of the lap shown and its distance to the limit, or where it ended."""
    if trace.lap is None:
        ending = evaluation.stints[0].ending if len(evaluation.stints) == 1 else "not finished"
        return f"no finished lap: {ending.replace('_', ' ')} at {trace.telemetry['s'][-1]:.0f} m"
    share = 100.0 * (trace.lap.time_s / evaluation.limit_s - 1.0)
    kind = "best clean lap" if trace.lap.clean else "best lap, not clean,"
    speed = 3.6 * trace.telemetry["speed"]
    pace = f"average {speed.mean():.0f} km/h, top {speed.max():.0f} km/h"
    return f"{kind} {trace.lap.time_s:.3f} s, {share:.1f} % over the limit of {evaluation.limit_s:.2f} s; {pace}"


def _name_corners(ax: Any, evaluation: Evaluation) -> None:
    """Names over the plot, on two levels where they are close."""
    length = evaluation.track.length_m
    ends = [-np.inf, -np.inf]  # of the last name on each level, m
    for corner in evaluation.track.corners:
        middle, half = 0.5 * (corner.start_m + corner.end_m), 0.0034 * length * len(corner.name)
        level = 0 if middle - half >= ends[0] else 1
        if middle - half < ends[level]:
            continue
        ends[level] = middle + half
        ax.annotate(
            corner.name, (middle / 1000.0, 1.0), (0, 3 + 9 * level), ("data", "axes fraction"),
            textcoords="offset points", ha="center", fontsize=7, color=PALE,
        )  # fmt: skip
