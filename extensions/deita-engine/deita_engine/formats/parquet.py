"""Parquet files: the columns as they are, apart from types that a lake cannot hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from deita_engine.catalog import quoted
from deita_engine.errors import from_duckdb
from deita_engine.lake_types import held_type
from deita_engine.names import unique_names
from deita_engine.reader import literal
from deita_engine.shapes import EngineError

from .copying import copy
from .plan import Outcome, Plan, Reading, Target
from .previews import preview_of


def load(reading: Reading, target: Target) -> Outcome:
    """Read the file; raises EngineError file_unreadable."""
    found = plan(reading.connection, reading.path, reading.given)
    return Outcome(found, copy(reading.connection, found, target.rows))


def preview(reading: Reading) -> dict[str, Any]:
    """The first rows; raises EngineError as `load` does."""
    return preview_of(reading.connection, plan(reading.connection, reading.path, reading.given))


def plan(connection: duckdb.DuckDBPyConnection, path: Path, recipe: dict[str, Any]) -> Plan:
    """How to read the file; raises EngineError file_unreadable."""
    source = f"read_parquet({literal(path)})"
    try:
        described = connection.execute(f"DESCRIBE FROM {source}").fetchall()
    except duckdb.Error as error:
        raise EngineError(
            "file_unreadable", f"The Parquet file cannot be read: {from_duckdb(error).message}"
        ) from error
    headers = [row[0] for row in described]
    names = unique_names(headers)
    types = [held_type(row[1]) for row in described]
    chosen = ", ".join(
        f"{quoted(header)}::{kind} AS {quoted(name)}" for header, kind, name in zip(headers, types, names, strict=True)
    )
    used = {"version": 1, "format": "parquet", "columns": dict(zip(names, types, strict=True)), **recipe}
    return Plan(
        f"SELECT {chosen} FROM {source}",  # noqa: S608
        dict(zip(names, types, strict=True)),
        dict(zip(names, headers, strict=True)),
        used,
    )
