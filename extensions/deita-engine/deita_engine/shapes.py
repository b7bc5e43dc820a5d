"""The shapes that cross the socket between a workspace server and its engine.

Everything here is plain values: the server validates what comes from outside before it builds one of these, so they are
dataclasses and not pydantic models (an import of pydantic would cost the engine 0.1 s of its start).
Sizes are bytes, durations milliseconds, times UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Mode = Literal["read", "write"]
RunState = Literal["queued", "running", "cancelling", "done", "failed", "cancelled"]
ExportFormat = Literal["parquet", "csv", "ndjson", "json"]
TableOperation = Literal["create", "replace", "append", "write", "drop", "rename", "restore"]
FilterOperator = Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "like", "null", "notnull"]


class EngineError(Exception):
    """What went wrong, for a person to read: a stable `code`, a message without paths, a hint, details."""

    def __init__(self, code: str, message: str, hint: str | None = None, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.hint, self.details = code, message, hint, details or {}


@dataclass(frozen=True)
class Column:
    """A column of a result or table; `type` is DuckDB's type name, `label` the header text as it stood in the file."""

    name: str
    type: str
    label: str | None = None
    comment: str | None = None


@dataclass(frozen=True)
class Source:
    """Where a table version came from: a file (name, sha-256, recipe) or the query that wrote it (receipt)."""

    file: str | None = None
    sha256: str | None = None
    recipe: dict[str, Any] | None = None
    receipt: dict[str, Any] | None = None


@dataclass(frozen=True)
class Commit:
    """One table version as the lake knows it: a snapshot and what its `extra_info` says."""

    snapshot: int
    table: str
    version: int
    created_at: str
    author: str
    message: str
    source: Source
    operation: TableOperation
    rows: int
    columns: tuple[Column, ...] = ()
    import_id: str | None = None
    query_id: str | None = None
    previous_name: str | None = None
    restored_version: int | None = None
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """A table as it stands in the newest snapshot."""

    name: str
    columns: tuple[Column, ...]
    rows: int
    bytes: int
    version: int
    kind: Literal["table", "view"]
    created_at: str
    created_by: str
    source: Source


@dataclass(frozen=True)
class QuerySpec:
    """One statement to run. `limit` cuts the result (`truncated` says so); no `timeout_ms` means the configured one.

    A read sees the lake as `snapshot` has it (the newest without), but each table of `pins` (name, snapshot) as the
    commit that made its snapshot left it.
    """

    id: str
    sql: str
    person: str
    mode: Mode = "read"
    params: dict[str, Any] = field(default_factory=dict)
    limit: int | None = None
    timeout_ms: int | None = None
    snapshot: int | None = None
    pins: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class ImportSpec:
    """One file to read into a table. `path` is the blob's; `recipe` overrides parts of what is detected."""

    id: str
    path: str
    file: str
    sha256: str
    table: str
    person: str
    mode: Literal["create", "replace", "append"] = "create"
    recipe: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RowsSpec:
    """A page of a table: `order` is (column, descending) pairs, `filters` (column, operator, value) triples.

    All of them are bound, never spliced. `version` is the snapshot of the version to show instead of the newest.
    """

    table: str
    offset: int = 0
    limit: int = 100
    order: tuple[tuple[str, bool], ...] = ()
    filters: tuple[tuple[str, FilterOperator, str | None], ...] = ()
    snapshot: int | None = None
    version: int | None = None


@dataclass(frozen=True)
class Page:
    """A page of rows. `rows_json` is the JSON array of row arrays, encoded as the contract says, ready to be sent."""

    columns: tuple[Column, ...]
    rows_json: bytes
    rows: int
    row_count: int
    snapshot: int | None = None


@dataclass(frozen=True)
class Completion:
    """Something that could stand at the cursor: `kind` is keyword, table, column or function."""

    label: str
    kind: str
    detail: str = ""


@dataclass(frozen=True)
class Completions:
    """What could replace the characters from `start` to `end` of the text."""

    start: int
    end: int
    items: tuple[Completion, ...]
