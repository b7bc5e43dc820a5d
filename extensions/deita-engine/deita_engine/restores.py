"""Restores: an older version of a table becomes its newest one; nothing between them is lost.

No rows are copied where that can be helped: the old version's files get a second name (a hard link), and those are
registered. Registering the old names once more would be shorter, but then cleaning up the old version one day would
delete the files under the new one. Only files that DuckLake wrote by itself (INSERT and UPDATE leave columns of its
own in them) and files with deleted rows are written anew.
"""

from __future__ import annotations

import itertools
import os
import shutil
import uuid
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from .catalog import Catalog, DataFile, LakeTable, LakeView, quoted
from .reader import OWN_SCHEMA, Reader, literal, source
from .shapes import Commit
from .writer import Change, Writer, add_files

if TYPE_CHECKING:
    from .operations import Operation

OURS = "deita-"


class Restores:
    """Brings versions back."""

    def __init__(self, reader: Reader, writer: Writer) -> None:
        self.reader, self.writer = reader, writer

    def run(self, operation: Operation, name: str, snapshot: int, person: str) -> Commit | None:
        """Make the version of `snapshot` the newest of `name`; None when that changes nothing.

        Raises EngineError version_expired, version_not_found.
        """
        catalog = self.writer.catalog
        old = catalog.commit(snapshot)
        held = catalog.held(old)
        files = self._prepare(operation, catalog, name, held, snapshot) if isinstance(held, LakeTable) else []

        def body(cursor: duckdb.DuckDBPyConnection) -> Change:
            if isinstance(held, LakeTable):
                _empty_table(cursor, catalog, name, held)
                add_files(cursor, name, files)
            else:
                _view(cursor, catalog, name, held)
            return Change(
                table=name,
                operation="restore",
                person=person,
                message=f"Restore version {old.version}",
                source=old.source,
                labels=old.labels,
                restored_version=old.version,
            )

        try:
            return self.writer.commit(operation, body)
        except BaseException:  # whatever ended it, what it left goes first
            for file in files:
                catalog.discard(file)
            raise

    def _prepare(self, operation: Operation, catalog: Catalog, name: str, held: LakeTable, snapshot: int) -> list[Path]:
        """Files with the version's rows, in its order, that no other version has."""
        folder = catalog.folder(name)
        folder.mkdir(parents=True, exist_ok=True)
        made: list[Path] = []
        try:
            for linkable, group in itertools.groupby(held.files, _is_linkable):
                for part in [[file] for file in group] if linkable else [list(group)]:
                    operation.check()
                    made.append(folder / f"{OURS}{uuid.uuid4()}.parquet")
                    if linkable:
                        _link(part[0].path, made[-1])
                    else:
                        self._rewrite(operation, replace(held, files=tuple(part)), snapshot, made[-1])
        except BaseException:  # whatever ended it, what it left goes first
            for file in made:
                file.unlink(missing_ok=True)
            raise
        return made

    def _rewrite(self, operation: Operation, held: LakeTable, snapshot: int, target: Path) -> None:
        with self.reader.cursor(snapshot) as (cursor, _):
            operation.uses(cursor)
            cursor.execute(f"COPY ({source(held)}) TO {literal(target)} (FORMAT parquet)")
            operation.uses(None)


def _is_linkable(file: DataFile) -> bool:
    return file.deletes is None and file.path.name.startswith(OURS)


def _link(old: Path, new: Path) -> None:
    try:
        os.link(old, new)
    except OSError:  # a file system without hard links
        shutil.copyfile(old, new)


def _empty_table(cursor: duckdb.DuckDBPyConnection, catalog: Catalog, name: str, held: LakeTable) -> None:
    """Leave an empty table with the version's columns."""
    now = catalog.snapshot()
    there = next((table for table in now.tables if table.name.casefold() == name.casefold()), None)
    if there and there.columns == held.columns:
        cursor.execute(f"DELETE FROM {quoted(name)}")  # noqa: S608
        return
    _drop(cursor, catalog, name)
    definition = ", ".join(f"{quoted(column.name)} {column.type}" for column in held.columns)
    cursor.execute(f"CREATE TABLE {quoted(name)} ({definition})")
    for column in held.columns:
        if column.comment:
            cursor.execute(f"COMMENT ON COLUMN {quoted(name)}.{quoted(column.name)} IS {literal(column.comment)}")


def _view(cursor: duckdb.DuckDBPyConnection, catalog: Catalog, name: str, held: LakeView) -> None:
    _drop(cursor, catalog, name)
    cursor.execute(f"CREATE VIEW {quoted(name)} AS {OWN_SCHEMA.sub('', held.sql)}")


def _drop(cursor: duckdb.DuckDBPyConnection, catalog: Catalog, name: str) -> None:
    now = catalog.snapshot()
    for kind, things in (("TABLE", now.tables), ("VIEW", now.views)):
        if any(thing.name.casefold() == name.casefold() for thing in things):
            cursor.execute(f"DROP {kind} {quoted(name)}")
