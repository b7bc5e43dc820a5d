"""Rows of a regular file with a text that does not fit a column with a way of its own, and the lines they stand in.

DuckDB says the line of a value that it could not cast by itself; of a text that an expression could not convert it can
only say the number of the row. Where each line is a row, that is the line; where it is not (line ends in quotes), the
careful reader has to look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb

from .columns import any_misfit, first_misfit, reject
from .csv import own_columns, read_types, scan

MAX_STRAYS = 20_000
RAW_CHARACTERS = 4096
CHECKED_LINES = 100_000


def strays(
    connection: duckdb.DuckDBPyConnection, path: Path, recipe: dict[str, Any], check: Callable[[], None]
) -> list[dict[str, Any]] | None:
    """The rows as rejects {line, column, raw, reason} in order; None when they are too many, or their lines cannot be
    told. Leaves rejects of its own in the connection.
    """
    columns = [column for column in own_columns(recipe) if column.misfit != "false"]
    source = scan(path, recipe, read_types(recipe))
    which, text = first_misfit(columns)
    sql = (
        f"SELECT number, {which}, {text} FROM (SELECT row_number() OVER () AS number, * FROM {source})"  # noqa: S608
        f" WHERE {any_misfit(columns)} ORDER BY number LIMIT {MAX_STRAYS + 1}"
    )
    found = {number: (columns[at], value) for number, at, value in connection.execute(sql).fetchall()}
    if len(found) > MAX_STRAYS:
        return None
    refused = {row[0] for row in connection.execute("SELECT DISTINCT line FROM reject_errors").fetchall()}
    rows = connection.execute(f"SELECT count(*) FROM {source}").fetchall()[0][0]  # noqa: S608
    taken, lines, number = [], 0, 0
    for line, raw in _lines(path, recipe["skip"] + int(recipe["header"]), check):
        lines += 1
        number += line not in refused
        if number in found and line not in refused:
            column, value = found[number]
            taken.append(reject(column, line, raw.decode("utf-8", "replace")[:RAW_CHARACTERS], value))
    return taken if lines == rows and len(taken) == len(found) else None


def _lines(path: Path, first: int, check: Callable[[], None]) -> Iterator[tuple[int, bytes]]:
    """The lines below the header that are not blank, with their numbers."""
    with path.open("rb") as file:
        for line, content in enumerate(islice(file, first, None), first + 1):
            if not line % CHECKED_LINES:
                check()
            if raw := content.rstrip(b"\r\n"):
                yield line, raw
