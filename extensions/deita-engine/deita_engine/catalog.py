"""DuckLake's catalog tables, read as plain SQL: which tables, columns and live files a snapshot has.

Going through SQLite itself and not through the DuckLake extension keeps that extension (and the SQLite one, which
reads any file of the operating-system user) out of the process's reader. The layout of the tables is DuckLake's
published format, version 1.0. A catalog that does not exist yet is an empty workspace.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .commits import commits_between
from .lake_types import type_name
from .shapes import Column, Commit, EngineError, Table
from .shapes import Source as Origin
from .sources import Ask, Source

LIVE = "begin_snapshot <= $s AND (end_snapshot IS NULL OR end_snapshot > $s)"
NAMES = (
    f"SELECT table_name FROM ducklake_table WHERE lower(table_name) = lower($name) AND {LIVE}"  # noqa: S608
    f" UNION ALL SELECT view_name FROM ducklake_view WHERE lower(view_name) = lower($name) AND {LIVE}"
)
FOLDERS = (
    "SELECT t.table_id, s.path, s.path_is_relative, t.path, t.path_is_relative FROM ducklake_table t"
    " JOIN ducklake_schema s ON s.schema_id = t.schema_id"
)
SNAPSHOT_AT = "SELECT max(snapshot_id) FROM ducklake_snapshot WHERE snapshot_time <= $time"
DELETE_FILES = (
    f"SELECT data_file_id, path, path_is_relative, delete_count, partial_max FROM ducklake_delete_file WHERE {LIVE}"  # noqa: S608
)
DATA_FILES = (
    "SELECT data_file_id, table_id, path, path_is_relative, record_count, file_size_bytes"  # noqa: S608
    f" FROM ducklake_data_file WHERE {LIVE} ORDER BY file_order, data_file_id"
)
COMMENTS = f"SELECT table_id, column_id, value FROM ducklake_column_tag WHERE key = 'comment' AND {LIVE}"  # noqa: S608
COLUMNS = (
    "SELECT table_id, column_id, column_name, column_type, parent_column FROM ducklake_column"  # noqa: S608
    f" WHERE {LIVE} ORDER BY table_id, column_order"
)


@dataclass(frozen=True)
class DataFile:
    """A live Parquet file and, if rows of it were deleted, the file that lists them.

    DuckLake adds later deletes to the same list and notes the snapshot of each: of a list that goes on after this
    snapshot, `deletes_until` says which count, and `deleted` counts all of them.
    """

    path: Path
    rows: int
    bytes: int
    deletes: Path | None
    deleted: int
    deletes_until: int | None = None


@dataclass(frozen=True)
class LakeTable:
    """A table as one snapshot has it."""

    id: int
    name: str
    columns: tuple[Column, ...]
    files: tuple[DataFile, ...]

    @property
    def rows(self) -> int:
        """Rows that are left after deletes."""
        return sum(file.rows - file.deleted for file in self.files)

    @property
    def bytes(self) -> int:
        """Size of the live data files."""
        return sum(file.bytes for file in self.files)


@dataclass(frozen=True)
class LakeView:
    """A view of the lake: its name and its SQL."""

    name: str
    sql: str


@dataclass(frozen=True)
class Snapshot:
    """Everything that one snapshot of the lake holds."""

    id: int
    tables: tuple[LakeTable, ...] = ()
    views: tuple[LakeView, ...] = ()
    schema: str = ""


class Catalog:
    """The catalog of one workspace."""

    def __init__(self, source: Source, data: Path) -> None:
        self._source, self.data = source, data
        self._commits = threading.Lock()
        self._seen = -1
        self._newest_commits: dict[str, Commit] = {}

    def newest(self) -> int:
        """The newest snapshot's id; 0 for a workspace without a lake (a lake's first snapshot is 0, too: it is
        empty).
        """
        with self._source.reading() as ask:
            return _newest(ask) if ask else 0

    def snapshot(self, snapshot_id: int | None = None) -> Snapshot:
        """Tables and views as of a snapshot, the newest unless one is given; raises EngineError version_expired."""
        with self._source.reading() as ask:
            if ask is None:
                return Snapshot(0)
            at = _newest(ask) if snapshot_id is None else snapshot_id
            if at and not ask("SELECT 1 FROM ducklake_snapshot WHERE snapshot_id = $s", s=at):
                raise expired()
            return Snapshot(at, tuple(self._tables(ask, at)), tuple(_views(ask, at)))

    def commits(self, after: int = 0) -> list[Commit]:
        """What each snapshot after `after` did to which table, oldest first."""
        with self._source.reading() as ask:
            return commits_between(ask, after) if ask else []

    def commit(self, snapshot: int) -> Commit:
        """The commit that made a snapshot; raises EngineError version_expired."""
        with self._source.reading() as ask:
            found = commits_between(ask, snapshot - 1, snapshot) if ask else []
        if not found:
            raise expired()
        return found[0]

    def held(self, commit: Commit) -> LakeTable | LakeView:
        """The table or view as a commit left it; raises EngineError version_not_found for a deletion."""
        snapshot = self.snapshot(commit.snapshot)
        things: list[LakeTable | LakeView] = [*snapshot.tables, *snapshot.views]
        for thing in things:
            if thing.name == commit.table:
                return thing
        message = f"Version {commit.version} of {commit.table} is its deletion and holds no rows."
        raise EngineError("version_not_found", message, "Take the version before it.")

    def snapshot_at(self, time: str) -> int:
        """The newest snapshot at a moment (`YYYY-MM-DD hh:mm:ss.ffffff`, UTC); 0, which is empty, before the first."""
        with self._source.reading() as ask:
            rows = ask(SNAPSHOT_AT, time=f"{time}+00") if ask else [(0,)]
        return int(rows[0][0] or 0)

    def newest_commits(self) -> dict[str, Commit]:
        """The newest commit of every name that a table ever had, case-folded; commits never change, so that each is
        read once.
        """
        with self._commits:
            for commit in self.commits(self._seen):
                self._newest_commits[commit.table.casefold()] = commit
                self._seen = commit.snapshot
            return dict(self._newest_commits)

    def actual_name(self, table: str) -> str | None:
        """How the table or view is really spelled; None when there is none of that name."""
        with self._source.reading() as ask:
            rows = ask(NAMES, s=_newest(ask), name=table) if ask else []
        return rows[0][0] if rows else None

    def has(self, table: str) -> bool:
        """Whether there is a table or view of that name."""
        return self.actual_name(table) is not None

    def folder(self, table: str) -> Path:
        """The folder for data files of a table, also of one that does not exist yet."""
        with self._source.reading() as ask:
            rows = ask(FOLDERS + " WHERE t.table_name = $name AND t.end_snapshot IS NULL", name=table) if ask else []
        return self._folder(*rows[0][1:]) if rows else self.data / "main" / table

    def discard(self, file: Path) -> None:
        """Remove a data file unless the lake knows it: a failure after the commit must not cost data."""
        with self._source.reading() as ask:
            known = ask and ask("SELECT 1 FROM ducklake_data_file WHERE path LIKE $end", end=f"%{file.name}")
        if not known:
            file.unlink(missing_ok=True)

    def tables(self) -> tuple[int, list[Table]]:
        """The newest snapshot's id and its tables and views with who made them, by name."""
        snapshot, commits = self.snapshot(), self.newest_commits()
        things: list[LakeTable | LakeView] = [*snapshot.tables, *snapshot.views]
        tables = [table_of(thing, commits.get(thing.name.casefold())) for thing in things]
        return snapshot.id, sorted(tables, key=lambda table: table.name)

    def _tables(self, ask: Ask, at: int) -> Iterator[LakeTable]:
        columns, files = _columns(ask, at), self._files(ask, at)
        for table_id, name in ask(f"SELECT table_id, table_name FROM ducklake_table WHERE {LIVE}", s=at):  # noqa: S608
            yield LakeTable(table_id, name, tuple(columns.get(table_id, ())), tuple(files.get(table_id, ())))

    def _files(self, ask: Ask, at: int) -> dict[int, list[DataFile]]:
        folders = {row[0]: self._folder(*row[1:]) for row in ask(FOLDERS)}
        deletes = {row[0]: row[1:] for row in ask(DELETE_FILES, s=at)}
        found: dict[int, list[DataFile]] = {}
        for file_id, table_id, path, relative, count, size in ask(DATA_FILES, s=at):
            folder = folders[table_id]
            gone, deleted, until = None, 0, None
            if file_id in deletes:
                name, inside, deleted, newest = deletes[file_id]
                gone = folder / name if inside else Path(name)
                until = at if newest is not None and newest > at else None
            file = DataFile(folder / path if relative else Path(path), count, size, gone, deleted, until)
            found.setdefault(table_id, []).append(file)
        return found

    def _folder(self, schema: str, schema_relative: int, table: str, table_relative: int) -> Path:
        if not table_relative:
            return Path(table)
        return (self.data / schema if schema_relative else Path(schema)) / table


def expired() -> EngineError:
    """The error for a past that was cleaned up."""
    return EngineError("version_expired", "This version is no longer kept.", "See which versions are.")


def _newest(ask: Ask) -> int:
    return int(ask("SELECT max(snapshot_id) FROM ducklake_snapshot")[0][0] or 0)


def _columns(ask: Ask, at: int) -> dict[int, list[Column]]:
    comments = {row[:2]: row[2] for row in ask(COMMENTS, s=at)}
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


def quoted(name: str) -> str:
    """The name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _views(ask: Ask, at: int) -> Iterator[LakeView]:
    for name, sql in ask(f"SELECT view_name, sql FROM ducklake_view WHERE {LIVE} ORDER BY view_id", s=at):  # noqa: S608
        yield LakeView(name, sql)


def table_of(thing: LakeTable | LakeView, commit: Commit | None) -> Table:
    """A table or view with who made it."""
    return _table(thing, commit) if isinstance(thing, LakeTable) else _view(thing, commit)


def _table(table: LakeTable, commit: Commit | None) -> Table:
    labels = commit.labels if commit else {}
    columns = tuple(Column(c.name, c.type, labels.get(c.name), c.comment) for c in table.columns)
    return Table(table.name, columns, table.rows, table.bytes, *_origin(commit, "table"))


def _view(view: LakeView, commit: Commit | None) -> Table:
    return Table(view.name, commit.columns if commit else (), 0, 0, *_origin(commit, "view"))


def _origin(commit: Commit | None, kind: str) -> tuple[Any, ...]:
    if commit is None:
        return 1, kind, "", "", Origin()
    return commit.version, kind, commit.created_at, commit.author, commit.source
