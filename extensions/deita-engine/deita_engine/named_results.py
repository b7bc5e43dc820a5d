"""Earlier results under names of their own: tables that one statement sees, read where they lie in the spool.

Each is a temporary view, which only its connection sees. Its columns are cast to DuckDB's own types, because Arrow has
no HUGEINT, UUID, ENUM or JSON. What a view of the lake names stays the lake's: DuckDB looks names inside a view up
where the view was made.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import duckdb

from .catalog import Snapshot, quoted
from .results import Spool
from .shapes import EngineError
from .spooled import Rows

UNCAST = frozenset({"BIT"})
"""Types whose bytes in Arrow are not what a cast reads."""


@dataclass(frozen=True)
class NamedResults:
    """Results by the names that a statement calls them."""

    rows: dict[str, Rows]

    @contextlib.contextmanager
    def known_to(self, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Let the connection see them meanwhile."""
        try:
            self.show_to(connection)
            yield
        finally:
            for number, name in enumerate(self.rows):
                connection.execute(f"DROP VIEW IF EXISTS temp.{quoted(name)}")
                connection.unregister(_hidden(number))

    def show_to(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Let the connection see them for as long as it is open."""
        for number, (name, rows) in enumerate(self.rows.items()):
            connection.register(_hidden(number), rows)
            columns = ", ".join(_column(column, kind) for column, kind in rows.types.items())
            connection.execute(f"CREATE TEMP VIEW {quoted(name)} AS SELECT {columns} FROM {_hidden(number)}")  # noqa: S608

    def without(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The names that are none of theirs."""
        own = {name.casefold() for name in self.rows}
        return tuple(name for name in names if name.casefold() not in own)


def named(spool: Spool, results: Iterable[tuple[str, str]], snapshot: Snapshot) -> NamedResults:
    """The results (name, query id) for a statement on this snapshot.

    Raises EngineError result_expired, and table_exists for a name that a table has.
    """
    taken = {table.name.casefold() for table in snapshot.tables} | {view.name.casefold() for view in snapshot.views}
    found = {}
    for name, query_id in results:
        if name.casefold() in taken:
            message = f"There is a table {name}, so that no result can be called so."
            raise EngineError("table_exists", message, "Give the result another name.", {"result": name})
        found[name] = Rows(spool.path(query_id))
    return NamedResults(found)


def _hidden(number: int) -> str:
    return f"deita_result_{number}"


def _column(name: str, kind: str) -> str:
    return quoted(name) if kind in UNCAST else f"{quoted(name)}::{kind} AS {quoted(name)}"
