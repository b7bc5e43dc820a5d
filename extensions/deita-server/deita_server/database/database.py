"""The door to the workspace database: short transactions in threads, never on the event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from deita_server.errors import DeitaError

from .migrations import HEAD, upgrade

VERSIONS = "alembic_version"
THREADS = 4
WAITING = 256
PATIENCE_S = 15.0
"""How long a transaction that sent nothing yet waits for a database that is being restarted."""

Result = TypeVar("Result")


class Backend(Protocol):
    """SQLite or PostgreSQL."""

    async def prepare(self) -> None:
        """See to it that connections can be made."""

    def engine(self, connections: int) -> Engine:
        """A pool of so many connections. A transaction is the only one of its kind unless `deita_write` is False: then
        it sees one moment.
        """

    def known(self, error: DBAPIError) -> Exception:
        """The error of ours that it is, if it is one."""


class Database:
    """`await read(work)` and `await write(work)`: `work` gets a session and runs in one transaction."""

    def __init__(self, backend: Backend, *, read_only: bool = False) -> None:
        self._backend, self.read_only = backend, read_only
        self._engine = backend.engine(THREADS)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="deita-database")
        self._waiting = 0

    async def prepare(self) -> None:
        """See to it that connections can be made: comes before `open`."""
        await self._backend.prepare()

    def open(self) -> None:
        """Create the tables or bring them up to date; call it while no other server does (see `Presence.gate`). Who
        may only read waits until somebody else did. Raises workspace_outdated.

        The first statement takes the writer's lock, which on PostgreSQL is the gate.
        """
        try:
            if self.read_only:
                self._wait_for_others()
                return
            with self._engine.connect() as connection:
                if _revision(connection) != HEAD:
                    upgrade(connection)
                connection.commit()
        except OperationalError as error:
            raise self._backend.known(error) from error

    def _wait_for_others(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        reading = self._engine.execution_options(deita_write=False)
        while True:
            with reading.connect() as connection:
                if _revision(connection) == HEAD:
                    return
            if time.monotonic() > deadline:
                message = "This workspace's database is not of this version of Deita yet."
                hint = "Try again in a few seconds. If it stays so, an owner or editor has to open the workspace once."
                raise DeitaError("workspace_outdated", message, hint=hint)
            time.sleep(0.1)

    async def read(self, work: Callable[[Session], Result]) -> Result:
        """Run `work` on a snapshot of the database."""
        return await self._run(work, write=False)

    async def write(self, work: Callable[[Session], Result]) -> Result:
        """Run `work` as the only writer; what it did is on the disk when this returns. Raises read_only."""
        if self.read_only:
            raise DeitaError("read_only", "This workspace can only be read here.")
        return await self._run(work, write=True)

    async def _run(self, work: Callable[[Session], Result], *, write: bool) -> Result:
        if self._waiting >= WAITING:
            raise DeitaError("workspace_busy", "Too much is waiting for the workspace's database.")
        self._waiting += 1
        try:
            await self._backend.prepare()
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._transact, work, write)
        finally:
            self._waiting -= 1

    def _transact(self, work: Callable[[Session], Result], write: bool) -> Result:
        engine = self._engine.execution_options(deita_write=write)
        try:
            with Session(engine, expire_on_commit=False) as session:
                self._begin(session)
                result = work(session)
                session.commit()
                return result
        except OperationalError as error:
            raise self._backend.known(error) from error

    def _begin(self, session: Session) -> None:
        """Begin the transaction. A lost connection is replaced, for nothing was sent yet."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                session.connection()
            except OperationalError as error:
                session.rollback()
                known = self._backend.known(error)
                lost = isinstance(known, DeitaError) and known.code == "storage_unavailable"
                if not lost or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return

    def close(self) -> None:
        """Wait for what runs and close every connection."""
        self._threads.shutdown()
        self._engine.dispose()


def _revision(connection: Connection) -> str | None:
    """What the tables are at; None when there are none."""
    if not inspect(connection).has_table(VERSIONS):
        return None
    found: str | None = connection.exec_driver_sql(f"SELECT version_num FROM {VERSIONS}").scalar()  # noqa: S608
    return found
