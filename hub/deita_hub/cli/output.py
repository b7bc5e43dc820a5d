"""What every verb shares: how it reads settings, says what it did, and ends when it cannot."""

from __future__ import annotations

import json
from typing import Any

import click

from deita_hub import settings as settings_module
from deita_hub.names import NameRefusedError, check_person
from deita_hub.settings import OWNER, Settings, SettingsError

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


class VerbError(click.ClickException):
    """Ends the command with exit code 1 and this message."""


def answer(as_json: bool, data: Any, text: str) -> None:
    """Print the answer in the form that was asked for."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False, default=str) if as_json else text)


def here() -> Settings:
    """The settings of this process."""
    try:
        return settings_module.load()
    except SettingsError as error:
        raise VerbError(str(error)) from error


def person_name(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """A click callback: a name that a person may have."""
    try:
        return check_person(value)
    except NameRefusedError as error:
        raise VerbError(str(error)) from error


def newcomer(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """A click callback: a name that somebody may have, or what the provider calls them; the provider decides."""
    try:
        here().sign_in.person_of(value)
    except NameRefusedError as error:
        raise VerbError(str(error)) from error
    return value


as_option = click.option(
    "--as", "person", default=OWNER, show_default=True, callback=person_name, help="The person to act for."
)
