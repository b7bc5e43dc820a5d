"""`deita workspace members|add|remove`: who is in a workspace."""

from __future__ import annotations

from urllib.parse import quote

import click

from deita_hub.catalog.members import ROLES
from deita_hub.cli.output import answer, as_option, json_option, newcomer, person_name
from deita_hub.cli.running import running


@click.command("members")
@click.argument("slug")
@as_option
@json_option
def list_members(slug: str, person: str, as_json: bool) -> None:
    """List who is in a workspace."""
    found = running().as_person(person, "GET", _path(slug), (200,))
    answer(as_json, found, "\n".join(f"{each['role']:<7}  {each['person']}" for each in found["items"]))


@click.command("add")
@click.argument("slug")
@click.argument("name", callback=newcomer)
@click.option("--role", type=click.Choice(ROLES), default="editor", show_default=True)
@as_option
@json_option
def add(slug: str, name: str, role: str, person: str, as_json: bool) -> None:
    """Add a person to a workspace, or change their role. They need not have signed in yet."""
    deita = running()
    typed, name = name, deita.settings.sign_in.person_of(name)
    deita.allow(name)
    known = deita.as_person(person, "GET", _path(slug), (200,))["items"]
    if any(each["person"] == name for each in known):
        member = deita.as_person(person, "PATCH", _path(slug, name), (200,), json={"role": role})
    else:
        member = deita.as_person(person, "POST", _path(slug), (201,), json={"person": typed, "role": role})
    answer(as_json, {"slug": slug, **member}, f"{name} is {role} of {slug}.")


@click.command("remove")
@click.argument("slug")
@click.argument("name", callback=person_name)
@as_option
@json_option
def remove(slug: str, name: str, person: str, as_json: bool) -> None:
    """Take a person out of a workspace; their server there is stopped."""
    running().as_person(person, "DELETE", _path(slug, name), (204,))
    answer(as_json, {"slug": slug, "person": name, "removed": True}, f"{name} is no longer in {slug}.")


def _path(slug: str, person: str | None = None) -> str:
    base = f"/workspaces/{quote(slug, safe='')}/members"
    return base if person is None else f"{base}/{quote(person, safe='')}"
