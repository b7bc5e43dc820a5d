"""What could stand at the cursor: columns and struct fields of what the statement reads, tables and common table
expressions, functions with how they are called, keywords.

What a subquery or an expression has for columns, the binder says, of those that the guard lets through.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import duckdb

from .binding import bound_columns
from .catalog import Snapshot, quoted
from .guard import judge
from .scopes import NO_ALIAS, TABLE_WORDS, Scope, Source, scope_at
from .shapes import Column, Completion, Completions, EngineError
from .tokens import tokenize
from .vocabulary import words

MAX_ITEMS = 200
MAX_BOUND = 8
"""Subqueries and expressions whose columns are looked for; each costs about a millisecond."""
CLAUSES = TABLE_WORDS | NO_ALIAS
WORD = re.compile(r'(?:"(?P<quoted>[^"\n]*)|(?P<bare>[\w$]*))$')
QUALIFIER = re.compile(r'(?:(?:"[^"\n]+"|[\w$]+)\.)+$')
PART = re.compile(r'"([^"\n]+)"|([\w$]+)')
PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*")


class Completer:
    """Completes statements; the names of keywords and functions are read once."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._words: list[Completion] | None = None

    def complete(self, cursor: duckdb.DuckDBPyConnection, sql: str, position: int, snapshot: Snapshot) -> Completions:
        """What fits at `position` (in characters): columns before tables before functions before keywords."""
        before = sql[: max(0, min(position, len(sql)))]
        found = WORD.search(before)
        start = found.start() if found else len(before)
        typed = (found.group("quoted") or found.group("bare") or "").casefold() if found else ""
        rest = before[:start] + " " * (len(before) - start) + sql[len(before) :]  # without the word, or its open quote
        tokens, at = tokenize(rest), len(before[:start].encode())
        if any(token.is_string and token.start < at < token.start + len(token.text.encode()) for token in tokens):
            return Completions(start, len(before), ())
        names = _Names(cursor, snapshot, scope_at(rest.encode(), tokens, at))
        qualifier = QUALIFIER.search(before[:start])
        items = names.after(qualifier.group()) if qualifier else self._items(names)
        fitting: dict[str, Completion] = {}
        for item in items:
            if item.label.strip('"').casefold().startswith(typed):
                fitting.setdefault(item.label, item)
            if len(fitting) >= MAX_ITEMS:
                break
        return Completions(start, len(before), tuple(fitting.values()))

    def _items(self, names: _Names) -> Iterator[Completion]:
        before = names.scope.before
        last = before[-1] if before else ""
        clause = next((word for word in reversed(before) if word in CLAUSES), "")
        if last in TABLE_WORDS or (last == "," and clause in TABLE_WORDS):
            yield from names.tables()
        if last == "ON":
            yield from names.joins()
        if before[:2] == ("USING", "("):
            yield from names.shared()
        yield from names.columns()
        yield from names.tables()
        yield from self._known_words()

    def _known_words(self) -> list[Completion]:
        with self._lock:
            if self._words is None:
                self._words = list(words(self._connection))
            return self._words


class _Names:
    """The names that mean something in a scope."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, snapshot: Snapshot, scope: Scope) -> None:
        self.cursor, self.snapshot, self.scope = cursor, snapshot, scope
        self._bound: dict[str, tuple[Column, ...]] = {}

    def tables(self) -> Iterator[Completion]:
        """Expressions, tables, views."""
        yield from (Completion(_spelled(name), "table", "WITH") for name in self.scope.expressions)
        yield from (Completion(_spelled(table.name), "table", f"{table.rows} rows") for table in self.snapshot.tables)
        yield from (Completion(_spelled(view.name), "table", "view") for view in self.snapshot.views)

    def columns(self) -> Iterator[Completion]:
        """The columns of all sources, then what the sources are called."""
        for source in self.scope.sources:
            for column in self._of(source):
                yield Completion(_spelled(column.name), "column", f"{column.type} · {source.alias or 'subquery'}")
        for source in self.scope.sources:
            if source.alias and source.alias != source.name:
                yield Completion(_spelled(source.alias), "alias", source.name or "subquery")

    def shared(self) -> Iterator[Completion]:
        """The columns that the last source has in common with those before it."""
        *earlier, last = self.scope.sources or (Source("", ""),)
        known = {column.name.casefold() for source in earlier for column in self._of(source)}
        for column in self._of(last):
            if column.name.casefold() in known:
                yield Completion(_spelled(column.name), "column", column.type)

    def joins(self) -> Iterator[Completion]:
        """Conditions that join the last source by a column of the same name."""
        *earlier, last = self.scope.sources or (Source("", ""),)
        for source in earlier:
            names = {column.name.casefold(): column.name for column in self._of(source)}
            for column in self._of(last):
                if column.name.casefold() in names and source.alias and last.alias:
                    left = f"{_spelled(source.alias)}.{_spelled(names[column.name.casefold()])}"
                    yield Completion(f"{left} = {_spelled(last.alias)}.{_spelled(column.name)}", "join", column.type)

    def after(self, qualifier: str) -> Iterator[Completion]:
        """What follows `source.` or `column.` or both: columns, or fields of a struct."""
        path = [quoted_part or bare for quoted_part, bare in PART.findall(qualifier)]
        first, rest = path[0].casefold(), path[1:]
        source = next((known for known in self.scope.sources if known.alias.casefold() == first), None)
        if source is None and not rest and self._held(first):
            source = Source(path[0], path[0])
        fields = self._of(source) if source else self._fields_of_any(first)
        for part in rest:
            kind = next((field.type for field in fields if field.name.casefold() == part.casefold()), "")
            fields = _fields(kind)
        for field in fields:
            yield Completion(_spelled(field.name), "column" if source and not rest else "field", field.type)

    def _fields_of_any(self, name: str) -> tuple[Column, ...]:
        columns = (column for source in self.scope.sources for column in self._of(source))
        return next((_fields(column.type) for column in columns if column.name.casefold() == name), ())

    def _held(self, name: str) -> bool:
        tables, views = self.snapshot.tables, self.snapshot.views
        return name in {table.name.casefold() for table in tables} | {view.name.casefold() for view in views}

    def _of(self, source: Source) -> tuple[Column, ...]:
        """The columns of a source; none where they cannot be told (yet)."""
        if source.query is not None:
            return self._columns(source.query)
        name = source.name.casefold()
        if name in self.scope.expressions:
            return self._columns(f"FROM {quoted(name)}")
        table = next((table for table in self.snapshot.tables if table.name.casefold() == name), None)
        if table:
            return tuple(Column(column.name, column.type) for column in table.columns)
        return self._columns(f"FROM {quoted(source.name)}") if self._held(name) else ()

    def _columns(self, query: str) -> tuple[Column, ...]:
        if query not in self._bound:
            self._bound[query] = self._ask(query) if len(self._bound) < MAX_BOUND else ()
        return self._bound[query]

    def _ask(self, query: str) -> tuple[Column, ...]:
        known = self.scope.expressions.items()
        expressions = ", ".join(f"{quoted(name)} AS ({text})" for name, text in known if text.strip() != query.strip())
        sql = f"{f'WITH {expressions} ' if expressions else ''}SELECT * FROM ({query})"  # noqa: S608
        try:
            return bound_columns(self.cursor, judge(self.cursor, sql, "read").sql, {}, self.snapshot)
        except (EngineError, duckdb.Error):  # not complete yet, or not allowed: nothing to offer
            return ()


def _fields(kind: str) -> tuple[Column, ...]:
    """The fields of a struct type; none of any other."""
    if not kind.startswith("STRUCT"):
        return ()
    return tuple(Column(name, str(field)) for name, field in duckdb.sqltype(kind).children)


def _spelled(name: str) -> str:
    return name if PLAIN_NAME.fullmatch(name) else quoted(name)
