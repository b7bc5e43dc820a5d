"""The types of JSON objects, from all of them, such that no value is rounded and none is lost.

`json_group_structure` gives the shape. Whole numbers become BIGINT when no long one occurs anywhere; otherwise the
columns with long ones are looked at. Texts that are all ISO dates or timestamps become those. What a table cannot hold
as a type of its own (mixed kinds, hundreds of names, deep nesting) stays JSON text.
"""

from __future__ import annotations

import json
import re
from typing import Any

import duckdb

from deita_engine.catalog import quoted
from deita_engine.reader import literal
from deita_engine.shapes import EngineError

MAX_DEPTH = 500
MAX_TYPE_DEPTH = 20
MAX_NAMES = 200
MAX_COLUMNS = 2000
LONG_NUMBER = r"[^0-9.][0-9]{16,}(?:[^0-9.eE]|$)"
DATE = r"^\d{4}-\d{2}-\d{2}$"
TIMESTAMP = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?$"
ZONED = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}(:?\d{2})?)$"
TEXT_TYPES = (("DATE", DATE), ("TIMESTAMP", TIMESTAMP), ("TIMESTAMP WITH TIME ZONE", ZONED))
STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"')
NO_BRACKETS = re.compile(r"[^\[\]{}]+")
Structure = Any
"""What `json_group_structure` says: a type's name, [structure], or {name: structure}."""


def structure_of(connection: duckdb.DuckDBPyConnection, objects: str) -> dict[str, str]:
    """DuckDB's type for each name of the objects (relation with `json`); raises EngineError file_unreadable."""
    _check_depth(connection, objects)
    found = connection.execute(f"SELECT json_group_structure(json) FROM {objects}").fetchall()[0][0]  # noqa: S608
    shape: Structure = json.loads(found) if found else {}
    if not isinstance(shape, dict):
        return {}
    if len(shape) > MAX_COLUMNS:
        message = f"The objects have {len(shape)} names; {MAX_COLUMNS} are allowed."
        raise EngineError("file_unreadable", message)
    long = _has_long_numbers(connection, objects)
    types = {name: _type(inner, long) for name, inner in shape.items()}
    mixed = [name for name, kind in types.items() if kind == "JSON"]
    types |= dict.fromkeys(_scalars(connection, objects, mixed), "VARCHAR")
    if long:
        numbers = [name for name, inner in shape.items() if inner in ("UBIGINT", "HUGEINT", "DOUBLE")]
        types |= _exact_types(connection, objects, numbers)
    texts = [name for name, inner in shape.items() if inner == "VARCHAR"]
    return types | _text_types(connection, objects, texts)


def _type(inner: Structure, long: bool, depth: int = 1) -> str:
    """The type of a value of this shape; JSON where no other holds all of it exactly."""
    if isinstance(inner, str):
        return _scalar(inner, long, top=depth == 1)
    if depth > MAX_TYPE_DEPTH:
        return "JSON" if depth == 1 else "VARCHAR"
    if isinstance(inner, list):
        element = _type(inner[0], long, depth + 1) if inner else "VARCHAR"
        return "JSON" if element == "JSON" else f"{element}[]"
    names = [name.casefold() for name in inner]
    if not names or len(names) > MAX_NAMES or len(set(names)) < len(names) or "" in names:
        return "JSON"
    parts = {name: _type(value, long, depth + 1) for name, value in inner.items()}
    if "JSON" in parts.values():
        return "JSON"
    return f"STRUCT({', '.join(f'{quoted(name)} {kind}' for name, kind in parts.items())})"


def _scalar(name: str, long: bool, *, top: bool) -> str:
    if name in ("UBIGINT", "HUGEINT", "BIGINT") and not long:
        return "BIGINT"
    if name in ("HUGEINT", "DOUBLE") and long and not top:
        return "JSON"
    if name == "NULL" or (name == "JSON" and not top):
        return "VARCHAR"
    return name


def _has_long_numbers(connection: duckdb.DuckDBPyConnection, objects: str) -> bool:
    sql = f"SELECT count(*) > 0 FROM {objects} WHERE regexp_matches(json, {literal(LONG_NUMBER)})"  # noqa: S608
    return bool(connection.execute(sql).fetchall()[0][0])


def _scalars(connection: duckdb.DuckDBPyConnection, objects: str, names: list[str]) -> list[str]:
    """Those of the names that hold texts, numbers and truth values, but nothing nested."""
    if not names:
        return []
    parts = [f"count_if(json_type(json, {_path(name)}) IN ('OBJECT', 'ARRAY'))" for name in names]
    nested = connection.execute(f"SELECT {', '.join(parts)} FROM {objects}").fetchall()[0]  # noqa: S608
    return [name for name, count in zip(names, nested, strict=True) if not count]


def _exact_types(connection: duckdb.DuckDBPyConnection, objects: str, names: list[str]) -> dict[str, str]:
    """Types that hold every number exactly: BIGINT, else DECIMAL(38,0), else the text; DOUBLE for fractions alone."""
    if not names:
        return {}
    parts = []
    for name in names:
        text = f"json_extract_string(json, {_path(name)})"
        whole = f"regexp_full_match({text}, '-?[0-9]+')"
        parts += [
            f"count_if(NOT {whole})",
            f"count_if({whole} AND abs(TRY_CAST({text} AS DOUBLE)) > 9007199254740991)",
            f"count_if({whole} AND TRY_CAST({text} AS BIGINT) IS NULL)",
            f"count_if({whole} AND TRY_CAST({text} AS DECIMAL(38, 0)) IS NULL)",
        ]
    row = connection.execute(f"SELECT {', '.join(parts)} FROM {objects}").fetchall()[0]  # noqa: S608
    types = {}
    for number, name in enumerate(names):
        fractions, inexact, beyond_64, beyond_38 = row[4 * number : 4 * number + 4]
        if fractions:
            types[name] = "VARCHAR" if inexact else "DOUBLE"
        else:
            types[name] = "VARCHAR" if beyond_38 else ("DECIMAL(38,0)" if beyond_64 else "BIGINT")
    return types


def _text_types(connection: duckdb.DuckDBPyConnection, objects: str, names: list[str]) -> dict[str, str]:
    """Dates and timestamps that are written as ISO texts in all objects."""
    if not names:
        return {}
    parts = []
    for name in names:
        text = f"json_extract_string(json, {_path(name)})"
        parts.append(f"count({text})")
        parts += [
            f"count_if(regexp_matches({text}, {literal(form)}) AND TRY_CAST({text} AS {kind}) IS NOT NULL)"
            for kind, form in TEXT_TYPES
        ]
    row = connection.execute(f"SELECT {', '.join(parts)} FROM {objects}").fetchall()[0]  # noqa: S608
    types: dict[str, str] = {}
    size = 1 + len(TEXT_TYPES)
    for number, name in enumerate(names):
        count, *fitting = row[size * number : size * (number + 1)]
        for (kind, _), fits in zip(TEXT_TYPES, fitting, strict=True):
            if count and fits == count:
                types[name] = kind
    return types


def _path(name: str) -> str:
    """The JSON pointer of a name at the top."""
    return literal("/" + name.replace("~", "~0").replace("/", "~1"))


def _check_depth(connection: duckdb.DuckDBPyConnection, objects: str) -> None:
    """Refuse what is nested so deep that DuckDB's functions would exhaust their stack (they did at 10,000)."""
    opened = "length(json) - length(replace(replace(json, '[', ''), '{', ''))"
    cursor = connection.cursor()
    cursor.execute(f"SELECT json FROM {objects} WHERE {opened} > {MAX_DEPTH}")  # noqa: S608
    while rows := cursor.fetchmany(1):
        if _deeper(rows[0][0], MAX_DEPTH):
            raise EngineError("file_unreadable", f"The JSON is nested more than {MAX_DEPTH} deep.")


def _deeper(text: str, limit: int) -> bool:
    brackets = NO_BRACKETS.sub("", STRINGS.sub("", text))
    for _ in range(limit):
        if not brackets:
            return False
        brackets = brackets.replace("[]", "").replace("{}", "")
    return bool(brackets)
