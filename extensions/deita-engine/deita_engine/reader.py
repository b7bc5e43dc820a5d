"""The instance that runs everybody's reads: in memory, no extension, locked; a snapshot of the lake is a schema of
views.

A query's cursor is set to the schema of the newest snapshot when it starts, so a running query keeps its tables while
others write. A look back is a schema, too: of an older snapshot, or of one with some tables as others had them.
Reading through DuckLake's own extension was tried first: 13.6 ms for a ten-row aggregate over 336,776 flights, against
5.8 ms here; and the SQLite extension that it needs would let any statement read any SQLite file of this
operating-system user.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import duckdb

from .catalog import Catalog, DataFile, LakeTable, Snapshot, quoted
from .errors import from_duckdb
from .guard import judge_select
from .lanes import Lanes
from .settings import loaded_extensions, lock, open_instance
from .shapes import EngineError

Pins = tuple[tuple[str, int], ...]
KEPT_SCHEMAS = 8
KEPT_CURSORS = 4
NEAR_S = 60.0
"""How often is looked whether files that are kept near are still there; they are for an hour after each look."""
OWN_SCHEMA = re.compile(r"\{DUCKLAKE_CATALOG\}\.(?:(?:main|\"main\")\.)?")


class Reader:
    """Opens cursors on the newest snapshot (or a given one) and forgets snapshots that nobody reads any more."""

    def __init__(self, catalog: Catalog, temporary: Path, memory: int, threads: int, running: int) -> None:
        self.catalog = catalog
        self.connection = open_instance(temporary, memory, threads)
        self._held = catalog.lake.prepare(self.connection)
        self.extensions = loaded_extensions(self.connection)
        self.lanes = Lanes(self.connection, running)
        lock(self.connection, catalog.lake.openable)
        self._lock = threading.Lock()
        self._snapshots: dict[str, Snapshot] = {}
        self._users: dict[str, int] = {}
        self._idle: dict[str, list[duckdb.DuckDBPyConnection]] = {}
        self._near: dict[str, tuple[float, dict[DataFile, str]]] = {}
        self._opened: set[str] = set()

    @contextlib.contextmanager
    def cursor(
        self, snapshot_id: int | None = None, pins: Iterable[tuple[str, int]] = ()
    ) -> Iterator[tuple[duckdb.DuckDBPyConnection, Snapshot]]:
        """A cursor whose unqualified names are the tables of the snapshot, those of `pins` as other snapshots have
        them; all of it stays while it is open. Raises EngineError version_expired, version_not_found.
        """
        snapshot = self._enter(snapshot_id, tuple((name, at) for name, at in pins))
        cursor = self._taken(snapshot.schema)
        try:
            yield cursor, snapshot
        except BaseException:  # whatever ended it, what it left goes first
            cursor.close()
            raise
        else:
            self._give_back(snapshot.schema, cursor)
        finally:
            self._leave(snapshot.schema)

    def stay_near(self) -> None:
        """Look at the files that running statements read, so that they stay for the next hour, too."""
        with self._lock:
            for schema, users in self._users.items():
                if users:
                    for file in self._near[schema][1]:
                        self.catalog.lake.near(file.path, file.bytes)

    def close(self) -> None:
        """Close the instance and give its memory back."""
        self.connection.close()

    def _taken(self, schema: str) -> duckdb.DuckDBPyConnection:
        """A cursor that is set to the schema: one that served before, or a new one (0.3 ms)."""
        with self._lock:
            idle = self._idle.get(schema)
            if idle:
                return idle.pop()
        cursor = self.connection.cursor()
        cursor.execute(f"SET schema = '{schema}'")
        return cursor

    def _give_back(self, schema: str, cursor: duckdb.DuckDBPyConnection) -> None:
        with self._lock:
            idle = self._idle.setdefault(schema, [])
            if len(idle) < KEPT_CURSORS:
                idle.append(cursor)
                return
        cursor.close()

    @contextlib.contextmanager
    def parser(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor to parse with."""
        cursor = self.connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    def _enter(self, snapshot_id: int | None, pins: Pins) -> Snapshot:
        at = self.catalog.newest() if snapshot_id is None else snapshot_id
        schema = schema_name(at, pins, self.catalog.generation())
        with self._lock:
            self._held = self.catalog.lake.renewed(self.connection, self._held)
            snapshot = self._snapshots.pop(schema, None)
            if snapshot is None or not self._is_near(schema, snapshot):
                snapshot = pinned(self.catalog, self.catalog.snapshot(at), pins, schema)
                snapshot = replace(snapshot, unreadable=self._create(snapshot))
            self._snapshots[schema] = snapshot  # put last: the first is the one that was not used for the longest time
            self._users[schema] = self._users.get(schema, 0) + 1
            self._forget(schema)
            return snapshot

    def _leave(self, schema: str) -> None:
        with self._lock:
            self._users[schema] -= 1

    def _forget(self, current: str) -> None:
        """Drop the schemas that nobody uses and that were not used for the longest time."""
        idle = [old for old in self._snapshots if old != current and not self._users.get(old)]
        for old in idle[: max(0, len(self._snapshots) - KEPT_SCHEMAS)]:
            for cursor in self._idle.pop(old, ()):
                cursor.close()
            self.connection.execute(f"DROP SCHEMA {old} CASCADE")
            del self._snapshots[old], self._near[old]
            self._users.pop(old, None)

    def _is_near(self, schema: str, snapshot: Snapshot) -> bool:
        """Whether the files that a schema's views name are where they were, and none was missing; looked at now and
        then.
        """
        at, near = self._near[schema]
        if at < time.monotonic() - NEAR_S:
            moved = any(self.catalog.lake.near(file.path, file.bytes) != place for file, place in near.items())
            if moved or snapshot.unreadable:
                return False
            self._near[schema] = time.monotonic(), near
        return True

    def _create(self, snapshot: Snapshot) -> dict[str, str]:
        """Create the snapshot's schema; returns why which tables and views cannot be read."""
        cursor = self.connection.cursor()
        schema = snapshot.schema
        files = [file for table in snapshot.tables for file in table.files]
        near = {file: self.catalog.lake.near(file.path, file.bytes) for file in files}
        near = {file: place for file, place in near.items() if place != file.path}
        self._near[schema], places = (time.monotonic(), near), {file.path: place for file, place in near.items()}
        self._open_ahead({place for table in snapshot.tables for place in opened_first(table, places)})
        try:
            cursor.execute(
                f"DROP SCHEMA IF EXISTS {schema} CASCADE"
            )  # half of it is there if memory ran out in between
            cursor.execute(f"CREATE SCHEMA {schema}")
            return _create_tables(cursor, snapshot, places) | _create_views(cursor, schema, snapshot)
        finally:
            cursor.close()

    def _open_ahead(self, places: set[str]) -> None:
        try:
            self.catalog.lake.open_ahead(self.connection, sorted(places - self._opened))
        except duckdb.Error as error:
            _raise_if_general(error)  # otherwise the view of the one that is wrong says so
        else:
            self._opened = places


def schema_name(snapshot: int, pins: Pins, generation: int) -> str:
    """What the schema of a snapshot is called, with some tables pinned or none; upkeep gives snapshots other files."""
    if not pins:
        return f"s{snapshot}_g{generation}"
    return f"s{snapshot}_g{generation}_{hashlib.sha256(repr(pins).encode()).hexdigest()[:24]}"


def pinned(catalog: Catalog, snapshot: Snapshot, pins: Pins, schema: str) -> Snapshot:
    """The snapshot with each table of `pins` as the commit of its snapshot left it, also one that is dropped by now."""
    tables = {table.name.casefold(): table for table in snapshot.tables}
    views = {view.name.casefold(): view for view in snapshot.views}
    for name, at in pins:
        held = catalog.held(catalog.commit(at))
        tables.pop(name.casefold(), None)
        views.pop(name.casefold(), None)
        if isinstance(held, LakeTable):
            tables[name.casefold()] = replace(held, name=name)
        else:
            views[name.casefold()] = replace(held, name=name)
    return Snapshot(snapshot.id, tuple(tables.values()), tuple(views.values()), schema)


def source(table: LakeTable, places: Mapping[str, str] = MappingProxyType({})) -> str:
    """The SELECT that reads a table's live files, from other `places` if there are any, as its columns and types."""
    columns = ", ".join(f"{quoted(column.name)}::{column.type} AS {quoted(column.name)}" for column in table.columns)
    if not table.files:
        empty = ", ".join(f"NULL::{column.type} AS {quoted(column.name)}" for column in table.columns)
        return f"SELECT {empty} LIMIT 0"
    names = ", ".join(quoted(column.name) for column in table.columns)
    whole = [places.get(file.path, file.path) for file in table.files if not file.deletes]
    parts = []
    if whole:
        parts.append(f"SELECT {names} FROM read_parquet([{', '.join(map(literal, whole))}])")  # noqa: S608
    parts += [
        f"SELECT {names} FROM read_parquet({literal(places.get(file.path, file.path))}, file_row_number=true)"  # noqa: S608
        " WHERE file_row_number NOT IN"
        f" (SELECT pos FROM read_parquet({literal(file.deletes)}){_until(file)})"
        for file in table.files
        if file.deletes
    ]
    return f"SELECT {columns} FROM ({' UNION ALL '.join(parts)})"  # noqa: S608


def opened_first(table: LakeTable, places: Mapping[str, str]) -> Iterator[str]:
    """What DuckDB opens of the table's files when it meets its SELECT: the first of a list, which says the columns."""
    whole = [file for file in table.files if not file.deletes]
    for file in (*whole[:1], *(file for file in table.files if file.deletes)):
        yield places.get(file.path, file.path)
        if file.deletes:
            yield file.deletes


def _until(file: DataFile) -> str:
    return "" if file.deletes_until is None else f" WHERE _ducklake_internal_snapshot_id <= {file.deletes_until}"


def literal(value: object) -> str:
    """The text as a SQL string literal."""
    return "'" + str(value).replace("'", "''") + "'"


def _create_tables(cursor: duckdb.DuckDBPyConnection, snapshot: Snapshot, places: Mapping[str, str]) -> dict[str, str]:
    """Create the views that are the lake's tables, in one transaction as long as nothing is wrong with their files;
    returns the reasons of those that cannot be read.
    """
    statements = {
        table.name: f"CREATE VIEW {snapshot.schema}.{quoted(table.name)} AS {source(table, places)}"
        for table in snapshot.tables
    }
    reasons: dict[str, str] = {}
    cursor.execute("BEGIN")
    try:
        for statement in statements.values():
            cursor.execute(statement)
        cursor.execute("COMMIT")
    except duckdb.Error as error:
        cursor.execute("ROLLBACK")
        _raise_if_general(error)
        for name, statement in statements.items():
            try:
                cursor.execute(statement)
            except duckdb.Error as error:
                reasons[name] = _raise_if_general(error).message
    return reasons


def _raise_if_general(error: duckdb.Error) -> EngineError:
    """The error for a person, unless it says nothing about the table: then it is raised again."""
    known = from_duckdb(error)
    if known.code in ("out_of_memory", "no_space", "storage_unavailable"):
        raise error
    return known


def _create_views(cursor: duckdb.DuckDBPyConnection, schema: str, snapshot: Snapshot) -> dict[str, str]:
    """Create the lake's views, those that need others after them; returns the reasons of those that cannot be
    created.
    """
    waiting = {view.name: OWN_SCHEMA.sub("", view.sql) for view in snapshot.views}
    reasons: dict[str, str] = {}
    if waiting:
        cursor.execute(f"SET schema = '{schema}'")
    while waiting:
        before = len(waiting)
        for name, sql in list(waiting.items()):
            try:
                judge_select(cursor, sql)  # it may be older than what is refused today
                cursor.execute(f"CREATE VIEW {quoted(name)} AS {sql}")
            except (duckdb.Error, EngineError) as error:
                reasons[name] = (error if isinstance(error, EngineError) else from_duckdb(error)).message
            else:
                del waiting[name]
                reasons.pop(name, None)
        if len(waiting) == before:
            break
    return reasons
