"""`deita user`: people, their sign-in links, and who they are at the provider. How they leave is in `leaving`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import click
from sqlalchemy.orm import Session

from deita_hub.addresses import sign_in_url
from deita_hub.catalog import identities, people
from deita_hub.catalog.models import Person
from deita_hub.cli import leaving
from deita_hub.cli.catalog import opened
from deita_hub.cli.output import VerbError, answer, here, json_option, newcomer, person_name
from deita_hub.cli.running import check_admitted, in_force, running
from deita_hub.names import NameRefusedError
from deita_hub.settings import Settings, SettingsError
from deita_hub.sign_in import admission


@click.group("user")
def command() -> None:
    """Add, list and remove people, give them sign-in links, say who they are at the provider."""


command.add_command(leaving.remove)


@command.command("add")
@click.argument("name", callback=newcomer)
@click.option("--admin", is_flag=True, help="Make this person an administrator of Deita.")
@json_option
def add(name: str, admin: bool, as_json: bool) -> None:
    """Add a person; nothing happens if they are there already.

    With a provider (DEITA_SIGN_IN), NAME is what they are called there.
    """
    settings = here()
    sign_in = settings.sign_in
    try:
        check_admitted(sign_in.person_of(name), in_force(settings))
    except SettingsError as error:
        raise VerbError(str(error)) from error
    with _writing(settings) as session:
        person = admission.add(session, sign_in, name, by=identities.OPERATOR, admin=admin)
        found = _shown(session, person)
    at_provider = f" at {sign_in.label} as {found['awaits']}" if found["awaits"] else ""
    link = f"deita user link {person.name}"
    text = f"{person.name} can sign in{at_provider}{', or by a link' if at_provider else ''}: {link}"
    if sign_in.by_provider and not at_provider and not found["connected"]:
        text = f"{person.name} signs in by links alone ({link}); with {sign_in.label}: deita user connect {person.name}"
    answer(as_json, found, text)


@command.command("list")
@json_option
def list_people(as_json: bool) -> None:
    """List everybody."""
    with opened(here()) as catalog, catalog.read() as session:
        rows = [_shown(session, each) for each in people.people(session)]
    answer(as_json, {"items": rows, "next": None}, "\n".join(map(_line, rows)) or "Nobody yet: `deita up` adds `me`.")


@command.command("link")
@click.argument("name", callback=person_name)
@click.option("--minutes", type=click.IntRange(1, 24 * 60), default=15, show_default=True, help="How long it is valid.")
@json_option
def link(name: str, minutes: int, as_json: bool) -> None:
    """Print a link that signs a person in, once."""
    deita = running()
    deita.allow(name)
    with opened(deita.settings) as catalog, catalog.write() as session:
        if people.person(session, name) is None:
            raise VerbError(f"There is nobody of that name: deita user add {name}")
        token = people.make_link(session, name, timedelta(minutes=minutes))
    url = sign_in_url(deita.url, token)
    answer(as_json, {"name": name, "link": url, "minutes": minutes}, url)


@command.command("connect")
@click.argument("name", callback=person_name)
@click.option("--username", help="What they are called at the provider; NAME when it is not given.")
@json_option
def connect(name: str, username: str | None, as_json: bool) -> None:
    """Let whoever next signs in at the provider with this username become NAME.

    For people who signed in by links before, for another account, and for usernames that are no names here. Whoever
    NAME was at the provider until now no longer is.
    """
    settings = here()
    with _writing(settings) as session:
        awaited = settings.sign_in.username_of(username or name)
        if awaited is None:
            raise VerbError("There is no provider: DEITA_SIGN_IN is link.")
        admission.expect(session, _existing(session, name), awaited, by=identities.OPERATOR)
    answer(as_json, {"name": name, "awaits": awaited}, f"Who next signs in as {awaited} becomes {name}.")


@command.command("disconnect")
@click.argument("name", callback=person_name)
@json_option
def disconnect(name: str, as_json: bool) -> None:
    """Let NAME sign in at the provider no more; sessions that are open go on, links go on working."""
    with _writing(here()) as session:
        identities.disconnect(session, _existing(session, name))
    answer(as_json, {"name": name, "awaits": None}, f"{name} signs in by links alone.")


@contextmanager
def _writing(settings: Settings) -> Iterator[Session]:
    """One transaction; a name that is refused ends the command."""
    try:
        with opened(settings) as catalog, catalog.write() as session:
            yield session
    except NameRefusedError as error:
        raise VerbError(str(error)) from error


def _existing(session: Session, name: str) -> Person:
    found = people.person(session, name)
    if found is None:
        raise VerbError(f"There is nobody of that name: deita user add {name}")
    return found


def _shown(session: Session, person: Person) -> dict[str, object]:
    known = identities.identity(session, person.name)
    return {
        "name": person.name,
        "admin": person.admin,
        "created_at": person.created_at.isoformat(),
        "awaits": person.awaits,
        "connected": {"issuer": known.issuer, "username": known.username} if known else None,
    }


def _line(row: dict[str, object]) -> str:
    connected = row["connected"]
    notes = [
        "admin" if row["admin"] else "",
        f"awaited as {row['awaits']}" if row["awaits"] else "",
        f"{connected['username']} at {connected['issuer']}" if isinstance(connected, dict) else "",
    ]
    said = ", ".join(filter(None, notes))
    return f"{row['name']}{f'  ({said})' if said else ''}"
