"""What a read would answer, found without running it: its columns, the tables that it names, and where it is wrong."""

from __future__ import annotations

import difflib
from typing import Any

import duckdb

from .catalog import Snapshot
from .errors import from_duckdb
from .guard import Judged
from .shapes import Column, EngineError
from .tokens import tokenize

BIND = "DESCRIBE\n"
SHOWING = frozenset({"DESCRIBE", "DESC", "SHOW", "SUMMARIZE"})
"""Statements that DESCRIBE takes only as a subquery."""


def bound(
    cursor: duckdb.DuckDBPyConnection, judged: Judged, params: dict[str, Any], snapshot: Snapshot
) -> tuple[Column, ...] | None:
    """The columns of the result; None where only running the statement tells them (EXPLAIN, PIVOT).

    Raises EngineError query_binding, table_not_found… with the place in the statement.
    """
    return bound_columns(cursor, judged.sql, params, snapshot) if judged.serialisable else None


def bound_columns(
    cursor: duckdb.DuckDBPyConnection, sql: str, params: dict[str, Any], snapshot: Snapshot
) -> tuple[Column, ...]:
    """The columns of a SELECT-like statement that the guard let through."""
    asked = binding(sql)
    try:
        rows = cursor.execute(asked, params or None).fetchall()
    except duckdb.Error as error:
        raise with_candidates(from_duckdb(error, asked, lines_before=1), snapshot) from error
    return tuple(Column(row[0], row[1]) for row in rows)


def binding(sql: str) -> str:
    """A statement that tells the columns of this one, whose text begins on the second line."""
    tokens = tokenize(sql)
    if tokens[0].word not in SHOWING:
        return BIND + sql
    end = next((token.start for token in tokens if token.text == ";"), None)
    return f"DESCRIBE FROM (\n{sql.encode()[:end].decode()}\n)"


def described(cursor: duckdb.DuckDBPyConnection) -> tuple[Column, ...]:
    """The columns of what the cursor just ran."""
    return tuple(Column(item[0], str(item[1])) for item in cursor.description or ())


def with_candidates(error: EngineError, snapshot: Snapshot) -> EngineError:
    """The error with the workspace's own tables as candidates (DuckDB's may be of its system catalog), or with the
    reason why a table that is there cannot be read.
    """
    if error.code != "table_not_found":
        return error
    missing = str(error.details["table"])
    for name, reason in snapshot.unreadable.items():
        if name.casefold() == missing.casefold():
            hint = "Restore an older version of it, or make it again."
            return EngineError("table_unreadable", f"The table {name} cannot be read: {reason}", hint, {"table": name})
    names = [table.name for table in snapshot.tables] + [view.name for view in snapshot.views]
    close = difflib.get_close_matches(missing, names, 3, 0.5)
    hint = (
        f"Did you mean {', '.join(close)}?"
        if close
        else (f"Tables: {', '.join(names[:20])}" if names else "There are no tables yet.")
    )
    details = {**error.details, "candidates": close}
    return EngineError(error.code, f"There is no table {missing}.", hint, details)
