"""The workspace database as a file, `workspace.sqlite`.

Several servers of a workspace open the same file, so it is in WAL mode, a writer takes its lock when the transaction
begins (an upgrade in the middle could not wait) and waits for another's a bounded time. `synchronous=FULL` makes a
commit survive a power cut, not only a crash of the process.

A dashboard server cannot write beside the file, as reading in WAL mode needs: it reads copies (`deita_server.copies`).
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from deita_server.errors import DeitaError

FILE = "workspace.sqlite"
BUSY_MS = 10_000
COPY_S = 15.0
"""How long the first copy is waited for."""
# What SQLite says of a full disk, a quota that is used up, and a shared memory file that cannot grow.
FULL = ("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE")


class SqliteBackend:
    """A file on a local disk."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def prepare(self) -> None:
        """Nothing is needed."""

    def engine(self, connections: int) -> Engine:
        """A pool of so many connections."""
        engine = create_engine(
            f"sqlite:///{self.path}",
            hide_parameters=True,
            pool_size=connections,
            max_overflow=0,
            connect_args={"timeout": BUSY_MS / 1000},
        )
        event.listen(engine, "connect", _configure)
        event.listen(engine, "begin", _begin)
        return engine

    def known(self, error: DBAPIError) -> Exception:
        """The error of ours that it is, if it is one."""
        text = str(error.orig)
        if "locked" in text or "busy" in text:
            return DeitaError("workspace_busy", "Another server of this workspace is writing; try again.")
        if getattr(error.orig, "sqlite_errorname", "") in FULL:
            return DeitaError("no_space", "No space is left on the disk.", hint="Delete files that nobody needs.")
        return error


class SqliteCopies:
    """Copies of such a file, each put into the place of the one before. A transaction opens the newest and keeps it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def prepare(self) -> None:
        """Wait for the first copy. Raises storage_unavailable."""
        deadline = time.monotonic() + COPY_S
        while not self.path.exists():
            if time.monotonic() > deadline:
                raise _unavailable()
            await asyncio.sleep(0.05)

    def engine(self, connections: int) -> Engine:
        """A connection for each transaction, so that none outlives its file."""
        engine = create_engine("sqlite://", hide_parameters=True, creator=self._connect, poolclass=NullPool)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        return engine

    def known(self, error: DBAPIError) -> Exception:
        """The error of ours that it is, if it is one."""
        cannot_open = getattr(error.orig, "sqlite_errorname", "") == "SQLITE_CANTOPEN"
        return _unavailable() if cannot_open else error

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{self.path.as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None)


def _unavailable() -> DeitaError:
    message = "The workspace's database cannot be reached right now."
    return DeitaError("storage_unavailable", message, hint="Try again in a few seconds.")


def _configure(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun below, not by the driver
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("deita_write", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
