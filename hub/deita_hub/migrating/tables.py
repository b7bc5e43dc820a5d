"""All rows of a SQLite file into tables of the same names in a schema of PostgreSQL, compared afterwards.

Values travel as text that PostgreSQL reads by the column's own type (COPY), which takes SQLite's 0 and 1 for booleans
and its texts for times, JSON and UUIDs. Everything is one transaction that begins with empty tables: broken off, it
leaves nothing, and done again, it doubles nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy import Connection, Table

from deita_hub import database_urls
from deita_hub.migrating.errors import MigrationError

REVISIONS = "alembic_version"
SESSION = {"timezone": "UTC", "lock_timeout": "30s"}
Restriction = Callable[[Table], "tuple[str, Sequence[str]]"]
"""For a table, which of its rows are taken: a condition in SQLite's SQL, and its values."""


def everything(table: Table) -> tuple[str, Sequence[str]]:
    """All rows."""
    return "1", ()


@contextlib.contextmanager
def target(url: str, schema: str) -> Iterator[Connection]:
    """A transaction in a schema of the PostgreSQL at `url`. Raises MigrationError when it refuses."""
    engine = sa.create_engine(database_urls.in_schema(url, schema, SESSION), hide_parameters=True)
    try:
        with engine.begin() as connection:
            yield connection
    except (psycopg.Error, sa.exc.DBAPIError) as error:
        cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        state = getattr(cause, "sqlstate", None) or type(cause).__name__
        raise MigrationError("database_refused", f"PostgreSQL refused the rows for {schema} ({state}).") from error
    finally:
        engine.dispose()


@contextlib.contextmanager
def source(file: Path) -> Iterator[sqlite3.Connection]:
    """One moment of a SQLite file, which stays as it is."""
    with contextlib.closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        yield connection


def copy(rows: sqlite3.Connection, into: Connection, restriction: Restriction = everything) -> dict[str, int]:
    """Replace all rows of the tables; returns how many each has.

    Raises MigrationError `revision_differs`, `tables_differ`, and `rows_differ` when what arrived is not what was sent.
    """
    metadata = sa.MetaData()
    metadata.reflect(into)
    _check_same(rows, into, set(metadata.tables))
    tables = [table for table in metadata.sorted_tables if table.name != REVISIONS]
    into.exec_driver_sql(f"TRUNCATE {', '.join(_quoted(table.name) for table in tables)}")
    for table in tables:
        _fill(rows, into, table, restriction)
        _go_on_counting(into, table)
    return {table.name: _compared(rows, into, table, restriction) for table in tables}


def _check_same(rows: sqlite3.Connection, into: Connection, there: set[str]) -> None:
    listed = rows.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    here = {row[0] for row in listed}
    if here != there:
        names = ", ".join(sorted(here ^ there))
        raise MigrationError("tables_differ", f"These tables are only on one side: {names}. {_BRING_UP_TO_DATE}")
    if REVISIONS in here:
        ours = rows.execute(f"SELECT version_num FROM {REVISIONS}").fetchone()[0]  # noqa: S608 - a name of ours
        theirs = into.exec_driver_sql(f"SELECT version_num FROM {REVISIONS}").scalar()  # noqa: S608 - the same
        if ours != theirs:
            message = f"The database is at revision {ours}, this Deita at {theirs}. {_BRING_UP_TO_DATE}"
            raise MigrationError("revision_differs", message)


_BRING_UP_TO_DATE = "Start this version of Deita on the old place once, open each workspace, and stop it."


def _fill(rows: sqlite3.Connection, into: Connection, table: Table, restriction: Restriction) -> None:
    columns = ", ".join(_quoted(column.name) for column in table.columns)
    cursor = _driver(into).cursor()
    with cursor.copy(f"COPY {_quoted(table.name)} ({columns}) FROM STDIN".encode()) as copying:
        for row in _selected(rows, table, restriction):
            copying.write_row(row)


def _selected(rows: sqlite3.Connection, table: Table, restriction: Restriction) -> sqlite3.Cursor:
    columns = ", ".join(_quoted(column.name) for column in table.columns)
    condition, values = restriction(table)
    return rows.execute(f"SELECT {columns} FROM {_quoted(table.name)} WHERE {condition}", values)  # noqa: S608 - ours


def _go_on_counting(into: Connection, table: Table) -> None:
    """New rows get numbers after those that came along."""
    for column in table.columns:
        default = getattr(column.server_default, "arg", "")
        if "nextval(" in str(default):
            name = _quoted(column.name)
            into.exec_driver_sql(
                "SELECT setval(pg_get_serial_sequence(%s, %s),"  # noqa: S608 - names that the database gave
                f" (SELECT coalesce(max({name}), 0) + 1 FROM {_quoted(table.name)}), false)",
                (_quoted(table.name), column.name),
            )


def _compared(rows: sqlite3.Connection, into: Connection, table: Table, restriction: Restriction) -> int:
    sent = _fingerprint(_selected(rows, table, restriction), table)
    columns = ", ".join(
        f"{_quoted(column.name)}::text" if isinstance(column.type, sa.JSON) else _quoted(column.name)
        for column in table.columns
    )
    with _driver(into).cursor(name="compare") as cursor:
        arrived = _fingerprint(
            cursor.execute(f"SELECT {columns} FROM {_quoted(table.name)}".encode()),  # noqa: S608 - names it gave
            table,
        )
    if sent != arrived:
        raise MigrationError("rows_differ", f"The rows of {table.name} did not arrive as they were sent.")
    return sent[0]


def _fingerprint(rows: Iterable[Sequence[Any]], table: Table) -> tuple[int, int]:
    """How many rows, and a sum of their hashes that goes by no order."""
    readers = [_reader(column.type) for column in table.columns]
    count = total = 0
    for row in rows:
        values = [None if value is None else read(value) for read, value in zip(readers, row, strict=True)]
        total += int.from_bytes(hashlib.sha256(repr(values).encode()).digest(), "big")
        count += 1
    return count, total


def _reader(kind: sa.types.TypeEngine[Any]) -> Callable[[Any], object]:
    """What makes the same of a value of both databases."""
    readers: tuple[tuple[type[sa.types.TypeEngine[Any]], Callable[[Any], object]], ...] = (
        (sa.Boolean, bool),
        (sa.Float, float),
        (sa.DateTime, _moment),
        (sa.Uuid, lambda value: uuid.UUID(str(value))),
        (sa.JSON, json.loads),
        (sa.LargeBinary, bytes),
    )
    return next((read for known, read in readers if isinstance(kind, known)), lambda value: value)


def _moment(value: str | datetime) -> datetime:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.astimezone(UTC) if moment.tzinfo else moment


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _driver(connection: Connection) -> psycopg.Connection[tuple[Any, ...]]:
    found = connection.connection.driver_connection
    assert isinstance(found, psycopg.Connection)
    return found
