"""The shapes of connections, as the control plane answers them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Connection(BaseModel):
    """A database that the workspace reads. Nobody is told the password."""

    name: str
    kind: str
    host: str
    port: int
    database: str
    user: str
    sslmode: str
    ca: str
    created_at: str
    created_by: str
    changed_at: str
    changed_by: str


class ConnectionList(BaseModel):
    """All connections, by name."""

    items: list[Connection]
    next: str | None


class ForeignTable(BaseModel):
    """A table or view there; `name` is how SQL writes it, `rows` an estimate."""

    schema_: str = Field(alias="schema")
    table: str
    name: str
    kind: str
    rows: int | None


class ForeignTableList(BaseModel):
    """What can be read through a connection, the first 5,000 by name."""

    items: list[ForeignTable]
    next: str | None


class Wanted(BaseModel):
    """A table as SQL writes it, or a query with values for its `%(name)s`."""

    model_config = ConfigDict(extra="forbid")

    table: str | None = Field(None, min_length=1, max_length=300)
    query: str | None = Field(None, min_length=1, max_length=100_000)
    params: dict[str, Any] = Field(default_factory=dict, max_length=100)

    @model_validator(mode="after")
    def _one_of_both(self) -> Wanted:
        if (self.table is None) == (self.query is None):
            raise ValueError("name a table or a query, and not both")
        return self


class Sample(Wanted):
    """What to show the first rows of."""

    limit: int = Field(50, ge=1, le=100)


class ToRead(Wanted):
    """What to read whole: at most `limit` rows, in at most so long."""

    limit: int | None = Field(None, ge=0)
    timeout_ms: int = Field(300_000, ge=1000, le=3_600_000)


class SampleColumn(BaseModel):
    """A column as the database calls it."""

    name: str
    type: str


class SampleRows(BaseModel):
    """The first rows as texts, each cut at 300 characters, of the first 200 columns."""

    columns: list[SampleColumn]
    rows: list[list[str | None]]
