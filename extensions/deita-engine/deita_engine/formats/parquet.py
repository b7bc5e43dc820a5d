"""Parquet files: the columns as they are, apart from types that a lake cannot hold."""

from __future__ import annotations

from typing import Any

import duckdb

from deita_engine.catalog import quoted
from deita_engine.reader import literal
from deita_engine.shapes import EngineError

from .limits import may_unfold_to
from .plan import Outcome, Reading, Target
from .previews import ODD_ROWS, preview_of
from .typed import Field, Typed, load_typed, odd_rows, typed, unreadable

LINE = "file_row_number"
LISTED_BYTES = 24
"""What a number in a list takes while it is read and written: 11 bytes of one byte, 24 of eight, measured."""


def load(reading: Reading, target: Target) -> Outcome:
    """Read the file; raises EngineError file_unreadable, archive_too_large, bad_recipe."""
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
        most = _most_listed(reading)
    except duckdb.Error as error:
        raise unreadable(error) from error
    if most * LISTED_BYTES > may_unfold_to(reading.path.stat().st_size):
        message = f"A row group's lists have {most:,} values, too many for so small a file."
        raise EngineError("archive_too_large", message, "Write the file with fewer rows in a row group.")
    fields = [Field(row[0], quoted(row[0]), row[1]) for row in described]
    source, line = f"read_parquet({literal(reading.path)}, file_row_number = true)", f"{LINE} + 1"
    if any(field.label.casefold() == LINE for field in fields):
        source, line = plain, "NULL"
    recipe = {"version": 1, "format": "parquet", **reading.packing.recipe()}
    return typed(reading.connection, fields, source, line, reading.given, recipe)


def _most_listed(reading: Reading) -> int:
    """The most values that a column of lists has in a row group: DuckDB unfolds those of up to 2,048 rows at once, and
    no limit of its own counts them.
    """
    metadata = f"parquet_metadata({literal(reading.path)})"
    sql = f"SELECT max(num_values) FROM {metadata} WHERE num_values > row_group_num_rows"  # noqa: S608 - a literal
    return int(reading.connection.execute(sql).fetchall()[0][0] or 0)
