"""`deita workspace`: list, create, start, stop, delete, restore. Members are in `members`, upkeep in `upkeep`."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import click

from deita_hub.cli import members, upkeep
from deita_hub.cli.output import answer, as_option, json_option
from deita_hub.cli.running import running


@click.group("workspace")
def command() -> None:
    """Work with workspaces. Deita must be running."""


@command.command("list")
@as_option
@json_option
def list_workspaces(person: str, as_json: bool) -> None:
    """List a person's workspaces."""
    deita, items, cursor = running(), [], ""
    while True:
        page = deita.as_person(person, "GET", "/workspaces", (200,), params={"cursor": cursor, "limit": 200})
        items.extend(page["items"])
        cursor = page["next"]
        if not cursor:
            break
    answer(as_json, {"items": items, "next": None}, "\n".join(_line(each) for each in items) or "No workspaces yet.")


@command.command("create")
@click.argument("name")
@click.option("--slug", help="Its name in addresses; made from the name if not given.")
@click.option("--description", default="", help="What it is for.")
@as_option
@json_option
def create(name: str, slug: str | None, description: str, person: str, as_json: bool) -> None:
    """Create a workspace."""
    body = {"name": name, "slug": slug, "description": description}
    made = running().as_person(person, "POST", "/workspaces", (201,), json=body)
    answer(as_json, made, made["slug"])


def _act(slug: str, person: str, as_json: bool, method: str, tail: str, expected: int) -> None:
    path = f"/workspaces/{quote(slug, safe='')}{tail}"
    result = running().as_person(person, method, path, (expected,))
    gone = f"{slug} is deleted. Undo: deita workspace restore {slug}"
    answer(as_json, result or {"slug": slug, "deleted": True}, _line(result) if result else gone)


@command.command("start")
@click.argument("slug")
@as_option
@json_option
def start(slug: str, person: str, as_json: bool) -> None:
    """Start a person's server in a workspace."""
    _act(slug, person, as_json, "POST", "/start", 202)


@command.command("stop")
@click.argument("slug")
@as_option
@json_option
def stop(slug: str, person: str, as_json: bool) -> None:
    """Stop a person's server in a workspace."""
    _act(slug, person, as_json, "POST", "/stop", 202)


@command.command("delete")
@click.argument("slug")
@as_option
@json_option
def delete(slug: str, person: str, as_json: bool) -> None:
    """Delete a workspace; it can be restored for 30 days."""
    _act(slug, person, as_json, "DELETE", "", 204)


@command.command("restore")
@click.argument("slug")
@as_option
@json_option
def restore(slug: str, person: str, as_json: bool) -> None:
    """Undo a deletion."""
    _act(slug, person, as_json, "POST", "/restore", 200)


for _verb in (members.list_members, members.add, members.remove, upkeep.command):
    command.add_command(_verb)


def _line(workspace: dict[str, Any]) -> str:
    return f"{workspace['slug']:<30}  {workspace['role']:<7}  {workspace['server']['state']:<9}  {workspace['name']}"
