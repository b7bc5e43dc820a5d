"""Which statements may run: one SELECT-like statement in a read; a few that write besides, in a write.

A read is judged by its parsed tree (`json_serialize_sql`): table functions and places where tables come from are
allowed by list, functions that tell about the process or its files are refused by name. What DuckDB does not
serialise (PIVOT at the top, EXPLAIN, everything that writes) is judged by its tokens: every query inside it is judged
as a read where it can be cut out, and no name of the deny list may occur anywhere as a function. This is one layer;
the instances are locked besides.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import duckdb

from .deny import (
    CATALOGS,
    DENIED_FUNCTIONS,
    FILE_LIKE,
    READ_WORDS,
    SHOWABLE,
    SYSTEM_SCHEMAS,
    SYSTEM_TABLES,
    TABLE_FUNCTIONS,
    WRITING,
    is_denied,
    refused,
)
from .errors import from_duckdb
from .heads import HEADS, HeadReader
from .shapes import EngineError, Mode
from .token_guard import judge_tokens
from .tokens import closing, tokenize


@dataclass(frozen=True)
class Judged:
    """A statement that may run.

    `type` is DuckDB's name of its kind. Of a write, `target` is the table, `action` what happens to it (see `ACTIONS`),
    `query` the SELECT that a CREATE takes its rows from.
    """

    type: str
    sql: str
    writes: bool = False
    serialisable: bool = False
    tables: tuple[str, ...] = ()
    target: str = ""
    action: str = ""
    query: str | None = None
    options: frozenset[str] = field(default_factory=frozenset)


def judge(parser: duckdb.DuckDBPyConnection, sql: str, mode: Mode) -> Judged:
    """The one statement in `sql`, if `mode` allows it; raises EngineError otherwise. `parser` is a cursor of a locked
    instance.
    """
    kind, pivot = _kind(parser, sql)
    if kind not in WRITING and (first := tokenize(sql)[0].word) not in READ_WORDS:
        raise refused(f"A {first or kind} statement")
    if kind in WRITING and not pivot:
        if mode != "write":
            message = f"{kind.replace('_', ' ')} changes data; this needs write mode."
            raise EngineError("write_mode_required", message, "Run it with mode=write.")
        return _judge_write(parser, sql, kind)
    if kind not in ("SELECT", "EXPLAIN"):
        raise refused(f"{kind.replace('_', ' ')} statements")
    if pivot:
        return Judged("SELECT", sql, tables=judge_tokens(tokenize(sql)))
    if kind == "EXPLAIN":
        return _judge_explain(parser, sql)
    return Judged(kind, sql, serialisable=True, tables=judge_select(parser, sql))


def judge_select(parser: duckdb.DuckDBPyConnection, sql: str) -> tuple[str, ...]:
    """The tables that a SELECT names; raises EngineError when anything in its tree is not allowed."""
    tree = json.loads(parser.execute("SELECT json_serialize_sql($1)", [sql]).fetchall()[0][0])
    if tree.get("error"):
        return judge_tokens(tokenize(sql))
    names: dict[str, None] = {}
    _walk(tree, names)
    return tuple(names)


def _kind(parser: duckdb.DuckDBPyConnection, sql: str) -> tuple[str, bool]:
    try:
        statements = parser.extract_statements(sql)
    except duckdb.Error as error:
        first = next((token.word for token in tokenize(sql)), "")
        if first in ("PRAGMA", "IMPORT", "CALL", "USE"):
            raise refused(f"{first} statements") from error
        told = from_duckdb(error, sql)
        raise refused(told.message.rstrip(".") + ": this") if told.code == "query_failed" else told from error
    if not statements:
        raise EngineError("query_syntax", "There is no statement to run.", details={"line": 1, "column": 1})
    kinds = [statement.type.name for statement in statements]
    pivot = not statements[-1].query and kinds[-1] == "SELECT" and all(kind == "CREATE" for kind in kinds[:-1])
    if len(statements) > 1 and not pivot:
        raise EngineError("multiple_statements", "One statement at a time, please.", details={"count": len(statements)})
    if pivot and _has_more(sql):
        raise EngineError("multiple_statements", "One statement at a time, please.")
    return kinds[-1], pivot


def _has_more(sql: str) -> bool:
    tokens = tokenize(sql)
    while tokens and tokens[-1].text == ";":
        tokens.pop()
    return any(token.text == ";" for token in tokens)


def _judge_explain(parser: duckdb.DuckDBPyConnection, sql: str) -> Judged:
    tokens = tokenize(sql)
    rest = 1
    if rest < len(tokens) and tokens[rest].word == "ANALYZE":
        rest += 1
    if rest < len(tokens) and tokens[rest].text == "(":
        rest = closing(tokens, rest) + 1
    inner = sql.encode()[tokens[rest].start :].decode() if rest < len(tokens) else ""
    judged = judge(parser, inner, "read")
    return Judged("EXPLAIN", sql, tables=judged.tables)


def _walk(node: Any, names: dict[str, None]) -> None:
    if isinstance(node, list):
        for item in node:
            _walk(item, names)
    elif isinstance(node, dict):
        check = CHECKS.get(node.get("type", "")) if isinstance(node.get("type"), str) else None
        if check:
            check(node, names)
        for value in node.values():
            if isinstance(value, dict | list):
                _walk(value, names)


def _check_table_function(node: dict[str, Any], names: dict[str, None]) -> None:
    name = str((node.get("function") or {}).get("function_name") or "").lower()
    if name not in TABLE_FUNCTIONS:
        raise refused(f"The table function {name}")


def _check_function(node: dict[str, Any], names: dict[str, None]) -> None:
    name = str(node.get("function_name") or "").lower()
    if is_denied(name) or str(node.get("schema") or "").lower() in SYSTEM_SCHEMAS - {"pg_catalog"}:
        raise refused(f"The function {name}")


def _check_table(node: dict[str, Any], names: dict[str, None]) -> None:
    name, schema, catalog = (str(node.get(key) or "") for key in ("table_name", "schema_name", "catalog_name"))
    if catalog.lower() not in CATALOGS or schema.lower() in SYSTEM_SCHEMAS | {*DENIED_FUNCTIONS}:
        raise refused(f"The table {'.'.join(filter(None, (catalog, schema, name)))}")
    if FILE_LIKE.search(name) or SYSTEM_TABLES.match(name):
        raise refused(f"The table {name.rsplit('/', 1)[-1]}")
    names[name] = None


def _check_show(node: dict[str, Any], names: dict[str, None]) -> None:
    name = str(node.get("table_name") or "")
    if not node.get("query") and name.lower() not in SHOWABLE:
        raise refused(f"SHOW {name}")


CHECKS = {
    "TABLE_FUNCTION": _check_table_function,
    "FUNCTION": _check_function,
    "BASE_TABLE": _check_table,
    "SHOW_REF": _check_show,
}


def _judge_write(parser: duckdb.DuckDBPyConnection, sql: str, kind: str) -> Judged:
    tokens = tokenize(sql)
    tables = judge_tokens(tokens)
    reader = HeadReader(tokens)
    shape = HEADS[kind](reader)
    query = None
    if shape.query_start is not None:
        query = sql.encode()[shape.query_start : shape.query_end].decode()
    if query is not None:
        judge_select(parser, query)
    return Judged(
        kind,
        sql,
        True,
        False,
        tables,
        target=shape.target,
        action=shape.action,
        query=query if kind == "CREATE" else None,
        options=frozenset(shape.options),
    )
