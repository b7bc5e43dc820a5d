"""Loading the rows that the careful reader cut: types are tried on all rows, bettered where many texts do not fit, and
each row that still has one that does not becomes a reject.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from deita_engine.catalog import quoted
from deita_engine.names import unique_names
from deita_engine.reader import literal

from .bettering import better
from .careful import LINE, RAW, Texts, write_rejects
from .columns import Column, any_misfit, column_of, first_misfit, reject
from .copying import copy
from .plan import Outcome, Plan, Target

ATTEMPTS = 4


def columns_of(recipe: dict[str, Any]) -> list[Column]:
    """The columns of a recipe, as expressions over the texts."""
    named = enumerate(zip(recipe["columns"], unique_names(recipe["columns"]), strict=True))
    return [column_of(recipe, label, name, f"c{number}") for number, (label, name) in named]


def plan_of(texts: Texts, recipe: dict[str, Any]) -> Plan:
    """The rows that fit, as a plan."""
    columns = columns_of(recipe)
    chosen = ", ".join(f"{column.value} AS {quoted(column.name)}" for column in columns)
    return Plan(
        f"SELECT {chosen} FROM read_parquet({literal(texts.path)}) WHERE NOT {any_misfit(columns)}",  # noqa: S608
        {column.name: column.type for column in columns},
        {column.name: column.label for column in columns},
        recipe,
    )


def load_texts(
    connection: duckdb.DuckDBPyConnection, texts: Texts, recipe: dict[str, Any], fixed: frozenset[str], target: Target
) -> Outcome:
    """Write the rows that fit and the rejects; columns in `fixed` keep their types."""
    recipe = bettered(connection, texts, recipe, fixed)
    plan = plan_of(texts, recipe)
    rows = copy(connection, plan, target.file)
    rejected = texts.rejected + texts.rows - rows
    if rejected:
        with target.rejects.open("w", encoding="utf-8") as out:
            write_rejects(all_rejects(connection, texts, recipe), out)
    return Outcome(plan, rows, rejected, texts.counts)


def bettered(
    connection: duckdb.DuckDBPyConnection, texts: Texts, recipe: dict[str, Any], fixed: frozenset[str]
) -> dict[str, Any]:
    """The recipe with types and null words that fit all rows, or nearly all of many."""
    source = f"read_parquet({literal(texts.path)})"
    for _ in range(ATTEMPTS):
        changed = better(connection, source, recipe, columns_of(recipe), fixed)
        if changed == recipe:
            break
        recipe = changed
    return recipe


def all_rejects(
    connection: duckdb.DuckDBPyConnection, texts: Texts, recipe: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """The rejects in the order of their lines: records that became no row, and rows with a text that does not fit."""
    return heapq.merge(_refused(texts.refused), _misfits(connection, texts, recipe), key=lambda item: int(item["line"]))


def _refused(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _misfits(connection: duckdb.DuckDBPyConnection, texts: Texts, recipe: dict[str, Any]) -> Iterator[dict[str, Any]]:
    columns = [column for column in columns_of(recipe) if column.misfit != "false"]
    if not columns:
        return
    which, bad = first_misfit(columns)
    cursor = connection.cursor().execute(
        f'SELECT "{LINE}", "{RAW}", {which}, {bad}'  # noqa: S608
        f' FROM read_parquet({literal(texts.path)}) WHERE {any_misfit(columns)} ORDER BY "{LINE}"'
    )
    while rows := cursor.fetchmany(1000):
        for line, raw, number, text in rows:
            yield reject(columns[number], line, raw, text)
