"""Where DuckLake keeps what it knows of the lake: a SQLite file or a schema of PostgreSQL, behind one interface."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import duckdb

from .lock import write_lock
from .settings import load_extension
from .sources import DuckSource, Source, SqliteSource

FILE = "lake.sqlite"
ATTACHED = "__ducklake_metadata_lake"
"""What an instance calls the database with DuckLake's own tables."""


def nothing() -> None:
    """What is checked where nobody can interrupt."""


class LakeMetadata(Protocol):
    """The metadata of one workspace's lake."""

    source: Source
    """Where its tables are read as plain SQL."""
    extension: str
    """What the instance that writes needs beside DuckLake."""

    def take(self, database: dict[str, Any]) -> None:
        """Use from now on what the broker issued."""

    @property
    def tables(self) -> str:
        """What an instance that has the lake attached calls the schema of DuckLake's own tables."""

    def attach(self, connection: duckdb.DuckDBPyConnection, data: str) -> object:
        """Attach the lake as `lake`, its files below `data`; returns what `is_current` takes."""

    def is_current(self, attached: object) -> bool:
        """Whether an instance that was attached so can go on."""

    can_be_lost: bool
    """Whether it may take a commit and be gone before it says so."""

    def write_lock(self, timeout: float, check: Callable[[], None] = nothing) -> AbstractContextManager[None]:
        """Be the only one who writes; raises EngineError workspace_busy after `timeout` seconds, and what `check`
        raises.
        """

    def upkeep_lock(self) -> AbstractContextManager[None]:
        """Be the only one who does upkeep; raises EngineError workspace_busy at once."""


class SqliteMetadata:
    """The file `lake.sqlite`, with `flock` beside it."""

    extension = "sqlite_scanner"
    can_be_lost = False

    def __init__(self, storage: Path, temporary: Path, copies: Path | None, *, writes: bool) -> None:
        self._storage, self._file = storage, storage / FILE
        self.source: Source = SqliteSource(self._file)
        if writes:
            self.source = DuckSource(self._file, temporary)
        elif copies is not None:
            self.source = SqliteSource(copies / FILE, copied=True)

    def take(self, database: dict[str, Any]) -> None:
        """A file needs no login."""

    @property
    def tables(self) -> str:
        """The file's only schema."""
        return f"{ATTACHED}.main"

    def attach(self, connection: duckdb.DuckDBPyConnection, data: str) -> object:
        """In WAL mode, so that readers and a writer do not wait for each other."""
        load_extension(connection, self.extension)
        load_extension(connection, "ducklake")
        connection.execute(
            f"ATTACH 'ducklake:sqlite:{escaped(str(self._file))}' AS lake (DATA_PATH '{escaped(data)}',"
            " OVERRIDE_DATA_PATH true, META_JOURNAL_MODE 'WAL', META_BUSY_TIMEOUT 10000, DATA_INLINING_ROW_LIMIT 0)"
        )
        return None

    def is_current(self, attached: object) -> bool:
        """A file needs no login."""
        return True

    @contextlib.contextmanager
    def write_lock(self, timeout: float, check: Callable[[], None] = nothing) -> Iterator[None]:
        """By `write.lock`."""
        with write_lock(self._storage / "write.lock", timeout, check):
            yield

    @contextlib.contextmanager
    def upkeep_lock(self) -> Iterator[None]:
        """By `upkeep.lock`."""
        with write_lock(self._storage / "upkeep.lock", 0):
            yield


def escaped(text: str) -> str:
    """The text for a place between single quotes."""
    return text.replace("'", "''")


def lake_metadata(
    access: dict[str, Any], storage: Path, temporary: Path, copies: Path | None, *, writes: bool
) -> LakeMetadata:
    """The kind that the broker's answer names; it wants `take` before it is used."""
    if access.get("database", {}).get("kind") != "postgresql":
        return SqliteMetadata(storage, temporary, copies, writes=writes)
    from .postgres_metadata import PostgresMetadata  # most engines need no psycopg

    return PostgresMetadata()
