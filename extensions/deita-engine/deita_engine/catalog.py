"""DuckLake's catalog tables, read as plain SQL: which tables, columns and live files a snapshot has.

Going through SQLite itself and not through the DuckLake extension keeps that extension (and the SQLite one, which
reads any file of the operating-system user) out of the process's reader. The layout of the tables is DuckLake's
published format, version 1.0. A catalog that does not exist yet is an empty workspace.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .commits import commits_between
from .lake_columns import LIVE, columns_at, comments_at
from .lake_files import LakeFiles, NewFile, joined, name_of
from .moments import expired, forgotten, snapshot_at
from .shapes import Column, Commit, EngineError, Table
from .shapes import Source as Origin
from .sources import Ask, Source

NAMES = (
    f"SELECT table_name FROM ducklake_table WHERE lower(table_name) = lower($name) AND {LIVE}"  # noqa: S608
    f" UNION ALL SELECT view_name FROM ducklake_view WHERE lower(view_name) = lower($name) AND {LIVE}"
)
FOLDERS = (
    "SELECT t.table_id, s.path, s.path_is_relative, t.path, t.path_is_relative FROM ducklake_table t"
    " JOIN ducklake_schema s ON s.schema_id = t.schema_id"
)
GENERATION = "deita_upkeep"
DELETE_FILES = (
    f"SELECT data_file_id, path, path_is_relative, delete_count, partial_max FROM ducklake_delete_file WHERE {LIVE}"  # noqa: S608
)
DATA_FILES = (
    "SELECT data_file_id, table_id, path, path_is_relative, record_count, file_size_bytes"  # noqa: S608
    f" FROM ducklake_data_file WHERE {LIVE} ORDER BY file_order, data_file_id"
)


@dataclass(frozen=True)
class DataFile:
    """A live Parquet file and, if rows of it were deleted, the file that lists them.

    DuckLake adds later deletes to the same list and notes the snapshot of each: of a list that goes on after this
    snapshot, `deletes_until` says which count, and `deleted` counts all of them.
    """

    path: str
    rows: int
    bytes: int
    deletes: str | None
    deleted: int
    deletes_until: int | None = None


@dataclass(frozen=True)
class LakeTable:
    """A table as one snapshot has it."""

    id: int
    name: str
    columns: tuple[Column, ...]
    files: tuple[DataFile, ...]
    comment: str | None = None

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
    comment: str | None = None


@dataclass(frozen=True)
class Snapshot:
    """Everything that one snapshot of the lake holds; `unreadable` says why some of it cannot be read, by name."""

    id: int
    tables: tuple[LakeTable, ...] = ()
    views: tuple[LakeView, ...] = ()
    schema: str = ""
    unreadable: Mapping[str, str] = field(default_factory=dict)

    def rows(self, name: str) -> int:
        """How many rows the table of a name has, regardless of its case; 0 for a view or none."""
        return next((table.rows for table in self.tables if table.name.casefold() == name.casefold()), 0)

    def held(self, names: Iterable[str]) -> list[object]:
        """What answers over these tables and views depend on: files and columns, or the SQL; the whole snapshot for a
        name that is neither.
        """
        held: dict[str, object] = {table.name: table for table in self.tables}
        held |= {view.name: view for view in self.views}
        return [held.get(name, self.id) for name in names]


class Catalog:
    """The catalog of one workspace."""

    def __init__(self, source: Source, lake: LakeFiles) -> None:
        self._source, self.lake = source, lake
        self._commits = threading.Lock()
        self._seen = -1
        self._newest_commits: dict[str, Commit] = {}

    def newest(self) -> int:
        """The newest snapshot's id; 0 for a workspace without a lake (a lake's first snapshot is 0, too: it is
        empty).
        """
        with self._source.reading() as ask:
            return _newest(ask) if ask else 0

    def reading(self) -> contextlib.AbstractContextManager[Ask | None]:
        """A consistent view of the catalog's tables as they are."""
        return self._source.reading()

    def generation(self) -> int:
        """Rises whenever upkeep changed the files that stand for the past."""
        with self._source.reading() as ask:
            rows = ask("SELECT value FROM ducklake_metadata WHERE key = $key", key=GENERATION) if ask else []
        return int(rows[0][0]) if rows else 0

    def snapshot(self, snapshot_id: int | None = None) -> Snapshot:
        """Tables and views as of a snapshot, the newest unless one is given; raises EngineError version_expired."""
        with self._source.reading() as ask:
            if ask is None:
                return Snapshot(0)
            at = _newest(ask) if snapshot_id is None else snapshot_id
            if at and not ask("SELECT 1 FROM ducklake_snapshot WHERE snapshot_id = $s", s=at):
                raise expired()
            return Snapshot(at, tuple(self._tables(ask, at)), tuple(_views(ask, at)))

    def commits(self, after: int = 0, made_by: str = "") -> list[Commit]:
        """What each snapshot after `after` did to which table, oldest first; of one change, import or query alone."""
        with self._source.reading() as ask:
            return commits_between(ask, after, made_by=made_by) if ask else []

    def commit(self, snapshot: int) -> Commit:
        """The commit that made a snapshot; raises EngineError version_expired."""
        with self._source.reading() as ask:
            found = commits_between(ask, snapshot - 1, snapshot) if ask else []
        if not found:
            raise expired()
        return found[0]

    def expired(self, snapshots: Sequence[int]) -> list[int]:
        """Those of the snapshots that upkeep has forgotten."""
        with self._source.reading() as ask:
            return forgotten(ask, snapshots) if ask else []

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
        """The newest snapshot at a moment (see `moments`)."""
        with self._source.reading() as ask:
            return snapshot_at(ask, time) if ask else 0

    def newest_commits(self) -> dict[str, Commit]:
        """The newest commit of every name that a table ever had, case-folded; commits never change, so that each is
        read once.
        """
        with self._commits:
            for commit in self.commits(self._seen):
                self._newest_commits[commit.table.casefold()] = commit
                self._seen = commit.snapshot
            return dict(self._newest_commits)

    def made_by(self, names: Iterable[str], snapshot: int) -> dict[str, Commit]:
        """The commit that made each of the tables what it is in the snapshot."""
        newest = self.newest_commits()
        found = {name: newest[name.casefold()] for name in names if name.casefold() in newest}
        if any(commit.snapshot > snapshot for commit in found.values()):
            older = {commit.table: commit for commit in self.commits() if commit.snapshot <= snapshot}
            found = {name: older[name] for name in found if name in older}
        return found

    def actual_name(self, table: str) -> str | None:
        """How the table or view is really spelled; None when there is none of that name."""
        with self._source.reading() as ask:
            rows = ask(NAMES, s=_newest(ask), name=table) if ask else []
        return rows[0][0] if rows else None

    def has(self, table: str) -> bool:
        """Whether there is a table or view of that name."""
        return self.actual_name(table) is not None

    def folder(self, table: str) -> str:
        """The location for data files of a table, also of one that does not exist yet."""
        with self._source.reading() as ask:
            rows = ask(FOLDERS + " WHERE t.table_name = $name AND t.end_snapshot IS NULL", name=table) if ask else []
        return self._folder(*rows[0][1:]) if rows else self.lake.folder(table)

    def new_file(self, table: str) -> NewFile:
        """A data file for the table that nobody has yet."""
        return self.lake.new(self.folder(table))

    def discard(self, file: NewFile) -> None:
        """Remove a data file unless the lake knows it: a failure after the commit must not cost data."""
        with self._source.reading() as ask:
            known = ask and ask(
                "SELECT 1 FROM ducklake_data_file WHERE path LIKE $end", end=f"%{name_of(file.location)}"
            )
        if not known:
            self.lake.remove(file)

    def tables(self) -> tuple[int, list[Table]]:
        """The newest snapshot's id and its tables and views with who made them, by name."""
        snapshot, commits = self.snapshot(), self.newest_commits()
        things: list[LakeTable | LakeView] = [*snapshot.tables, *snapshot.views]
        tables = [table_of(thing, commits.get(thing.name.casefold())) for thing in things]
        return snapshot.id, sorted(tables, key=lambda table: table.name)

    def _tables(self, ask: Ask, at: int) -> Iterator[LakeTable]:
        columns, files, told = columns_at(ask, at), self._files(ask, at), comments_at(ask, at)
        for id, name in ask(f"SELECT table_id, table_name FROM ducklake_table WHERE {LIVE}", s=at):  # noqa: S608
            yield LakeTable(id, name, tuple(columns.get(id, ())), tuple(files.get(id, ())), told.get(id))

    def _files(self, ask: Ask, at: int) -> dict[int, list[DataFile]]:
        folders = {row[0]: self._folder(*row[1:]) for row in ask(FOLDERS)}
        deletes = {row[0]: row[1:] for row in ask(DELETE_FILES, s=at)}
        found: dict[int, list[DataFile]] = {}
        for file_id, table_id, path, relative, count, size in ask(DATA_FILES, s=at):
            folder = folders[table_id]
            gone, deleted, until = None, 0, None
            if file_id in deletes:
                name, inside, deleted, newest = deletes[file_id]
                gone = joined(folder, name) if inside else name
                until = at if newest is not None and newest > at else None
            place = joined(folder, path) if relative else path
            file = DataFile(place, count, size, gone, deleted, until)
            found.setdefault(table_id, []).append(file)
        return found

    def _folder(self, schema: str, schema_relative: int, table: str, table_relative: int) -> str:
        if not table_relative:
            return table
        return joined(joined(self.lake.root, schema) if schema_relative else schema, table)


def _newest(ask: Ask) -> int:
    return int(ask("SELECT max(snapshot_id) FROM ducklake_snapshot")[0][0] or 0)


def quoted(name: str) -> str:
    """The name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _views(ask: Ask, at: int) -> Iterator[LakeView]:
    told = comments_at(ask, at)
    for id, name, sql in ask(f"SELECT view_id, view_name, sql FROM ducklake_view WHERE {LIVE} ORDER BY view_id", s=at):  # noqa: S608
        yield LakeView(name, sql, told.get(id))


def table_of(thing: LakeTable | LakeView, commit: Commit | None) -> Table:
    """A table or view with who made it."""
    return _table(thing, commit) if isinstance(thing, LakeTable) else _view(thing, commit)


def _table(table: LakeTable, commit: Commit | None) -> Table:
    labels = commit.labels if commit else {}
    columns = tuple(Column(c.name, c.type, labels.get(c.name), c.comment) for c in table.columns)
    return Table(table.name, columns, table.rows, table.bytes, *_origin(commit, "table", table.comment))


def _view(view: LakeView, commit: Commit | None) -> Table:
    return Table(view.name, commit.columns if commit else (), 0, 0, *_origin(commit, "view", view.comment))


def _origin(commit: Commit | None, kind: str, comment: str | None) -> tuple[Any, ...]:
    if commit is None:
        return 1, kind, "", "", Origin(), comment
    return commit.version, kind, commit.created_at, commit.author, commit.source, comment
