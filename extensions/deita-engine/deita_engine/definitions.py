"""Whether a writing statement fits what is there: its names, and the table or view that it defines.

A definition is tried on empty tables first, so that what is wrong with it is told before a query exists, and to who
validates it, too.
"""

from __future__ import annotations

import threading

import duckdb

from .binding import with_candidates
from .catalog import Snapshot, quoted
from .dependencies import Dependencies
from .empty_tables import EmptyTables
from .errors import from_duckdb
from .guard import Judged
from .lake_types import is_held
from .reader import Reader
from .shapes import Column, EngineError
from .tokens import place_of, tokenize
from .writer import table_exists

KEYS = frozenset({"PRIMARY", "UNIQUE", "CHECK", "REFERENCES", "CONSTRAINT"})
NO_KEYS = "Tables here have no keys: MERGE INTO … ON says which rows are the same."
UNSUPPORTED = KEYS | {"COLLATE"}
"""What a table's definition may hold in DuckDB, and not in the lake."""


class Definitions:
    """Checks statements; raises what they would raise."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.empty, self.dependencies = EmptyTables(), Dependencies()
        self._turn = threading.Lock()  # two that make a table of one name would be in each other's way

    def check(self, judged: Judged) -> None:
        """Raises EngineError table_exists, table_not_found, table_unreadable, query_binding, query_syntax."""
        snapshot = self.reader.catalog.snapshot()
        _check_names(judged, snapshot)
        if judged.action == "comment":
            with self.reader.cursor() as (cursor, _):
                _check_column(cursor, judged)
        elif judged.action in ("alter", "view") or (judged.action == "create" and not judged.query):
            _check_words(judged)
            with self.reader.cursor() as (cursor, snapshot):
                self._try(cursor, judged, snapshot)

    def _try(self, cursor: duckdb.DuckDBPyConnection, judged: Judged, snapshot: Snapshot) -> None:
        reads = self.dependencies.of(cursor, judged.tables, snapshot) if judged.action == "view" else []
        try:
            target = (judged.target, columns_of(cursor, judged.target)) if judged.action == "alter" else None
            tables = {name: columns_of(cursor, name) for name in reads}
            with self._turn, self.empty.of(tables, target) as empty:
                empty.execute("BEGIN")  # the end of the cursor ends it
                empty.execute(judged.sql)
                if judged.action != "view":
                    _check_types(columns_of(empty, judged.target))
        except duckdb.Error as error:
            raise with_candidates(from_duckdb(error, judged.sql), snapshot) from error


def columns_of(cursor: duckdb.DuckDBPyConnection, table: str) -> tuple[Column, ...]:
    """The columns of a table or view that the cursor knows."""
    return tuple(Column(row[0], row[1]) for row in cursor.execute(f"DESCRIBE FROM {quoted(table)}").fetchall())


def missing(name: str, snapshot: Snapshot) -> EngineError:
    """The error for a table that is not there."""
    return with_candidates(EngineError("table_not_found", "", details={"table": name}), snapshot)


def _check_names(judged: Judged, snapshot: Snapshot) -> None:
    tables = {table.name.casefold() for table in snapshot.tables}
    views = {view.name.casefold() for view in snapshot.views}
    target, action, options = judged.target.casefold(), judged.action, judged.options
    there = target in tables or target in views
    if action in ("create", "view"):
        if there and not options & {"replace", "if_not_exists"}:
            raise table_exists(judged.target)
        if "replace" in options and target in (tables if action == "view" else views):
            raise _other_kind(judged.target, is_view=target in views)
    elif action == "rename":
        (old,) = options
        if there:
            raise table_exists(judged.target)
        if old.casefold() not in tables | views:
            raise missing(old, snapshot)
    elif not there and (action == "comment" or "if_exists" not in options):
        raise missing(judged.target, snapshot)
    elif action == "drop" and target in (tables if "view" in options else views):
        raise _other_kind(judged.target, is_view=target in views)
    elif target in views and action != "drop" and (action != "comment" or options):
        raise _other_kind(judged.target, is_view=True)


def _other_kind(name: str, *, is_view: bool) -> EngineError:
    kind, other = ("view", "table") if is_view else ("table", "view")
    return EngineError("query_binding", f"{name} is a {kind} and no {other}.", details={"table": name})


def _check_column(cursor: duckdb.DuckDBPyConnection, judged: Judged) -> None:
    for name in judged.options:
        if name.casefold() not in {column.name.casefold() for column in columns_of(cursor, judged.target)}:
            raise EngineError("query_binding", f"{judged.target} has no column {name}.")


def _check_words(judged: Judged) -> None:
    token = next((token for token in tokenize(judged.sql) if token.word in UNSUPPORTED), None)
    if token and judged.action != "view":
        hint, place = NO_KEYS if token.word in KEYS else None, dict(place_of(judged.sql, token.start))
        raise EngineError("query_binding", f"{token.word} is not supported in a table here.", hint, place)


def _check_types(columns: tuple[Column, ...]) -> None:
    for column in columns:
        if not is_held(column.type):
            message = f"A table here cannot hold {column.name} as {column.type}."
            raise EngineError("query_binding", message, "CREATE TABLE … AS keeps it as the nearest type that it can.")
