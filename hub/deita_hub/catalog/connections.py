"""Databases outside that workspaces read: changed only with a note in the audit. Passwords come sealed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from deita_hub.catalog.database import new_id, now
from deita_hub.catalog.models import Connection, Workspace
from deita_hub.catalog.workspaces import audit

MOST = 50
"""Of one workspace."""


class ConnectionExistsError(Exception):
    """The workspace has a connection of this name."""


class NoConnectionError(Exception):
    """The workspace has no connection of this name."""


class TooManyConnectionsError(Exception):
    """The workspace has as many connections as one may have."""


class PasswordNeededError(Exception):
    """The connection shall lead elsewhere, and a password is only sent where it was meant for."""


@dataclass(frozen=True)
class Place:
    """Where a connection leads, and as whom."""

    host: str
    port: int
    database: str
    user: str
    sslmode: str
    ca: str = ""


@dataclass(frozen=True)
class Draft:
    """A new connection, or what shall be changed of one: None stays as it is."""

    name: str
    host: str | None = None
    port: int | None = None
    database: str | None = None
    user: str | None = None
    sslmode: str | None = None
    ca: str | None = None
    password: str | None = field(default=None, repr=False)


Seal = Callable[[str, str], str]
"""Seals a password for a connection's id."""


def every(session: Session, workspace_id: str) -> list[Connection]:
    """The workspace's connections, by name."""
    return list(
        session.scalars(select(Connection).where(Connection.workspace_id == workspace_id).order_by(Connection.name))
    )


def found(session: Session, workspace_id: str, name: str) -> Connection:
    """The connection. Raises `NoConnectionError`."""
    query = select(Connection).where(Connection.workspace_id == workspace_id, Connection.name == name)
    connection = session.scalar(query)
    if connection is None:
        raise NoConnectionError(name)
    return connection


def place_of(connection: Connection) -> Place:
    """Where it leads."""
    return Place(
        connection.host, connection.port, connection.database, connection.login, connection.sslmode, connection.ca
    )


def add(session: Session, workspace: Workspace, draft: Draft, place: Place, seal: Seal, *, by: str) -> Connection:
    """Keep a new connection. Raises `ConnectionExistsError` and `TooManyConnectionsError`."""
    known = every(session, workspace.id)
    if any(each.name == draft.name for each in known):
        raise ConnectionExistsError(draft.name)
    if len(known) >= MOST:
        raise TooManyConnectionsError
    connection = Connection(
        id=new_id(), workspace_id=workspace.id, name=draft.name, kind="postgres", created_at=now(), created_by=by
    )
    _lead(connection, place, by)
    connection.secret = seal(draft.password or "", connection.id)
    session.add(connection)
    audit(session, by, "connection.add", workspace.id, name=draft.name, host=place.host, port=place.port)
    session.flush()
    return connection


def change(session: Session, workspace: Workspace, draft: Draft, seal: Seal, *, by: str) -> Connection:
    """Change where it leads, or the password. Raises `NoConnectionError` and `PasswordNeededError`."""
    connection = found(session, workspace.id, draft.name)
    before = place_of(connection)
    place = changed(before, draft)
    if place != before:
        if draft.password is None:
            raise PasswordNeededError(draft.name)
        _lead(connection, place, by)
    if draft.password is not None:
        connection.secret = seal(draft.password, connection.id)
        connection.changed_at, connection.changed_by = now(), by
    details = {"name": draft.name, "host": place.host, "port": place.port, "password": draft.password is not None}
    audit(session, by, "connection.change", workspace.id, **details)
    session.flush()
    return connection


def changed(place: Place, draft: Draft) -> Place:
    """The place with what a draft says of it."""
    names = ("host", "port", "database", "user", "sslmode", "ca")
    return replace(place, **{name: value for name in names if (value := getattr(draft, name)) is not None})


def remove(session: Session, workspace: Workspace, name: str, *, by: str) -> None:
    """Forget a connection. Raises `NoConnectionError`."""
    session.delete(found(session, workspace.id, name))
    audit(session, by, "connection.remove", workspace.id, name=name)


def count(session: Session) -> int:
    """How many there are in all workspaces."""
    return session.scalar(select(func.count()).select_from(Connection)) or 0


def reseal(session: Session, again: Callable[[str], str]) -> int:
    """Replace every sealed password by what `again` makes of it; returns how many there are."""
    connections = list(session.scalars(select(Connection)))
    for connection in connections:
        connection.secret = again(connection.secret)
    return len(connections)


def _lead(connection: Connection, place: Place, by: str) -> None:
    connection.host, connection.port, connection.database = place.host, place.port, place.database
    connection.login, connection.sslmode, connection.ca = place.user, place.sslmode, place.ca
    connection.changed_at, connection.changed_by = now(), by
