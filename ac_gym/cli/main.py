"""Entry point of `ac-gym`: one sub-command a subject, a user's mistake told in one line."""

from __future__ import annotations

import sys

import typer

from ac_gym.cli import cars, doctor, drive, evaluate, plugin, serve, tracks, wheel
from ac_gym.errors import AcGymError

app = typer.Typer(
    name="ac-gym",
    help="Learn to drive in Assetto Corsa, with or without the game.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(tracks.app, name="tracks")
app.add_typer(cars.app, name="cars")
app.command()(drive.drive)
app.command()(evaluate.evaluate)
app.command()(serve.serve)
app.add_typer(plugin.app, name="plugin")
app.command()(doctor.doctor)
app.command()(wheel.wheel)


def main() -> None:
    """Runs the command line; exits with 2 after a user's mistake."""
    try:
        app()
    except AcGymError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
