"""`deita user remove`: a person leaves this Deita. What they made stays; their rights, sessions and results end."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from deita_hub import storage
from deita_hub.catalog import identities, members, people
from deita_hub.catalog.models import Member, Workspace
from deita_hub.catalog.workspaces import audit
from deita_hub.cli.catalog import opened
from deita_hub.cli.output import VerbError, answer, json_option, person_name
from deita_hub.cli.running import Running, running
from deita_hub.settings import OWNER

STOPPING_SECONDS = 60.0
POLL_SECONDS = 0.3


@click.command("remove")
@click.argument("name", callback=person_name)
@click.option("--give-to", callback=lambda c, p, v: v and person_name(c, p, v), help="Owns what NAME alone owned.")
@json_option
def remove(name: str, give_to: str | None, as_json: bool) -> None:
    """Take a person out of everything: workspaces, sessions, tokens, links, sign-in at the provider.

    Their servers end; their results and history are deleted. Tables, files, notebooks and dashboards stay in their
    workspaces. Asked again, it finishes what was cut short. Deita must be running.
    """
    if name in (OWNER, give_to):
        raise VerbError(f"{name} stays: Deita belongs to `{OWNER}`, and nobody inherits from themselves.")
    deita = running()
    with opened(deita.settings) as catalog:
        with catalog.read() as session:
            _check_there(session, name, give_to)
            mine = [(each.workspace.slug, each.workspace.deleted_at is None) for each in _memberships(session, name)]
        with catalog.write() as session:
            given = _give(session, name, give_to)
            people.shut_out(session, name)
        for slug in (slug for slug, is_there in mine if is_there):
            path = f"/workspaces/{quote(slug, safe='')}/members/{quote(name, safe='')}"
            deita.as_person(name, "DELETE", path, (204, 404))
        _forget(deita, name)
        storage.remove_person(deita.settings, name)
        with catalog.write() as session:
            if (person := people.person(session, name)) is not None:
                session.delete(person)
                audit(session, identities.OPERATOR, "person.remove", None, member=name)
    left = [slug for slug, _ in mine]
    what = f", and {give_to} owns {', '.join(given)}" if given else ""
    said = f"{name} is out of {len(left)} workspaces and signed out everywhere{what}."
    if deita.settings.sign_in.by_provider:
        said += (
            f"\nWho is let in at {deita.settings.sign_in.label} by a list of the settings still is: see DEITA_SIGN_IN."
        )
    answer(as_json, {"name": name, "left": left, "given": given, "to": give_to}, said)


def _check_there(session: Session, name: str, give_to: str | None) -> None:
    if people.person(session, name) is None:
        raise VerbError("There is nobody of that name.")
    if give_to is not None and people.person(session, give_to) is None:
        raise VerbError(f"There is nobody of that name: deita user add {give_to}")


def _memberships(session: Session, name: str) -> list[Member]:
    query = select(Member).join(Workspace).where(Member.person == name).order_by(Workspace.slug)
    return list(session.scalars(query))


def _give(session: Session, name: str, give_to: str | None) -> list[str]:
    """Make the heir an owner of what has no other one; the slugs. Raises VerbError when there is no heir."""
    alone = [each.workspace for each in _memberships(session, name) if members.is_only_owner(session, each)]
    slugs = [workspace.slug for workspace in alone]
    if alone and give_to is None:
        raise VerbError(f"{name} is the only owner of {', '.join(slugs)}: deita user remove {name} --give-to SOMEBODY")
    for workspace in alone:
        if session.get(Member, (workspace.id, give_to)) is None:
            members.add(session, workspace, str(give_to), "owner", by=identities.OPERATOR)
        else:
            members.change(session, workspace, str(give_to), "owner", by=identities.OPERATOR)
    return slugs


def _forget(deita: Running, name: str) -> None:
    """Have the hub forget the person, their sessions and tokens, once their servers have ended."""
    user = f"/hub/api/users/{quote(name)}"
    deadline = time.monotonic() + STOPPING_SECONDS
    while (found := deita.ask("GET", user, (200, 404))) and _runs(found):
        if time.monotonic() > deadline:
            raise VerbError(f"A server of {name} does not end. Try again; the hub's log says why.")
        for server in found["servers"]:
            deita.ask("DELETE", f"{user}/servers/{quote(server)}", (202, 204, 400, 404), json={})
        time.sleep(POLL_SECONDS)
    deita.ask("DELETE", user, (204, 404))


def _runs(user: dict[str, Any]) -> bool:
    return any(name for name in user.get("servers", {}))
