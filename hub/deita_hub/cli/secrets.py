"""`deita secrets`: which secrets there are and how old, whether they are good, and new ones in their place."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from deita_hub import secret_files
from deita_hub.backing_up.restic import BackupError, Restic
from deita_hub.cli.output import VerbError, answer, here, json_option
from deita_hub.cli.running import state_of
from deita_hub.secret_files import Known
from deita_hub.settings import Settings, SettingsError

BACKUP, CONNECTIONS = "backup_password", "connections_key"
OPERATOR = "deita command line"


@click.group("secrets")
def command() -> None:
    """Work with the secrets that Deita keeps. No verb prints one."""


@command.command("list")
@json_option
def list_secrets(as_json: bool) -> None:
    """List the secrets, where each comes from, and its age."""
    found = secret_files.look(here())
    answer(as_json, {"items": [asdict(each) for each in found]}, "\n".join(map(_line, found)))


@command.command("check")
@json_option
def check(as_json: bool) -> None:
    """Name those that are short, easy to guess or readable by others; the exit code is 1 if there are any."""
    found = secret_files.look(here())
    bad = [each for each in found if each.problem]
    text = "\n".join(str(each.problem) for each in bad) or f"{len(found)} secrets are as they should be."
    answer(as_json, {"fine": not bad, "items": [asdict(each) for each in found]}, text)
    if bad:
        sys.exit(1)


@command.command("init")
@json_option
def init(as_json: bool) -> None:
    """Make those that are not there yet; the others stay."""
    settings = here()
    try:
        secret_files.load(settings)
        secret_files.backup_password(settings, make=True)
    except SettingsError as error:
        raise VerbError(str(error)) from error
    answer(as_json, {"items": [asdict(each) for each in secret_files.look(settings)]}, "All secrets are there.")


@command.command("rotate")
@click.argument("name", type=click.Choice(list(secret_files.EVERY)))
@json_option
def rotate(name: str, as_json: bool) -> None:
    """Make a new one. Only `backup_password` can be changed while Deita runs; the others count from its next start."""
    settings = here()
    try:
        if name == BACKUP:
            _rotate_backups(settings)
        elif state_of(settings) is not None:
            raise VerbError(f"Deita runs with this {name}: stop it first.")
        elif name == CONNECTIONS:
            _rotate_connections(settings)
        else:
            secret_files.rotate(settings, name)
    except (SettingsError, BackupError) as error:
        raise VerbError(str(error)) from error
    _write_down(settings, name)
    said = " Keep a copy of the new one elsewhere." if name == BACKUP else ""
    answer(as_json, {"name": name, "rotated": True}, f"{name} is new.{said}")


def _rotate_backups(settings: Settings) -> None:
    """The repository first: it opens with both until the old one is taken away."""
    if not settings.backup_repository:
        raise BackupError("Set DEITA_BACKUP_REPOSITORY: its password is what is changed.")
    with Restic(settings).changed_password() as fresh:
        secret_files.rotate(settings, BACKUP, fresh)


def _rotate_connections(settings: Settings) -> None:
    """The passwords that it sealed are sealed anew; broken off, both keys open them until it is done again."""
    # imported late: the database library takes as long to load as everything else here
    from deita_hub.catalog import connections
    from deita_hub.cli.catalog import opened
    from deita_hub.connections.sealing import sealing_of

    secret_files.rotate_keeping_before(settings, CONNECTIONS)
    sealing = sealing_of(secret_files.load(settings))
    with opened(settings) as catalog, catalog.write() as session:
        connections.reseal(session, sealing.again)
    secret_files.forget_before(settings)


def _write_down(settings: Settings, name: str) -> None:
    """In the audit table, where there is a catalog already."""
    # imported late: the database library takes as long to load as everything else here
    from deita_hub.catalog import workspaces
    from deita_hub.catalog.database import Catalog

    if settings.database == "sqlite" and not (settings.home / "catalog.sqlite").exists():
        return
    catalog = Catalog(settings.database_url)
    try:
        with catalog.write() as session:
            workspaces.audit(session, OPERATOR, "rotate-secret", None, name=name)
    finally:
        catalog.close()


def _line(secret: Known) -> str:
    age = "" if secret.age_days is None else f"{secret.age_days:.0f} days old"
    return f"{secret.name:<16} {age:<14} {secret.source}{'  BAD' if secret.problem else ''}"
