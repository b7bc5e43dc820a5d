"""The words that completion knows of DuckDB: functions with how they are called, and keywords."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb

from .reviewed import FUNCTIONS
from .shapes import Completion

FUNCTIONS_SQL = (
    "SELECT function_name, function_type, parameters, parameter_types, varargs, return_type,"
    " count(*) OVER (PARTITION BY function_name)"
    " FROM duckdb_functions() WHERE regexp_matches(function_name, '^[a-z][a-z0-9_]*$')"
    " AND function_type IN ('scalar', 'aggregate', 'macro')"
    " QUALIFY row_number() OVER (PARTITION BY function_name ORDER BY len(parameters), function_oid) = 1"
    " ORDER BY function_name"
)
KEYWORDS_SQL = "SELECT keyword_name FROM duckdb_keywords() ORDER BY keyword_category <> 'reserved', keyword_name"


def words(connection: duckdb.DuckDBPyConnection) -> Iterator[Completion]:
    """Functions that may be used, then keywords."""
    cursor = connection.cursor()
    try:
        functions = cursor.execute(FUNCTIONS_SQL).fetchall()
        keywords = cursor.execute(KEYWORDS_SQL).fetchall()
    finally:
        cursor.close()
    yield from (Completion(row[0], "function", _called(*row[1:])) for row in functions if row[0] in FUNCTIONS)
    yield from (Completion(word[0].upper(), "keyword") for word in keywords)


def _called(
    kind: str, names: list[str], types: list[str | None], varargs: str | None, returns: str | None, ways: int
) -> str:
    """How a function is called: its arguments, what it returns, and in how many ways besides."""
    arguments = [f"{name} {type_}" if type_ else name for name, type_ in _pairs(names, types)]
    if varargs:
        arguments.append(f"{varargs}…")
    result = f" → {returns}" if returns else ""
    more = f" · {ways - 1} more" if ways > 1 else ""
    return f"({', '.join(arguments)}){result} · {kind}{more}"


def _pairs(names: list[str], types: list[Any]) -> list[tuple[str, str | None]]:
    return [(name, types[place] if place < len(types) else None) for place, name in enumerate(names)]
