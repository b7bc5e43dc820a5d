"""The shapes of tables: what is validated on the way in and described to the outside."""

from __future__ import annotations

from typing import Any, Literal

from deita_engine.shapes import TableOperation
from pydantic import BaseModel, ConfigDict, Field

Change = Literal["added", "removed", "type"]


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
    comment: str | None


class TableList(BaseModel):
    """A page of tables, by name."""

    items: list[Table]
    next: str | None


class ColumnChange(BaseModel):
    """A column that a version added, removed, or gave another type."""

    name: str
    change: Change
    before: str | None = Field(description="The type before, unless it was added.")
    after: str | None = Field(description="The type now, unless it was removed.")


class Version(BaseModel):
    """A version of a table: what made it, what it had then, and how that differs from the version before."""

    version: int
    operation: TableOperation
    columns: list[Column]
    column_changes: list[ColumnChange]
    rows: int
    row_change: int | None = Field(description="Rows more or less than in the version before; null for the first.")
    reject_count: int | None = Field(description="Lines of the file that did not become rows; null without an import.")
    created_at: str
    created_by: str
    message: str
    source: Source
    import_id: str | None
    query_id: str | None
    restored_version: int | None = Field(description="Which version a restore brought back.")
    expired: bool = Field(False, description="Whether it was forgotten: it can no longer be read or brought back.")


class VersionList(BaseModel):
    """A page of versions, newest first."""

    items: list[Version]
    next: str | None


class Restore(BaseModel):
    """The version to bring back."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(ge=1, le=2**31)


class Rename(BaseModel):
    """The new name."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200)


class ListQuery(BaseModel):
    """Where a list goes on and how much of it to send."""

    cursor: str | None = None
    limit: int = Field(100, ge=1, le=1000)


class VersionQuery(BaseModel):
    """Which version."""

    version: int | None = Field(None, ge=1, le=2**31, description="The newest without it.")


class RowsQuery(VersionQuery):
    """Which rows of which version, in which order."""

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


class Bin(BaseModel):
    """A bin of a histogram; `to` belongs to the next one, but for the last."""

    model_config = ConfigDict(populate_by_name=True)

    start: int | float | str = Field(alias="from")
    end: int | float | str = Field(alias="to")
    count: int


class TopValue(BaseModel):
    """A frequent value and how often it occurs."""

    value: Any
    count: int


class ColumnProfile(BaseModel):
    """What a column holds."""

    name: str
    type: str
    count: int = Field(description="Values that are not null.")
    nulls: int
    distinct: int
    distinct_is_approximate: bool
    min: Any = Field(description="Null for types without an order; texts are cut after 200 characters.")
    max: Any
    mean: Any = Field(description="Of numbers.")
    quantiles: dict[str, Any] | None = Field(description="0.25, 0.5 and 0.75 of numbers, dates and times.")
    top: list[TopValue] = Field(description="The ten most frequent values at most.")
    histogram: list[Bin] = Field(description="20 bins of one width at most; empty for types without a number line.")


class TableProfile(BaseModel):
    """What each column of a table version holds."""

    table: str
    version: int
    rows: int
    columns: list[ColumnProfile]
