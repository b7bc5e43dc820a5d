"""The fast reader: the `read_csv` call that a recipe stands for, with everything said and nothing sniffed.

It reads files whose every row is regular, on all cores. A value of a plain type that does not fit becomes a reject with
its line; a text written in a way of its own (an amount, a date in another order than the file's) is converted by the
same expression as the careful reader uses, which has to take over when one of them fails.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deita_engine.catalog import quoted
from deita_engine.lake_types import held_type
from deita_engine.names import unique_names
from deita_engine.reader import literal

from .conversion import converted, spec_of, type_of
from .dialect import MAX_LINE
from .plan import Plan

BUFFER = 2 * MAX_LINE
"""Said, because DuckDB otherwise takes sixteen lines of the allowed length: 40 % slower on a file of 1 GB."""
REJECTS_LIMIT = 100_000
MISFIT = "a text does not fit its column"


def scan(path: Path, recipe: dict[str, Any], types: dict[str, str]) -> str:
    """The `read_csv` call for columns (header → type)."""
    options: dict[str, Any] = {
        "auto_detect": False,
        "delim": recipe["delimiter"],
        "quote": recipe["quote"],
        "escape": recipe["escape"],
        "comment": recipe.get("comment") or "",
        "header": False,
        "skip": recipe["skip"] + int(recipe["header"]),
        "nullstr": recipe["null_words"],
        "dateformat": recipe.get("date_format"),
        "timestampformat": recipe.get("timestamp_format"),
        "decimal_separator": recipe.get("decimal"),
        "thousands": recipe.get("thousands"),
        "compression": "none",
        "max_line_size": MAX_LINE,
        "buffer_size": BUFFER,
        "store_rejects": True,
        "rejects_limit": REJECTS_LIMIT,
    }
    fixed = ", ".join(f"{name} = {_value(value)}" for name, value in options.items() if value is not None)
    columns = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in types.items())
    return f"read_csv({literal(path)}, {fixed}, columns = {{{columns}}})"


def read_types(recipe: dict[str, Any]) -> dict[str, str]:
    """The types that DuckDB reads: those of plain columns, VARCHAR where a column has a way of its own."""
    return {label: spec if isinstance(spec, str) else "VARCHAR" for label, spec in recipe["columns"].items()}


def plan(path: Path, recipe: dict[str, Any], watched: dict[str, str] | None = None) -> Plan:
    """How to read the file by a complete recipe; `watched` has columns that are read as DOUBLE, and their
    expressions.
    """
    watched = watched or {}
    names = unique_names(recipe["columns"])
    chosen, types = [], []
    for (label, spec), name in zip(recipe["columns"].items(), names, strict=True):
        kind = type_of(spec)
        types.append(held_type(kind))
        read = watched.get(label, quoted(label))
        if isinstance(spec, dict):
            value = converted(read, spec_of(spec, recipe))
            read = f"CASE WHEN {read} IS NOT NULL AND ({value}) IS NULL THEN error('{MISFIT}') ELSE {value} END"
        chosen.append(f"{read if types[-1] == kind else f'CAST({read} AS {types[-1]})'} AS {quoted(name)}")
    source = scan(path, recipe, {**read_types(recipe), **dict.fromkeys(watched, "DOUBLE")})
    return Plan(
        f"SELECT {', '.join(chosen)} FROM {source}",  # noqa: S608
        dict(zip(names, types, strict=True)),
        dict(zip(names, recipe["columns"], strict=True)),
        recipe,
    )


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(literal(item) for item in value) + "]"
    return literal(value)
