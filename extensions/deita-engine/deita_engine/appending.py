"""Appending: a file's columns beside those of the table that it is added to.

Names may come in any order. Where a type differs the values decide: they take the table's type if each of them is the
same after the way there and back (a BIGINT of small numbers fits an INTEGER column, 1.5 does not), otherwise the import
is refused with a value that does not fit. What is to become text is read from the file again, so that it stands in the
table as it stood there.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from .catalog import quoted
from .formats.plan import Outcome, Plan
from .lake_files import NewFile
from .reader import literal
from .shapes import EngineError

TEXT = "VARCHAR"
NUMBER = re.compile(r"U?(TINY|SMALL|BIG)?INT(EGER)?|U?INTEGER|U?HUGEINT|FLOAT|DOUBLE|DECIMAL\(\d+,\s*\d+\)")
MOMENT = re.compile(r"DATE|TIMESTAMP(_S|_MS|_NS)?|TIMESTAMP WITH TIME ZONE")
SHOWN = 100


def to_read_as_text(plan: Plan, there: dict[str, str]) -> dict[str, Any]:
    """The recipe's part that reads those columns as text that are text in the table."""
    names = [name for name, kind in plan.columns.items() if kind != TEXT and there.get(name) == TEXT]
    return {plan.labels.get(name, name): TEXT for name in names}


def fitted(
    connection: duckdb.DuckDBPyConnection, table: str, there: dict[str, str], outcome: Outcome, file: NewFile
) -> tuple[Outcome, dict[str, tuple[str, str]]]:
    """The outcome with the table's types, its Parquet file rewritten if need be, and which columns were (from, to).

    `connection` can open the file and write beside it. Raises EngineError column_mismatch.
    """
    plan = outcome.plan
    differing = {name: (kind, there[name]) for name, kind in plan.columns.items() if there.get(name, kind) != kind}
    examples = {name: _misfit(connection, file.path, name, *kinds) for name, kinds in differing.items()}
    misfits = {name: example for name, example in examples.items() if example is not None}
    if misfits or set(there) != set(plan.columns):
        raise mismatch(table, there, plan.columns, misfits)
    if differing:
        file.written(lambda each: _rewrite(connection, each, plan.columns, there))
        plan = replace(plan, columns={name: there[name] for name in plan.columns}, recipe=_recipe(plan, there))
    return replace(outcome, plan=plan), differing


def _misfit(connection: duckdb.DuckDBPyConnection, file: Path, name: str, kind: str, wanted: str) -> str | None:
    """A value that cannot take the wanted type without loss; None when there is none."""
    column = quoted(name)
    alike = any(family.fullmatch(kind) and family.fullmatch(wanted) for family in (NUMBER, MOMENT))
    back = f"TRY_CAST(TRY_CAST({column} AS {wanted}) AS {kind})"
    changed = f"{back} IS DISTINCT FROM {column}" if alike or TEXT in (kind, wanted) else f"{column} IS NOT NULL"
    sql = f"SELECT {column}::VARCHAR FROM read_parquet({literal(file)}) WHERE {changed} LIMIT 1"  # noqa: S608
    found = connection.execute(sql).fetchall()
    return str(found[0][0])[:SHOWN] if found else None


def _rewrite(
    connection: duckdb.DuckDBPyConnection, file: NewFile, columns: dict[str, str], there: dict[str, str]
) -> None:
    casts = ", ".join(f"CAST({quoted(name)} AS {there[name]}) AS {quoted(name)}" for name in columns)
    copy, options = file.path.with_name(f"{file.path.stem}-cast.parquet"), file.options(len(columns))
    try:
        connection.execute(
            f"COPY (SELECT {casts} FROM read_parquet({literal(file.path)})) TO {literal(copy)} {options}"  # noqa: S608
        )
        copy.replace(file.path)
    finally:
        copy.unlink(missing_ok=True)


def _recipe(plan: Plan, there: dict[str, str]) -> dict[str, Any]:
    """The recipe that gives the table's types at once."""
    columns = dict(plan.recipe.get("columns", {}))
    for name, kind in plan.columns.items():
        if there[name] != kind:
            label = plan.labels.get(name, name)
            said = columns.get(label)
            columns[label] = {**said, "type": there[name]} if isinstance(said, dict) else there[name]
    return {**plan.recipe, "columns": columns}


def mismatch(
    table: str, there: dict[str, str], new: dict[str, str], misfits: dict[str, str] | None = None
) -> EngineError:
    """The error that says which columns are missing, unknown, or hold what the table's cannot."""
    missing, unknown = sorted(set(there) - set(new)), sorted(set(new) - set(there))
    types = {
        name: {"table": there[name], "file": new[name], "example": example} for name, example in (misfits or {}).items()
    }
    parts = [f"missing {', '.join(missing)}"] * bool(missing) + [f"unknown {', '.join(unknown)}"] * bool(unknown)
    parts += [f"{name} is {kinds['table']} in the table and has “{kinds['example']}”" for name, kinds in types.items()]
    return EngineError(
        "column_mismatch",
        f"The file's columns are not those of {table}: {'; '.join(parts)}.",
        "Import it with mode=replace or into another table, or say in the recipe how its columns are read.",
        {"missing": missing, "unknown": unknown, "types": types},
    )


def check(table: str, there: dict[str, str], new: dict[str, str]) -> None:
    """Raise EngineError column_mismatch unless the columns are the table's now, too."""
    if there != {name: new[name] for name in there if name in new} or len(there) != len(new):
        raise mismatch(table, there, new, {name: "" for name in there if new.get(name, there[name]) != there[name]})


def words(differing: dict[str, tuple[str, str]]) -> str:
    """Which columns took the table's type, for the version's message."""
    return "".join(f"; {name} taken as {wanted} (read as {kind})" for name, (kind, wanted) in differing.items())
