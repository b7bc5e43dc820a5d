"""Types of DuckLake tables: how its catalog writes them, which it cannot hold, and what those are cast to instead."""

from __future__ import annotations

import re
from typing import Any

SCALARS = {
    "HUGEINT": "DECIMAL(38,0)",
    "UHUGEINT": "DECIMAL(38,0)",
    "BIT": "VARCHAR",
    "BIGNUM": "VARCHAR",
    "VARINT": "VARCHAR",
    '"NULL"': "INTEGER",
    "NULL": "INTEGER",
    "VARIANT": "JSON",
}
FIXED_ARRAY = re.compile(r"\[\d+\]")
UNHELD_INSIDE = re.compile(r"\b(?:ENUM|UNION|BIT|BIGNUM|VARIANT)\b")


def held_type(name: str) -> str:
    """The type itself, or the nearest one that a lake can hold."""
    if name in SCALARS:
        return SCALARS[name]
    if name.startswith("ENUM("):
        return "VARCHAR"
    if name.startswith("UNION(") or UNHELD_INSIDE.search(name):
        return "JSON"
    return FIXED_ARRAY.sub("[]", name)


def is_held(name: str) -> bool:
    """Whether a column may be declared with this type."""
    return not (UNHELD_INSIDE.search(name) or FIXED_ARRAY.search(name))


def casts(columns: list[tuple[str, str]]) -> str | None:
    """The select list that casts columns (name, type) to what a lake holds; None when nothing is to be cast."""
    if all(held_type(kind) == kind for _, kind in columns):
        return None
    quoted = [(_quoted(name), held_type(kind)) for name, kind in columns]
    return ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in quoted)


LAKE_TYPES = {
    "int8": "TINYINT",
    "int16": "SMALLINT",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "int128": "HUGEINT",
    "uint8": "UTINYINT",
    "uint16": "USMALLINT",
    "uint32": "UINTEGER",
    "uint64": "UBIGINT",
    "uint128": "UHUGEINT",
    "float32": "FLOAT",
    "float64": "DOUBLE",
    "timestamptz": "TIMESTAMP WITH TIME ZONE",
    "timetz": "TIME WITH TIME ZONE",
}


def type_name(row: tuple[Any, ...], children: dict[tuple[int, int], list[tuple[Any, ...]]]) -> str:
    """DuckDB's name of a column's type, nested ones from their child columns."""
    kind, nested = str(row[3]), children.get((row[0], row[1]), [])
    if kind == "list":
        return type_name(nested[0], children) + "[]"
    if kind == "struct":
        return "STRUCT(" + ", ".join(f"{_quoted(child[2])} {type_name(child, children)}" for child in nested) + ")"
    if kind == "map":
        return "MAP(" + ", ".join(type_name(child, children) for child in nested) + ")"
    return LAKE_TYPES.get(kind, kind.upper())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
