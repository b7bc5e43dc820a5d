"""Types and null words that fit the texts of a column better: tried on all rows, changed where many do not fit."""

from __future__ import annotations

from typing import Any

import duckdb

from .cells import NULL_WORDS
from .column_types import ENOUGH, TOLERATED, guess
from .columns import Column
from .null_words import with_words

VALUES = 20_000


def better(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    recipe: dict[str, Any],
    columns: list[Column],
    fixed: frozenset[str],
) -> dict[str, Any]:
    """The recipe with types (not of columns in `fixed`) and null words that fit more rows of the source; the same when
    nearly all of many fit.
    """
    columns = [column for column in columns if column.label not in fixed and column.misfit != "false"]
    if not columns:
        return recipe
    counted = ", ".join(f"count_if({column.misfit})" for column in columns)
    rows, *misfits = connection.execute(f"SELECT count(*), {counted} FROM {source}").fetchall()[0]  # noqa: S608
    for column, count in zip(columns, misfits, strict=True):
        if count:
            tolerable = rows >= ENOUGH and count <= TOLERATED * rows
            recipe = _better(connection, source, recipe, column, tolerable, "null_words" in fixed)
    return recipe


def _better(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    recipe: dict[str, Any],
    column: Column,
    tolerable: bool,
    words_fixed: bool,
) -> dict[str, Any]:
    failing = _texts(connection, f"SELECT DISTINCT {column.text} FROM {source} WHERE {column.misfit}")  # noqa: S608
    words = [word for word in NULL_WORDS if word in {text.strip() for text in failing}]
    if words and not words_fixed:
        return with_words(recipe, column.label, words)
    if tolerable:
        return recipe
    fitting = _texts(connection, f"SELECT {column.text} FROM {source} WHERE ({column.value}) IS NOT NULL")  # noqa: S608
    spec = guess([*failing, *fitting], recipe["delimiter"]).spec
    if spec == recipe["columns"][column.label]:
        spec = "VARCHAR"
    return {**recipe, "columns": {**recipe["columns"], column.label: spec}}


def _texts(connection: duckdb.DuckDBPyConnection, sql: str) -> list[str]:
    return [row[0] for row in connection.execute(f"{sql} LIMIT {VALUES}").fetchall()]
