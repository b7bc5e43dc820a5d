"""The shapes of receipts in full, and of running one again."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from deita_server.services.queries.models import ChangedTable, SavedRun, Wrote


class Origin(BaseModel):
    """A step that put rows into a table: a file with its recipe, or a query, whose receipt is at its id."""

    version: int
    operation: str
    created_at: str
    created_by: str
    file: str | None
    sha256: str | None
    recipe: dict[str, Any] | None
    import_id: str | None
    query_id: str | None


class TableRead(BaseModel):
    """A version of a table that was read; `name` is what it was called then."""

    name: str
    version: int
    rows: int | None
    created_at: str | None
    created_by: str | None
    origins: list[Origin] = Field(description="Newest first, back to the one that replaced or made all rows.")
    more: bool = Field(description="Whether there are more origins than are listed; the lineage goes on.")


class FullReceipt(BaseModel):
    """Everything that is known of where a result comes from. What a table's version alone tells has nulls."""

    id: str
    sql: str
    params: dict[str, Any]
    param_types: dict[str, str]
    results: dict[str, str] = Field(
        default_factory=dict, description="Earlier results that it could name, whose receipts are at these ids."
    )
    saved_query: SavedRun | None = Field(description="Null for a statement that nobody saved.")
    limit: int | None
    mode: str
    as_of: dict[str, int] | str | None
    statement_type: str
    person: str
    started_at: str
    finished_at: str
    engine: str
    extensions: dict[str, str]
    snapshot: int | None = Field(description="The snapshot of the lake that was read.")
    tables: list[TableRead]
    wrote: Wrote | None
    rows: int | None
    bytes: int | None
    truncated: bool
    elapsed_ms: float | None
    cpu_ms: float | None
    peak_memory_bytes: int | None
    ordered: bool
    result_hash: str | None
    loose_hash: str | None
    result_kept: bool
    from_cache: str | None = Field(description="The query whose kept result this is; it did not run again.")
    rerun_of: str | None
    rerun_as_of: Literal["then", "now"] | None
    same_result: bool | None
    alike: bool | None
    changed_tables: list[ChangedTable] | None


class NewRerun(BaseModel):
    """How to run a query again: on the table versions that it read then, or on those of now."""

    model_config = ConfigDict(extra="forbid")

    id: UUID | None = Field(None, description="Of the caller's choosing.")
    as_of: Literal["then", "now"] = "then"
    wait_ms: int = Field(1000, ge=0, le=600_000, description="How long to wait for the end before 202 is answered.")
    timeout_ms: int | None = Field(None, ge=1, le=86_400_000)
