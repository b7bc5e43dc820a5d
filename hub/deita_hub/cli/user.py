"""`deita user`: people and their sign-in links."""

from __future__ import annotations

from datetime import timedelta

import click

from deita_hub.addresses import sign_in_url
from deita_hub.catalog import people
from deita_hub.cli.catalog import opened
from deita_hub.cli.output import VerbError, answer, here, json_option, person_name
from deita_hub.cli.running import check_admitted, in_force, running
from deita_hub.settings import SettingsError


@click.group("user")
def command() -> None:
    """Add and list people, give them sign-in links."""


@command.command("add")
@click.argument("name", callback=person_name)
@click.option("--admin", is_flag=True, help="Make this person an administrator of Deita.")
@json_option
def add(name: str, admin: bool, as_json: bool) -> None:
    """Add a person; nothing happens if they are there already."""
    settings = here()
    try:
        check_admitted(name, in_force(settings))
    except SettingsError as error:
        raise VerbError(str(error)) from error
    with opened(settings) as catalog, catalog.write() as session:
        person = people.ensure_person(session, name, admin=admin)
        answer(as_json, {"name": person.name, "admin": person.admin}, f"{name} can sign in: deita user link {name}")


@command.command("list")
@json_option
def list_people(as_json: bool) -> None:
    """List everybody."""
    with opened(here()) as catalog, catalog.read() as session:
        found = people.people(session)
    rows = [{"name": each.name, "admin": each.admin, "created_at": each.created_at.isoformat()} for each in found]
    text = "\n".join(f"{each.name}{'  (admin)' if each.admin else ''}" for each in found)
    answer(as_json, {"items": rows, "next": None}, text or "Nobody yet: `deita up` adds `me`.")


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
