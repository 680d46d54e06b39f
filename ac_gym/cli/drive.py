"""`ac-gym drive`: laps of the line follower, with times, plots and a video."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from ac_gym.evaluation import Evaluation
    from ac_gym.task import Telemetry


def drive(
    track: Annotated[
        str, typer.Option(help="a circuit of `ac-gym tracks list`, or the path of a track file")
    ] = "monza",
    car: Annotated[str, typer.Option(help="a car of `ac-gym cars list`, or the path of a car file")] = "bmw_z4_gt3",
    pace: Annotated[float, typer.Option(min=0.1, max=1.0, help="share of the car's grip that the driver uses")] = 0.95,
    laps: Annotated[int, typer.Option(min=1, help="laps to drive; the first begins from a standing start")] = 3,
    world: Annotated[
        str, typer.Option(help="simulated, or game: the running game (or `ac-gym serve`), through its plugin")
    ] = "simulated",
    host: Annotated[str, typer.Option(help="machine where the game runs")] = "127.0.0.1",
    ego_port: Annotated[int, typer.Option(help="the plugin's UDP port")] = 2345,
    management_port: Annotated[int, typer.Option(help="the plugin's TCP port")] = 2347,
    token: Annotated[str, typer.Option(help="the plugin's token, where it has one")] = "",
    output: Annotated[Path | None, typer.Option(help="folder for plots, tables and a video of the best lap")] = None,
    video: Annotated[bool, typer.Option(help="make the video")] = True,
) -> None:
    """Drive laps along the racing line with a driver that needs no learning."""
    from rich.console import Console

    from ac_gym.car import load_car
    from ac_gym.drivers import LineFollower
    from ac_gym.errors import UnknownNameError
    from ac_gym.evaluation import drive_laps
    from ac_gym.track import load_track
    from ac_gym.worlds import GameSettings

    console = Console(highlight=False)
    if world == "simulated":
        driver = LineFollower(load_track(track), load_car(car), pace=pace)
        evaluation = drive_laps(driver, track=track, car=car, laps=laps)
    elif world == "game":
        from ac_gym.worlds.game import GameWorld

        settings = GameSettings(
            host=host, ego_server_port=ego_port, simulation_management_server_port=management_port, token=token
        )
        with closing(GameWorld(track, car, settings)) as game, console.status("connected") as status:
            driver = LineFollower(game.track, game.car, pace=pace)
            evaluation = drive_laps(
                driver, track=track, car=car, laps=laps, world=game, watch=lambda now: status.update(_driving(now))
            )
        console.print(game.report())
    else:
        raise UnknownNameError("world", world, ("simulated", "game"))
    console.print(f"{evaluation.car.title} on {evaluation.track.title}, limit {evaluation.limit_s:.2f} s")
    if evaluation.laps:
        console.print(lap_table(evaluation))
    console.print(evaluation.verdict())
    if output is not None:
        from ac_gym.report import write_report

        for path in write_report(output, evaluation, video=video):
            console.print(f"wrote {path}", soft_wrap=True)


def _driving(now: Telemetry) -> str:
    """One line about the car on its way."""
    return (
        f"lap {now['lap_count'][0] + 1:.0f}, {100 * now['spline_position'][0]:.0f} %, "
        f"{now['current_time'][0] / 1000:.1f} s, {3.6 * now['speed'][0]:.0f} km/h"
    )


def lap_table(evaluation: Evaluation) -> Table:
    """Each lap with its time, its distance to the limit and whether it was clean."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("lap", "time", "over the limit", "clean", ""):
        table.add_column(name, justify="right" if name in ("lap", "time", "over the limit") else "left")
    for lap in evaluation.laps:
        over = 100.0 * (lap.time_s / evaluation.limit_s - 1.0)
        best = "[green]best[/green]" if lap == evaluation.best else ""
        note = "out lap" if lap.out_lap else best
        table.add_row(
            str(lap.number), f"{lap.time_s:.3f} s", f"{over:.1f} %", "yes" if lap.clean else "[red]no[/red]", note
        )
    return table
