"""The door to `workspace.sqlite`: short transactions in threads, never on the event loop.

Several servers of a workspace open the same file, so it is in WAL mode, a writer takes its lock when the transaction
begins (an upgrade in the middle could not wait) and waits for another's a bounded time. `synchronous=FULL` makes a
commit survive a power cut, not only a crash of the process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from deita_server.errors import DeitaError

from .migrations import HEAD, upgrade

BUSY_MS = 10_000
THREADS = 4
WAITING = 256

Result = TypeVar("Result")


class Database:
    """`await read(work)` and `await write(work)`: `work` gets a session and runs in one transaction."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine: Engine = create_engine(
            f"sqlite:///{path}", pool_size=THREADS, max_overflow=0, connect_args={"timeout": BUSY_MS / 1000}
        )
        event.listen(self._engine, "connect", _configure)
        event.listen(self._engine, "begin", _begin)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="deita-database")
        self._waiting = 0

    def open(self) -> None:
        """Create the file or bring it up to date; call it while no other server does (see `Presence.gate`)."""
        with self._engine.connect() as connection:
            known = connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").scalar()
            current = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() if known else None
        if current != HEAD:
            upgrade(self._engine)

    async def read(self, work: Callable[[Session], Result]) -> Result:
        """Run `work` on a snapshot of the database."""
        return await self._run(work, write=False)

    async def write(self, work: Callable[[Session], Result]) -> Result:
        """Run `work` as the only writer; what it did is on the disk when this returns."""
        return await self._run(work, write=True)

    async def _run(self, work: Callable[[Session], Result], *, write: bool) -> Result:
        if self._waiting >= WAITING:
            raise DeitaError("workspace_busy", "Too much is waiting for the workspace's database.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._transact, work, write)
        finally:
            self._waiting -= 1

    def _transact(self, work: Callable[[Session], Result], write: bool) -> Result:
        engine = self._engine.execution_options(deita_write=write)
        try:
            with Session(engine, expire_on_commit=False) as session, session.begin():
                return work(session)
        except OperationalError as error:
            raise _known(error) from error

    def close(self) -> None:
        """Wait for what runs and close every connection."""
        self._threads.shutdown()
        self._engine.dispose()


def _configure(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun below, not by the driver
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("deita_write", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _known(error: OperationalError) -> Exception:
    text = str(error.orig)
    if "locked" in text or "busy" in text:
        return DeitaError("workspace_busy", "Another server of this workspace is writing; try again.")
    if "full" in text:
        return DeitaError("no_space", "No space is left on the disk.")
    return error
