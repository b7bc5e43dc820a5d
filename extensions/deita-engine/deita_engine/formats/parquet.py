"""Parquet files: the columns as they are, apart from types that a lake cannot hold."""

from __future__ import annotations

from typing import Any

import duckdb

from deita_engine.catalog import quoted
from deita_engine.reader import literal

from .plan import Outcome, Reading, Target
from .previews import ODD_ROWS, preview_of
from .typed import Field, Typed, load_typed, odd_rows, typed, unreadable

LINE = "file_row_number"


def load(reading: Reading, target: Target) -> Outcome:
    """Read the file; raises EngineError file_unreadable, bad_recipe."""
    return load_typed(reading.connection, _typed(reading), target)


def preview(reading: Reading) -> dict[str, Any]:
    """The first rows; raises EngineError as `load` does."""
    found = _typed(reading)
    try:
        odd = odd_rows(reading.connection, found, ODD_ROWS)
        return preview_of(reading.connection, found.plan, odd=odd)
    except duckdb.Error as error:
        raise unreadable(error) from error


def _typed(reading: Reading) -> Typed:
    plain = f"read_parquet({literal(reading.path)})"
    try:
        described = reading.connection.execute(f"DESCRIBE FROM {plain}").fetchall()
    except duckdb.Error as error:
        raise unreadable(error) from error
    fields = [Field(row[0], quoted(row[0]), row[1]) for row in described]
    source, line = f"read_parquet({literal(reading.path)}, file_row_number = true)", f"{LINE} + 1"
    if any(field.label.casefold() == LINE for field in fields):
        source, line = plain, "NULL"
    recipe = {"version": 1, "format": "parquet", **reading.packing.recipe()}
    return typed(reading.connection, fields, source, line, reading.given, recipe)
