"""Lakes that were brought back somewhere else: DuckLake names some files in full, with the place where they lay."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier

NAMING_FILES = (
    "ducklake_data_file",
    "ducklake_delete_file",
    "ducklake_table",
    "ducklake_schema",
    "ducklake_files_scheduled_for_deletion",
)
Move = tuple[str, str]
"""Where things lay, and where they lie now: folders or URLs, without a slash at the end."""


def move_file(lake: Path, moves: Iterable[Move]) -> None:
    """Have a lake's catalog in a SQLite file name its files where they are now."""
    with contextlib.closing(sqlite3.connect(lake)) as connection, connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        for before, after in moves:
            for table in NAMING_FILES:
                moved = f"UPDATE {table} SET path = ? || substr(path, ?) WHERE NOT path_is_relative AND path GLOB ?"  # noqa: S608
                connection.execute(moved, (after, len(before) + 1, f"{_escaped(before)}/*"))


def move_schema(connection: psycopg.Connection, schema: str, moves: Iterable[Move]) -> None:
    """The same for a catalog in a schema of PostgreSQL, if it has its tables yet."""
    for before, after in moves:
        for table in NAMING_FILES:
            if connection.execute("SELECT to_regclass(%s)", [f"{schema}.{table}"]).fetchone() == (None,):
                continue
            moved = SQL(
                "UPDATE {table} SET path = %s::text || substr(path, %s::int)"
                " WHERE NOT path_is_relative AND starts_with(path, %s)"
            ).format(table=Identifier(schema, table))
            connection.execute(moved, [after, len(before) + 1, f"{before}/"])


def _escaped(text: str) -> str:
    """A text that GLOB takes for itself."""
    return re.sub(r"([*?\[])", r"[\1]", text)
