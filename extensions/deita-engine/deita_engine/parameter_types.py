"""The parameters of a statement: their names, and the types that their places ask for.

DuckDB's binder knows the types and the plan that it serialises says them, but not over `read_parquet` and not while
any parameter has none (`$x + 1`; asked all the same, it runs into an internal error). So each parameter is asked about
alone, with the others null, in an instance of its own where the statement's tables are empty.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb

from .empty_tables import EmptyTables
from .shapes import Column, Parameter
from .tokens import Token, tokenize

MAX_TYPED = 50
"""Parameters whose types are looked for; each costs about a millisecond."""
PREPARED = "deita_asked"
SIZED = {"DECIMAL": "DECIMAL({width},{scale})"}


def parameter_names(sql: str) -> list[str]:
    """The names of `$name` in a statement, in the order in which they come first."""
    return list(dict.fromkeys(name.name for _, name in _places(tokenize(sql))))


def _places(tokens: list[Token]) -> Iterator[tuple[Token, Token]]:
    """Each `$` and the name that follows it at once."""
    for sign, name in itertools.pairwise(tokens):
        if sign.text == "$" and name.is_name and name.start == sign.start + 1:
            yield sign, name


class ParameterTypes:
    """Finds types."""

    def __init__(self, empty: EmptyTables) -> None:
        self._empty = empty

    def found(self, sql: str, names: list[str], tables: Mapping[str, tuple[Column, ...]]) -> tuple[Parameter, ...]:
        """The parameters with their types, None where the binder cannot tell. `tables` are those that the statement,
        which the guard let through, reads.
        """
        with self._empty.of(tables) as cursor:
            return tuple(
                Parameter(name, _type(cursor, _only(sql, name)) if place < MAX_TYPED else None)
                for place, name in enumerate(names)
            )


def _only(sql: str, kept: str) -> str:
    """The statement with NULL for every parameter but one."""
    data = sql.encode()
    for sign, name in reversed(list(_places(tokenize(sql)))):
        if name.name != kept:
            data = data[: sign.start] + b"(NULL)" + data[name.start + len(name.text.encode()) :]
    return data.decode()


def _type(cursor: duckdb.DuckDBPyConnection, sql: str) -> str | None:
    """What the binder takes the one parameter of a statement for."""
    try:
        if not _is_typed(cursor, sql):
            return None
        plan = json.loads(cursor.execute("SELECT json_serialize_plan($1, optimize := false)", [sql]).fetchall()[0][0])
    except duckdb.Error:  # null in the others' places does not bind: nothing to tell
        return None
    types = set(_bound_types(plan))
    return types.pop() if len(types) == 1 else None


def _is_typed(cursor: duckdb.DuckDBPyConnection, sql: str) -> bool:
    cursor.execute(f"PREPARE {PREPARED} AS {sql}")
    try:
        asked = f"SELECT result_types FROM duckdb_prepared_statements() WHERE name = '{PREPARED}'"  # noqa: S608
        return cursor.execute(asked).fetchall()[0][0] is not None
    finally:
        cursor.execute(f"DEALLOCATE {PREPARED}")


def _bound_types(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _bound_types(item)
    elif isinstance(node, dict):
        if node.get("expression_class") == "BOUND_PARAMETER":
            yield _type_name(node["return_type"])
        for value in node.values():
            yield from _bound_types(value)


def _type_name(kind: dict[str, Any]) -> str:
    about = kind.get("type_info") or {}
    if kind["id"] == "LIST":
        return _type_name(about["child_type"]) + "[]"
    return SIZED.get(kind["id"], str(kind["id"])).format(**about)
