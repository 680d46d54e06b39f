"""`ac-gym convert`: recordings and videos into other formats."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.status import Status


def convert(
    context: typer.Context,
    sources: Annotated[
        list[Path], typer.Argument(help="recordings (.parquet, .pkl, .ld, .csv), folders of them, or one video")
    ],
    to: Annotated[
        str, typer.Option(help="parquet (ours), reference (assetto_corsa_gym), motec, csv, minari, or pictures")
    ],
    output: Annotated[str, typer.Option("--output", "-o", help="folder; for minari the data set's id: space/name-v0")],
    track: Annotated[str, typer.Option(help="the track, where a recording does not tell")] = "",
    car: Annotated[str, typer.Option(help="the car, where a recording or inputs.csv does not tell")] = "",
    rate: Annotated[float | None, typer.Option(help="rows a second to keep [Hz]; default all")] = None,
    folder: Annotated[Path | None, typer.Option(help="minari: where data sets live, if not in ~/.minari")] = None,
    telemetry: Annotated[
        Path | None,
        typer.Option(help="pictures: a recording, inputs.csv or the logger's CSV that belongs to the video"),
    ] = None,
    image_format: Annotated[str, typer.Option(help="pictures: jpg or png")] = "jpg",
    offset: Annotated[
        float,
        typer.Option(help="pictures: time in the recording at the video's first frame, added to what is known [s]"),
    ] = 0.0,
) -> None:
    """Convert recordings; what is wrong with rows or frames is told by number, nothing is dropped in silence."""
    from rich.console import Console

    from ac_gym.datasets.convert import Converted, convert_files, convert_to_minari
    from ac_gym.datasets.pictures import annotate_video
    from ac_gym.datasets.reading import recording_files
    from ac_gym.errors import ConfigError

    console = Console(highlight=False, soft_wrap=True, markup=False)

    def tell(done: Converted) -> None:
        for note in done.notes:
            console.print(f"{done.name}: {note}" if not note.startswith(done.name) else note)
        for path in done.paths:
            console.print(f"wrote {path}")

    _refuse_idle_options(context, to)
    with console.status("converting") as status:
        if to == "pictures":
            if telemetry is None or len(sources) != 1:
                raise ConfigError("pictures are made of one video and --telemetry")
            made = annotate_video(
                sources[0], telemetry, Path(output), image_format=image_format, offset_s=offset, car=car,
                watch=lambda frames: status.update(f"{sources[0].name}: frame {frames}"),
            )  # fmt: skip
            tell(Converted(sources[0].name, (made.data,), (*made.notes, *map(str, made.flaws))))
            console.print(f"{made.images} pictures")
            return
        files = [file for source in sources for file in recording_files(source)]
        watched = _watched(files, status)
        if to == "minari":
            tell(convert_to_minari(watched, output, folder=folder, track=track, car=car))
            console.print(f'minari.load_dataset("{output}") opens it')
            return
        for done in convert_files(watched, to, Path(output), track=track, car=car, rate=rate):
            tell(done)


def _refuse_idle_options(context: typer.Context, to: str) -> None:
    """ConfigError for an option given that a conversion to `to` would not look at."""
    from ac_gym.datasets.convert import FILE_FORMATS, FORMATS
    from ac_gym.errors import ConfigError, UnknownNameError

    if to not in FORMATS:
        raise UnknownNameError("format", to, FORMATS)
    looked_at_for = {
        "track": (*FILE_FORMATS, "minari"), "rate": FILE_FORMATS, "folder": ("minari",),
        "telemetry": ("pictures",), "image_format": ("pictures",), "offset": ("pictures",),
    }  # fmt: skip
    for name, targets in looked_at_for.items():
        source = context.get_parameter_source(name)
        if to not in targets and source is not None and source.name == "COMMANDLINE":
            option = f"--{name.replace('_', '-')}"
            raise ConfigError(f"{option} means nothing for {to}; it is for {', '.join(targets)}")


def _watched(files: list[Path], status: Status) -> Iterator[Path]:
    """The same files; each is shown when its turn comes."""
    for number, file in enumerate(files, 1):
        status.update(f"{number} of {len(files)}: {file}")
        yield file
