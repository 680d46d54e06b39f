"""`ac-gym demonstrate`: record laps of line followers, so that learning from recorded laps needs no human driver."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demonstrate(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="the data set: <track>/<car>/<id>/laps, laps.yaml")],
    track: Annotated[str, typer.Option(help="a circuit, or the path of a track file")] = "monza",
    car: Annotated[str, typer.Option(help="a car, or the path of a car file")] = "bmw_z4_gt3",
    laps: Annotated[int, typer.Option(min=1, help="laps of each driver, beside the way to the first")] = 3,
    pace: Annotated[
        list[float] | None, typer.Option(help="share of the grip used, once a driver [default: 0.85 0.93 0.97 1]")
    ] = None,
    noise: Annotated[
        list[float] | None,
        typer.Option(
            help="standard deviation of noise on the actions; each pace drives with each [default: 0 0.05 0.1 0.2]"
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, help="of starts and noise; another one adds laps of the same drivers")
    ] = 0,
) -> None:
    """Record laps of drivers of several skills in the simulator."""
    import math

    from rich.console import Console
    from rich.table import Table

    from ac_gym.datasets.demonstrations import record_demonstrations
    from ac_gym.datasets.listing import LIST_FILE
    from ac_gym.drivers.demonstrator import NOISE, PACES
    from ac_gym.errors import AcGymError

    console = Console(highlight=False)
    with console.status("driving") as status:

        def watch(step: int, most: int) -> None:
            if step % 100 == 0:
                status.update(f"driving: {step / 25 / 60:.1f} minutes of at most {most / 25 / 60:.0f}")

        try:
            driven = record_demonstrations(
                directory, track=track, car=car, laps=laps, paces=pace or PACES, noise=noise or NOISE, seed=seed,
                watch=watch,
            )  # fmt: skip
        except (AcGymError, KeyboardInterrupt) as error:
            failed_too = getattr(error, "__notes__", ())
            for note in failed_too:
                console.print(note, soft_wrap=True, markup=False)
            if isinstance(error, AcGymError):
                raise
            kept = f"what {'else ' if failed_too else ''}was driven is kept, listed in {directory / LIST_FILE}"
            console.print(f"interrupted: {kept}", soft_wrap=True)
            raise typer.Exit(1) from None
    table = Table(box=None, pad_edge=False)
    for name in ("driver", "laps", "clean", "best", "steps"):
        table.add_column(name, justify="left" if name == "driver" else "right")
    for one in driven:
        best = f"{one.best_s:.3f} s" if math.isfinite(one.best_s) else "-"
        table.add_row(one.listed.id, str(one.laps), str(one.clean_laps), best, str(one.steps))
    console.print(table)
    console.print(f"{sum(one.steps for one in driven):,} steps, listed in {directory / LIST_FILE}", soft_wrap=True)
