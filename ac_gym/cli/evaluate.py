"""`ac-gym evaluate`: drivers measured by one protocol, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ac_gym.assessment import Assessment, Protocol

LINE_FOLLOWER = "line-follower"


def evaluate(
    drivers: Annotated[
        list[str],
        typer.Argument(
            help="line-follower, the folder of a run of train.py, or of one of its checkpoints; several, as "
            "NAME=FOLDER, are compared, and those of one name as runs of one method"
        ),
    ],
    track: Annotated[str | None, typer.Option(help="default: that of the run; monza")] = None,
    car: Annotated[str | None, typer.Option(help="default: that of the run; bmw_z4_gt3")] = None,
    laps: Annotated[int, typer.Option(min=1, help="counted laps of each car, after its out lap")] = 3,
    standing: Annotated[int, typer.Option(min=0, help="cars that start standing, before the line")] = 1,
    flying: Annotated[int, typer.Option(min=0, help="cars that start flying, anywhere on the racing line")] = 8,
    vary: Annotated[
        float, typer.Option(min=0.0, max=0.4, help="draw grip and mass of each car within this share, as 0.01")
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="of starts and cars")] = 0,
    pace: Annotated[float, typer.Option(min=0.1, max=1.0, help="share of the grip that the line follower uses")] = 0.95,
    output: Annotated[Path | None, typer.Option(help="folder for evaluation.json, evaluation.md, plots")] = None,
) -> None:
    """Lap times with spread, clean laps, and the distance to the limit and to published laps."""
    from rich.console import Console

    from ac_gym.assessment import Protocol
    from ac_gym.errors import ConfigError
    from ac_gym.report.comparison import notes, score_lines, write_comparison

    protocol = Protocol(laps=laps, standing=standing, flying=flying, vary=vary, seed=seed)
    console = Console(highlight=False)
    found: list[Assessment] = []
    for driver in drivers:
        label, _, source = driver.rpartition("=")
        with console.status(f"driving: {driver}"):
            found.append(_assess(source, label or _label(source), track, car, pace, protocol))
    if len({(a.evaluation.track.name, a.evaluation.car.name) for a in found}) > 1:
        raise ConfigError("drivers of different tracks or cars are not compared: give --track and --car")
    console.print(_table(found))
    for line in score_lines(found):
        console.print(line)
    for note in notes(found):
        console.print(note, style="dim")
    if output is not None:
        from ac_gym.report.plots import plot_line, plot_speed

        written = write_comparison(output, found)
        for number, assessment in enumerate(found, 1):
            for kind, attempts in assessment.attempts.items():
                name = f"{number:02d}_{kind}"
                written.append(plot_line(output / f"{name}_line.png", attempts.evaluation))
                written.append(plot_speed(output / f"{name}_speed.png", attempts.evaluation))
        for path in written:
            console.print(f"wrote {path}", soft_wrap=True)


def _label(source: str) -> str:
    """A run's folder under its own name, one of its checkpoints as run/checkpoint."""
    path = Path(source)
    return f"{path.parents[1].name}/{path.name}" if path.parent.name == "model" else path.name


def _assess(source: str, label: str, track: str | None, car: str | None, pace: float, protocol: Protocol) -> Assessment:
    from ac_gym.assessment import assess
    from ac_gym.car import load_car
    from ac_gym.cli.checkpoints import check_sizes, checkpoint, settings_around
    from ac_gym.drivers import LineFollower, NetworkPolicy
    from ac_gym.track import load_track

    if source == LINE_FOLLOWER:
        place: dict[str, Any] = {"track": track or "monza", "car": car or "bmw_z4_gt3"}
        driver = LineFollower(load_track(place["track"]), load_car(place["car"]), pace=pace)
        return assess(driver, place, protocol, label=label, source=f"{source} --pace {pace:g}")
    folder = checkpoint(Path(source), f"{LINE_FOLLOWER}, or ")
    settings = settings_around(folder)
    settings |= {name: value for name, value in (("track", track), ("car", car)) if value is not None}
    policy = NetworkPolicy.load(folder)
    check_sizes(folder, policy, settings)
    return assess(policy, settings, protocol, label=label, source=str(folder))


def _table(found: list[Assessment]) -> Any:
    from rich.table import Table

    from ac_gym.report.comparison import COLUMNS, rows

    table = Table(box=None, pad_edge=False, collapse_padding=True)
    for name in COLUMNS:
        table.add_column(name, justify="left" if name in ("driver", "start") else "right", no_wrap=True)
    for row in rows(found):
        table.add_row(*row)
    return table
