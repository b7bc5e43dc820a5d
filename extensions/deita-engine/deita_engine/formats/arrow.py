"""Arrow files (IPC file, which Feather version 2 is, and IPC stream): the columns as they are, checked before use."""

from __future__ import annotations

from typing import Any

import duckdb
import pyarrow as pa

from .apart import read_apart
from .plan import Outcome, Reading, Target
from .previews import ODD_ROWS, ROWS, preview_of
from .typed import Field, Typed, load_typed, odd_rows, typed, unreadable

MEMORY = 1024**3
VIEW = "arrow_rows"


def load(reading: Reading, target: Target) -> Outcome:
    """Read the file; raises EngineError file_unreadable, bad_recipe."""
    return load_typed(reading.connection, _typed(reading, None), target)


def preview(reading: Reading) -> dict[str, Any]:
    """The first rows; raises EngineError as `load` does."""
    found = _typed(reading, ROWS)
    try:
        odd = odd_rows(reading.connection, found, ODD_ROWS)
        return preview_of(reading.connection, found.plan, odd=odd)
    except duckdb.Error as error:
        raise unreadable(error) from error


def _typed(reading: Reading, rows: int | None) -> Typed:
    found = read_apart(reading, "arrow_reader", MEMORY, rows=rows)
    fields = fields_of(reading, found["labels"])
    recipe = {"version": 1, "format": "arrow", **reading.packing.recipe()}
    source = f"(SELECT row_number() OVER () AS line, * FROM {VIEW})"  # noqa: S608
    return typed(reading.connection, fields, source, "line", reading.given, recipe)


def fields_of(reading: Reading, labels: list[str]) -> list[Field]:
    """The columns c0, c1… of the file that a reader apart has written, as fields with these labels."""
    try:
        source = pa.memory_map(str(reading.folder / "rows.arrow"))
        reading.connection.register(VIEW, pa.ipc.open_stream(source).read_all())
        described = reading.connection.execute(f"DESCRIBE FROM {VIEW}").fetchall()
    except duckdb.Error as error:
        raise unreadable(error) from error
    return [Field(label, row[0], row[1]) for label, row in zip(labels, described, strict=True)]
