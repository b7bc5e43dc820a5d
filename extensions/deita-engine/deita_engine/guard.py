"""Which statements may run: one SELECT-like statement in a read; a few that write besides, in a write.

A read is judged by its parsed tree (`json_serialize_sql`): table functions and places where tables come from are allowed by
list, functions that tell about the process or its files are refused by name. What DuckDB does not serialise (PIVOT at the top,
EXPLAIN, everything that writes) is judged by its tokens: every query inside it is judged as a read where it can be cut out, and
no name of the deny list may occur anywhere as a function. This is one layer; the instances are locked besides.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import duckdb

from .errors import from_duckdb
from .shapes import EngineError, Mode
from .tokens import Token, tokenize

TABLE_FUNCTIONS = frozenset(
    {
        "range",
        "generate_series",
        "unnest",
        "json_each",
        "json_tree",
        "repeat",
        "repeat_row",
        "summary",
        "test_all_types",
    }
)
DENIED_FUNCTIONS = frozenset(
    {
        "current_setting", "getenv", "getvariable", "which_secret", "query", "query_table", "glob", "sniff_csv",
        "json_execute_serialized_sql", "json_serialize_sql", "json_deserialize_sql", "json_serialize_plan", "parse_duckdb_log_message",
        "from_substrait", "from_substrait_json", "get_substrait", "get_substrait_json", "write_log", "pg_conf_load_time",
        "txid_current", "current_database", "current_catalog", "current_schemas", "in_search_path", "create_sort_key",
        "add_parquet_key", "nextval", "currval", "setseed", "sleep_ms",
    }
)  # fmt: skip
DENIED_PREFIXES = (
    "read_", "duckdb_", "pragma_", "sqlite_", "postgres_", "mysql_", "ducklake_", "iceberg_", "delta_", "parquet_", "scan_",
    "arrow_scan", "pandas_scan", "python_map", "seq_scan", "index_scan", "enable_", "disable_", "set_", "force_", "test_",
    "pg_get_", "write_", "copy_", "load_", "http_", "st_read", "from_", "checkpoint", "vacuum", "truncate_duckdb",
)  # fmt: skip
ALLOWED_DESPITE_PREFIX = frozenset(
    {"from_base64", "from_hex", "from_binary", "from_json", "from_json_strict", "set_bit", "test_all_types"}
)
SYSTEM_SCHEMAS = frozenset({"information_schema", "pg_catalog", "system"})
SYSTEM_TABLES = re.compile(r"^(?:duckdb_|pragma_|sqlite_|pg_)", re.I)
FILE_LIKE = re.compile(
    r"[/\\:*?]|\.(?:csv|tsv|txt|parquet|json|ndjson|jsonl|gz|zst|db|duckdb|sqlite|xlsx|arrow|feather)$", re.I
)
CATALOGS = frozenset({"", "lake", "memory", "temp"})
SHOWABLE = frozenset({'"tables"', "__show_tables_expanded", "tables", '"views"', "views"})
WRITING = frozenset({"CREATE", "INSERT", "UPDATE", "DELETE", "MERGE_INTO", "ALTER", "DROP"})


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
    """The one statement in `sql`, if `mode` allows it; raises EngineError otherwise. `parser` is a cursor of a locked instance."""
    kind, pivot = _kind(parser, sql)
    if kind in WRITING and not pivot:
        if mode != "write":
            message = f"{kind.replace('_', ' ')} changes data; this needs write mode."
            raise EngineError("write_mode_required", message, "Run it with mode=write.")
        return _judge_write(parser, sql, kind)
    if kind not in ("SELECT", "EXPLAIN"):
        raise _refused(f"{kind.replace('_', ' ')} statements")
    if pivot:
        return Judged("SELECT", sql, tables=_judge_tokens(tokenize(sql)))
    if kind == "EXPLAIN":
        return _judge_explain(parser, sql)
    return Judged(kind, sql, serialisable=True, tables=judge_select(parser, sql))


def judge_select(parser: duckdb.DuckDBPyConnection, sql: str) -> tuple[str, ...]:
    """The tables that a SELECT names; raises EngineError when anything in its tree is not allowed."""
    tree = json.loads(parser.execute("SELECT json_serialize_sql($1)", [sql]).fetchall()[0][0])
    if tree.get("error"):
        return _judge_tokens(tokenize(sql))
    names: dict[str, None] = {}
    _walk(tree, names)
    return tuple(names)


def _kind(parser: duckdb.DuckDBPyConnection, sql: str) -> tuple[str, bool]:
    try:
        statements = parser.extract_statements(sql)
    except duckdb.Error as error:
        first = next((token.word for token in tokenize(sql)), "")
        if first in ("PRAGMA", "IMPORT", "CALL", "USE"):
            raise _refused(f"{first} statements") from error
        raise from_duckdb(error, sql) from error
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
        rest = _closing(tokens, rest) + 1
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
        raise _refused(f"The table function {name}")


def _check_function(node: dict[str, Any], names: dict[str, None]) -> None:
    name = str(node.get("function_name") or "").lower()
    if is_denied(name) or str(node.get("schema") or "").lower() in SYSTEM_SCHEMAS - {"pg_catalog"}:
        raise _refused(f"The function {name}")


def _check_table(node: dict[str, Any], names: dict[str, None]) -> None:
    name, schema, catalog = (str(node.get(key) or "") for key in ("table_name", "schema_name", "catalog_name"))
    if catalog.lower() not in CATALOGS or schema.lower() in SYSTEM_SCHEMAS | {*DENIED_FUNCTIONS}:
        raise _refused(f"The table {'.'.join(filter(None, (catalog, schema, name)))}")
    if FILE_LIKE.search(name) or SYSTEM_TABLES.match(name):
        raise _refused(f"The table {name.rsplit('/', 1)[-1]}")
    names[name] = None


def _check_show(node: dict[str, Any], names: dict[str, None]) -> None:
    name = str(node.get("table_name") or "")
    if not node.get("query") and name.lower() not in SHOWABLE:
        raise _refused(f"SHOW {name}")


CHECKS = {
    "TABLE_FUNCTION": _check_table_function,
    "FUNCTION": _check_function,
    "BASE_TABLE": _check_table,
    "SHOW_REF": _check_show,
}


def is_denied(function: str) -> bool:
    """Whether a function of this name is refused wherever it stands."""
    name = function.lower()
    if name in DENIED_FUNCTIONS:
        return True
    return name.startswith(DENIED_PREFIXES) and name not in ALLOWED_DESPITE_PREFIX


# -- what is judged by its tokens -------------------------------------------------------------------------------------

TABLE_WORDS = frozenset(
    {"FROM", "JOIN", "INTO", "UPDATE", "TABLE", "USING", "PIVOT", "UNPIVOT", "DESCRIBE", "SUMMARIZE", "VIEW"}
)


def _judge_tokens(tokens: list[Token]) -> tuple[str, ...]:
    """Refuse denied names, string-literal tables and foreign catalogs; returns the identifiers as possible table names."""
    names: dict[str, None] = {}
    for place, token in enumerate(tokens):
        before = tokens[place - 1] if place else None
        after = tokens[place + 1] if place + 1 < len(tokens) else None
        if token.is_string and before and before.word in TABLE_WORDS:
            raise _refused("A file in the place of a table")
        if not token.is_name:
            continue
        if after and after.text == "(" and is_denied(token.name):
            raise _refused(f"The function {token.name}")
        if SYSTEM_TABLES.match(token.name) or token.name.lower() in SYSTEM_SCHEMAS:
            raise _refused(f"The name {token.name}")
        if (
            token.text.startswith('"')
            and FILE_LIKE.search(token.name)
            and before
            and before.word in TABLE_WORDS | {","}
        ):
            raise _refused("A file in the place of a table")
        names[token.name] = None
    return tuple(names)


ACTIONS = {"INSERT": "append", "UPDATE": "write", "DELETE": "write", "MERGE_INTO": "write"}
ALTERING = frozenset({"ADD", "DROP", "RENAME", "SET", "ALTER"})


def _judge_write(parser: duckdb.DuckDBPyConnection, sql: str, kind: str) -> Judged:
    tokens = tokenize(sql)
    tables = _judge_tokens(tokens)
    reader = _Reader(tokens)
    shape = WRITE_SHAPES[kind](reader)
    query = sql.encode()[shape.query_start :].decode() if shape.query_start is not None else None
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
        query=query,
        options=frozenset(shape.options),
    )


@dataclass
class _Shape:
    target: str
    action: str
    query_start: int | None = None
    options: set[str] = field(default_factory=set)


class _Reader:
    """Reads a statement's head, token by token."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens, self.place = tokens, 0

    def word(self) -> str:
        return self.tokens[self.place].word if self.place < len(self.tokens) else ""

    def take(self, *words: str) -> bool:
        if [token.word for token in self.tokens[self.place : self.place + len(words)]] == list(words):
            self.place += len(words)
            return True
        return False

    def skip_to(self, *words: str) -> None:
        """Forward to the first of the words outside parentheses."""
        while self.place < len(self.tokens) and self.word() not in words:
            self.place = (
                _closing(self.tokens, self.place) + 1 if self.tokens[self.place].text == "(" else self.place + 1
            )

    def table(self) -> str:
        """A table's name, its catalog and schema (ours only) before it."""
        parts = [self._name()]
        while self.take("."):
            parts.append(self._name())
        if parts[:-1] not in ([], ["main"], ["lake"], ["lake", "main"]):
            raise _refused(f"The table {'.'.join(parts)}")
        if FILE_LIKE.search(parts[-1]):
            raise EngineError("not_allowed", "A table's name may not look like a file.")
        return parts[-1]

    def _name(self) -> str:
        if self.place >= len(self.tokens) or not self.tokens[self.place].is_name:
            raise EngineError("query_syntax", "A table's name is missing.")
        self.place += 1
        return self.tokens[self.place - 1].name

    def start(self) -> int | None:
        return self.tokens[self.place].start if self.place < len(self.tokens) else None


def _create(reader: _Reader) -> _Shape:
    reader.take("CREATE")
    options = {"replace"} if reader.take("OR", "REPLACE") else set()
    if reader.take("TABLE"):
        action = "create"
    elif reader.take("VIEW"):
        action = "view"
    else:
        raise _refused(f"CREATE {reader.word()}")
    if reader.take("IF", "NOT", "EXISTS"):
        options.add("if_not_exists")
    shape = _Shape(reader.table(), action, options=options)
    if reader.take("AS"):
        shape.query_start = reader.start()
        shape.options.add("as")
    elif action == "view":
        reader.skip_to("AS")
        reader.take("AS")
        shape.query_start = reader.start()
    return shape


def _drop(reader: _Reader) -> _Shape:
    reader.take("DROP")
    if reader.take("TABLE"):
        options = {"table"}
    elif reader.take("VIEW"):
        options = {"view"}
    else:
        raise _refused(f"DROP {reader.word()}")
    if reader.take("IF", "EXISTS"):
        options.add("if_exists")
    shape = _Shape(reader.table(), "drop", options=options)
    if reader.word() == ",":
        raise _refused("Dropping several tables at once")
    return shape


def _alter(reader: _Reader) -> _Shape:
    if reader.take("COMMENT", "ON"):
        return _comment(reader)
    reader.take("ALTER")
    if not (reader.take("TABLE") or reader.take("VIEW")):
        raise _refused(f"ALTER {reader.word()}")
    reader.take("IF", "EXISTS")
    shape = _Shape(reader.table(), "alter")
    if reader.take("RENAME", "TO"):
        return _Shape(reader.table(), "rename", options={shape.target})
    if any(token.word == "TYPE" for token in reader.tokens[reader.place :]):
        raise EngineError(
            "not_allowed",
            "A column's type cannot be altered.",
            "CREATE OR REPLACE TABLE … AS SELECT with a cast does it.",
        )
    if reader.word() not in ALTERING:
        raise _refused(f"ALTER TABLE … {reader.word()}")
    return shape


def _comment(reader: _Reader) -> _Shape:
    if reader.take("TABLE") or reader.take("VIEW"):
        return _Shape(reader.table(), "comment")
    if not reader.take("COLUMN"):
        raise _refused(f"COMMENT ON {reader.word()}")
    parts = [reader._name()]
    while reader.take("."):
        parts.append(reader._name())
    return _Shape(parts[-2] if len(parts) > 1 else "", "comment")


def _insert(reader: _Reader) -> _Shape:
    reader.skip_to("INSERT")
    reader.take("INSERT")
    if reader.take("OR"):
        reader.place += 1
    reader.take("INTO")
    shape = _Shape(reader.table(), "append")
    reader.skip_to("SELECT", "FROM", "VALUES", "WITH", "TABLE", "RETURNING")
    return shape


def _delete(reader: _Reader) -> _Shape:
    reader.skip_to("DELETE", "TRUNCATE")
    if reader.take("TRUNCATE"):
        reader.take("TABLE")
    else:
        reader.take("DELETE")
        reader.take("FROM")
    return _Shape(reader.table(), "write")


def _update(reader: _Reader) -> _Shape:
    reader.skip_to("UPDATE")
    reader.take("UPDATE")
    return _Shape(reader.table(), "write")


def _merge(reader: _Reader) -> _Shape:
    reader.skip_to("MERGE")
    reader.take("MERGE", "INTO")
    return _Shape(reader.table(), "write")


WRITE_SHAPES = {
    "CREATE": _create,
    "DROP": _drop,
    "ALTER": _alter,
    "INSERT": _insert,
    "DELETE": _delete,
    "UPDATE": _update,
    "MERGE_INTO": _merge,
}


def _closing(tokens: list[Token], place: int) -> int:
    depth = 0
    for index in range(place, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[index].text, 0)
        if depth == 0:
            return index
    return len(tokens) - 1


def _refused(what: str) -> EngineError:
    return EngineError("not_allowed", f"{what} is not allowed here.")
