"""Two laps over distance: where one gains on the other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ac_gym.datasets.model import AT, RecordedLap
from ac_gym.datasets.whole import new_file
from ac_gym.errors import RecordingError

_STEP_M = 2.0
TRACES = ("speed", "throttle", "brake", "steer_angle")


@dataclass(frozen=True)
class LapTrace:
    """One lap at equal steps of distance."""

    title: str
    time_s: NDArray[np.float64]
    """(D,) since the line"""
    values: dict[str, NDArray[np.float64]]
    """channel of TRACES -> (D,)"""
    lap_s: float


@dataclass(frozen=True)
class Comparison:
    """A lap against a reference."""

    distance_m: NDArray[np.float64]
    """(D,)"""
    lap: LapTrace
    reference: LapTrace

    @property
    def delta_s(self) -> NDArray[np.float64]:
        """(D,): how much later the lap is at a place than the reference."""
        return self.lap.time_s - self.reference.time_s


def compare(lap: RecordedLap, reference: RecordedLap) -> Comparison:
    """Both laps over the distance along the lap, in m of the reference's; RecordingError for one that is not whole."""
    length = _length(reference)
    distance = np.arange(0.0, length, _STEP_M)
    share = distance / length
    return Comparison(distance, _trace(lap, share), _trace(reference, share))


def _length(lap: RecordedLap) -> float:
    """Of the path driven, m."""
    position = lap["world_position"]
    return float(np.hypot(*np.diff(position[:, :2], axis=0).T).sum())


def _trace(lap: RecordedLap, share: NDArray[np.float64]) -> LapTrace:
    title = f"{lap.recording.name}, lap {lap.number}"
    for name in ("spline_position", "world_position", "speed"):
        if not lap.recording.known[AT[name]]:
            raise RecordingError(f"{title}: without {name} it cannot be laid over another lap")
    if not np.isfinite(lap.time_s):
        raise RecordingError(f"{title}: not a whole lap from line to line")
    time = _time(lap)
    progress = np.unwrap(lap["spline_position"], period=1.0)
    progress -= np.round(progress[0])  # a lap may begin a step before the place where the game counts 0
    ahead = np.concatenate([[True], progress[1:] > np.maximum.accumulate(progress)[:-1]]) & (progress < 1.0)
    if not np.isfinite(progress).all() or ahead.sum() < 10:
        raise RecordingError(f"{title}: its progress along the lap has missing numbers")

    place = progress[ahead]
    values = {name: np.interp(share, place, lap[name][ahead]) for name in TRACES}
    time_s = np.interp(share, [*place, 1.0], [*time[ahead], lap.time_s])  # no row lies on the line itself
    return LapTrace(title, time_s, values, lap.time_s)


def _time(lap: RecordedLap) -> NDArray[np.float64]:
    if lap.recording.known[AT["current_time"]]:
        return lap["current_time"] / 1000.0
    return np.arange(lap.stop - lap.first) / lap.recording.rate


def plot_comparison(path: Path, comparison: Comparison) -> Path:
    """Speed, time lost, pedals and steering of both laps over distance, in a format that the name's ending tells.

    A picture of that name is replaced. RecordingError where it cannot be written.
    """
    from ac_gym.report.plots import BRAKE, DRIVEN, LIMIT, TEXT, THROTTLE, new_figure, tidy

    km, lap, reference = comparison.distance_m / 1000.0, comparison.lap, comparison.reference
    figure = new_figure(13.0, 9.0)
    axes = figure.subplots(5, 1, sharex=True, height_ratios=[4, 1.8, 1.4, 1.4, 1.6])
    speed, delta, throttle, brake, steer = axes
    speed.set_title(
        f"{lap.title} ({lap.lap_s:.3f} s) against {reference.title} ({reference.lap_s:.3f} s)",
        loc="left", color=TEXT, fontsize=11,
    )  # fmt: skip
    pairs = ((speed, "speed", 3.6, DRIVEN), (throttle, "throttle", 100.0, THROTTLE), (brake, "brake", 100.0, BRAKE))
    for ax, name, factor, colour in (*pairs, (steer, "steer_angle", 1.0, DRIVEN)):
        ax.plot(km, factor * reference.values[name], color=LIMIT, linewidth=1.2, label=reference.title)
        ax.plot(km, factor * lap.values[name], color=colour, linewidth=1.2, label=lap.title)
    speed.legend(loc="lower right", fontsize=8, frameon=False, ncols=2)
    lost = comparison.delta_s
    delta.axhline(0.0, color=LIMIT, linewidth=1.2)
    delta.fill_between(km, lost, where=lost >= 0.0, color=BRAKE, alpha=0.2, linewidth=0)
    delta.fill_between(km, lost, where=lost <= 0.0, color=THROTTLE, alpha=0.2, linewidth=0)
    delta.plot(km, lost, color=TEXT, linewidth=1.2)
    for ax in (throttle, brake):
        ax.set_ylim(-5.0, 105.0)
    speed.set_ylim(0.0, None)
    labels = ("speed, km/h", "time lost, s", "throttle, %", "brake, %", "steering, deg\nright positive")
    for ax, label in zip(axes, labels, strict=True):
        tidy(ax, label)
    figure.align_ylabels()
    steer.set_xlim(0.0, km[-1])
    steer.set_xlabel("distance along the lap, km", color=TEXT, fontsize=9)
    kind = path.suffix[1:].lower()
    if kind not in (formats := figure.canvas.get_supported_filetypes()):
        raise RecordingError(
            f"{path}: pictures are written as {', '.join(sorted(formats))}; end its name in one of these"
        )
    with new_file(path, replace=True) as unfinished:
        figure.savefig(unfinished, format=kind, dpi=130)
    return path
