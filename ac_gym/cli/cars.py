"""`ac-gym cars`: list the cars, show one with all its figures."""

from __future__ import annotations

import math
from typing import Annotated

import typer

app = typer.Typer(help="List the cars and show their figures.", no_args_is_help=True)

_WATTS_A_BHP = 745.7


@app.command("list")
def list_cars(
    track: Annotated[str, typer.Option(help="circuit for top speed and limit lap")] = "monza",
) -> None:
    """A table of the cars that come with the package, and what they can do on a circuit."""
    from rich.console import Console
    from rich.table import Table

    from ac_gym.car import available_cars, envelope, load_car
    from ac_gym.track import load_track, speed_profile

    circuit = load_track(track)
    table = Table(box=None, pad_edge=False, caption=f"top speed and limit lap: {circuit.title}", caption_justify="left")
    table.add_column("name", no_wrap=True)
    table.add_column("title")
    for name in ("mass", "power", "top speed", "limit lap"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in available_cars():
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
