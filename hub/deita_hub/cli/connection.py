"""`deita connection`: list, add, test, remove the databases outside that a workspace reads."""

from __future__ import annotations

import sys
from typing import Any, TextIO
from urllib.parse import quote

import click

from deita_hub.cli.output import VerbError, answer, as_option, json_option
from deita_hub.cli.running import running

SSLMODES = ("disable", "prefer", "require", "verify-ca", "verify-full")


@click.group("connection")
def command() -> None:
    """Work with the databases outside that a workspace reads. Deita must be running."""


@command.command("list")
@click.argument("slug")
@as_option
@json_option
def list_connections(slug: str, person: str, as_json: bool) -> None:
    """List a workspace's connections."""
    found = running().as_person(person, "GET", _path(slug), (200,))
    answer(as_json, found, "\n".join(map(_line, found["items"])) or "No connections yet.")


@command.command("add")
@click.argument("slug")
@click.argument("name")
@click.option("--host", required=True)
@click.option("--port", type=int, default=5432, show_default=True)
@click.option("--database", required=True)
@click.option("--user", required=True)
@click.option("--sslmode", type=click.Choice(SSLMODES), default="prefer", show_default=True)
@click.option("--ca", type=click.File(), help="PEM file of the server's authority, for verify-ca and verify-full.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
@as_option
@json_option
def add(
    slug: str,
    name: str,
    host: str,
    port: int,
    database: str,
    user: str,
    sslmode: str,
    ca: TextIO | None,
    password_stdin: bool,
    person: str,
    as_json: bool,
) -> None:
    """Add a PostgreSQL. The password is asked for, so that it is neither seen nor kept in a shell's history."""
    password = sys.stdin.readline().rstrip("\n") if password_stdin else click.prompt("Password", hide_input=True)
    body = {"name": name, "host": host, "port": port, "database": database, "user": user, "sslmode": sslmode}
    body |= {"ca": ca.read()} if ca else {}
    made = running().as_person(person, "POST", _path(slug), (201,), json={**body, "password": password})
    answer(as_json, made, _line(made))


@command.command("test")
@click.argument("slug")
@click.argument("name")
@as_option
@json_option
def test(slug: str, name: str, person: str, as_json: bool) -> None:
    """Connect and say who one is there."""
    found = running().as_person(person, "POST", f"{_path(slug, name)}/test", (200,))
    tls = "encrypted" if found["tls"] else "not encrypted"
    text = f"PostgreSQL {found['server_version']}, {found['database']} as {found['user']}, {tls}"
    answer(as_json, found, f"{text}, {found['elapsed_ms']} ms")


@command.command("remove")
@click.argument("slug")
@click.argument("name")
@as_option
@json_option
def remove(slug: str, name: str, person: str, as_json: bool) -> None:
    """Forget a connection; tables that were read through it stay."""
    running().as_person(person, "DELETE", _path(slug, name), (204,))
    answer(as_json, {"slug": slug, "name": name, "removed": True}, f"{slug} no longer reads {name}.")


def _path(slug: str, name: str | None = None) -> str:
    if name == "":
        raise VerbError("Name the connection.")
    base = f"/workspaces/{quote(slug, safe='')}/connections"
    return base if name is None else f"{base}/{quote(name, safe='')}"


def _line(connection: dict[str, Any]) -> str:
    where = f"{connection['host']}:{connection['port']}/{connection['database']}"
    return f"{connection['name']:<20}  {where}  {connection['user']}"
