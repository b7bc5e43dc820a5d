"""What could stand at the cursor: keywords, functions, tables, and the columns of the tables that the statement
names.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator

import duckdb

from .catalog import Snapshot, quoted
from .deny import is_denied
from .shapes import Completion, Completions

MAX_ITEMS = 200
WORD = re.compile(r'(?:"(?P<quoted>[^"\n]*)|(?P<bare>[\w$]*))$')
QUALIFIER = re.compile(r'(?:"([^"\n]+)"|([\w$]+))\.$')
NAME = re.compile(r'"([^"\n]+)"|([A-Za-z_]\w*)')
AFTER_TABLE_WORD = re.compile(r"\b(?:from|join|into|update|table|describe|summarize)\s+$", re.I)
PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*")


class Completer:
    """Completes statements; the names of keywords and functions are read once."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._words: list[Completion] | None = None

    def complete(self, sql: str, position: int, snapshot: Snapshot) -> Completions:
        """What fits at `position` (in characters): columns before tables before functions before keywords."""
        before = sql[: max(0, min(position, len(sql)))]
        found = WORD.search(before)
        start = found.start() if found else len(before)
        typed = (found.group("quoted") or found.group("bare") or "").casefold() if found else ""
        qualifier = QUALIFIER.search(before[:start])
        items = self._items(sql, before[:start], qualifier, snapshot)
        fitting: dict[str, Completion] = {}
        for item in items:
            if item.label.strip('"').casefold().startswith(typed):
                fitting.setdefault(item.label, item)
            if len(fitting) >= MAX_ITEMS:
                break
        return Completions(start, len(before), tuple(fitting.values()))

    def _items(self, sql: str, head: str, qualifier: re.Match[str] | None, snapshot: Snapshot) -> Iterator[Completion]:
        tables = [Completion(_spelled(table.name), "table", f"{table.rows} rows") for table in snapshot.tables]
        tables += [Completion(_spelled(view.name), "table", "view") for view in snapshot.views]
        if qualifier:
            yield from _columns(snapshot, _named(sql, snapshot, (qualifier.group(1) or qualifier.group(2)).casefold()))
            return
        if AFTER_TABLE_WORD.search(head):
            yield from tables
        yield from _columns(snapshot, {match[0] or match[1] for match in NAME.findall(sql)})
        yield from tables
        yield from self._known_words()

    def _known_words(self) -> list[Completion]:
        with self._lock:
            if self._words is None:
                self._words = list(_words(self._connection))
            return self._words


def _named(sql: str, snapshot: Snapshot, qualifier: str) -> set[str]:
    """The table that a qualifier stands for: its name or an alias of it."""
    for table in snapshot.tables:
        spelled = "|".join(re.escape(name) for name in (table.name, quoted(table.name)))
        alias = re.search(rf"(?:{spelled})\s+(?:as\s+)?{re.escape(qualifier)}\b", sql, re.IGNORECASE)
        if alias and table.name.casefold() != qualifier:
            return {table.name}
    return {qualifier}


def _columns(snapshot: Snapshot, names: Iterable[str]) -> Iterator[Completion]:
    wanted = {name.casefold() for name in names}
    for table in snapshot.tables:
        if table.name.casefold() in wanted:
            for column in table.columns:
                yield Completion(_spelled(column.name), "column", f"{column.type} · {table.name}")


def _spelled(name: str) -> str:
    return name if PLAIN_NAME.fullmatch(name) else quoted(name)


def _words(connection: duckdb.DuckDBPyConnection) -> Iterator[Completion]:
    cursor = connection.cursor()
    try:
        functions = cursor.execute(
            "SELECT function_name, any_value(function_type) FROM duckdb_functions()"
            " WHERE regexp_matches(function_name, '^[a-z][a-z0-9_]*$') AND NOT starts_with(function_name, '__')"
            " AND function_type IN ('scalar', 'aggregate', 'macro') GROUP BY 1 ORDER BY 1"
        ).fetchall()
        keywords = cursor.execute(
            "SELECT keyword_name FROM duckdb_keywords() ORDER BY keyword_category <> 'reserved', keyword_name"
        ).fetchall()
    finally:
        cursor.close()
    yield from (Completion(name, "function", kind) for name, kind in functions if not is_denied(name))
    yield from (Completion(word[0].upper(), "keyword") for word in keywords)
