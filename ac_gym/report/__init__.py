"""What a run leaves to look at: tables, plots and a video of its best lap."""

from __future__ import annotations

from pathlib import Path

from ac_gym.evaluation import Evaluation
from ac_gym.report.learning import plot_learning, plot_losses
from ac_gym.report.plots import plot_line, plot_speed
from ac_gym.report.tables import write_json, write_laps, write_stats
from ac_gym.report.video import write_video


def write_report(
    run_dir: str | Path, evaluation: Evaluation, *, stats: bool = True, lap_csv: bool = True, video: bool = True
) -> list[Path]:
    """Writes into `run_dir` and returns what was written.

    evaluation.json                       figures of the evaluation
    episodes_stats.csv                    a row for each car's stint (`stats`)
    laps/                                 telemetry of its laps as CSV (`lap_csv`)
    learning_curve.png                    where the folder has a summary.csv
    lap_line.png, lap_speed.png           the best lap over the track, and its speed, delta and controls over distance
    lap.mp4                               the best lap from above (`video`)
    """
    folder = Path(run_dir)
    folder.mkdir(parents=True, exist_ok=True)
    written = [write_json(folder / "evaluation.json", evaluation)]
    if stats:
        written.append(write_stats(folder / "episodes_stats.csv", evaluation))
    if lap_csv:
        written += write_laps(folder / "laps", evaluation)
    if (folder / "summary.csv").is_file():
        curve = folder / "summary.csv", folder / "learning_curve.png"
        written += plot_losses(*curve) or plot_learning(*curve, evaluation)
    written.append(plot_line(folder / "lap_line.png", evaluation))
    written.append(plot_speed(folder / "lap_speed.png", evaluation))
    if video:
        written.append(write_video(folder / "lap.mp4", evaluation))
    return written


__all__ = ["write_report"]
