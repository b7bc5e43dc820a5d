"""Opening the catalog: read and write transactions on SQLite or PostgreSQL, and bringing the tables up to date."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from deita_hub.catalog import postgres, sqlite

BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"
PATIENCE_SECONDS = 15.0
"""How long a transaction waits for a PostgreSQL that is being restarted, before its first statement."""


class Catalog:
    """A connection pool to the catalog. `read` and `write` are the only ways to it."""

    def __init__(self, url: str) -> None:
        self.kind = "sqlite" if make_url(url).get_backend_name() == "sqlite" else "postgresql"
        self._backend = sqlite if self.kind == "sqlite" else postgres
        self._engine = self._backend.open_engine(url)
        self._writer = self._engine.execution_options(deita_write=True)

    @contextlib.contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent look at the catalog. Raises OperationalError when the database cannot be reached."""
        with Session(self._engine, expire_on_commit=False) as session:
            _begin(session)
            yield session

    @contextlib.contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction that may write, the only one at its time, so that it cannot fail half-way for another's sake.

        Raises OperationalError when the database cannot be reached; what a lost connection did not acknowledge may or
        may not have been done.
        """
        with Session(self._writer, expire_on_commit=False) as session:
            _begin(session)
            yield session
            session.commit()

    def migrate(self) -> None:
        """Bring the tables up to date; safe to call from several processes at once."""
        # imported late: short-lived commands that only read would pay for it
        from alembic import command
        from alembic.config import Config
        from alembic.runtime.migration import MigrationContext
        from alembic.script import ScriptDirectory

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        with self._backend.migrating(self._engine) as connection:
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


def _begin(session: Session) -> None:
    """Begin the transaction; nothing was sent yet, so that a lost connection may be replaced."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            session.connection()
        except OperationalError:
            session.rollback()
            if session.get_bind().dialect.name == "sqlite" or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """An opaque id that sorts by when it was made: 48 bits of milliseconds, 80 random ones (a lower-case ULID)."""
    value = int(time.time() * 1000) << 80 | int.from_bytes(os.urandom(10), "big")
    return "".join(BASE32[value >> shift & 31] for shift in range(125, -1, -5))
