"""Two ways to read the lake's catalog tables, one for each process of the engine.

A process must hold one copy of SQLite only: POSIX locks belong to the process, so that a second copy that closes the
file drops the locks of the first, and takes itself for the last user of the write-ahead log. The reading process has
Python's copy; the writing process has the one inside DuckDB's extension and goes through it here, too.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import duckdb

from .settings import load_extension, open_instance

Ask = Callable[..., list[tuple[Any, ...]]]
MARK = "ducklake_snapshot"


class Source(Protocol):
    """Where catalog tables are read."""

    def reading(self) -> contextlib.AbstractContextManager[Ask | None]:
        """A consistent view: `ask(sql, name=value…)` returns rows; None while there is no lake."""


class SqliteSource:
    """Python's SQLite on a connection that stays open; threads take turns.

    A `copied` file never changes: a newer one takes its place, and is opened when rows are asked for the next time.
    """

    def __init__(self, database: Path, *, copied: bool = False) -> None:
        self._database, self._copied = database, copied
        self._opened: tuple[int, int] | None = None
        self._connection: sqlite3.Connection | None = None
        self._turn = threading.RLock()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Ask | None]:
        """Rows as of one moment."""
        with self._turn:
            connection = self._open()
            if connection is None:
                yield None
                return
            connection.execute("BEGIN")
            try:
                yield lambda sql, **values: connection.execute(sql, values).fetchall()
            finally:
                connection.execute("COMMIT")

    def _open(self) -> sqlite3.Connection | None:
        if self._copied:
            self._let_go_of_an_old_copy()
        if self._connection is None and self._database.exists():
            mode = "ro&immutable=1" if self._copied else "rw"
            url = f"file:{self._database}?mode={mode}"
            connection = sqlite3.connect(url, uri=True, timeout=10, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA query_only=1")
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [MARK]).fetchone():
                connection.close()
                return None
            self._connection = connection
        return self._connection

    def _let_go_of_an_old_copy(self) -> None:
        """What is open cannot have its number given to another file."""
        found = self._database.stat() if self._database.exists() else None
        place = (found.st_dev, found.st_ino) if found else None
        if self._connection is not None and place != self._opened:
            self._connection.close()
            self._connection = None
        self._opened = place


class DuckSource:
    """DuckDB's SQLite extension in an instance of its own."""

    def __init__(self, database: Path, temporary: Path) -> None:
        self._database, self._temporary = database, temporary
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._turn = threading.RLock()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Ask | None]:
        """Rows as of one moment."""
        with self._turn:
            connection = self._open()
            if connection is None:
                yield None
                return
            connection.execute("BEGIN")
            try:
                yield lambda sql, **values: connection.execute(sql, values or None).fetchall()
            finally:
                connection.execute("ROLLBACK")

    def _open(self) -> duckdb.DuckDBPyConnection | None:
        if self._connection is None and self._database.exists():
            connection = open_instance(self._temporary, 256 * 1024**2, 1, private="catalog")
            load_extension(connection, "sqlite_scanner")
            place = str(self._database).replace("'", "''")
            connection.execute(f"ATTACH '{place}' AS catalog (TYPE sqlite, READ_ONLY)")
            connection.execute("USE catalog")
            if not connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = $1", [MARK]).fetchall():
                connection.close()
                return None
            self._connection = connection
        return self._connection
