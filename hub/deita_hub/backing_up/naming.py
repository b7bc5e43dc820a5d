"""What a workspace's databases name, so that it can be said which of it a backup has not."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path

MOST_NAMED = 100
"""So many are named; there may be as many as files."""
FILES = (
    "SELECT DISTINCT v.sha256 FROM file_versions v JOIN files f ON f.id = v.file_id WHERE f.deleted_at IS NULL"
    " AND v.sha256 IS NOT NULL"
)
PARQUET = "SELECT path FROM ducklake_data_file UNION SELECT path FROM ducklake_delete_file"
Ask = Callable[[str], Iterable[tuple[str]]]
"""A statement, and its rows."""


def missing(files: Ask | None, lake: Ask | None, there: Iterable[str]) -> list[str]:
    """What the workspace database and the lake's catalog name that is not among these paths below the workspace.

    A Parquet file's name is its own in the whole lake.
    """
    blobs: set[str] = set()
    parquet: set[str] = set()
    for path in there:
        folder, _, name = path.rpartition("/")
        (parquet if folder.startswith("lake/") else blobs).add(name)
    gone = [f"files/{sha256[:2]}/{sha256}" for (sha256,) in (files(FILES) if files else ()) if sha256 not in blobs]
    for (path,) in lake(PARQUET) if lake else ():
        name = path.rpartition("/")[2]
        if name not in parquet:
            gone.append(f"lake/…/{name}")
    return gone[:MOST_NAMED]


def missing_in_folder(workspace: Path, there: Iterable[str]) -> list[str]:
    """The same of a workspace whose databases are files in its folder."""
    with contextlib.ExitStack() as stack:
        asks = [_asking(stack, workspace / f"{name}.sqlite") for name in ("workspace", "lake")]
        return missing(asks[0], asks[1], there)


def paths_below(folder: Path) -> set[str]:
    """Every file in a folder, by its path in there."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def _asking(stack: contextlib.ExitStack, database: Path) -> Ask | None:
    if not database.exists():
        return None
    connection = stack.enter_context(contextlib.closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)))
    connection.execute("PRAGMA trusted_schema = OFF")
    return lambda sql: connection.execute(sql) if _has_tables(connection) else ()


def _has_tables(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone())
