"""The workspace database on both backends, for tests that have no server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psycopg
import pytest
from deita_server.database import models as rows
from deita_server.database.database import Backend, Database
from deita_server.database.login import Login
from deita_server.database.postgres import PostgresBackend
from deita_server.database.sqlite import SqliteBackend
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.servers.postgres import PostgresServer


def login_of(server: PostgresServer) -> Login:
    """A database of its own with the two schemas of a workspace."""
    url = server.database()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE SCHEMA workspace")
        connection.execute("CREATE SCHEMA lake")
    return Login(url, "workspace", "lake")


def postgres_backend(login: Login) -> Backend:
    async def ask() -> Login:
        return login

    return PostgresBackend(ask)


def backend_of(kind: str, folder: Path, request: pytest.FixtureRequest) -> Backend:
    """The backend of that kind, fresh; PostgreSQL is only started when it is wanted."""
    if kind == "embedded":
        return SqliteBackend(folder / "workspace.sqlite")
    return postgres_backend(login_of(request.getfixturevalue("postgres")))


async def opened(backend: Backend) -> Database:
    """An opened database."""
    database = Database(backend)
    await database.prepare()
    await asyncio.to_thread(database.open)
    return database


def add_one(session: Session) -> int:
    """Read, then write what was read and one more: lost when two do it at the same time."""
    mark = session.get(rows.Mark, "count") or rows.Mark(name="count", value=0)
    mark.value += 1
    session.add(mark)
    return mark.value


def count(session: Session) -> int:
    """How often that was done."""
    return session.scalar(select(rows.Mark.value).where(rows.Mark.name == "count")) or 0
