"""The databases of a backup brought back into PostgreSQL, in the place of what is there, which keeps another name.

What a workspace's dump holds is made by the workspace's role and never by the control plane's: its functions and
triggers are its servers' doing.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier

from deita_hub import database_urls
from deita_hub.backing_up import lakes, naming, postgres_programs
from deita_hub.backing_up.errors import BackupError
from deita_hub.broker.postgres import Names
from deita_hub.catalog.postgres import make_schema
from deita_hub.database_urls import CATALOG, HUB

OURS = re.compile(rf"{CATALOG}|{HUB}|(?:workspace|lake)_[0-9a-z]{{26}}")
SCHEMAS = "SELECT nspname FROM pg_namespace"
IN_USE = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND (usename = current_user OR starts_with(usename, 'workspace_'))"
)
SESSION = "-c statement_timeout=0 -c lock_timeout=30s -c timezone=UTC"
OPTIONS = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges")
PATIENCE_S = 15.0


@dataclass(frozen=True)
class Database:
    """Where to: a database that Deita's role owns."""

    url: str

    @contextlib.contextmanager
    def replaced(self, dumps: Path, moves: Sequence[lakes.Move], stamp: str) -> Iterator[list[str]]:
        """Bring the dumps back and yield the names that schemas have now that were there before; when that fails, or
        what is done in the context does, everything is as it was. Raises BackupError.
        """
        with self._connected() as connection:
            _refuse_use(connection)
            aside = _move_aside(connection, stamp)
            try:
                self._bring_back(connection, dumps, moves)
                yield list(aside.values())
            except BaseException:  # also when it is stopped: what was there has its names again
                _put_back(connection, aside)
                raise

    def missing(self, id: str, there: Iterable[str]) -> list[str]:
        """What a workspace's databases name that is not among these paths. Raises BackupError."""
        names = Names(id)
        with self._connected() as connection, connection.transaction():
            connection.execute(SQL("SET LOCAL ROLE {}").format(Identifier(names.role)))
            asks = [
                _asking(connection, *each) for each in ((names.schema, "files"), (names.lake, "ducklake_data_file"))
            ]
            return naming.missing(asks[0], asks[1], there)

    def _bring_back(self, connection: psycopg.Connection, dumps: Path, moves: Sequence[lakes.Move]) -> None:
        program = postgres_programs.program("pg_restore", connection.info.server_version // 10000)
        for dump in sorted(dumps.glob("*.dump"), key=lambda path: path.stem in (CATALOG, HUB)):
            if dump.stem in (CATALOG, HUB):
                make_schema(self.url, dump.stem)
                self._restore(program, dump, [dump.stem])
                continue
            names = Names(dump.stem)
            with connection.transaction():
                names.make(connection)
            self._restore(program, dump, [names.schema, names.lake], f"--role={names.role}")
            with connection.transaction():
                connection.execute(SQL("SET LOCAL ROLE {}").format(Identifier(names.role)))
                lakes.move_schema(connection, names.lake, moves)
        # no server runs in a backup: a hub that is brought back must not take a process of today for one of its own
        connection.execute(SQL("UPDATE {} SET server_id = NULL, state = NULL").format(Identifier(HUB, "spawners")))

    def _restore(self, program: str, dump: Path, schemas: Sequence[str], *more: str) -> None:
        name = psycopg.conninfo.conninfo_to_dict(database_urls.for_libpq(self.url))["dbname"]
        chosen = [f"--schema={schema}" for schema in schemas]
        postgres_programs.run(self.url, program, *OPTIONS, *more, *chosen, f"--dbname={name}", str(dump))

    @contextlib.contextmanager
    def _connected(self) -> Iterator[psycopg.Connection]:
        try:
            with psycopg.connect(
                database_urls.for_libpq(self.url),
                autocommit=True,
                options=SESSION,
                connect_timeout=database_urls.CONNECT_SECONDS,
                application_name="deita-restore",
            ) as connection:
                yield connection
        except psycopg.Error as error:
            message = f"PostgreSQL cannot be reached, or refused what a restore needs ({error.sqlstate or 'lost'})."
            raise BackupError(message) from error


def _refuse_use(connection: psycopg.Connection) -> None:
    """Raise BackupError while anything of Deita uses the database; what was just stopped gets time to end."""
    deadline = time.monotonic() + PATIENCE_S
    while connection.execute(IN_USE).fetchone() != (0,):
        if time.monotonic() > deadline:
            raise BackupError("Deita still uses the database: stop all of it before a backup takes its place.")
        time.sleep(0.2)


def _asking(connection: psycopg.Connection, schema: str, table: str) -> naming.Ask | None:
    """Asks in a schema; None when it has not this table yet."""
    if connection.execute("SELECT to_regclass(%s)", [f"{schema}.{table}"]).fetchone() == (None,):
        return None

    def ask(sql: str) -> list[tuple[str]]:
        connection.execute(SQL("SET LOCAL search_path = {}").format(Identifier(schema)))
        return connection.execute(sql.encode()).fetchall()

    return ask


def _ours(connection: psycopg.Connection) -> list[str]:
    return sorted(row[0] for row in connection.execute(SCHEMAS).fetchall() if OURS.fullmatch(row[0]))


def _move_aside(connection: psycopg.Connection, stamp: str) -> dict[str, str]:
    """Give Deita's schemas other names, all or none; the new names by the old."""
    with connection.transaction():
        aside = {schema: f"before_{stamp}_{schema}" for schema in _ours(connection)}
        for schema, other in aside.items():
            _rename(connection, schema, other)
    return aside


def _put_back(connection: psycopg.Connection, aside: dict[str, str]) -> None:
    with connection.transaction():
        for schema in _ours(connection):
            connection.execute(SQL("DROP SCHEMA {} CASCADE").format(Identifier(schema)))
        for schema, other in aside.items():
            _rename(connection, other, schema)


def _rename(connection: psycopg.Connection, schema: str, other: str) -> None:
    connection.execute(SQL("ALTER SCHEMA {} RENAME TO {}").format(Identifier(schema), Identifier(other)))
