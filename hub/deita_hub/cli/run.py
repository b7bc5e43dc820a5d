"""`deita run`: one program of Deita in the foreground, where something else than `deita up` starts and watches it."""

from __future__ import annotations

import click

from deita_hub.cli.output import VerbError, here
from deita_hub.settings import SettingsError
from deita_hub.supervisor import alone
from deita_hub.supervisor.programs import NAMES


@click.command("run")
@click.argument("program", type=click.Choice(NAMES))
def command(program: str) -> None:
    """Run one program until it is told to stop; its log is what it prints."""
    try:
        alone.run(program, here())
    except (alone.AloneError, SettingsError) as error:
        raise VerbError(str(error)) from error
