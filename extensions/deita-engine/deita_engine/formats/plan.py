"""What passes between imports and the format modules: a file to be read, and what comes out of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from deita_engine.lake_files import NewFile

from .counts import Counts
from .unpack import Packing


@dataclass(frozen=True)
class Reading:
    """One file being read.

    `path` holds its plain bytes, unpacked; `given` are the parts of the recipe that the caller fixed; `connection` is a
    locked DuckDB that can open `path` and read and write in `folder`, which is this reading's own and removed
    afterwards; `check` raises when the operation was interrupted.
    """

    path: Path
    format: str
    packing: Packing
    given: dict[str, Any]
    connection: duckdb.DuckDBPyConnection
    folder: Path
    check: Callable[[], None]


@dataclass(frozen=True)
class Target:
    """Where an import writes: a Parquet file of rows, an NDJSON file with {line, column, raw, reason} per reject."""

    file: NewFile
    rejects: Path

    @property
    def rows(self) -> Path:
        """Where the rows are written."""
        return self.file.path


@dataclass(frozen=True)
class Plan:
    """`sql` reads the file as `columns` (name → type); `labels` are the headers; `recipe` says how it is read."""

    sql: str
    columns: dict[str, str]
    labels: dict[str, str]
    recipe: dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What was read: rows in the Parquet file, how many are in the file of rejects instead, and how many lines of the
    file are neither.
    """

    plan: Plan
    rows: int
    rejected: int
    counts: Counts
