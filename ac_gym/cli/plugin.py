"""`ac-gym plugin`: put the in-game app into the game, take it out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ac_gym.game.install import Step

app = typer.Typer(help="Put the app that speaks with programs into the game, or take it out.", no_args_is_help=True)

_Game = Annotated[
    Path | None, typer.Argument(metavar="PATH", help="the game's folder (with acs.exe); default: where Steam has it")
]
_Documents = Annotated[
    Path | None, typer.Option(help="the game's folder in your documents ('Assetto Corsa', with cfg)")
]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="show what would be done, and do nothing")]


@app.command()
def install(
    path: _Game = None,
    documents: _Documents = None,
    controls: Annotated[bool, typer.Option("--controls", help="also write presets for the game's controls")] = False,
    dry_run: _DryRun = False,
) -> None:
    """Copy the app into the game and enable it; or update it, keeping its settings."""
    from ac_gym.cli.doctor import print_findings
    from ac_gym.game import checks
    from ac_gym.game.controls import candidates
    from ac_gym.game.install import plan_install
    from ac_gym.game.installation import locate

    installation = locate(path, documents)
    _carry_out(plan_install(installation, controls=controls), dry_run)
    left = (
        checks.python_modules(installation.game),
        checks.shaders_patch(installation.game),
        checks.controls_set(installation, candidates("auto")),
    )
    print_findings(finding for finding in left if finding.status != "ok")
    typer.echo("`ac-gym doctor` looks at the whole set-up.")


@app.command()
def remove(path: _Game = None, documents: _Documents = None, dry_run: _DryRun = False) -> None:
    """Disable the app and take it out of the game; recordings stay."""
    from ac_gym.game.install import plan_removal
    from ac_gym.game.installation import locate

    _carry_out(plan_removal(locate(path, documents)), dry_run)


def _carry_out(steps: list[Step], dry_run: bool) -> None:
    if not steps:
        typer.echo("Nothing to do.")
    for step in steps:
        if not dry_run:
            step.take()
        typer.echo(f"{'would' if dry_run else 'done:'} {step.text}")
