"""Columns that have types of their own, and the types that a recipe wants instead: casts, and rejects where one fails.

Everything but CSV comes with types. A type in the recipe that differs is cast to; a row with a value that cannot be
cast is no row of the table but a reject.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import duckdb

from deita_engine.catalog import quoted
from deita_engine.errors import from_duckdb
from deita_engine.lake_types import held_type
from deita_engine.names import unique_names
from deita_engine.reader import literal
from deita_engine.shapes import EngineError

from .copying import copy
from .counts import Counts
from .plan import Outcome, Plan, Target

RAW_CHARACTERS = 4096
MAX_COLUMNS = 2000
BATCH = 1000


@dataclass(frozen=True)
class Field:
    """A column of the file: its unique label, the expression that reads it, its own type."""

    label: str
    read: str
    type: str


@dataclass(frozen=True)
class Typed:
    """A file as fields over a source; `line` is the expression for a row's place in the file; `misfits` has (label,
    condition, reason) for casts that may fail.
    """

    plan: Plan
    source: str
    line: str
    raw: str
    misfits: list[tuple[str, str, str]]


def typed(
    connection: duckdb.DuckDBPyConnection,
    fields: list[Field],
    source: str,
    line: str,
    given: dict[str, Any],
    recipe: dict[str, Any],
) -> Typed:
    """The plan for these fields, with the types that the caller gave; raises EngineError bad_recipe."""
    if len(fields) > MAX_COLUMNS:
        raise EngineError("file_unreadable", f"The file has {len(fields)} columns; {MAX_COLUMNS} are allowed.")
    known = {*recipe, "columns"}
    if strange := sorted(set(given) - known):
        message = f"A recipe for this format has no {', '.join(strange)}."
        raise EngineError("bad_recipe", message, details={"field": strange[0], "known": sorted(known)})
    wanted = _wanted(connection, fields, given.get("columns") or {})
    chosen, misfits, types = [], [], {}
    names = unique_names(field.label for field in fields)
    for field, name in zip(fields, names, strict=True):
        kind = types[name] = held_type(wanted.get(field.label, field.type))
        if kind == field.type:
            chosen.append(f"{field.read} AS {quoted(name)}")
        elif field.label not in wanted:
            chosen.append(f"CAST({field.read} AS {kind}) AS {quoted(name)}")
        else:
            tried = f"TRY_CAST({field.read} AS {kind})"
            chosen.append(f"{tried} AS {quoted(name)}")
            misfits.append((name, f"{field.read} IS NOT NULL AND {tried} IS NULL", f"The value is no {kind}."))
    where = f" WHERE NOT ({' OR '.join(condition for _, condition, _ in misfits)})" if misfits else ""
    sql = f"SELECT {', '.join(chosen)} FROM {source}{where}"  # noqa: S608 - fields are quoted, types parsed
    said = {field.label: types[name] for field, name in zip(fields, names, strict=True)}
    labels = {name: field.label for field, name in zip(fields, names, strict=True)}
    raw = f"to_json(struct_pack({', '.join(f'{quoted(n)} := {f.read}' for f, n in zip(fields, names, strict=True))}))"
    return Typed(Plan(sql, types, labels, {**recipe, "columns": said}), source, line, raw, misfits)


def load_typed(
    connection: duckdb.DuckDBPyConnection,
    found: Typed,
    target: Target,
    others: Iterable[dict[str, Any]] = (),
    counts: Counts | None = None,
) -> Outcome:
    """Write rows and rejects; `others` are rejects that were found before, `counts` what the file has, where that is
    more than its rows. Raises EngineError file_unreadable.
    """
    try:
        counts = counts or Counts("row", row_count(connection, found.source))
        rows = copy(connection, found.plan, target.file)
        rejected = write_rejects(target, others, _misfits(connection, found))
    except duckdb.Error as error:
        raise unreadable(error) from error
    return Outcome(found.plan, rows, rejected, counts)


def row_count(connection: duckdb.DuckDBPyConnection, source: str) -> int:
    """How many rows a relation has."""
    return int(connection.execute(f"SELECT count(*) FROM {source}").fetchall()[0][0])  # noqa: S608


def odd_rows(connection: duckdb.DuckDBPyConnection, found: Typed, count: int) -> list[dict[str, Any]]:
    """The first rejects."""
    return [item for item, _ in zip(_misfits(connection, found), range(count), strict=False)]


def write_rejects(target: Target, *parts: Iterable[dict[str, Any]]) -> int:
    """Write rejects as NDJSON, ordered within each part; returns how many they are. Without any there is no file."""
    count = 0
    with target.rejects.open("w", encoding="utf-8") as out:
        for part in parts:
            for item in part:
                out.write(json.dumps(item, ensure_ascii=False) + "\n")
                count += 1
    if not count:
        target.rejects.unlink()
    return count


def unreadable(error: duckdb.Error) -> EngineError:
    """What DuckDB says about a file, as an error; one about memory, space or an interrupt stays what it is."""
    known = from_duckdb(error)
    if known.code in ("out_of_memory", "no_space") or isinstance(error, duckdb.InterruptException):
        return known
    return EngineError("file_unreadable", f"The file cannot be read: {known.message.splitlines()[0]}")


def _wanted(connection: duckdb.DuckDBPyConnection, fields: list[Field], given: dict[str, Any]) -> dict[str, str]:
    """The caller's types by label; a column may be named by its snake-case name, too."""
    labels = [field.label for field in fields]
    by_name = dict(zip(unique_names(labels), labels, strict=True))
    wanted = {}
    for key, said in given.items():
        label = key if key in labels else by_name.get(key)
        if label is None:
            message = f"The file has no column {key}."
            raise EngineError("bad_recipe", message, details={"field": f"columns.{key}", "columns": labels[:200]})
        kind = said.get("type") if isinstance(said, dict) else said
        if kind is not None:
            wanted[label] = parsed_type(connection, label, kind)
    return wanted


def parsed_type(connection: duckdb.DuckDBPyConnection, label: str, kind: Any) -> str:
    """The type as DuckDB writes it; raises EngineError bad_recipe when it is none."""
    try:
        return str(connection.type(kind))
    except (duckdb.Error, TypeError) as error:
        message = f"There is no type {kind} (column {label})."
        path = f"columns.{label}"
        raise EngineError("bad_recipe", message, details={"field": path, "path": path}) from error


def _misfits(connection: duckdb.DuckDBPyConnection, found: Typed) -> Iterable[dict[str, Any]]:
    if not found.misfits:
        return
    column = " ".join(f"WHEN {condition} THEN {literal(name)}" for name, condition, _ in found.misfits)
    reason = " ".join(f"WHEN {condition} THEN {literal(text)}" for _, condition, text in found.misfits)
    sql = (
        f"SELECT {found.line}, CASE {column} END, left(CAST({found.raw} AS VARCHAR), {RAW_CHARACTERS}),"  # noqa: S608
        f" CASE {reason} END FROM {found.source} WHERE {' OR '.join(condition for _, condition, _ in found.misfits)}"
    )
    cursor = connection.execute(sql)
    while rows := cursor.fetchmany(BATCH):
        for line, name, raw, why in rows:
            yield {"line": line, "column": name, "raw": raw, "reason": why}
