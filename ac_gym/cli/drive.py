"""`ac-gym drive`: laps of the line follower or of a learned driver, with times, plots and a video."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from ac_gym.cli.numbers import positive
from ac_gym.errors import ConfigError, UnknownNameError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from ac_gym.capture.sources import Kind
    from ac_gym.drivers import PicturePolicy
    from ac_gym.drivers.live import Wheel
    from ac_gym.evaluation import Evaluation
    from ac_gym.task import Telemetry
    from ac_gym.worlds import GameSettings

_DEFAULT_TRACK, _DEFAULT_CAR = "monza", "bmw_z4_gt3"


def drive(
    track: Annotated[
        str | None,
        typer.Option(help="a circuit of `ac-gym tracks list`, or the path of a track file [model's, or monza]"),
    ] = None,
    car: Annotated[
        str | None,
        typer.Option(help="a car of `ac-gym cars list`, or the path of a car file [model's, or bmw_z4_gt3]"),
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="run or checkpoint of train.py that drives [default: the line follower]")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="drive the running game by its pictures alone, from shm, csp or screen")
    ] = None,
    source_name: Annotated[
        str | None, typer.Option(help="which one: publisher's name, texture, or number of the monitor")
    ] = None,
    control: Annotated[
        str, typer.Option(help="who moves the game's joystick: auto, plugin, vjoy, vgamepad, uinput")
    ] = "auto",
    duration: Annotated[
        float | None, typer.Option(callback=positive, help="with --source: s to drive [default: until Ctrl-C]")
    ] = None,
    pace: Annotated[float, typer.Option(min=0.1, max=1.0, help="share of the grip the line follower uses")] = 0.95,
    noise: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=1.0,
            help="standard deviation of noise on the line follower's steering; five times that on the pedals",
        ),
    ] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="of the noise")] = 0,
    laps: Annotated[int, typer.Option(min=1, help="laps to drive; the first begins from a standing start")] = 3,
    world: Annotated[
        str, typer.Option(help="simulated, or game: the running game (or `ac-gym serve`), through its plugin")
    ] = "simulated",
    host: Annotated[str, typer.Option(help="machine where the game runs")] = "127.0.0.1",
    ego_port: Annotated[int, typer.Option(min=1, max=65535, help="the plugin's UDP port")] = 2345,
    management_port: Annotated[int, typer.Option(min=1, max=65535, help="the plugin's TCP port")] = 2347,
    token: Annotated[str, typer.Option(help="the plugin's token, where it has one")] = "",
    output: Annotated[Path | None, typer.Option(help="folder for plots, tables and a video of the best lap")] = None,
    video: Annotated[bool, typer.Option(help="make the video")] = True,
) -> None:
    """Drive laps with a driver that needs no learning, or with a learned one (--model)."""
    from rich.console import Console

    from ac_gym.worlds import GameSettings

    console = Console(highlight=False)
    game = GameSettings(
        host=host, ego_server_port=ego_port, simulation_management_server_port=management_port, token=token,
        controls=control,
    )  # fmt: skip
    if source is not None:
        _drive_by_pictures(_picture_policy(model), cast("Kind", source), source_name, game, duration, console)
        return
    if source_name is not None or duration is not None:
        raise ConfigError("--source-name and --duration are for driving by pictures: give their --source as well")
    settings: dict[str, Any] = {"track": track or _DEFAULT_TRACK, "car": car or _DEFAULT_CAR}
    if model is None:
        driver = _follower(pace, noise, seed)
    else:
        driver, settings = _learned(model, track, car, world)
    if world == "simulated":
        from ac_gym.evaluation import drive_laps

        evaluation = drive_laps(driver(**_built(settings)), laps=laps, **settings)
    elif world == "game":
        evaluation = _drive_in_game(driver, settings, game, laps, console)
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


def _built(settings: dict[str, Any]) -> dict[str, Any]:
    from ac_gym.car import load_car
    from ac_gym.track import load_track

    return {"track": load_track(settings["track"]), "car": load_car(settings["car"])}


def _follower(pace: float, noise: float, seed: int) -> Callable[..., Any]:
    """Makes the line follower for a track and a car."""
    from ac_gym.drivers import LineFollower
    from ac_gym.drivers.noisy import Noisy

    def driver(track: Any, car: Any) -> Any:
        follower = LineFollower(track, car, pace=pace)
        return Noisy(follower, noise, seed) if noise else follower

    return driver


def _learned(model: Path, track: str | None, car: str | None, world: str) -> tuple[Callable[..., Any], dict[str, Any]]:
    """Makes the driver of a checkpoint, and the settings of the environment that it drives in."""
    from ac_gym.camera import scene_of
    from ac_gym.cli.checkpoints import check_sizes, checkpoint, settings_around
    from ac_gym.drivers import NetworkPolicy, PictureDriver
    from ac_gym.drivers.learned import learned_policy

    folder = checkpoint(model)
    policy = learned_policy(folder)
    settings = settings_around(folder) | {"observation": "vector"}
    settings |= {name: value for name, value in (("track", track), ("car", car)) if value is not None}
    if isinstance(policy, NetworkPolicy):
        check_sizes(folder, policy, settings)
        return (lambda track, car: policy), settings
    if world == "game":
        raise ConfigError(f"{folder} drives by pictures: say where they come from with --source shm, csp or screen")
    return (lambda track, car: PictureDriver(policy, scene_of(track, car))), settings


def _drive_in_game(
    driver: Callable[..., Any], settings: dict[str, Any], game: GameSettings, laps: int, console: Console
) -> Evaluation:
    from ac_gym.evaluation import drive_laps
    from ac_gym.worlds.game import GameWorld

    settings = {name: value for name, value in settings.items() if name != "world"}
    rate = settings.get("ego_sampling_freq", 25.0)
    with (
        closing(GameWorld(settings["track"], settings["car"], game, control_rate=rate)) as world,
        console.status("connected") as status,
    ):
        evaluation = drive_laps(
            driver(track=world.track, car=world.car), laps=laps, world=world,
            watch=lambda now: status.update(_driving(now)), **settings,
        )  # fmt: skip
        console.print(world.report())
    return evaluation


def _picture_policy(model: Path | None) -> PicturePolicy:
    from ac_gym.cli.checkpoints import checkpoint
    from ac_gym.drivers import PicturePolicy

    if model is None:
        raise ConfigError("--source needs --model, a driver that learned from pictures (train.py --algo bc obs=pixels)")
    return PicturePolicy.load(checkpoint(model))


def _drive_by_pictures(
    policy: PicturePolicy, kind: Kind, name: str | None, game: GameSettings, duration: float | None, console: Console
) -> None:
    """In real time, until Ctrl-C."""
    import math

    from ac_gym.drivers.live import LiveSettings, drive_live

    with ExitStack() as opened:
        source = opened.enter_context(policy.seen.transform.open_source(kind, name))
        wheel = opened.enter_context(closing(_wheel(game, policy.seen.rate)))
        console.print(f"driving by pictures of {kind}; Ctrl-C stops, with the controls in neutral")
        why = drive_live(
            policy, source, wheel, LiveSettings(duration=math.inf if duration is None else duration),
            lambda second: console.print(second.text(), soft_wrap=True),
        )  # fmt: skip
    console.print(f"{why}; controls are neutral")


def _wheel(game: GameSettings, rate: float) -> Wheel:
    """The device asked for, to be moved `rate` times a second.

    Where that is the plugin, also as the last choice of `auto`, a connection to the game.
    """
    from ac_gym.drivers.live import PluginWheel
    from ac_gym.game.client import GameConnection
    from ac_gym.game.controls import open_controls

    controls = open_controls(game.controls, rate=rate)
    if controls.name != "plugin":
        return controls
    connection = GameConnection(
        game.host, ego_port=game.ego_server_port, management_port=game.simulation_management_server_port,
        apply="plugin", token=game.token,
    )  # fmt: skip
    connection.connect()
    return PluginWheel(connection)


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
