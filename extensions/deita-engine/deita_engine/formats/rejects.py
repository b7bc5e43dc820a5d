"""Rows that could not be read as the recipe says: what to change so that fewer are lost, and the list of those that
remain.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from deita_engine.names import unique_names

from .cells import NULL_WORDS
from .csv import REJECTS_LIMIT
from .null_words import with_words

WIDER = {"BIGINT": "DOUBLE", "INTEGER": "DOUBLE", "DATE": "TIMESTAMP", "BOOLEAN": "VARCHAR"}
SHARE_OF_TEXT = 0.01
RAW_BYTES = 4096
VALUE = r'Could not convert string "((?s).*)" to '


def count(connection: duckdb.DuckDBPyConnection) -> int:
    """How many lines were rejected."""
    return int(connection.execute("SELECT count(DISTINCT (scan_id, line)) FROM reject_errors").fetchall()[0][0])


def are_structural(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether lines were rejected for their delimiters, quotes or bytes, not for a value."""
    found = connection.execute("SELECT count(*) FROM reject_errors WHERE error_type <> 'CAST'").fetchall()
    return bool(found[0][0])


def clear(connection: duckdb.DuckDBPyConnection) -> None:
    """Forget the rejects of an earlier attempt."""
    connection.execute("DROP TABLE IF EXISTS reject_errors")
    connection.execute("DROP TABLE IF EXISTS reject_scans")


def better_recipe(
    connection: duckdb.DuckDBPyConnection, recipe: dict[str, Any], rows: int, fixed: frozenset[str]
) -> dict[str, Any] | None:
    """The recipe with types (not those in `fixed`) or null words that would have kept more lines; None when it is
    good as it is.
    """
    failed = connection.execute(
        "SELECT column_name, count(*), list(DISTINCT regexp_extract(error_message, $pattern, 1))[:1000]"
        " FROM reject_errors WHERE error_type = 'CAST' AND column_name IS NOT NULL GROUP BY 1",
        {"pattern": VALUE},
    ).fetchall()
    better, columns = recipe, dict(recipe["columns"])
    for name, times, values in failed:
        if name not in columns or name in fixed:
            continue
        nothing = [word for word in NULL_WORDS if word in values]
        if nothing and "null_words" not in fixed:
            better = with_words(better, name, nothing)
            continue
        columns[name] = _wider(connection, columns[name], values, times, rows)
    if columns == recipe["columns"] and better == recipe:
        return None
    changed = {columns[name] for name in columns if columns[name] != recipe["columns"][name]}
    kept = None if "TIMESTAMP" in changed else recipe.get("timestamp_format")
    return {**better, "columns": columns, "timestamp_format": kept}


def _wider(connection: duckdb.DuckDBPyConnection, kind: str, values: list[str], times: int, rows: int) -> str:
    wider = WIDER.get(kind)
    if wider:
        fits = connection.execute(
            f"SELECT bool_and(TRY_CAST(v AS {wider}) IS NOT NULL) FROM (SELECT unnest($values) v)",  # noqa: S608
            {"values": values},
        ).fetchall()[0][0]
        if fits:
            return wider
    return "VARCHAR" if times >= REJECTS_LIMIT or times > max(rows * SHARE_OF_TEXT, 0) else kind


def write(
    connection: duckdb.DuckDBPyConnection, recipe: dict[str, Any], others: list[dict[str, Any]], file: Path
) -> int:
    """Write the rejects, and others, as NDJSON ({line, column, raw, reason}), one for each line in their order; returns
    how many lines they are.
    """
    count, last = 0, 0
    with file.open("w", encoding="utf-8") as out:
        for item in heapq.merge(_of_duckdb(connection, recipe), others, key=lambda item: int(item["line"])):
            if item["line"] != last:
                out.write(json.dumps(item, ensure_ascii=False) + "\n")
                count, last = count + 1, item["line"]
    return count


def _of_duckdb(connection: duckdb.DuckDBPyConnection, recipe: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Those that DuckDB noted, each line with its first error."""
    names = dict(zip(recipe["columns"], unique_names(recipe["columns"]), strict=True))
    cursor = connection.execute(
        "SELECT line, arg_min(column_name, column_idx), first(csv_line), arg_min(error_message, column_idx)"
        " FROM reject_errors GROUP BY scan_id, line ORDER BY line"
    )
    while rows := cursor.fetchmany(1000):
        for line, column, raw, reason in rows:
            yield {"line": line, "column": names.get(column), "raw": (raw or "")[:RAW_BYTES], "reason": reason}
