"""The instance that writes: DuckLake attached, every write one transaction under the workspace's lock.

It is opened at the first write. Each write gets a connection of its own: DuckLake's bookkeeping is known to stumble
over chains of DDL on one connection. After an internal error the instance is thrown away; doing so after each DDL
statement, too, was tried and costs every next write the 0.3 to 1 s of loading the extensions. Nothing of a user's
statement but plain SQL on the lake's tables reaches it (see `guard`), because the SQLite extension that it needs
opens any SQLite file of this operating-system user.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import duckdb

from .catalog import Catalog, quoted
from .lock import write_lock
from .settings import load_extension, lock, open_instance
from .shapes import Column, Commit, EngineError, Source

ATTEMPTS = 3
CONFLICT = ("conflict", "database is locked", "Failed to commit DuckLake transaction")


class Task(Protocol):
    """What the writer needs of an operation: an interrupt reaches the connection that it uses."""

    def uses(self, connection: duckdb.DuckDBPyConnection | None) -> None:
        """The connection that an interrupt reaches."""

    def check(self) -> None:
        """Raise when the operation was interrupted."""


@dataclass(frozen=True)
class Change:
    """Who changes which table, how and from what; becomes the commit's `extra_info`."""

    table: str
    operation: str
    person: str
    message: str
    source: Source = field(default_factory=Source)
    import_id: str | None = None
    query_id: str | None = None
    previous_name: str | None = None
    labels: dict[str, str] | None = None
    restored_version: int | None = None


Body = Callable[[duckdb.DuckDBPyConnection], Change]


class Writer:
    """Commits changes to the lake, one at a time."""

    def __init__(
        self,
        catalog: Catalog,
        database: Path,
        lock_file: Path,
        temporary: Path,
        memory: int,
        threads: int,
        busy: float,
    ) -> None:
        self.catalog, self.database, self.lock_file = catalog, database, lock_file
        self._open = (temporary, memory, threads)
        self._busy = busy
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._opening = threading.Lock()

    def commit(self, task: Task, body: Body) -> Commit | None:
        """Run `body` in a transaction and commit it as the change that it returns; None when nothing changed.

        A conflict or an internal error of DuckDB is tried again, the latter in a new instance, as long as nothing was
        committed. Raises EngineError workspace_busy, and what `body` raises.
        """
        with write_lock(self.lock_file, self._busy, task.check):
            before = self.catalog.newest()
            for last in (False,) * (ATTEMPTS - 1) + (True,):
                try:
                    return self._attempt(task, body)
                except (duckdb.TransactionException, duckdb.IOException) as error:
                    if last or not any(word in str(error) for word in CONFLICT):
                        raise
                except (duckdb.InternalException, duckdb.FatalException):
                    self.forget()
                    if last or self.catalog.newest() != before:
                        raise
        raise AssertionError("the last attempt returns or raises")

    def _attempt(self, task: Task, body: Body) -> Commit | None:
        cursor = self._instance().cursor()
        task.uses(cursor)
        before = self.catalog.newest()
        try:
            cursor.execute("USE lake")
            cursor.execute("BEGIN")
            try:
                change = body(cursor)
                info = self._extra_info(cursor, change)
                task.check()
                cursor.execute(
                    "CALL lake.set_commit_message($author, $message, extra_info => $info)",
                    {"author": change.person, "message": change.message, "info": json.dumps(info, ensure_ascii=False)},
                )
                cursor.execute("COMMIT")
            except BaseException:  # whatever ended it, what it left goes first
                _roll_back(cursor)
                raise
        finally:
            task.uses(None)
            cursor.close()
        after = self.catalog.newest()
        return None if after == before else self.catalog.commits(after - 1)[-1]

    def _extra_info(self, cursor: duckdb.DuckDBPyConnection, change: Change) -> dict[str, Any]:
        newest = self.catalog.newest_commits()
        names = [name.casefold() for name in (change.table, change.previous_name) if name]
        known = [newest[name] for name in names if name in newest]
        columns, rows = _state(cursor, change)
        labels = change.labels
        if labels is None:
            labels = known[-1].labels if known else {}
            labels = {column.name: labels[column.name] for column in columns if column.name in labels}
        return {
            "table": change.table,
            "version": max((commit.version for commit in known), default=0) + 1,
            "operation": change.operation,
            "rows": rows,
            "columns": [asdict(column) for column in columns],
            "source": asdict(change.source),
            "import_id": change.import_id,
            "query_id": change.query_id,
            "previous_name": change.previous_name,
            "restored_version": change.restored_version,
            "labels": labels,
        }

    def forget(self) -> None:
        """Throw the instance away; the next write opens another."""
        with self._opening:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def prepare(self) -> None:
        """Open the instance in the background, so that the write that is about to come need not wait for it."""
        if self._connection is None:
            threading.Thread(target=self._open_quietly, daemon=True).start()

    def _open_quietly(self) -> None:
        try:
            with write_lock(self.lock_file, self._busy):
                self._instance()
        except (EngineError, duckdb.Error):
            return  # the write itself will meet the same trouble and tell it

    def _instance(self) -> duckdb.DuckDBPyConnection:
        with self._opening:
            if self._connection is None:
                self._connection = self._opened()
            return self._connection

    def _opened(self) -> duckdb.DuckDBPyConnection:
        data = self.catalog.data
        data.mkdir(parents=True, exist_ok=True)
        temporary, memory, threads = self._open
        connection = open_instance(temporary, memory, threads, private="writer")
        load_extension(connection, "sqlite_scanner")
        load_extension(connection, "ducklake")
        place = str(self.database).replace("'", "''")
        folder = str(data).replace("'", "''")
        connection.execute(
            f"ATTACH 'ducklake:sqlite:{place}' AS lake (DATA_PATH '{folder}', OVERRIDE_DATA_PATH true,"
            " META_JOURNAL_MODE 'WAL', META_BUSY_TIMEOUT 10000, DATA_INLINING_ROW_LIMIT 0)"
        )
        lock(connection, [data])
        return connection


def _state(cursor: duckdb.DuckDBPyConnection, change: Change) -> tuple[list[Column], int]:
    """Columns and rows of the table as the transaction leaves it."""
    if change.operation == "drop":
        return [], 0
    name = quoted(change.table)
    described = cursor.execute(f"DESCRIBE FROM {name}").fetchall()
    columns = [Column(row[0], row[1]) for row in described]
    views = cursor.execute("SELECT view_name FROM duckdb_views() WHERE database_name = 'lake'").fetchall()
    if (change.table,) in views:  # counting would run its query, however long that takes
        return columns, 0
    counted = cursor.execute(f"SELECT count(*) FROM {name}").fetchall()  # noqa: S608
    return columns, int(counted[0][0])


def _roll_back(cursor: duckdb.DuckDBPyConnection) -> None:
    try:
        cursor.execute("ROLLBACK")
    except duckdb.Error as error:
        if isinstance(error, duckdb.FatalException):
            raise


def add_files(cursor: duckdb.DuckDBPyConnection, table: str, files: list[Path]) -> None:
    """Register Parquet files that were written for the lake; from now on they are the lake's."""
    for file in files:
        cursor.execute("CALL ducklake_add_data_files('lake', $table, $file)", {"table": table, "file": str(file)})


def table_exists(name: str) -> EngineError:
    """The error for a name that is taken."""
    return EngineError(
        "table_exists", f"There is a table {name} already.", "Choose another name, or replace or append."
    )
