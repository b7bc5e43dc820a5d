"""The group that all verbs belong to. Verbs are imported when they are asked for, so that each starts quickly."""

from __future__ import annotations

from importlib import import_module

import click

# The module of each verb, with the name of its command where that is not `command`.
VERBS = {
    "up": "up",
    "run": "run",
    "token": "token",
    "user": "user",
    "workspace": "workspace",
    "connection": "connection",
    "backup": "backup:backup",
    "restore": "backup:restore",
    "verify": "backup:verify",
    "drill": "backup:drill",
    "storage": "storage",
    "secrets": "secrets",
    "check": "check",
    "migrate": "migrate",
    "version": "version",
}


class Verbs(click.Group):
    """Finds a verb in the module of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every verb."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb of that name."""
        if cmd_name not in VERBS:
            return None
        module, _, name = VERBS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"deita_hub.cli.{module}"), name or "command")
        return command


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Deita turns files into answers that people can share and trust, on their own machines."""
