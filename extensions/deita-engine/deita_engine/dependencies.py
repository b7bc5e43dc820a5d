"""Which tables a statement really reads: those that it names, and those under the views that it names."""

from __future__ import annotations

import duckdb

from .catalog import Snapshot
from .guard import judge_select
from .reader import OWN_SCHEMA

KEPT_VIEWS = 256


class Dependencies:
    """Remembers what views name, by their SQL."""

    def __init__(self) -> None:
        self._named: dict[str, tuple[str, ...]] = {}

    def of(self, cursor: duckdb.DuckDBPyConnection, names: tuple[str, ...], snapshot: Snapshot) -> list[str]:
        """Tables and views of the snapshot among the names, then those that the views need, spelled as they are."""
        tables = {table.name.casefold(): table.name for table in snapshot.tables}
        views = {view.name.casefold(): view for view in snapshot.views}
        found: dict[str, None] = {}
        waiting = list(names)
        while waiting:
            key = waiting.pop(0).casefold()
            if key in tables:
                found[tables[key]] = None
            elif key in views and views[key].name not in found:
                found[views[key].name] = None
                waiting += self._named_by(cursor, views[key].sql)
        return list(found)

    def _named_by(self, cursor: duckdb.DuckDBPyConnection, sql: str) -> tuple[str, ...]:
        if sql not in self._named:
            if len(self._named) >= KEPT_VIEWS:
                self._named.clear()
            self._named[sql] = judge_select(cursor, OWN_SCHEMA.sub("", sql))
        return self._named[sql]
