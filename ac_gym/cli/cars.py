"""`ac-gym cars`: list the cars, show one with all its figures, import one."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="List the cars, show their figures, and import those of the game.", no_args_is_help=True)

_WATTS_A_BHP = 745.7


@app.command("list")
def list_cars(
    track: Annotated[str, typer.Option(help="circuit for top speed and limit lap")] = "monza",
) -> None:
    """A table of the cars that come with the package and of your own, and what they can do on a circuit."""
    from rich.console import Console
    from rich.table import Table

    from ac_gym.car import available_cars, envelope, load_car, user_cars
    from ac_gym.track import load_track, speed_profile

    circuit = load_track(track)
    table = Table(box=None, pad_edge=False, caption=f"top speed and limit lap: {circuit.title}", caption_justify="left")
    table.add_column("name", no_wrap=True)
    table.add_column("title")
    for name in ("mass", "power", "top speed", "limit lap"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in [*available_cars(), *user_cars()]:
        car = load_car(name)
        profile = speed_profile(circuit, envelope(car))
        power_w = max(rpm * torque for rpm, torque in car.torque_curve) * math.tau / 60.0
        table.add_row(
            name, car.title, f"{car.values['chassis_mass']:.0f} kg", f"{power_w / _WATTS_A_BHP:.0f} bhp",
            f"{3.6 * profile.top_speed_mps:.0f} km/h", f"{profile.lap_time_s:.2f} s",
        )  # fmt: skip
    Console(highlight=False).print(table)


@app.command()
def show(name: Annotated[str, typer.Argument(help="a car of `ac-gym cars list`, or the path of a car file")]) -> None:
    """All figures of a car, with unit and source."""
    from rich.console import Console
    from rich.table import Table

    from ac_gym import _core
    from ac_gym.car import CURVE_UNIT, load_car

    car = load_car(name)
    table = Table(box=None, pad_edge=False)
    for column in ("figure", "value", "unit", "source"):
        table.add_column(column, justify="right" if column == "value" else "left", overflow="fold")
    listed = {
        "engine_torque_curve": ("\n".join(f"{rpm:g}: {torque:g}" for rpm, torque in car.torque_curve), CURVE_UNIT),
        "drivetrain_gear_ratios": ("\n".join(f"{ratio:g}" for ratio in car.gears), "1"),
    }
    for figure, source in car.origins.items():
        value, unit = listed.get(figure) or (f"{car.values[figure]:g}", _core.CAR_PARAMS[figure])
        table.add_row(figure, value, unit, source)
    sources = Table(box=None, pad_edge=False, show_header=False)
    for short, long in car.sources.items():
        sources.add_row(short, long)
    console = Console(highlight=False)
    console.print(f"[bold]{car.title}[/bold] ({car.name})\n")
    console.print(table)
    console.print("\n[bold]sources[/bold]")
    console.print(sources)


@app.command("import")
def import_car_of_the_game(
    folder: Annotated[Path, typer.Argument(help="the car's folder in the game (content/cars/CAR), or its data folder")],
    name: Annotated[str | None, typer.Option(help="name for car=..., else the folder's")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="in place of one that you have imported before")] = False,
) -> None:
    """Make a car file of the unpacked data of a car that you own, and say what could not be taken over."""
    from ac_gym.car import envelope
    from ac_gym.car_import import import_car, keep_car
    from ac_gym.track import load_track, speed_profile

    text, lines = import_car(folder, name)
    car, path = keep_car(text, replace=replace)
    for line in lines:
        typer.echo(line)
    profile = speed_profile(load_track("monza"), envelope(car))
    known = sum(source != "estimate" for source in car.origins.values())
    typer.echo(
        f"{car.title}: {known} of {len(car.origins)} figures from the data, {len(car.origins) - known} estimated; "
        f"{car.values['chassis_mass']:.0f} kg, top speed {3.6 * profile.top_speed_mps:.0f} km/h, limit lap on Monza "
        f"{profile.lap_time_s:.2f} s"
    )
    typer.echo(f"wrote {path}")
    typer.echo(f"drive it: ac-gym drive --car {car.name}")
