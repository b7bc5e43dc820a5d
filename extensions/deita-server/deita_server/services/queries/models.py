"""The shapes of queries: what is validated on the way in and described to the outside."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from .parameters import type_name

State = Literal["queued", "running", "cancelling", "done", "failed", "cancelled"]
AsOf = Annotated[dict[str, Annotated[int, Field(ge=1, le=2**31)]], Field(max_length=100)] | str
ResultName = Annotated[str, Field(pattern=r"^[^\W\d]\w{0,62}$")]
ParameterType = Annotated[str, AfterValidator(type_name)]
Format = Literal["arrow", "parquet", "csv", "ndjson", "json"]


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("this time is out of bounds") from error


def _names_differ(results: dict[str, UUID]) -> dict[str, UUID]:
    if len({name.casefold() for name in results}) < len(results):
        raise ValueError("names of results differ in more than case")
    return results


Results = Annotated[dict[ResultName, UUID], Field(max_length=20), AfterValidator(_names_differ)]


class NewQuery(BaseModel):
    """One statement to run."""

    model_config = ConfigDict(extra="forbid")

    sql: str = Field(min_length=1, max_length=2**20)
    id: UUID | None = Field(
        None, description="Of the caller's choosing, so that it can be cancelled before the answer."
    )
    params: dict[str, Any] = Field(default_factory=dict, description="Values of `$name` in the statement.")
    param_types: dict[str, ParameterType] = Field(
        default_factory=dict, description="DuckDB's types of parameters; of others the value decides."
    )
    limit: int | None = Field(None, ge=0, le=2**53, description="Cuts the result; `truncated` says so.")
    wait_ms: int = Field(1000, ge=0, le=600_000, description="How long to wait for the end before 202 is answered.")
    timeout_ms: int | None = Field(None, ge=1, le=86_400_000)
    mode: Literal["read", "write"] = Field("read", description="`read` takes one SELECT-like statement.")
    cache: bool = Field(True, description="Whether a kept result of the same statement over the same rows will do.")
    as_of: AsOf | None = Field(None, description="Read versions by table, or everything as it stood at a time.")
    results: Results = Field(
        default_factory=dict,
        description="Earlier results of yours, `{name: query id}`, that the statement may name like tables.",
    )

    @model_validator(mode="after")
    def _looks_back_only_to_read(self) -> Self:
        if self.as_of is not None and self.mode == "write":
            raise ValueError("as_of is for reading; write without it")
        return self


class ResultColumn(BaseModel):
    """A column of a result; `type` is DuckDB's name of it."""

    name: str
    type: str


class ChangedTable(BaseModel):
    """A table of which a repeated query read another version; null where it read none."""

    name: str
    then: int | None
    now: int | None


class SavedRun(BaseModel):
    """The saved query that ran, in the version that it had."""

    slug: str
    version: int


class Receipt(BaseModel):
    """What a result was made from: enough to make it again."""

    sql: str
    params: dict[str, Any]
    param_types: dict[str, str] = Field(default_factory=dict, description="As they were asked for.")
    mode: str
    tables: dict[str, int] = Field(description="The tables that were read and their versions.")
    results: dict[str, str] = Field(default_factory=dict, description="Earlier results that it could name: their ids.")
    saved_query: SavedRun | None = Field(None, description="Null for a statement that nobody saved.")
    snapshot: int | None
    as_of: AsOf | None = Field(None, description="As it was asked for.")
    engine: str = Field(description="The engine's version.")
    person: str
    started_at: str
    finished_at: str
    rows: int
    bytes: int = Field(0, description="Of the result, as Arrow.")
    elapsed_ms: float
    cpu_ms: float | None = Field(None, description="Processor time of all threads; null where it is not measured.")
    peak_memory_bytes: int | None = Field(
        None, description="The most that the engine's buffers held while it ran, with those of queries beside it."
    )
    ordered: bool = Field(False, description="Whether the order of the rows is part of the result.")
    result_hash: str | None = Field(None, description="Of a long result only once somebody asked for it.")
    loose_hash: str | None = Field(None, description="The same whatever the rows' order and the digits after seven.")
    from_cache: str | None = Field(None, description="The query whose kept result this is; it did not run again.")
    rerun_of: str | None = Field(None, description="The query that this one repeated.")
    rerun_as_of: Literal["then", "now"] | None = None
    same_result: bool | None = Field(None, description="Whether both have the same result_hash.")
    alike: bool | None = Field(None, description="Whether both have the same loose_hash.")
    changed_tables: list[ChangedTable] | None = None


class Wrote(BaseModel):
    """What a statement that writes did. The rows are null where only a table's version tells of it."""

    table: str
    version: int | None = Field(description="The version that it made; null when it changed nothing.")
    operation: str | None = Field(description="As in the table's versions.")
    inserted: int | None = None
    updated: int | None = None
    deleted: int | None = None


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
    tables: list[str]
    rerun_of: str | None
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
    progress: float | None = Field(None, description="From 0 to 1; null while it is not known.")
    elapsed_ms: float
    statement_type: str
    receipt: Receipt | None
    wrote: Wrote | None = Field(description="Null for what only reads.")
    error: Failure | None


class WaitQuery(BaseModel):
    """How long to wait for the end."""

    wait_ms: int = Field(0, ge=0, le=600_000)


class QueriesQuery(BaseModel):
    """Which queries, where the list goes on and how much of it to send."""

    q: str = Field("", max_length=1000, description="Words that all occur in the statement.")
    state: State | None = None
    since: Annotated[datetime, AfterValidator(_in_utc)] | None = Field(
        None, description="Only queries that started then or later."
    )
    table: str | None = Field(None, max_length=200, description="A table that the query read.")
    cursor: str | None = None
    limit: int = Field(100, ge=1, le=1000)
