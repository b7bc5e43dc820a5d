"""Restores: an older version of a table becomes its newest one; nothing between them is lost.

Its files are registered under second names (see `copies`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from .catalog import Catalog, LakeTable, LakeView, quoted
from .copies import Copies
from .lake_columns import rules_at
from .lake_files import NewFile
from .reader import OWN_SCHEMA, Reader, literal
from .shapes import Commit
from .writer import Change, Writer, add_files, new_id

if TYPE_CHECKING:
    from .operations import Operation


class Restores:
    """Brings versions back."""

    def __init__(self, reader: Reader, writer: Writer) -> None:
        self.copies, self.writer = Copies(reader), writer

    def run(
        self,
        operation: Operation,
        name: str,
        snapshot: int,
        person: str,
        since: int | None = None,
        id: str | None = None,
    ) -> Commit | None:
        """Make the version of `snapshot` the newest of `name`; None when that changes nothing.

        Raises EngineError version_expired, version_not_found.
        """
        catalog = self.writer.catalog
        old = catalog.commit(snapshot)
        held = catalog.held(old)
        files: list[NewFile] = []
        if isinstance(held, LakeTable):
            files = self.copies.made(operation, catalog.folder(name), held, snapshot)

        def body(cursor: duckdb.DuckDBPyConnection) -> Change:
            if isinstance(held, LakeTable):
                _empty_table(cursor, catalog, name, held, snapshot)
                add_files(cursor, name, files)
            else:
                _view(cursor, catalog, name, held)
            _comment(cursor, name, held)
            return Change(
                table=name,
                operation="restore",
                person=person,
                message=f"Restore version {old.version}",
                source=old.source,
                labels=old.labels,
                restored_version=old.version,
                id=id or new_id(),
            )

        try:
            return self.writer.commit(operation, body, (name, since))
        except BaseException:  # whatever ended it, what it left goes first
            for file in files:
                catalog.discard(file)
            raise


def _empty_table(
    cursor: duckdb.DuckDBPyConnection, catalog: Catalog, name: str, held: LakeTable, snapshot: int
) -> None:
    """Leave an empty table with the version's columns."""
    now = catalog.snapshot()
    there = next((table for table in now.tables if table.name.casefold() == name.casefold()), None)
    rules = _rules(catalog, held, snapshot)
    if there and there.columns == held.columns and _rules(catalog, there, now.id) == rules:
        cursor.execute(f"DELETE FROM {quoted(name)}")  # noqa: S608
        return
    _drop(cursor, catalog, name)
    columns = zip(held.columns, rules, strict=True)
    definition = ", ".join(f"{quoted(column.name)} {column.type}{rule}" for column, rule in columns)
    cursor.execute(f"CREATE TABLE {quoted(name)} ({definition})")
    for column in held.columns:
        if column.comment:
            cursor.execute(f"COMMENT ON COLUMN {quoted(name)}.{quoted(column.name)} IS {literal(column.comment)}")


def _rules(catalog: Catalog, table: LakeTable, at: int) -> tuple[str, ...]:
    with catalog.reading() as ask:
        return rules_at(ask, table.id, at) if ask else ()


def _comment(cursor: duckdb.DuckDBPyConnection, name: str, held: LakeTable | LakeView) -> None:
    kind = "TABLE" if isinstance(held, LakeTable) else "VIEW"
    comment = "NULL" if held.comment is None else literal(held.comment)
    cursor.execute(f"COMMENT ON {kind} {quoted(name)} IS {comment}")


def _view(cursor: duckdb.DuckDBPyConnection, catalog: Catalog, name: str, held: LakeView) -> None:
    _drop(cursor, catalog, name)
    cursor.execute(f"CREATE VIEW {quoted(name)} AS {OWN_SCHEMA.sub('', held.sql)}")


def _drop(cursor: duckdb.DuckDBPyConnection, catalog: Catalog, name: str) -> None:
    now = catalog.snapshot()
    for kind, things in (("TABLE", now.tables), ("VIEW", now.views)):
        if any(thing.name.casefold() == name.casefold() for thing in things):
            cursor.execute(f"DROP {kind} {quoted(name)}")
