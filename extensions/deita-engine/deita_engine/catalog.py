"""DuckLake's catalog tables, read as plain SQL: which tables, columns and live files a snapshot has.

Going through SQLite itself and not through the DuckLake extension keeps that extension (and the SQLite one, which
reads any file of the operating-system user) out of the process's reader. The layout of the tables is DuckLake's
published format, version 1.0. A catalog that does not exist yet is an empty workspace.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .shapes import Column, Commit, Table
from .shapes import Source as Origin
from .sources import Ask, Source

LIVE = "begin_snapshot <= $s AND (end_snapshot IS NULL OR end_snapshot > $s)"
COMMITS = (
    "SELECT s.snapshot_id, s.snapshot_time, c.author, c.commit_message, c.commit_extra_info"
    " FROM ducklake_snapshot s JOIN ducklake_snapshot_changes c USING (snapshot_id)"
    " WHERE s.snapshot_id > $after AND c.commit_extra_info IS NOT NULL ORDER BY s.snapshot_id"
)
NAMES = (
    f"SELECT table_name FROM ducklake_table WHERE lower(table_name) = lower($name) AND {LIVE}"  # noqa: S608
    f" UNION ALL SELECT view_name FROM ducklake_view WHERE lower(view_name) = lower($name) AND {LIVE}"
)
FOLDERS = (
    "SELECT t.table_id, s.path, s.path_is_relative, t.path, t.path_is_relative FROM ducklake_table t"
    " JOIN ducklake_schema s ON s.schema_id = t.schema_id"
)
DELETE_FILES = f"SELECT data_file_id, path, path_is_relative, delete_count FROM ducklake_delete_file WHERE {LIVE}"  # noqa: S608
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
    """A live Parquet file and, if rows of it were deleted, the file that lists them."""

    path: Path
    rows: int
    bytes: int
    deletes: Path | None
    deleted: int


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
        """Tables and views as of a snapshot, the newest unless one is given."""
        with self._source.reading() as ask:
            if ask is None:
                return Snapshot(0)
            at = _newest(ask) if snapshot_id is None else snapshot_id
            return Snapshot(at, tuple(self._tables(ask, at)), tuple(_views(ask, at)))

    def commits(self, after: int = 0) -> list[Commit]:
        """What each snapshot after `after` did to which table, oldest first."""
        with self._source.reading() as ask:
            rows = ask(COMMITS, after=after) if ask else []
        return [commit for row in rows if (commit := _commit(*row))]

    def newest_commits(self) -> dict[str, Commit]:
        """The newest commit of every table that was ever named; commits never change, so that each is read once."""
        with self._commits:
            for commit in self.commits(self._seen):
                self._newest_commits[commit.table] = commit
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
        tables = [_table(table, commits.get(table.name)) for table in snapshot.tables]
        tables += [_view(view, commits.get(view.name)) for view in snapshot.views]
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
            gone, deleted = None, 0
            if file_id in deletes:
                name, inside, deleted = deletes[file_id]
                gone = folder / name if inside else Path(name)
            file = DataFile(folder / path if relative else Path(path), count, size, gone, deleted)
            found.setdefault(table_id, []).append(file)
        return found

    def _folder(self, schema: str, schema_relative: int, table: str, table_relative: int) -> Path:
        if not table_relative:
            return Path(table)
        return (self.data / schema if schema_relative else Path(schema)) / table


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


LAKE_TYPES = {
    "int8": "TINYINT",
    "int16": "SMALLINT",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "int128": "HUGEINT",
    "uint8": "UTINYINT",
    "uint16": "USMALLINT",
    "uint32": "UINTEGER",
    "uint64": "UBIGINT",
    "uint128": "UHUGEINT",
    "float32": "FLOAT",
    "float64": "DOUBLE",
    "timestamptz": "TIMESTAMP WITH TIME ZONE",
    "timetz": "TIME WITH TIME ZONE",
}


def type_name(row: tuple[Any, ...], children: dict[tuple[int, int], list[tuple[Any, ...]]]) -> str:
    """DuckDB's name of a column's type, nested ones from their child columns."""
    kind, nested = str(row[3]), children.get((row[0], row[1]), [])
    if kind == "list":
        return type_name(nested[0], children) + "[]"
    if kind == "struct":
        return "STRUCT(" + ", ".join(f"{quoted(child[2])} {type_name(child, children)}" for child in nested) + ")"
    if kind == "map":
        return "MAP(" + ", ".join(type_name(child, children) for child in nested) + ")"
    return LAKE_TYPES.get(kind, kind.upper())


def quoted(name: str) -> str:
    """The name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _views(ask: Ask, at: int) -> Iterator[LakeView]:
    for name, sql in ask(f"SELECT view_name, sql FROM ducklake_view WHERE {LIVE} ORDER BY view_id", s=at):  # noqa: S608
        yield LakeView(name, sql)


def _commit(snapshot: int, time: str, author: str | None, message: str | None, extra: str) -> Commit | None:
    try:
        info = json.loads(extra)
    except ValueError:
        return None
    if not isinstance(info, dict) or "table" not in info:
        return None
    return Commit(
        snapshot=snapshot,
        table=info["table"],
        version=info.get("version", 1),
        created_at=utc(time),
        author=author or "",
        message=message or "",
        source=Origin(**info.get("source", {})),
        operation=info.get("operation", "write"),
        rows=info.get("rows", 0),
        columns=tuple(Column(**column) for column in info.get("columns", ())),
        import_id=info.get("import_id"),
        query_id=info.get("query_id"),
        previous_name=info.get("previous_name"),
        labels=info.get("labels", {}),
    )


def utc(time: str) -> str:
    """DuckLake's snapshot time (`2026-11-22 15:04:05.123+00`) as ISO 8601 with Z."""
    return time.replace(" ", "T").replace("+00:00", "Z").removesuffix("+00") + (
        "" if time.endswith("Z") or "+00:00" in time else "Z"
    )


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
