"""`ac-gym tracks`: list the circuits, draw one, import one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ac_gym.track import Track
    from ac_gym.track.borders import Borders

app = typer.Typer(help="List the circuits, draw them, and import those of the game.", no_args_is_help=True)


@app.command("list")
def list_tracks() -> None:
    """A table of the circuits that come with the package, and of your own."""
    from rich.console import Console
    from rich.table import Table

    from ac_gym.track import available_tracks, load_track, user_tracks

    table = Table(box=None, pad_edge=False)
    for column in ("name", "length", "corners", "direction", "title"):
        number = column in ("length", "corners")
        table.add_column(column, justify="right" if number else "left", no_wrap=column == "name")
    for name in [*available_tracks(), *user_tracks()]:
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


@app.command("import")
def import_track(
    source: Annotated[
        Path | None,
        typer.Argument(help="folder of the circuit in the game (content/tracks/NAME[/LAYOUT]), fast_lane.ai, or a CSV"),
    ] = None,
    host: Annotated[str | None, typer.Option(help="take it from the plugin in the game that runs there")] = None,
    port: Annotated[int, typer.Option(help="the plugin's management port, with --host")] = 2347,
    token: Annotated[str, typer.Option(help="the plugin's token, with --host")] = "",
    line: Annotated[
        Path | None, typer.Option(help="CSV with the racing line (pos_x, pos_y), beside a border CSV")
    ] = None,
    name: Annotated[str | None, typer.Option(help="name for track=..., else that in the game or of the file")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="in place of one that you have imported before")] = False,
    sides: Annotated[bool, typer.Option(help="use data/side_l.csv and side_r.csv where they are there")] = True,
) -> None:
    """Make a circuit of the game your own: check its borders, keep them, draw them."""
    from ac_gym.errors import AcGymError
    from ac_gym.track.store import keep_track

    if (source is None) == (host is None):
        raise AcGymError("tracks import: give either a SOURCE (folder, fast_lane.ai or CSV) or --host")
    found, borders = _from_game(str(host), port, token) if source is None else _from_files(source, line, sides)
    path, track = keep_track(name or found, borders, replace=replace)
    typer.echo(_described(track))
    typer.echo(f"wrote {path}")
    typer.echo(_drawn(track, path.with_suffix(".png")))
    typer.echo(f"drive on it: ac-gym drive --track {track.name}")


def _from_files(source: Path, line: Path | None, sides: bool) -> tuple[str, Borders]:
    """Name and borders."""
    if source.suffix.lower() == ".csv":
        from ac_gym.track.border_file import read_borders

        return source.stem, read_borders(source, line)
    from ac_gym.track.installed import installed_borders

    return installed_borders(source, sides=sides)


def _from_game(host: str, port: int, token: str) -> tuple[str, Borders]:
    """Name and borders of the circuit that the game is on; drives nothing and disturbs no driver."""
    from ac_gym.game.dialect import Wishes, recognise
    from ac_gym.track.borders import Borders

    # What a driver would wish for; but only the management server is asked.
    wishes = Wishes(role="driver", protocol="auto", apply="default", token=token, take_over=False)
    management, _ = recognise(host, port, wishes, timeout=10.0)
    info = management.track_info()
    borders = Borders(info["left_lane"], info["right_lane"], info["fast_lane"], info.get("height"))
    return management.static_info()["TrackFullName"], borders


def _described(track: Track) -> str:
    width = track.width_left + track.width_right
    climb = (track.grade.cumsum() * track.step_m).round(1)
    return (
        f"{track.name}: {track.length_m:.0f} m, {width.min():.1f} to {width.max():.1f} m wide, {track.direction}, "
        f"{len(track.corners)} corners, {climb.max() - climb.min():.0f} m of height"
    )


def _drawn(track: Track, path: Path) -> str:
    """Draws the circuit; says why where that cannot be done, which is no reason to stop."""
    from ac_gym.errors import AcGymError
    from ac_gym.track.plot import save_drawing

    try:
        save_drawing(track, str(path))
    except (AcGymError, OSError) as error:
        return f"not drawn: {error}"
    return f"wrote {path}"
