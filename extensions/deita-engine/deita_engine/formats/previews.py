"""The preview of a reading: the first rows as the recipe reads them, and what else a person needs to judge it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import duckdb

from deita_engine.values import rows_json

from .plan import Plan

ROWS = 50
RAW_LINES = 30
RAW_CHARACTERS = 4096
ODD_ROWS = 20
OTHERS = 100


def first_rows(connection: duckdb.DuckDBPyConnection, sql: str, count: int = ROWS) -> list[list[Any]]:
    """The first rows of a SELECT, as values of the API."""
    reader = connection.execute(f"FROM ({sql}) LIMIT {count}").to_arrow_reader(count)
    content, _ = rows_json(reader)
    return list(json.loads(content))


def choice(
    key: str, value: Any, confidence: float, reason: str, alternatives: Iterable[dict[str, Any]] = ()
) -> dict[str, Any]:
    """A decision that a person may change: `key` is the recipe's, `alternatives` are {value, reason}."""
    return {
        "key": key,
        "value": value,
        "confidence": round(confidence, 2),
        "reason": reason,
        "alternatives": list(alternatives),
    }


def preview_of(
    connection: duckdb.DuckDBPyConnection,
    plan: Plan,
    *,
    raw: Iterable[str] | None = None,
    odd: Iterable[dict[str, Any]] = (),
    choices: Iterable[dict[str, Any]] = (),
    others: Iterable[dict[str, Any]] = (),
    confidence: float = 1.0,
) -> dict[str, Any]:
    """`{recipe, preview}`: `odd` are rejects {line, column, raw, reason}, `choices` {key, value, confidence, reason,
    alternatives}, `others` {title, recipe, rows?} with what to override for another table of the same file.
    """
    lines = None if raw is None else [line[:RAW_CHARACTERS] for line in list(raw)[:RAW_LINES]]
    return {
        "recipe": plan.recipe,
        "preview": {
            "columns": [
                {"name": name, "label": plan.labels.get(name, name), "type": kind}
                for name, kind in plan.columns.items()
            ],
            "rows": first_rows(connection, plan.sql),
            "raw": lines,
            "odd": list(odd)[:ODD_ROWS],
            "choices": list(choices),
            "others": list(others)[:OTHERS],
            "confidence": confidence,
        },
    }
