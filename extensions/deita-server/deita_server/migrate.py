"""`python -m deita_server.migrate WORKSPACE`: bring a workspace's database up to date, as a member's server does.

For the dashboard server, which may only read: the control plane runs it beside one that was started. On standard input
comes what the broker issues for the database, so that a password is in no environment and on no command line.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from .database.database import Backend, Database
from .database.sqlite import FILE, SqliteBackend
from .errors import DeitaError
from .presence import Presence


def main(workspace: str) -> None:
    """Do it; exits with what went wrong."""
    try:
        asyncio.run(migrate(Path(workspace), json.loads(sys.stdin.readline())))
    except DeitaError as error:
        raise SystemExit(f"The workspace's database cannot be brought up to date: {error.message}") from None


async def migrate(storage: Path, issued: dict[str, Any]) -> None:
    """Bring the database in this folder up to date, or the one that the login reaches. Raises DeitaError."""
    database = Database(_backend(storage, issued))
    await database.prepare()
    try:
        await asyncio.to_thread(_open, database, Presence(storage / "incoming"))
    finally:
        database.close()


def _open(database: Database, presence: Presence) -> None:
    with presence.gate():
        database.open()


def _backend(storage: Path, issued: dict[str, Any]) -> Backend:
    if issued["kind"] == "sqlite":
        return SqliteBackend(storage / FILE)
    from .database.login import Login
    from .database.postgres import PostgresBackend

    async def login() -> Login:
        return Login.of(issued)

    return PostgresBackend(login)


if __name__ == "__main__":
    main(*sys.argv[1:])
