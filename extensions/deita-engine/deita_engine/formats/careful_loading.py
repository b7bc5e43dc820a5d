"""Loading the rows that the careful reader cut: types are tried on all rows, bettered where many texts do not fit, and
each row that still has one that does not becomes a reject.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from deita_engine.catalog import quoted
from deita_engine.lake_types import held_type
from deita_engine.names import unique_names
from deita_engine.reader import literal

from .careful import LINE, RAW, Texts, write_rejects
from .cells import NULL_WORDS
from .column_types import ENOUGH, TOLERATED, guess
from .conversion import converted, spec_of, type_of
from .copying import copy
from .plan import Outcome, Plan, Target

ATTEMPTS = 4
VALUES = 20_000


@dataclass(frozen=True)
class Column:
    """A column on its way: the text without null words, the value, the condition that the text does not fit."""

    label: str
    name: str
    type: str
    text: str
    value: str

    @property
    def misfit(self) -> str:
        """True for a text that is no value."""
        return "false" if self.value == self.text else f"(({self.text}) IS NOT NULL AND ({self.value}) IS NULL)"


def columns_of(recipe: dict[str, Any]) -> list[Column]:
    """The columns of a recipe, as expressions over the texts."""
    words = ", ".join(literal(word) for word in recipe["null_words"])
    names = unique_names(recipe["columns"])
    found = []
    for number, ((label, spec), name) in enumerate(zip(recipe["columns"].items(), names, strict=True)):
        text = f"CASE WHEN c{number} IN ({words}) THEN NULL ELSE c{number} END" if words else f"c{number}"
        kind = type_of(spec)
        value = converted(text, spec_of(spec, recipe))
        held = held_type(kind)
        if held != kind:
            value = f"CAST({value} AS {held})"
        found.append(Column(label, name, held, text, value))
    return found


def plan_of(texts: Texts, recipe: dict[str, Any]) -> Plan:
    """The rows that fit, as a plan."""
    columns = columns_of(recipe)
    chosen = ", ".join(f"{column.value} AS {quoted(column.name)}" for column in columns)
    return Plan(
        f"SELECT {chosen} FROM read_parquet({literal(texts.path)}) WHERE NOT {_misfit(columns)}",  # noqa: S608
        {column.name: column.type for column in columns},
        {column.name: column.label for column in columns},
        recipe,
    )


def _misfit(columns: list[Column]) -> str:
    return "(" + (" OR ".join(c.misfit for c in columns if c.misfit != "false") or "false") + ")"


def load_texts(
    connection: duckdb.DuckDBPyConnection, texts: Texts, recipe: dict[str, Any], fixed: frozenset[str], target: Target
) -> Outcome:
    """Write the rows that fit and the rejects; columns in `fixed` keep their types."""
    recipe = bettered(connection, texts, recipe, fixed)
    plan = plan_of(texts, recipe)
    rows = copy(connection, plan, target.rows)
    rejected = texts.rejected + texts.rows - rows
    if rejected:
        with target.rejects.open("w", encoding="utf-8") as out:
            write_rejects(all_rejects(connection, texts, recipe), out)
    return Outcome(plan, rows, rejected)


def bettered(
    connection: duckdb.DuckDBPyConnection, texts: Texts, recipe: dict[str, Any], fixed: frozenset[str]
) -> dict[str, Any]:
    """The recipe with types and null words that fit all rows, or nearly all of many."""
    source = f"read_parquet({literal(texts.path)})"
    for _ in range(ATTEMPTS):
        columns = [column for column in columns_of(recipe) if column.label not in fixed and column.misfit != "false"]
        if not columns:
            return recipe
        counted = ", ".join(f"count_if({column.misfit})" for column in columns)
        misfits = connection.execute(f"SELECT {counted} FROM {source}").fetchall()[0]  # noqa: S608
        changed = dict(recipe)
        for column, count in zip(columns, misfits, strict=True):
            if count:
                changed = _better(connection, source, changed, column, count, texts.rows, "null_words" in fixed)
        if changed == recipe:
            return recipe
        recipe = changed
    return recipe


def _better(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    recipe: dict[str, Any],
    column: Column,
    count: int,
    rows: int,
    words_fixed: bool,
) -> dict[str, Any]:
    sql = f"SELECT DISTINCT {column.text} FROM {source} WHERE {column.misfit} LIMIT {VALUES}"  # noqa: S608
    failing = [row[0] for row in connection.execute(sql).fetchall()]
    words = [word for word in NULL_WORDS if word in {text.strip() for text in failing}]
    if words and not words_fixed:
        return {**recipe, "null_words": list(dict.fromkeys([*recipe["null_words"], *words]))}
    if rows >= ENOUGH and count <= TOLERATED * rows:
        return recipe
    sql = f"SELECT {column.text} FROM {source} WHERE NOT {column.misfit} LIMIT {VALUES}"  # noqa: S608
    fitting = [row[0] for row in connection.execute(sql).fetchall() if row[0] is not None]
    spec = guess([*failing, *fitting], recipe["delimiter"]).spec
    if spec == recipe["columns"][column.label]:
        spec = "VARCHAR"
    return {**recipe, "columns": {**recipe["columns"], column.label: spec}}


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
    which = " ".join(f"WHEN {column.misfit} THEN {number}" for number, column in enumerate(columns))
    bad = " ".join(f"WHEN {column.misfit} THEN {column.text}" for column in columns)
    cursor = connection.cursor().execute(
        f'SELECT "{LINE}", "{RAW}", CASE {which} END, CASE {bad} END'  # noqa: S608
        f' FROM read_parquet({literal(texts.path)}) WHERE {_misfit(columns)} ORDER BY "{LINE}"'
    )
    while rows := cursor.fetchmany(1000):
        for line, raw, number, text in rows:
            column = columns[number]
            reason = f'"{text[:200]}" is no {column.type}'
            yield {"line": line, "column": column.name, "raw": raw, "reason": reason}
