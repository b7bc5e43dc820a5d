"""The instance that writes: DuckLake attached, every write one transaction under the workspace's lock.

It is opened at the first write. Each write gets a connection of its own: DuckLake's bookkeeping is known to stumble
over chains of DDL on one connection. After an internal error the instance is thrown away; doing so after each DDL
statement, too, was tried and costs every next write an ATTACH. Nothing of a user's statement but plain SQL on the
lake's tables reaches it (see `guard`), because the SQLite extension that it needs opens any SQLite file of this
operating-system user.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import duckdb

from .catalog import Catalog, quoted
from .lake_files import NewFile
from .lake_metadata import LakeMetadata
from .progress import COUNTING
from .second_names import SecondNames
from .settings import loaded_extensions, lock, open_instance
from .shapes import Column, Commit, EngineError, Source

ATTEMPTS = 3
PATIENCE_S, PAUSE_S = 15.0, 0.1
"""How long, and how often, a database that was lost while it committed is asked whether it did."""
CONFLICT = ("conflict", "database is locked", "Failed to commit DuckLake transaction")


def new_id() -> str:
    """An id that no other change has."""
    return str(uuid.uuid4())


class Task(Protocol):
    """What the writer needs of an operation: an interrupt reaches the connection that it uses."""

    def uses(self, connection: duckdb.DuckDBPyConnection | None) -> None:
        """The connection that an interrupt reaches."""

    def check(self) -> None:
        """Raise when the operation was interrupted."""


@dataclass(frozen=True)
class Change:
    """Who changes which table, how and from what; becomes the commit's `extra_info`.

    By its `id` the commit is found again where its answer was lost. `upkeep` stands for all of that where only files
    change: the snapshot is no commit of the table then.
    """

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
    upkeep: dict[str, int] | None = None
    id: str = field(default_factory=new_id)


Body = Callable[[duckdb.DuckDBPyConnection], Change]


class Writer:
    """Commits changes to the lake, one at a time."""

    def __init__(
        self,
        catalog: Catalog,
        metadata: LakeMetadata,
        temporary: Path,
        memory: int,
        threads: int,
        busy: float,
    ) -> None:
        self.catalog, self.metadata = catalog, metadata
        self._open = (temporary, memory, threads)
        self._busy = busy
        self.extensions: dict[str, str] = {}
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._held: Any = None
        self._attached: object = None
        self._opening = threading.Lock()

    def commit(
        self,
        task: Task,
        body: Body,
        since: tuple[str, int | None] | None = None,
        then: Callable[[Commit], None] = lambda commit: None,
    ) -> Commit | None:
        """Run `body` in a transaction and commit it as the change that it returns; None when nothing changed.

        A conflict or an internal error of DuckDB is tried again, the latter in a new instance, as long as nothing was
        committed. `since` is a table and the snapshot that made the version which it must still have. `then` looks at
        the commit while nobody else may write. Raises EngineError workspace_busy, table_changed_since, and what `body`
        raises.
        """
        with self.metadata.write_lock(self._busy, task.check):
            self._check_unchanged(*since or ("", None))
            before = self.catalog.newest()
            for last in (False,) * (ATTEMPTS - 1) + (True,):
                try:
                    commit = self._attempt(task, body)
                except (duckdb.TransactionException, duckdb.IOException) as error:
                    if last or not any(word in str(error) for word in CONFLICT):
                        raise
                except (duckdb.InternalException, duckdb.FatalException):
                    self.forget()
                    if last or self.catalog.newest() != before:
                        raise
                else:
                    if commit:
                        then(commit)
                    return commit
        raise AssertionError("the last attempt returns or raises")

    def _check_unchanged(self, table: str, snapshot: int | None) -> None:
        newest = self.catalog.newest_commits().get(table.casefold())
        if snapshot is not None and (newest is None or newest.snapshot != snapshot):
            raise EngineError("table_changed_since", f"{table} was changed since.", "See its versions.")

    def _attempt(self, task: Task, body: Body) -> Commit | None:
        cursor = self._instance().cursor()
        task.uses(cursor)
        before = self.catalog.newest()
        began_ms = time.time_ns() // 1_000_000
        asked: Change | None = None
        names: SecondNames | None = None
        try:
            cursor.execute("USE lake")
            cursor.execute("BEGIN")
            try:
                change = body(cursor)
                info = {"upkeep": change.upkeep} if change.upkeep else self._extra_info(cursor, change)
                task.check()
                cursor.execute(
                    "CALL lake.set_commit_message($author, $message, extra_info => $info)",
                    {"author": change.person, "message": change.message, "info": json.dumps(info, ensure_ascii=False)},
                )
                if self.metadata.can_be_lost:
                    names = SecondNames(self.catalog.lake, self.catalog.folder(change.table), began_ms)
                asked = change
                cursor.execute("COMMIT")
            except BaseException:  # whatever ended it, what it left goes first
                _roll_back(cursor)
                if asked is None or (made := self._made(asked, before)) is None:
                    raise
                if names:
                    names.put_back()
                return made
        finally:
            if names:
                names.remove()
            task.uses(None)
            cursor.close()
        after = self.catalog.newest()
        commits = [] if after == before else self.catalog.commits(after - 1)
        return commits[-1] if commits else None

    def _made(self, change: Change, before: int) -> Commit | None:
        """The commit of a change although committing it failed: the database may have been lost after it took it."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return next(iter(self.catalog.commits(before, change.id)), None)
            except EngineError as error:
                if error.code != "storage_unavailable" or time.monotonic() > deadline:
                    raise
                time.sleep(PAUSE_S)

    def tend(self, task: Task, body: Callable[[duckdb.DuckDBPyConnection], object]) -> None:
        """Run `body`, which takes care of its own transaction, under the lock: for what is no change of a table."""
        with self.metadata.write_lock(self._busy, task.check):
            cursor = self._instance().cursor()
            task.uses(cursor)
            try:
                cursor.execute("USE lake")
                body(cursor)
            finally:
                task.uses(None)
                cursor.close()

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
            "id": change.id,
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
            with self.metadata.write_lock(self._busy):
                self._instance()
        except (EngineError, duckdb.Error):
            return  # the write itself will meet the same trouble and tell it

    def _instance(self) -> duckdb.DuckDBPyConnection:
        with self._opening:
            if self._connection is not None and not self.metadata.is_current(self._attached):
                self._connection.close()
                self._connection = None
            if self._connection is None:
                self._connection = self._opened()
            self._held = self.catalog.lake.renewed(self._connection, self._held)
            return self._connection

    def _opened(self) -> duckdb.DuckDBPyConnection:
        lake = self.catalog.lake
        temporary, memory, threads = self._open
        connection = open_instance(temporary, memory, threads, private="writer")
        lake.make()
        self._held = lake.prepare(connection)
        self._attached = self.metadata.attach(connection, lake.root)
        self.extensions = loaded_extensions(connection)
        lock(connection, lake.openable, settable=COUNTING)
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


def add_files(cursor: duckdb.DuckDBPyConnection, table: str, files: list[NewFile]) -> None:
    """Register Parquet files that were written for the lake; from now on they are the lake's."""
    for file in files:
        cursor.execute("CALL ducklake_add_data_files('lake', $table, $file)", {"table": table, "file": file.location})


def table_exists(name: str) -> EngineError:
    """The error for a name that is taken."""
    return EngineError(
        "table_exists", f"There is a table {name} already.", "Choose another name, or replace or append."
    )
