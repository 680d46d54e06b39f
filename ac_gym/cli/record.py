"""`ac-gym record`: the running game to files; `ac-gym record repair`: what a killed recording left behind."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from ac_gym.errors import MissingPackageError, RecordingError

if TYPE_CHECKING:
    from ac_gym.capture.sources import Kind
    from ac_gym.recording.recorder import Recorder

app = typer.Typer(
    help="Record the running game: telemetry to Parquet, pictures to files or a video.", invoke_without_command=True
)

_SCREEN_S = 0.25


@app.callback()
def record(
    context: typer.Context,
    source: Annotated[str, typer.Option(help="plugin, as an observer; or pages, the game's shared memory")] = "plugin",
    folder: Annotated[Path, typer.Option(help="where sessions are kept")] = Path("captures"),
    session: Annotated[str | None, typer.Option(help="folder in it; default: date and time")] = None,
    button: Annotated[bool, typer.Option(help="record while the plugin's Record button is on")] = False,
    duration: Annotated[float | None, typer.Option(help="s; default: until Ctrl-C")] = None,
    rate: Annotated[float, typer.Option(help="states a second, of pages: 1 to 333")] = 60.0,
    log: Annotated[bool, typer.Option("--log", help="the in-game logger's CSV as well")] = False,
    inputs: Annotated[bool, typer.Option("--inputs", help="inputs.csv as well")] = False,
    pictures: Annotated[str | None, typer.Option(help="pictures from shm, csp or screen")] = None,
    pictures_name: Annotated[
        str | None, typer.Option(help="which ones: publisher's name, texture, or number of the monitor")
    ] = None,
    as_: Annotated[str, typer.Option("--as", help="pictures as h264 (one video), jpeg or png")] = "h264",
    quality: Annotated[int, typer.Option(help="of pictures, 0 (best) to 48")] = 20,
    obs: Annotated[bool, typer.Option("--obs", help="OBS's recording too (AC_GYM_OBS_PASSWORD)")] = False,
    host: Annotated[str, typer.Option(help="machine where the game runs")] = "127.0.0.1",
    ego_port: Annotated[int, typer.Option(help="the plugin's UDP port")] = 2345,
    management_port: Annotated[int, typer.Option(help="the plugin's TCP port")] = 2347,
    token: Annotated[str, typer.Option(envvar="AC_GYM_TOKEN", help="the plugin's token, where it has one")] = "",
    pages: Annotated[str, typer.Option(help="first part of the shared-memory pages' names")] = "acpmf",
) -> None:
    """Record what the car in the running game does, into captures/SESSION/01_*, 02_*, ..."""
    if context.invoked_subcommand is not None:
        return
    with ExitStack() as opened:
        try:
            from ac_gym.capture import CspSettings, open_source
            from ac_gym.recording.obs import ObsSettings
            from ac_gym.recording.observing import observer
            from ac_gym.recording.pictures import PictureSettings
            from ac_gym.recording.recorder import RecorderSettings
            from ac_gym.recording.watching import Ending, watch
        except ImportError as error:
            raise MissingPackageError(str(error.name), "record") from error
        from rich.console import Console

        console = Console(highlight=False, soft_wrap=True)
        settings = RecorderSettings(log, inputs, PictureSettings(as_, quality), ObsSettings.load() if obs else None)
        watched = observer(
            source, pages=pages, rate=rate,
            host=host, ego_port=ego_port, management_port=management_port, token=token,
        )  # fmt: skip
        opened.callback(watched.close)
        shown = None
        if pictures is not None:
            csp = CspSettings(build=watched.csp_build)
            shown = opened.enter_context(open_source(cast("Kind", pictures), pictures_name, csp=csp))
        status = opened.enter_context(console.status("waiting for the Record button" if button else "connected"))
        screen_at = 0.0

        def look(recorder: Recorder) -> None:
            nonlocal screen_at
            if time.monotonic() >= screen_at:
                screen_at = time.monotonic() + _SCREEN_S
                status.update(_progress(recorder))

        ending = Ending()
        ending.listen()
        done = watch(
            watched, folder / (session or time.strftime("%Y%m%d_%H%M%S")), settings, pictures=shown, button=button,
            duration=duration, tell=console.print, look=look, ending=ending,
        )  # fmt: skip
    problems = [summary.problem for summary in done if summary.problem is not None]
    if problems:
        raise problems[0]
    if not any(summary.states for summary in done):
        raise RecordingError("nothing was recorded: no state came, or the Record button was never on")


@app.command()
def repair(
    places: Annotated[list[Path], typer.Argument(help="folders of recordings, or .journal files")],
) -> None:
    """Complete what a killed recording left behind; what is still being recorded is left alone."""
    try:
        from ac_gym.recording.repair import repair as repair_place
    except ImportError as error:
        raise MissingPackageError(str(error.name), "record") from error
    from rich.console import Console

    for place in places:
        with Console().status(f"repairing {place}"):
            done = repair_place(place)
        for each in done:
            cut = f", {each.cut} bytes at the end were of no use" if each.cut else ""
            typer.echo(f"{each.path}: {each.rows} rows or frames{cut}")
        if not done:
            typer.echo(f"{place}: nothing to repair")


def _progress(recorder: Recorder) -> str:
    states, pictures = recorder.states, recorder.pictures
    text = f"{states.states} states, {states.dropped} dropped, {states.missed} missed"
    return text if pictures is None else f"{text}; {pictures.kept} pictures, {pictures.dropped} dropped"
