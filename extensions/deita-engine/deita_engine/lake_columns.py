"""Columns of the lake's tables, and what was written to them and to tables as comments, from DuckLake's catalog."""

from __future__ import annotations

from typing import Any

from .lake_types import type_name
from .shapes import Column
from .sources import Ask

LIVE = "begin_snapshot <= $s AND (end_snapshot IS NULL OR end_snapshot > $s)"
COLUMN_COMMENTS = f"SELECT table_id, column_id, value FROM ducklake_column_tag WHERE key = 'comment' AND {LIVE}"  # noqa: S608
COLUMNS = (
    "SELECT table_id, column_id, column_name, column_type, parent_column FROM ducklake_column"  # noqa: S608
    f" WHERE {LIVE} ORDER BY table_id, column_order"
)
RULES = (
    "SELECT nulls_allowed, default_value, default_value_type FROM ducklake_column"  # noqa: S608
    f" WHERE table_id = $table AND parent_column IS NULL AND {LIVE} ORDER BY column_order"
)
COMMENTS = f"SELECT object_id, value FROM ducklake_tag WHERE key = 'comment' AND {LIVE}"  # noqa: S608


def columns_at(ask: Ask, at: int) -> dict[int, list[Column]]:
    """The columns of each table in a snapshot, by the table's id."""
    comments = {row[:2]: row[2] for row in ask(COLUMN_COMMENTS, s=at)}
    rows = ask(COLUMNS, s=at)
    children: dict[tuple[int, int], list[tuple[Any, ...]]] = {}
    for row in rows:
        if row[4] is not None:
            children.setdefault((row[0], row[4]), []).append(row)
    columns: dict[int, list[Column]] = {}
    for row in rows:
        if row[4] is None:
            column = Column(row[2], type_name(row, children), None, comments.get((row[0], row[1])))
            columns.setdefault(row[0], []).append(column)
    return columns


def rules_at(ask: Ask, table: int, at: int) -> tuple[str, ...]:
    """DEFAULT and NOT NULL of each column of a table in a snapshot, as its definition says them."""
    rows = ask(RULES, s=at, table=table)
    return tuple(_default(value, kind) + ("" if nulls else " NOT NULL") for nulls, value, kind in rows)


def _default(value: str | None, kind: str | None) -> str:
    if value is None or value == "NULL":
        return ""
    return f" DEFAULT ({value})" if kind == "expression" else " DEFAULT '" + value.replace("'", "''") + "'"


def comments_at(ask: Ask, at: int) -> dict[int, str]:
    """The comments of tables and views in a snapshot, by their ids."""
    return {row[0]: row[1] for row in ask(COMMENTS, s=at) if row[1] is not None}
