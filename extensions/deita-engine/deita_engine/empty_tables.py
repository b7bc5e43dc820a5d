"""Tables of the same columns, without the rows, in an instance of their own: what statements are bound to that would
need the lake opened to write, or whose plan is to be read.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

import duckdb

from .catalog import quoted
from .settings import SEALED, lock
from .shapes import Column


class EmptyTables:
    """The instance is opened when it is first needed."""

    def __init__(self) -> None:
        self._instance: duckdb.DuckDBPyConnection | None = None

    @contextlib.contextmanager
    def of(
        self, tables: Mapping[str, tuple[Column, ...]], target: tuple[str, tuple[Column, ...]] | None = None
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor that sees tables of these columns, which may be read, and one, `target`, that may be written to."""
        cursor = self._opened().cursor()
        try:
            if target:
                held = ", ".join(f"{quoted(column.name)} {column.type}" for column in target[1])
                cursor.execute(f"CREATE TEMP TABLE {quoted(target[0])} ({held})")
            for name, columns in tables.items():
                if not target or name != target[0]:
                    nulls = ", ".join(f"NULL::{column.type} AS {quoted(column.name)}" for column in columns)
                    cursor.execute(f"CREATE TEMP VIEW {quoted(name)} AS SELECT {nulls}")
            yield cursor
        finally:
            cursor.close()

    def _opened(self) -> duckdb.DuckDBPyConnection:
        if self._instance is None:
            instance = duckdb.connect(":memory:", config={**SEALED, "threads": 1, "memory_limit": "64MiB"})
            lock(instance, [])
            self._instance = instance
        return self._instance
