"""The shapes of tables: what is validated on the way in and described to the outside."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Column(BaseModel):
    """A column; `label` is the header text as it stood in the file, `type` DuckDB's name of the type."""

    name: str
    label: str | None
    type: str
    comment: str | None


class Source(BaseModel):
    """Where a version came from: a file and how it was read, or the query that wrote it."""

    file: str | None = None
    sha256: str | None = None
    recipe: dict[str, Any] | None = None
    receipt: dict[str, Any] | None = None


class Table(BaseModel):
    """A table as it stands."""

    name: str
    kind: Literal["table", "view"]
    columns: list[Column]
    rows: int
    bytes: int
    version: int
    created_at: str
    created_by: str
    source: Source


class TableList(BaseModel):
    """A page of tables, by name."""

    items: list[Table]
    next: str | None


class Version(BaseModel):
    """A version of a table: what made it, and what it had then."""

    version: int
    operation: Literal["create", "replace", "append", "write", "drop", "rename"]
    columns: list[Column]
    rows: int
    created_at: str
    created_by: str
    message: str
    source: Source
    import_id: str | None
    query_id: str | None


class VersionList(BaseModel):
    """A page of versions, newest first."""

    items: list[Version]
    next: str | None


class Rename(BaseModel):
    """The new name."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200)


class ListQuery(BaseModel):
    """Where a list goes on and how much of it to send."""

    cursor: str | None = None
    limit: int = Field(100, ge=1, le=1000)


class RowsQuery(BaseModel):
    """Which rows, in which order."""

    cursor: str | None = None
    limit: int = Field(100, ge=1, le=10_000)
    order: str = Field("", max_length=4000, description="`col,-col`: by these columns, `-` for descending.")
    filter: list[str] = Field(
        default_factory=list,
        max_length=50,
        description="`col:op:value`, may repeat; op is eq, ne, lt, le, gt, ge, in, like, null or notnull.",
    )


class RowsPage(BaseModel):
    """A page of rows; later pages show the table as it was for the first."""

    columns: list[Column]
    rows: list[list[Any]]
    row_count: int = Field(description="How many rows pass the filters.")
    next: str | None
