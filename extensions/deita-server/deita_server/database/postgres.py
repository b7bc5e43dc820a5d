"""The workspace database as a schema of PostgreSQL, with the promises of the file.

A writer holds the workspace's advisory lock from its first statement to the end of the transaction: one writer at a
time, so that no work has to be repeated, as SERIALIZABLE would want. A reader sees one moment. The login comes from
the control plane and ends within the hour: each new connection uses the newest, and none gets old.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
from psycopg import errors
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from deita_server.errors import DeitaError

from .login import Login

RECYCLED_S = 1200
OPTIONS = (
    "-c search_path={schema} -c timezone=UTC -c statement_timeout=60s -c lock_timeout=10s"
    " -c idle_in_transaction_session_timeout=60s"
)
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('deita database ' || current_schema(), 0))"


class PostgresBackend:
    """A schema; `login` gives the login that is valid now. Raises storage_unavailable."""

    def __init__(self, login: Callable[[], Awaitable[Login]]) -> None:
        self._ask = login
        self._login: Login | None = None

    async def prepare(self) -> None:
        """See to it that a login is there that new connections may use."""
        self._login = await self._ask()

    def engine(self, connections: int) -> Engine:
        """A pool of so many connections, which are tried before they are used."""
        engine = create_engine(
            "postgresql+psycopg://",
            creator=self._connect,
            pool_size=connections,
            max_overflow=0,
            pool_pre_ping=True,
            pool_recycle=RECYCLED_S,
            hide_parameters=True,
        )
        event.listen(engine, "begin", _begin)
        return engine

    def known(self, error: DBAPIError) -> Exception:
        """The error of ours that it is, if it is one."""
        cause = error.orig
        if isinstance(cause, errors.LockNotAvailable):
            return DeitaError("workspace_busy", "Another server of this workspace is writing; try again.")
        if isinstance(cause, errors.DiskFull):
            return DeitaError("no_space", "No space is left on the disk.", hint="Delete files that nobody needs.")
        if isinstance(cause, psycopg.OperationalError):
            message = "The workspace's database cannot be reached right now."
            return DeitaError("storage_unavailable", message, hint="Try again in a few seconds.")
        return error

    def _connect(self) -> Any:
        assert self._login is not None, "prepare comes first"
        options = OPTIONS.format(schema=self._login.schema)
        return psycopg.connect(self._login.url, options=options, connect_timeout=5, application_name="deita-server")


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get("deita_write", True):
        connection.exec_driver_sql(LOCK)
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
