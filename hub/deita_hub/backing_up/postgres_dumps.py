"""The databases in PostgreSQL, all as of one moment, one dump for each workspace and for hub and catalog.

One session exports a snapshot that every `pg_dump` reads. A dump of everything at once would want a lock on each table
at the same time, which PostgreSQL's shared memory limits; and one workspace's dump can be looked at by itself. A
workspace's schemas are read with its own role, since functions and views in them are its servers' doing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg

from deita_hub import database_urls
from deita_hub.backing_up import postgres_programs
from deita_hub.backing_up.errors import BackupError
from deita_hub.broker.postgres import Names
from deita_hub.database_urls import CATALOG, HUB

DUMPS = "databases"
"""The view's folder of dumps: `deita.dump`, `deita_hub.dump`, `<workspace id>.dump`."""
SESSION = (
    "-c statement_timeout=0 -c idle_in_transaction_session_timeout=0 -c idle_session_timeout=0 -c timezone=UTC"
    " -c lock_timeout=20min"
)
"""Upkeep that is under way is waited for: it takes a quarter of an hour at most."""
KNOWN = f"SELECT id FROM {CATALOG}.workspaces ORDER BY id"  # noqa: S608 - a name of ours
THERE = f"SELECT id FROM {CATALOG}.workspaces WHERE to_regnamespace('lake_' || id) IS NOT NULL ORDER BY id"  # noqa: S608
# the name that the engine's AdvisoryLock gives its lock around upkeep
HOLD = (
    "SELECT pg_advisory_lock(hashtextextended('deita lake lake_' || id || ' upkeep', 0)) FROM unnest(%s::text[]) AS id"
)
EXPORT = "SELECT pg_export_snapshot()"
OPTIONS = ("--format=custom", "--compress=0", "--no-owner", "--no-privileges", "--lock-wait-timeout=60000")
"""restic compresses, and finds what is the same as yesterday better in what is not compressed."""


class Session:
    """One connection for the time of a backup: it holds upkeep off all workspaces, and shows one moment."""

    def __init__(self, url: str, connection: psycopg.Connection) -> None:
        self._url, self._connection = url, connection

    def hold(self) -> None:
        """Keep what deletes bytes from beginning, until the session ends; what is under way is waited for."""
        ids = [row[0] for row in self._connection.execute(KNOWN).fetchall()]
        self._connection.execute(HOLD, [ids])

    def dump(self, folder: Path) -> int:
        """Write all dumps into the folder; how many workspaces they are of."""
        folder.mkdir(mode=0o700)
        program = postgres_programs.program("pg_dump", self._connection.info.server_version // 10000)
        with self._connection.transaction():
            self._connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            (snapshot,) = self._connection.execute(EXPORT).fetchone() or ("",)
            ids = [row[0] for row in self._connection.execute(THERE).fetchall()]
            for schema in (CATALOG, HUB):
                self._dump(program, snapshot, folder / f"{schema}.dump", [schema])
            for id in ids:
                names = Names(id)
                schemas = [names.schema, names.lake]
                self._dump(program, snapshot, folder / f"{id}.dump", schemas, f"--role={names.role}")
        return len(ids)

    def check(self) -> None:
        """Raise BackupError if the session was lost, and with it the hold."""
        try:
            self._connection.execute("SELECT 1")
        except psycopg.Error as error:
            message = "PostgreSQL was lost while the backup was made, so that it may not be whole: make another."
            raise BackupError(message) from error

    def _dump(self, program: str, snapshot: str, file: Path, schemas: Sequence[str], *more: str) -> None:
        chosen = [f"--schema={schema}" for schema in schemas]
        words = (*OPTIONS, f"--snapshot={snapshot}", f"--file={file}", *chosen, *more)
        postgres_programs.run(self._url, program, *words)
        file.chmod(0o600)


@contextlib.contextmanager
def session(url: str) -> Iterator[Session]:
    """A session until the end of the context. Raises BackupError."""
    try:
        connection = psycopg.connect(
            database_urls.for_libpq(url),
            autocommit=True,
            options=SESSION,
            connect_timeout=database_urls.CONNECT_SECONDS,
            application_name="deita-backup",
        )
    except psycopg.Error as error:
        raise BackupError("PostgreSQL cannot be reached, or refuses the login of DEITA_DATABASE_URL.") from error
    with contextlib.closing(connection):
        try:
            yield Session(url, connection)
        except psycopg.errors.LockNotAvailable as error:
            raise BackupError(
                "Upkeep of a workspace did not end, or its tables are being changed: try later."
            ) from error
        except psycopg.errors.UndefinedTable as error:
            raise BackupError("There is nothing to back up yet: Deita never ran on this database.") from error
        except psycopg.Error as error:
            raise BackupError(f"PostgreSQL refused what a backup needs ({error.sqlstate or 'lost'}).") from error
