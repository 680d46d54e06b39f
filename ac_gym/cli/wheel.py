"""`ac-gym wheel`: the virtual wheel of Linux, kept plugged in."""

from __future__ import annotations

import typer


def wheel() -> None:
    """Linux: keep the virtual wheel plugged in until Ctrl-C, so that the game finds it before a program drives.

    It goes to neutral whenever nobody drives it.
    """
    from ac_gym.game.controls import uinput

    uinput.check()
    typer.echo(f"Plugging in '{uinput.NAME}': start the game now, and leave this running. Ctrl-C unplugs it.")
    try:
        uinput.hold()
    except KeyboardInterrupt:
        typer.echo("unplugged")
