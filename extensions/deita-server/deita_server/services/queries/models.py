"""The shapes of queries: what is validated on the way in and described to the outside."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

State = Literal["queued", "running", "cancelling", "done", "failed", "cancelled"]
AsOf = Annotated[dict[str, Annotated[int, Field(ge=1, le=2**31)]], Field(max_length=100)] | str
Format = Literal["arrow", "parquet", "csv", "ndjson", "json"]


class NewQuery(BaseModel):
    """One statement to run."""

    model_config = ConfigDict(extra="forbid")

    sql: str = Field(min_length=1, max_length=2**20)
    id: UUID | None = Field(
        None, description="Of the caller's choosing, so that it can be cancelled before the answer."
    )
    params: dict[str, Any] = Field(default_factory=dict, description="Values of `$name` in the statement.")
    limit: int | None = Field(None, ge=0, le=2**53, description="Cuts the result; `truncated` says so.")
    wait_ms: int = Field(1000, ge=0, le=600_000, description="How long to wait for the end before 202 is answered.")
    timeout_ms: int | None = Field(None, ge=1, le=86_400_000)
    mode: Literal["read", "write"] = Field("read", description="`read` takes one SELECT-like statement.")
    as_of: AsOf | None = Field(None, description="Read versions by table, or everything as it stood at a time.")

    @model_validator(mode="after")
    def _looks_back_only_to_read(self) -> Self:
        if self.as_of is not None and self.mode == "write":
            raise ValueError("as_of is for reading; write without it")
        return self


class ResultColumn(BaseModel):
    """A column of a result; `type` is DuckDB's name of it."""

    name: str
    type: str


class Receipt(BaseModel):
    """What a result was made from: enough to make it again."""

    sql: str
    params: dict[str, Any]
    mode: str
    tables: dict[str, int] = Field(description="The tables that were read and their versions.")
    snapshot: int | None
    as_of: AsOf | None = Field(None, description="As it was asked for.")
    engine: str = Field(description="The engine's version.")
    person: str
    started_at: str
    finished_at: str
    rows: int
    elapsed_ms: float


class Failure(BaseModel):
    """The error of a query or import that failed after it was accepted."""

    code: str
    message: str
    hint: str | None
    details: dict[str, Any]
    request_id: str
    status: int


class QuerySummary(BaseModel):
    """A query without its rows."""

    id: str
    sql: str
    mode: str
    state: State
    statement_type: str
    row_count: int
    truncated: bool
    elapsed_ms: float
    started_at: str
    finished_at: str | None
    error: Failure | None


class QueryList(BaseModel):
    """The person's recent queries, newest first."""

    items: list[QuerySummary]
    next: str | None


class Query(BaseModel):
    """A query, and the first rows of its result when it is done."""

    id: str
    state: State
    columns: list[ResultColumn]
    rows: list[list[Any]] = Field(description="The first 1,000 rows at most.")
    row_count: int
    next: str | None
    truncated: bool
    elapsed_ms: float
    statement_type: str
    receipt: Receipt | None
    error: Failure | None


class ResultPage(BaseModel):
    """A page of a result."""

    columns: list[ResultColumn]
    rows: list[list[Any]]
    row_count: int
    next: str | None


class ToComplete(BaseModel):
    """A statement being written and where the cursor stands in it, in characters."""

    model_config = ConfigDict(extra="forbid")

    sql: str = Field(max_length=2**20)
    position: int = Field(ge=0)


class CompletionItem(BaseModel):
    """Something that could stand at the cursor."""

    label: str
    kind: str
    detail: str


class Completions(BaseModel):
    """What could replace the characters from `start` to `end`."""

    start: int
    end: int
    items: list[CompletionItem]


class WaitQuery(BaseModel):
    """How long to wait for the end."""

    wait_ms: int = Field(0, ge=0, le=600_000)


class QueriesQuery(BaseModel):
    """Where a list goes on and how much of it to send."""

    cursor: str | None = None
    limit: int = Field(100, ge=1, le=1000)


class ResultsQuery(BaseModel):
    """Which page, or which format of all of it."""

    cursor: str | None = None
    limit: int = Field(1000, ge=1, le=10_000)
    format: str | None = Field(None, description="All of the result: arrow, parquet, csv, ndjson or json.")
    raw: bool = Field(False, description="In CSV, leave texts that a spreadsheet would run as formulas as they are.")
    name: str | None = Field(None, max_length=200, description="What a browser calls the file, without its ending.")
