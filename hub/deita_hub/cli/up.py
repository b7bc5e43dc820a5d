"""`deita up`: run Deita in the foreground."""

from __future__ import annotations

from dataclasses import replace

import click

from deita_hub.cli.output import VerbError, here, json_option
from deita_hub.settings import Ports, SettingsError
from deita_hub.supervisor.up import UpError, up


@click.command("up")
@click.option("--port", type=click.IntRange(1, 65535), help="Where people reach Deita (DEITA_PORT, 8000).")
@click.option("--trust-everyone", is_flag=True, help="Let more people than `me` in even if nothing separates them.")
@json_option
def command(port: int | None, trust_everyone: bool, as_json: bool) -> None:
    """Start Deita, print where it is, stay until Ctrl-C."""
    settings = here()
    if port is not None:
        settings = replace(settings, ports=Ports(public=port))
    if trust_everyone:
        settings = replace(settings, trust_everyone=True)
    try:
        up(settings, as_json=as_json)
    except (UpError, SettingsError) as error:
        raise VerbError(str(error)) from error
