"""DuckLake's catalog tables, read as plain SQL: which tables, columns and live files a snapshot has.

Going through SQLite itself and not through the DuckLake extension keeps that extension (and the SQLite one, which reads any
file of the operating-system user) out of the process's reader. The layout of the tables is DuckLake's published format, version 1.0.
A catalog that does not exist yet is an empty workspace.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .shapes import Column, Commit, Source, Table

LIVE = "begin_snapshot <= :s AND (end_snapshot IS NULL OR end_snapshot > :s)"


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
    """The catalog of one workspace, opened anew for each reading except for `newest`, which is asked before every query."""

    def __init__(self, database: Path, data: Path) -> None:
        self.database, self.data = database, data

    def newest(self) -> int:
        """The newest snapshot's id; 0 for a workspace without a lake (a DuckLake's first snapshot is 0, too: it is empty)."""
        with self._reading() as connection:
            return _newest(connection) if connection else 0

    def snapshot(self, snapshot_id: int | None = None) -> Snapshot:
        """Tables and views as of a snapshot, the newest unless one is given."""
        with self._reading() as connection:
            if connection is None:
                return Snapshot(0)
            connection.execute("BEGIN")
            at = _newest(connection) if snapshot_id is None else snapshot_id
            return Snapshot(at, tuple(self._tables(connection, at)), tuple(_views(connection, at)))

    def commits(self, after: int = 0) -> list[Commit]:
        """What each snapshot after `after` did to which table, oldest first."""
        with self._reading() as connection:
            if connection is None:
                return []
            rows = connection.execute(
                "SELECT s.snapshot_id, s.snapshot_time, c.author, c.commit_message, c.commit_extra_info"
                " FROM ducklake_snapshot s JOIN ducklake_snapshot_changes c USING (snapshot_id)"
                " WHERE s.snapshot_id > ? AND c.commit_extra_info IS NOT NULL ORDER BY s.snapshot_id",
                [after],
            ).fetchall()
        return [commit for row in rows if (commit := _commit(*row))]

    def actual_name(self, table: str) -> str | None:
        """How the table or view is really spelled; None when there is none of that name."""
        with self._reading() as connection:
            if connection is None:
                return None
            at = {"s": _newest(connection), "name": table}
            row = connection.execute(
                f"SELECT table_name FROM ducklake_table WHERE lower(table_name) = lower(:name) AND {LIVE}"
                f" UNION ALL SELECT view_name FROM ducklake_view WHERE lower(view_name) = lower(:name) AND {LIVE}",
                at,
            ).fetchone()
        return row[0] if row else None

    def has(self, table: str) -> bool:
        """Whether there is a table or view of that name."""
        return self.actual_name(table) is not None

    def folder(self, table: str) -> Path:
        """The folder for data files of a table, also of one that does not exist yet."""
        with self._reading() as connection:
            row = None
            if connection:
                row = connection.execute(
                    "SELECT s.path, s.path_is_relative, t.path, t.path_is_relative FROM ducklake_table t"
                    " JOIN ducklake_schema s USING (schema_id)"
                    " WHERE t.table_name = ? AND t.end_snapshot IS NULL AND s.end_snapshot IS NULL",
                    [table],
                ).fetchone()
        return self._folder(*row) if row else self.data / "main" / table

    def discard(self, file: Path) -> None:
        """Remove a data file unless the lake knows it: a failure after the commit must not cost data."""
        with self._reading() as connection:
            known = (
                connection
                and connection.execute(
                    "SELECT 1 FROM ducklake_data_file WHERE path = ? OR path LIKE ?", [str(file), f"%{file.name}"]
                ).fetchone()
            )
        if not known:
            file.unlink(missing_ok=True)

    def newest_commit(self, table: str) -> Commit | None:
        """The newest commit that names this table (also when it was dropped or renamed since)."""
        return self.newest_commits().get(table)

    def newest_commits(self) -> dict[str, Commit]:
        """The newest commit of every table that was ever named."""
        return {commit.table: commit for commit in self.commits(-1)}

    def tables(self) -> tuple[int, list[Table]]:
        """The newest snapshot's id and its tables and views with who made them, by name."""
        snapshot, commits = self.snapshot(), self.newest_commits()
        tables = [_table(table, commits.get(table.name)) for table in snapshot.tables]
        tables += [_view(view, commits.get(view.name)) for view in snapshot.views]
        return snapshot.id, sorted(tables, key=lambda table: table.name)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        if not self.database.exists():
            yield None
            return
        connection = sqlite3.connect(f"file:{self.database}?mode=rw", uri=True, timeout=10, isolation_level=None)
        try:
            connection.execute("PRAGMA query_only=1")
            exists = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'ducklake_snapshot'").fetchone()
            yield connection if exists else None
        finally:
            connection.close()

    def _tables(self, connection: sqlite3.Connection, at: int) -> Iterator[LakeTable]:
        columns = _columns(connection, at)
        files = self._files(connection, at)
        rows = connection.execute(f"SELECT table_id, table_name FROM ducklake_table WHERE {LIVE}", {"s": at})
        for table_id, name in rows.fetchall():
            yield LakeTable(table_id, name, tuple(columns.get(table_id, ())), tuple(files.get(table_id, ())))

    def _files(self, connection: sqlite3.Connection, at: int) -> dict[int, list[DataFile]]:
        folders = {
            row[0]: self._folder(*row[1:])
            for row in connection.execute(
                "SELECT t.table_id, s.path, s.path_is_relative, t.path, t.path_is_relative FROM ducklake_table t"
                " JOIN ducklake_schema s USING (schema_id)"
            )
        }
        deletes = {
            row[0]: (row[1], row[2], row[3])
            for row in connection.execute(
                f"SELECT data_file_id, path, path_is_relative, delete_count FROM ducklake_delete_file WHERE {LIVE}",
                {"s": at},
            )
        }
        found: dict[int, list[DataFile]] = {}
        rows = connection.execute(
            "SELECT data_file_id, table_id, path, path_is_relative, record_count, file_size_bytes"
            f" FROM ducklake_data_file WHERE {LIVE} ORDER BY file_order, data_file_id",
            {"s": at},
        )
        for file_id, table_id, path, relative, count, size in rows.fetchall():
            folder = folders[table_id]
            deleted = deletes.get(file_id)
            gone = (folder / deleted[0] if deleted[1] else Path(deleted[0])) if deleted else None
            file = DataFile(folder / path if relative else Path(path), count, size, gone, deleted[2] if deleted else 0)
            found.setdefault(table_id, []).append(file)
        return found

    def _folder(self, schema: str, schema_relative: int, table: str, table_relative: int) -> Path:
        if not table_relative:
            return Path(table)
        return (self.data / schema if schema_relative else Path(schema)) / table


def _newest(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT coalesce(max(snapshot_id), 0) FROM ducklake_snapshot").fetchone()[0])


def _columns(connection: sqlite3.Connection, at: int) -> dict[int, list[Column]]:
    texts: dict[tuple[int, int], dict[str, str]] = {}
    for table_id, column_id, key, value in connection.execute(
        f"SELECT table_id, column_id, key, value FROM ducklake_column_tag WHERE {LIVE}",
        {"s": at},
    ):
        texts.setdefault((table_id, column_id), {})[key] = value
    children: dict[int, list[tuple[Any, ...]]] = {}
    top: dict[int, list[tuple[Any, ...]]] = {}
    rows = connection.execute(
        "SELECT table_id, column_id, column_name, column_type, parent_column FROM ducklake_column"
        f" WHERE {LIVE} ORDER BY table_id, column_order",
        {"s": at},
    ).fetchall()
    for row in rows:
        if row[4] is None:
            top.setdefault(row[0], []).append(row)
    columns: dict[int, list[Column]] = {}
    for table_id, tops in top.items():
        children = {}
        for row in rows:
            if row[0] == table_id and row[4] is not None:
                children.setdefault(row[4], []).append(row)
        columns[table_id] = [
            Column(row[2], type_name(row, children), None, texts.get((table_id, row[1]), {}).get("comment"))
            for row in tops
        ]
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


def type_name(row: tuple[Any, ...], children: dict[int, list[tuple[Any, ...]]]) -> str:
    """DuckDB's name of a column's type, nested ones from their child columns."""
    kind, nested = str(row[3]), children.get(row[1], [])
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


def _views(connection: sqlite3.Connection, at: int) -> Iterator[LakeView]:
    for name, sql in connection.execute(
        f"SELECT view_name, sql FROM ducklake_view WHERE {LIVE} ORDER BY view_id",
        {"s": at},
    ):
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
        source=Source(**info.get("source", {})),
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
        return 1, kind, "", "", Source()
    return commit.version, kind, commit.created_at, commit.author, commit.source
