"""`deita version`."""

from __future__ import annotations

import platform

import click

from deita_hub import __version__
from deita_hub.cli.output import answer, json_option


@click.command("version")
@json_option
def command(as_json: bool) -> None:
    """Print which version this is."""
    answer(as_json, {"deita": __version__, "python": platform.python_version()}, f"deita {__version__}")
