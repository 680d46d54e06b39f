"""`ac-gym convert`: recordings and videos into other formats."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def convert(
    sources: Annotated[
        list[Path], typer.Argument(help="recordings (.parquet, .pkl, .ld, .csv), folders of them, or one video")
    ],
    to: Annotated[
        str, typer.Option(help="parquet (ours), reference (assetto_corsa_gym), motec, csv, minari, or pictures")
    ],
    output: Annotated[str, typer.Option("--output", "-o", help="folder; for minari the data set's id: space/name-v0")],
    track: Annotated[str, typer.Option(help="the track, where a recording does not tell")] = "",
    car: Annotated[str, typer.Option(help="the car, where a recording does not tell")] = "",
    rate: Annotated[float | None, typer.Option(help="rows a second to keep [Hz]; default all")] = None,
    folder: Annotated[Path | None, typer.Option(help="minari: where data sets live, if not in ~/.minari")] = None,
    telemetry: Annotated[
        Path | None, typer.Option(help="pictures: inputs.csv or a recording that belongs to the video")
    ] = None,
    image_format: Annotated[str, typer.Option(help="pictures: jpg or png")] = "jpg",
    offset: Annotated[float, typer.Option(help="pictures: the recording's clock less the video's [s]")] = 0.0,
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

    if to == "pictures":
        if telemetry is None or len(sources) != 1:
            raise ConfigError("pictures are made of one video and --telemetry")
        made = annotate_video(sources[0], telemetry, Path(output), image_format=image_format, offset_s=offset)
        tell(Converted(sources[0].name, (made.data,), tuple(map(str, made.flaws))))
        console.print(f"{made.images} pictures")
        return
    files = [file for source in sources for file in recording_files(source)]
    if to == "minari":
        tell(convert_to_minari(files, output, folder=folder, track=track, car=car))
        console.print(f'minari.load_dataset("{output}") opens it')
        return
    for done in convert_files(files, to, Path(output), track=track, car=car, rate=rate):
        tell(done)
