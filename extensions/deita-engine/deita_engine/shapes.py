"""The shapes that cross the socket between a workspace server and its engine; bytes, milliseconds, UTC.

Plain values: the server validates what comes from outside before it builds one of these, so they are dataclasses and
not pydantic models (an import of pydantic would cost the engine 0.1 s of its start).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Literal

Mode = Literal["read", "write"]
RunState = Literal["queued", "running", "cancelling", "done", "failed", "cancelled"]
ExportFormat = Literal["arrow", "parquet", "csv", "ndjson", "json", "xlsx"]
TableOperation = Literal["create", "replace", "append", "write", "drop", "rename", "restore"]
FilterOperator = Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "like", "null", "notnull"]
Aggregate = Literal["count", "sum", "avg", "min", "max", "median", "none"]
Order = tuple[tuple[str, bool], ...]
"""Sort keys: (column, descending) pairs."""
Filter = tuple[str, FilterOperator, str | None]
"""A condition that rows pass: (column, operator, value); the value is bound as the column's type, never spliced."""


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
    id: str | None = None
    import_id: str | None = None
    query_id: str | None = None
    previous_name: str | None = None
    restored_version: int | None = None
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class UpkeepSpec:
    """What upkeep may do: forget snapshots up to `known` that are older than `before` (`YYYY-MM-DD hh:mm:ss.ffffff+00`)
    and not `kept`; delete files `grace_s` seconds after that; write `bytes` anew and take `seconds`, roughly.
    """

    kept: tuple[int, ...]
    known: int
    before: str
    grace_s: float = 3600.0
    orphan_s: float = 86400.0
    seconds: float = 60.0
    bytes: int = 2**30


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
    comment: str | None = None


@dataclass(frozen=True)
class QuerySpec:
    """One statement to run. `limit` cuts the result (`truncated` says so); no `timeout_ms` means the configured one.

    Parameters that `types` names are values of DuckDB's type of that name. A read sees the lake as `snapshot` has it
    (the newest without), but each table of `pins` (name, snapshot) as the commit that made its snapshot left it.
    `again` says that it failed once and through no fault of the statement that is known: it runs alone now. `cache`
    says that a kept result of the same statement over the same rows will do.
    `results` (name, query id) are results of the same person that the statement may name like tables; `behind` are the
    table versions that these were made from, `{name, version, snapshot}` each.
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
    types: dict[str, str] = field(default_factory=dict)
    again: bool = False
    cache: bool = True
    results: tuple[tuple[str, str], ...] = ()
    behind: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Cost:
    """What a statement cost: processor time of all threads, and the most that the engine's buffers held while it ran,
    with those of statements beside it and what is cached of files.
    """

    cpu_ms: float | None = None
    peak_memory_bytes: int | None = None


@dataclass(frozen=True)
class Evidence:
    """What the engine notes of a result for its receipt; the hashes (see `fingerprints`) only of a short one."""

    ordered: bool = False
    result_hash: str | None = None
    loose_hash: str | None = None
    cost: Cost = Cost()


@dataclass(frozen=True)
class Draft:
    """A statement to look at without running it. `snapshot`, `pins`, `types` and `results` are those of QuerySpec;
    `plan` asks for how it would run.
    """

    sql: str
    mode: Mode = "read"
    params: dict[str, Any] = field(default_factory=dict)
    snapshot: int | None = None
    pins: tuple[tuple[str, int], ...] = ()
    plan: Literal["text", "json"] | None = None
    types: dict[str, str] = field(default_factory=dict)
    results: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Parameter:
    """A `$name` in a statement; `type` is what the binder takes it for, None where it cannot tell."""

    name: str
    type: str | None


@dataclass(frozen=True)
class Validation:
    """What a statement would be. `columns` is None where only running it tells, `error` None when it may run."""

    statement_type: str
    snapshot: int
    columns: tuple[Column, ...] | None = None
    parameters: tuple[Parameter, ...] = ()
    tables: tuple[str, ...] = ()
    plan: Any = None
    error: EngineError | None = None


@dataclass(frozen=True)
class Formatted:
    """A statement laid out anew; `reason` says why it is as it was, None when it is not."""

    sql: str
    reason: str | None


@dataclass(frozen=True)
class Reads:
    """What a statement's answer depends on: the tables and views that it reads, also under views, and whether nothing
    else (`stable`).
    """

    tables: tuple[str, ...]
    stable: bool


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
class Selection:
    """Which rows of a result, in which order."""

    order: Order = ()
    filters: tuple[Filter, ...] = ()

    @property
    def is_all(self) -> bool:
        """Whether it is every row, as they lie in the result."""
        return not self.order and not self.filters

    @property
    def key(self) -> str:
        """A short name: the same for the same selection."""
        return hashlib.sha256(json.dumps([self.order, self.filters]).encode()).hexdigest()[:24]

    def name(self, query_id: str) -> str:
        """What the selected rows of a result are called in the spool."""
        return query_id if self.is_all else f"{query_id}.{self.key}"


ALL = Selection()


@dataclass(frozen=True)
class ChartSpec:
    """What to draw of a result: `y` aggregated by `x`, and by `color`; `bins` bounds the places on the x axis."""

    x: str
    y: str | None = None
    aggregate: Aggregate = "count"
    color: str | None = None
    bins: int | None = None
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True)
class RowsSpec:
    """A page of a table. `version` is the snapshot of the version to show instead of the newest."""

    table: str
    offset: int = 0
    limit: int = 100
    order: Order = ()
    filters: tuple[Filter, ...] = ()
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
    """Something that could stand at the cursor: `kind` is keyword, table, column, field, alias, join or function."""

    label: str
    kind: str
    detail: str = ""


@dataclass(frozen=True)
class Completions:
    """What could replace the characters from `start` to `end` of the text."""

    start: int
    end: int
    items: tuple[Completion, ...]
