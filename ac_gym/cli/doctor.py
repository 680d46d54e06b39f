"""`ac-gym doctor`: what is wrong with a set-up, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ac_gym.game.checks import Finding

_COLOURS = {"ok": "green", "advice": "yellow", "problem": "red", "not applicable": "dim"}


def doctor(
    game: Annotated[
        Path | None, typer.Option(help="the game's folder (with acs.exe); default: where Steam has it")
    ] = None,
    documents: Annotated[
        Path | None, typer.Option(help="the game's folder in your documents ('Assetto Corsa', with cfg)")
    ] = None,
    host: Annotated[str, typer.Option(help="computer that the game runs on")] = "127.0.0.1",
    controls: Annotated[str, typer.Option(help="auto, plugin, vjoy, vgamepad or uinput")] = "auto",
    token: Annotated[str, typer.Option(envvar="AC_GYM_TOKEN", help="what the app wants to know of clients")] = "",
) -> None:
    """Look at everything that driving in the game needs; exit code 1 if there is a problem."""
    from ac_gym.game.doctor import examine

    findings = list(examine(game, documents, host=host, controls=controls, token=token))
    print_findings(findings)
    problems = sum(finding.status == "problem" for finding in findings)
    typer.echo(f"\n{problems} problem{'s' * (problems != 1)}." if problems else "\nNo problem found.")
    if problems:
        raise typer.Exit(1)


def print_findings(findings: Iterable[Finding]) -> None:
    """One line a finding, what to do about it below; not broken, so that commands and addresses can be copied."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for finding in findings:
        mark = "-" if finding.status == "not applicable" else finding.status
        line = Text.assemble((f"{mark:<9}", _COLOURS[finding.status]), f"{finding.check}: {finding.text}")
        if finding.remedy:
            line.append(f"\n{'':<9}-> {finding.remedy}", "bold")
        console.print(line, soft_wrap=True)
