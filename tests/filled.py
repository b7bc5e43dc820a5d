"""Rows for whatever tables a database has, so that every migration is tried with data in every table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

VALUES: tuple[tuple[type[sa.types.TypeEngine[Any]], Any], ...] = (
    (sa.Boolean, True),
    (sa.Integer, 1),
    (sa.DateTime, datetime(2026, 1, 2, 3, 4, 5)),
    (sa.JSON, {"key": ["value"]}),
    (sa.Float, 1.5),
    (sa.String, "x"),
)
VERSIONS = "alembic_version"


def fill(connection: sa.Connection) -> None:
    """One row in each table that has none, with a value in every column, as the tables' keys want it."""
    metadata = sa.MetaData()
    metadata.reflect(connection)
    for table in metadata.sorted_tables:
        if table.name == VERSIONS or connection.scalar(sa.select(sa.func.count()).select_from(table)):
            continue
        row = {column.name: _value(connection, column) for column in table.columns}
        connection.execute(table.insert().values(row))


def counts(connection: sa.Connection) -> dict[str, int]:
    """How many rows each table has."""
    metadata = sa.MetaData()
    metadata.reflect(connection)
    tables = (table for table in metadata.sorted_tables if table.name != VERSIONS)
    return {table.name: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0 for table in tables}


def _value(connection: sa.Connection, column: sa.Column[Any]) -> Any:
    for key in column.foreign_keys:
        return connection.scalar(sa.select(key.column).limit(1))
    return next(value for kind, value in VALUES if isinstance(column.type, kind))
