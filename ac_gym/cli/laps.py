"""`ac-gym laps`: recorded laps in a table, and two of them compared over distance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from ac_gym.datasets import RecordedLap


def laps(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="a folder of recordings, or one of them")],
    compare: Annotated[
        tuple[int, int] | None, typer.Option(metavar="A B", help="lay lap A over lap B, by their number in the table")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="picture of the comparison; without --compare of the best laps"),
    ] = None,
) -> None:
    """List the laps in a folder: times, clean or not, speeds."""
    import math

    from rich.console import Console

    from ac_gym.datasets import read_recordings, recording_files
    from ac_gym.datasets.comparison import compare as lay_over
    from ac_gym.datasets.comparison import plot_comparison
    from ac_gym.errors import ConfigError

    console = Console(highlight=False)
    found: list[RecordedLap] = []
    files = recording_files(directory)
    with console.status("reading") as status:
        for number, file in enumerate(files, 1):
            status.update(f"{number} of {len(files)}: {file}")
            for recording in read_recordings(file):
                found += recording.laps
                for flaw in recording.flaws:
                    console.print(f"{recording.name}: {flaw}", soft_wrap=True, markup=False)
    console.print(lap_table(found))
    if compare is None and output is None:
        return
    if compare is None:
        timed = sorted((lap for lap in found if math.isfinite(lap.time_s)), key=lambda lap: (not lap.clean, lap.time_s))
        if len(timed) < 2:
            raise ConfigError(f"{directory}: two whole laps are needed for a comparison, there are {len(timed)}")
        first = timed[0]
        second = next((lap for lap in timed if lap.recording.name != first.recording.name), timed[1])
    else:
        if bad := [number for number in compare if not 1 <= number <= len(found)]:
            raise ConfigError(f"there is no lap {bad[0]} in the table, which goes from 1 to {len(found)}")
        second, first = (found[number - 1] for number in compare)
    path = plot_comparison(output or Path("laps.png"), lay_over(second, first))
    console.print(f"wrote {path}", soft_wrap=True)


def lap_table(found: list[RecordedLap]) -> Table:
    """A row a lap; parts of laps have no time."""
    import math

    import numpy as np
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    places = list(dict.fromkeys((lap.recording.track, lap.recording.car) for lap in found))
    if len(places) == 1:
        table.title, table.title_justify = f"{places[0][0] or 'unknown track'}, {places[0][1] or 'unknown car'}", "left"
    for name in ("", "recording", "lap", "time", "clean", "average", "top", "rows"):
        left = name in ("recording", "clean")
        table.add_column(name, justify="left" if left else "right", overflow="fold")
    best = min((lap.time_s for lap in found if lap.clean and math.isfinite(lap.time_s)), default=math.nan)
    for number, lap in enumerate(found, 1):
        speed = 3.6 * np.nan_to_num(lap["speed"])
        time = f"{lap.time_s:.3f} s" if math.isfinite(lap.time_s) else "part"
        table.add_row(
            str(number), lap.recording.name if len(places) == 1 else _where(lap), str(lap.number),
            f"[green]{time}[/green]" if lap.time_s == best and lap.clean else time,
            "yes" if lap.clean else "[red]no[/red]", f"{speed.mean():.0f} km/h", f"{speed.max():.0f} km/h",
            str(lap.stop - lap.first),
        )  # fmt: skip
    return table


def _where(lap: RecordedLap) -> str:
    recording = lap.recording
    return f"{recording.track or '?'}, {recording.car or '?'}: {recording.name}"
