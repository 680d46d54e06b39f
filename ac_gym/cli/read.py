"""`ac-gym read`: the game's telemetry in the console, and in a file."""

from __future__ import annotations

import signal
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ac_gym.cli.numbers import positive
from ac_gym.errors import GameNotRunningError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.table import Table

    from ac_gym.telemetry.reader import Follower
    from ac_gym.telemetry.snapshot import Snapshot

_MAX_RATE = 100.0
_SCREEN_HZ = 12.0  # more than this nobody reads
_WHEELS = ("FL", "FR", "RL", "RR")


def read(
    rate: Annotated[float, typer.Option(help="snapshots a second, 1 to 100")] = 10.0,
    json_output: Annotated[
        Path | None, typer.Option(help="file of JSON lines to append a snapshot a line to, such as telemetry.jsonl")
    ] = None,
    wait: Annotated[bool, typer.Option(help="wait for the game, now and whenever it goes")] = False,
    until: Annotated[float | None, typer.Option(callback=positive, help="end after this many seconds")] = None,
    pages: Annotated[str, typer.Option(help="first part of the shared-memory pages' names")] = "acpmf",
    quiet: Annotated[bool, typer.Option(help="no table")] = False,
) -> None:
    """Show the game's telemetry live, and write it to a file if one is given."""
    from rich.console import Console
    from rich.live import Live

    from ac_gym.telemetry.json_lines import JsonLines
    from ac_gym.telemetry.pace import check_rate
    from ac_gym.telemetry.reader import Follower, TelemetryReader

    check_rate(rate, _MAX_RATE)
    console = Console(highlight=False)
    with ExitStack() as opened:
        if not wait:
            TelemetryReader(pages).close()  # says what is wrong
        follower = opened.enter_context(Follower(pages))
        lines = opened.enter_context(JsonLines(json_output)) if json_output is not None else None
        live = None
        if console.is_terminal and not quiet:
            live = opened.enter_context(Live(console=console, auto_refresh=False, transient=True))
        screen_at = 0.0

        def take(snapshot: Snapshot) -> None:
            nonlocal screen_at
            if lines is not None:
                lines.write(snapshot.as_json())
            if live is not None and time.monotonic() >= screen_at:
                screen_at = time.monotonic() + 1.0 / _SCREEN_HZ
                live.update(telemetry_table(snapshot, lines.lines if lines else None), refresh=True)

        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            taken = _follow(follower, rate, wait, until, take)
        except KeyboardInterrupt:
            taken = None
    if lines is not None:
        console.print(f"{lines.lines} snapshots in {json_output}", soft_wrap=True)
    elif taken is not None and not quiet:
        console.print(f"{taken} snapshots")


def _follow(follower: Follower, rate: float, wait: bool, until: float | None, take: Callable[[Snapshot], None]) -> int:
    """Takes snapshots until the game ends, or the time; their number."""
    from ac_gym.telemetry.pace import Beat

    beat, taken = Beat(rate), 0
    end = None if until is None else time.monotonic() + until
    while end is None or time.monotonic() < end:
        time.sleep(beat.wait_s())
        turn = beat.next()
        snapshot = follower.poll()
        if snapshot is None:
            if not wait:
                if not taken:
                    raise GameNotRunningError("the game is not in a session; start one, or wait for it with --wait")
                break
        elif turn:
            take(snapshot)
            taken += 1
    return taken


def telemetry_table(snapshot: Snapshot, lines: int | None = None) -> Table:
    """What a driver's engineer looks at, in 13 rows; `lines` were written to the file."""
    from rich.table import Table

    values = snapshot.as_dict()
    table = Table(
        title=f"{values['car_model']} on {values['track']}  {_state(values['status'])}",
        caption=None if lines is None else f"{lines} snapshots written",
        box=None, pad_edge=False, title_justify="left", caption_justify="left", min_width=68,
    )  # fmt: skip
    for heading in ("", *_WHEELS):
        table.add_column(heading, justify="right" if heading else "left", min_width=10)
    gear = {0: "R", 1: "N"}.get(values["gear"], str(values["gear"] - 1))
    valid = "valid" if values["is_lap_valid"] else "[red]not valid[/red]"
    delta = "" if values["delta"] is None else f"{values['delta']:+.2f} s"
    warnings = [name for name in ("wheel_lock_detected", "bodywork_damaged", "tyre_damaged") if values[name]]
    table.add_row("speed, gear", f"[bold]{_text(values['speed_kmh'], 0)}[/bold] km/h", gear, f"{values['rpm']} rpm")
    table.add_row(
        "pedals", _bar(values["gas"], "green"), _bar(values["brake"], "red"), "steer", _text(values["steer_angle"], 2)
    )
    table.add_row("lap", str(values["completed_laps"] + 1), _time(values["current_time"]), valid, delta)
    table.add_row("last, best", _time(values["last_time"]), _time(values["best_time"]))
    table.add_row(
        "position",
        f"{100.0 * (values['normalized_position'] or 0.0):.1f} %",
        *_texts([values[f"acc_g_{axis}"] for axis in "xz"], 2),
        "g",
    )
    table.add_row()
    for name, key, digits in (
        ("slip", "wheel_slip", 2), ("load, N", "wheel_load", 0), ("pressure, psi", "wheel_pressure", 1),
        ("tyre core, °C", "tyre_core_temp", 0), ("brake disc, °C", "brake_temp", 0),
        ("tread, 100 = new", "tyre_wear", 1),
    ):  # fmt: skip
        table.add_row(name, *_texts(values[key], digits))
    table.add_row("[red]" + ", ".join(warning.replace("_", " ") for warning in warnings) + "[/red]" if warnings else "")
    return table


def _state(status: int) -> str:
    return {1: "[yellow]replay[/yellow]", 2: "[green]live[/green]", 3: "[yellow]paused[/yellow]"}.get(status, "off")


def _text(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _texts(values: list[float | None], digits: int) -> list[str]:
    return [_text(value, digits) for value in values]


def _bar(share: float | None, colour: str) -> str:
    full = round(10 * min(max(share or 0.0, 0.0), 1.0))
    return f"[{colour}]{'█' * full}[/{colour}]{'·' * (10 - full)}"


def _time(milliseconds: int) -> str:
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes}:{rest / 1000.0:06.3f}" if milliseconds > 0 else "-"
