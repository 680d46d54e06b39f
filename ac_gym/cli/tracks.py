"""`ac-gym tracks`: list the circuits, draw one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="List the circuits and draw them.", no_args_is_help=True)


@app.command("list")
def list_tracks() -> None:
    """A table of the circuits that come with the package."""
    from rich.console import Console
    from rich.table import Table

    from ac_gym.track import available_tracks, load_track

    table = Table(box=None, pad_edge=False)
    for column in ("name", "length", "corners", "direction", "title"):
        number = column in ("length", "corners")
        table.add_column(column, justify="right" if number else "left", no_wrap=column == "name")
    for name in available_tracks():
        track = load_track(name)
        table.add_row(name, f"{track.length_m:.0f} m", str(len(track.corners)), track.direction, track.title)
    Console().print(table)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="a circuit of `ac-gym tracks list`, or the path of a track file")],
    car: Annotated[str | None, typer.Option(help="colour the racing line by the speed of this car")] = None,
    output: Annotated[Path | None, typer.Option(help="image to write (.png, .svg, .pdf); default NAME.png")] = None,
) -> None:
    """Draw a circuit: borders, kerbs, racing line, corner names."""
    from ac_gym.errors import AcGymError
    from ac_gym.track import load_track, speed_profile
    from ac_gym.track.plot import save_drawing

    track = load_track(name)
    speed, note = None, ""
    if car is not None:
        from ac_gym.car import envelope, load_car

        profile = speed_profile(track, envelope(load_car(car)))
        speed = profile.speed
        note = (
            f"{car}: limit lap {profile.lap_time_s:.2f} s, average {3.6 * profile.mean_speed_mps:.0f} km/h, "
            f"top {3.6 * profile.top_speed_mps:.0f} km/h"
        )
    path = output or Path(f"{track.name}.png")
    try:
        save_drawing(track, str(path), speed, note)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise AcGymError(f"{path}: cannot be written ({reason}); choose another --output") from error
    typer.echo(f"{path}: {track.title}, {track.length_m:.0f} m{f'; {note}' if note else ''}")
