"""The fast reader: the `read_csv` call that a recipe stands for, with everything said and nothing sniffed.

It reads files whose every row is regular, on all cores. A value of a plain type that does not fit becomes a reject with
its line; a text written in a way of its own (an amount, a date in another order than the file's) is converted by the
same expression as the careful reader uses, and so is one in a column with null words of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deita_engine.catalog import quoted
from deita_engine.lake_types import held_type
from deita_engine.names import unique_names
from deita_engine.reader import literal

from .column_types import type_of
from .columns import Column, any_misfit, column_of
from .dialect import MAX_LINE
from .null_words import NOTHING, Words, words_for
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
        "nullstr": _shared_words(recipe),
        "force_not_null": _worded(recipe) or None,
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
    """The types that DuckDB reads: VARCHAR for a column with a way or null words of its own."""
    worded = _worded(recipe)
    return {
        label: spec if isinstance(spec, str) and label not in worded else "VARCHAR"
        for label, spec in recipe["columns"].items()
    }


def own_columns(recipe: dict[str, Any]) -> list[Column]:
    """The columns with a way or null words of their own, as expressions over the texts that DuckDB reads."""
    worded = _worded(recipe)
    named = zip(recipe["columns"].items(), unique_names(recipe["columns"]), strict=True)
    return [
        column_of(recipe, label, name, quoted(label))
        for (label, spec), name in named
        if isinstance(spec, dict) or label in worded
    ]


def _worded(recipe: dict[str, Any]) -> list[str]:
    """The columns whose null words are not those that DuckDB is told for all."""
    shared = _shared_words(recipe)
    return [label for label in recipe["columns"] if words_for(recipe["null_words"], label) != shared]


def _shared_words(recipe: dict[str, Any]) -> list[str]:
    said: Words = recipe["null_words"]
    return said if isinstance(said, list) else NOTHING


def plan(
    path: Path, recipe: dict[str, Any], watched: dict[str, str] | None = None, *, without_misfits: bool = False
) -> Plan:
    """How to read the file by a complete recipe; `watched` has columns that are read as DOUBLE, and their expressions.
    A text that does not fit a column with a way of its own ends the reading with MISFIT, or its row is left out.
    """
    watched = watched or {}
    names = unique_names(recipe["columns"])
    own = {column.label: column for column in own_columns(recipe)}
    chosen, types = [], []
    for (label, spec), name in zip(recipe["columns"].items(), names, strict=True):
        kind = type_of(spec)
        types.append(held_type(kind))
        if label in own:
            read = own[label].value if without_misfits else own[label].value_or_error(MISFIT)
        else:
            read = watched.get(label, quoted(label))
            read = read if types[-1] == kind else f"CAST({read} AS {types[-1]})"
        chosen.append(f"{read} AS {quoted(name)}")
    source = scan(path, recipe, {**read_types(recipe), **dict.fromkeys(watched, "DOUBLE")})
    where = f" WHERE NOT {any_misfit(list(own.values()))}" if without_misfits else ""
    return Plan(
        f"SELECT {', '.join(chosen)} FROM {source}{where}",  # noqa: S608
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
