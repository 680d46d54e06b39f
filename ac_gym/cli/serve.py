"""`ac-gym serve`: stand in for the game, so that plugin, client and learner run without it."""

from __future__ import annotations

import json
import math
import os
import signal
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ac_gym.errors import AcGymError, ConfigError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from ac_gym.standin import Host

_REFRESH_HZ = 4.0


def serve(
    track: Annotated[
        str, typer.Option(help="a circuit of `ac-gym tracks list`, or the path of a track file")
    ] = "monza",
    car: Annotated[str, typer.Option(help="a car of `ac-gym cars list`, or the path of a car file")] = "bmw_z4_gt3",
    speed: Annotated[str, typer.Option(help="game seconds a second; max: as fast as the driver answers")] = "1.0",
    cars: Annotated[int, typer.Option(min=1, help="cars on the track; all but the first drive by themselves")] = 1,
    fps: Annotated[float, typer.Option(help="frames a second of game time")] = 50.0,
    seed: Annotated[int, typer.Option(help="seed of random starts and of sensor noise")] = 0,
    reset: Annotated[
        str,
        typer.Option(help="what a reset does: road (as the game), line (hotlap start), random (as the simulator)"),
    ] = "road",
    manual_gearbox: Annotated[bool, typer.Option(help="gears are shifted by buttons 1 and 2")] = False,
    abs_: Annotated[bool, typer.Option("--abs/--no-abs", help="anti-lock brakes, where the car has them")] = False,
    traction_control: Annotated[bool, typer.Option(help="traction control, where the car has it")] = False,
    damage_rate: Annotated[float, typer.Option(min=0.0, help="0 none, 1 real")] = 0.0,
    tyre_wear_rate: Annotated[float, typer.Option(min=0.0, help="0 none, 1 real")] = 0.0,
    fuel_rate: Annotated[float, typer.Option(min=0.0, help="0 none, 1 real")] = 0.0,
    csp: Annotated[bool, typer.Option(help="with Custom Shaders Patch, which resets need")] = True,
    plugin: Annotated[bool, typer.Option(help="run the plugin sensors_par")] = True,
    app: Annotated[list[Path] | None, typer.Option(help="folder of another in-game app; may be repeated")] = None,
    host: Annotated[str, typer.Option(help="network interface of the servers")] = "127.0.0.1",
    allow_remote: Annotated[bool, typer.Option(help="let other machines connect")] = False,
    token: Annotated[str, typer.Option(envvar="AC_GYM_TOKEN", help="what clients must know to be let in")] = "",
    ego_port: Annotated[int, typer.Option(min=0, max=65535, help="UDP; 0: a free one")] = 2345,
    opponents_port: Annotated[int, typer.Option(min=0, max=65535, help="TCP; 0: a free one")] = 2346,
    management_port: Annotated[int, typer.Option(min=0, max=65535, help="TCP; 0: a free one")] = 2347,
    udp_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="UDP of the game's remote telemetry; 0: a free one; default: 9996, where that is free",
        ),
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="another setting of sensors_par.ini")
    ] = None,
    pages: Annotated[str, typer.Option(help="first part of the shared-memory pages' names")] = "acpmf",
    pictures: Annotated[
        str | None,
        typer.Option(metavar="WIDTHxHEIGHT", help="publish pictures of the ego's camera in shared memory, as 640x480"),
    ] = None,
    view: Annotated[str, typer.Option(help="where they are taken from: cockpit, chase or top")] = "cockpit",
    pictures_name: Annotated[str, typer.Option(help="their name")] = "ac_gym.pictures",
    folder: Annotated[Path | None, typer.Option(help="keep the made-up game folder here")] = None,
    patience: Annotated[float, typer.Option(help="with --speed max: longest wait for the driver's answer [s]")] = 0.5,
    until: Annotated[float | None, typer.Option(help="end after this much game time [s]")] = None,
    ready_file: Annotated[Path | None, typer.Option(help="JSON file to write once clients can connect")] = None,
    print_ports: Annotated[bool, typer.Option(help="print that JSON as one line")] = False,
    quiet: Annotated[bool, typer.Option(help="nothing but errors")] = False,
) -> None:
    """Run the plugin (and other in-game apps) outside the game, on a simulated track."""
    from rich.console import Console

    from ac_gym.standin import Host, PictureSettings

    console = Console(highlight=False, markup=False, soft_wrap=True, quiet=quiet)
    servers: dict[str, object] = {
        "ego_server_host_name": host, "allow_remote": allow_remote, "token": token, "ego_server_port": ego_port,
        "opponents_server_port": opponents_port, "simulation_management_server_port": management_port,
        **_pairs(set_ or []),
    }  # fmt: skip
    game = Host(
        track, car, cars=cars, speed=_speed(speed), fps=fps, seed=seed, reset=reset, apps=app or (), pages=pages,
        udp_host=host if allow_remote and not token else "127.0.0.1",  # the game's own protocol knows no token
        udp_port="auto" if udp_port is None else udp_port,
        csp=csp, folder=folder, patience=patience, on_log=console.print,
        pictures=None if pictures is None else PictureSettings(_size(pictures), view, pictures_name),
        manual_gearbox=manual_gearbox, abs=abs_,
        traction_control=traction_control, damage_rate=damage_rate, tyre_wear_rate=tyre_wear_rate, fuel_rate=fuel_rate,
        **({"settings": servers} if plugin else {"plugin": None}),
    )  # fmt: skip
    ready_file = ready_file.resolve() if ready_file is not None else None
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: game.stop())
    with game:
        game.step()
        _check_apps(game)
        about = _about(game, host)
        _tell_ready(about, ready_file)
        if print_ports:
            typer.echo(json.dumps(about))
        console.print(_headline(game, host))
        try:
            _run(game, until, console)
        finally:
            if ready_file is not None:
                ready_file.unlink(missing_ok=True)


def _run(game: Host, until: float | None, console: Console) -> None:
    if console.quiet or not console.is_terminal:
        game.run(until)
        return
    from rich.live import Live

    with Live(console=console, refresh_per_second=_REFRESH_HZ, get_renderable=lambda: _status(game), transient=True):
        game.run(until)


def _status(game: Host) -> RenderableType:
    """The line that is always up to date, and what the apps' windows show."""
    from rich.console import Group
    from rich.text import Text

    now, laps = game.status(), game.session.laps
    line = f"{now.speed:5.2f} x  {now.frame_rate:5.0f} frames/s of {now.frame_ms:.2f} ms"
    line += f", longest {now.longest_ms:.1f} ms, {now.overruns} late"
    if laps.count:
        line += f"  lap {laps.count}: {laps.last_ms / 1000.0:.3f} s{'' if laps.last_valid else ' not clean'}"
        line += f", best {laps.best_ms / 1000.0:.3f} s" if laps.best_ms else ""
    if now.app_errors:
        line += f"  {now.app_errors} errors in apps"
    windows = [Text("\n".join(game.screen.texts(window.text)), "dim") for window in game.screen.apps()]
    return Group(Text(line, "bold"), *windows)


def _headline(game: Host, host: str) -> str:
    """What is served, and where."""
    session = game.session
    others = f" and {session.cars - 1} others" if session.cars > 1 else ""
    pace = "as fast as the driver answers" if game.speed == math.inf else f"{game.speed:g} x real time"
    where = "no servers"
    if game.ports:
        ports = game.ports
        where = f"{host}: UDP {ports['ego']}, management TCP {ports['management']}, opponents TCP {ports['opponents']}"
    seen = ""
    if game.pictures is not None:
        width, height = game.pictures.size
        seen = f"; pictures {game.pictures.name}, {width}x{height} from the {game.pictures.view}"
    apps = ", ".join(app.name for app in game.apps)
    return (
        f"serving {session.car.title}{others} on {session.track.title}, {game.fps:g} frames/s, {pace}; {where}; "
        f"pages {game.pages}{seen}; apps {apps}"
    )


def _about(game: Host, host: str) -> dict[str, object]:
    """For scripts."""
    return {
        "pid": os.getpid(), "track": game.session.track.name, "car": game.session.car.name, "cars": game.session.cars,
        "host": host, "ports": game.ports, "udp_port": game.udp_port, "pages": game.pages,
        "pictures": None if game.pictures is None else asdict(game.pictures), "folder": str(game.folder),
    }  # fmt: skip


def _tell_ready(about: dict[str, object], path: Path | None) -> None:
    """Writes the file at once, so that nobody reads half of it."""
    if path is None:
        return
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_text(json.dumps(about), encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise AcGymError(f"{path}: cannot be written ({error.strerror}); choose another --ready-file") from error


def _check_apps(game: Host) -> None:
    failed = [app.name for app in game.apps if not app.running]
    if failed:
        last = next((line for line in reversed(game.log.lines) if line), "no reason in its log")
        raise AcGymError(f"{', '.join(failed)} did not start: {last}")


def _speed(text: str) -> float:
    if text == "max":
        return math.inf
    try:
        return float(text)
    except ValueError:
        raise ConfigError(f"--speed must be a number or max, is {text!r}") from None


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise ConfigError(f"--pictures must be WIDTHxHEIGHT in pixels, as 640x480, is {text!r}")
    return int(width), int(height)


def _pairs(assignments: list[str]) -> dict[str, object]:
    """KEY=VALUE to key: value."""
    pairs: dict[str, object] = {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals:
            raise ConfigError(f"--set takes KEY=VALUE, is {assignment!r}")
        pairs[key.strip()] = value.strip()
    return pairs
