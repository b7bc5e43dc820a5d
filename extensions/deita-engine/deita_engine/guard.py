"""Which statements may run: one SELECT-like statement in a read, a few writing ones besides in a write."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import duckdb

from .errors import from_duckdb
from .shapes import EngineError, Mode

TABLE_FUNCTIONS = frozenset({"range", "generate_series", "unnest", "json_each", "json_tree", "repeat", "repeat_row"})
WRITING = frozenset({"CREATE", "INSERT", "UPDATE", "DELETE", "MERGE_INTO", "ALTER", "DROP"})


@dataclass(frozen=True)
class Judged:
    """A statement that may run: DuckDB's name of its type and its text without trailing semicolons."""

    type: str
    sql: str
    writes: bool
    serialisable: bool
    tables: tuple[str, ...] = ()
    parameters: frozenset[str] = frozenset()


def judge(parser: duckdb.DuckDBPyConnection, sql: str, mode: Mode) -> Judged:
    """The one statement in `sql`, if `mode` allows it; raises EngineError otherwise. `parser` is a cursor of a locked instance."""
    try:
        statements = parser.extract_statements(sql)
    except duckdb.Error as error:
        raise from_duckdb(error, sql) from error
    if not statements:
        raise EngineError("query_syntax", "There is no statement to run.", details={"line": 1, "column": 1})
    kinds = [statement.type.name for statement in statements]
    pivot = kinds[:-1] and all(kind == "CREATE" for kind in kinds[:-1]) and not statements[-1].query
    if len(statements) > 1 and not pivot:
        raise EngineError("multiple_statements", "One statement at a time, please.")
    kind = kinds[-1]
    if kind in WRITING:
        if mode != "write":
            raise EngineError("write_mode_required", f"{kind.replace('_', ' ')} changes data; run it in write mode.")
        return Judged(kind, sql, True, False, (), frozenset(statements[0].named_parameters))
    if kind not in ("SELECT", "EXPLAIN"):
        raise EngineError("not_allowed", f"{kind.replace('_', ' ')} statements are not allowed here.")
    if kind == "EXPLAIN" or pivot:
        return Judged(kind, sql, False, False)
    tree = json.loads(parser.execute("SELECT json_serialize_sql($1)", [sql]).fetchall()[0][0])
    names: dict[str, None] = {}
    _walk(tree, names)
    return Judged(kind, sql, False, True, tuple(names), frozenset(statements[0].named_parameters))


def _walk(node: Any, names: dict[str, None]) -> None:
    if isinstance(node, list):
        for item in node:
            _walk(item, names)
    elif isinstance(node, dict):
        if node.get("type") == "TABLE_FUNCTION":
            name = ((node.get("function") or {}).get("function_name") or "").lower()
            if name not in TABLE_FUNCTIONS:
                raise EngineError("not_allowed", f"The table function {name} is not allowed here.")
        if node.get("type") == "BASE_TABLE":
            names[str(node.get("table_name"))] = None
        for value in node.values():
            _walk(value, names)
