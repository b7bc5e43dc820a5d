"""Opening the catalog: SQLite settings, read and write transactions, and bringing the tables up to date."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from deita_hub.lifeline import FileLock

BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"


class Catalog:
    """A connection pool to the catalog. `read` and `write` are the only ways to it."""

    def __init__(self, url: str) -> None:
        self.url = url
        path = Path(make_url(url).database or "")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock_path = path.with_name(path.name + ".migrate.lock")
        self._engine = create_engine(url, connect_args={"timeout": 10.0, "isolation_level": None})
        event.listen(self._engine, "connect", _configure)
        event.listen(self._engine, "begin", _begin)
        self._writer = self._engine.execution_options(deita_write=True)

    @contextlib.contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent look at the catalog."""
        with Session(self._engine, expire_on_commit=False) as session:
            yield session

    @contextlib.contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction that may write: takes SQLite's write lock at once, so that it cannot fail half-way."""
        with Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    def migrate(self) -> None:
        """Bring the tables up to date; safe to call from several processes at once."""
        # imported late: short-lived commands that only read would pay for it
        from alembic import command
        from alembic.config import Config
        from alembic.runtime.migration import MigrationContext
        from alembic.script import ScriptDirectory

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        with FileLock(self._lock_path), self._writer.begin() as connection:
            newest = ScriptDirectory.from_config(config).get_current_head()
            if MigrationContext.configure(connection).get_current_revision() != newest:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    @property
    def engine(self) -> Engine:
        """The pool itself, for migrations and tests."""
        return self._engine


def _configure(connection: Any, record: Any) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("deita_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """An opaque id that sorts by when it was made: 48 bits of milliseconds, 80 random ones (a lower-case ULID)."""
    value = int(time.time() * 1000) << 80 | int.from_bytes(os.urandom(10), "big")
    return "".join(BASE32[value >> shift & 31] for shift in range(125, -1, -5))
