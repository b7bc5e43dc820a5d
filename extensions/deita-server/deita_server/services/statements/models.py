"""The shapes of statements being written: what is validated on the way in and described to the outside."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from deita_server.services.queries.models import AsOf, Failure, ParameterType, ResultColumn, Results


class ToValidate(BaseModel):
    """A statement to look at; what it has in common with `POST /queries` means the same."""

    model_config = ConfigDict(extra="forbid")

    sql: str = Field(min_length=1, max_length=2**20)
    params: dict[str, Any] = Field(default_factory=dict, description="A parameter without a value counts as null.")
    param_types: dict[str, ParameterType] = Field(default_factory=dict, description="DuckDB's types of parameters.")
    mode: Literal["read", "write"] = "read"
    as_of: AsOf | None = None
    results: Results = Field(default_factory=dict, description="Earlier results that it may name like tables.")
    plan: Literal["text", "json"] | None = Field(None, description="Also say how it would run.")


class Parameter(BaseModel):
    """A `$name` in the statement; `type` is DuckDB's name of what its place asks for, null where that is open."""

    name: str
    type: str | None


class Validation(BaseModel):
    """What a statement would be."""

    valid: bool
    error: Failure | None = Field(description="Why it may not run: as `POST /queries` would refuse it.")
    statement_type: str
    columns: list[ResultColumn] | None = Field(description="Null where only running it tells, and for writes.")
    parameters: list[Parameter]
    tables: dict[str, int] = Field(description="The tables that it names and the versions that it would see.")
    plan: str | list[Any] | None


class ToFormat(BaseModel):
    """A statement to lay out."""

    model_config = ConfigDict(extra="forbid")

    sql: str = Field(min_length=1, max_length=2**20)


class Formatted(BaseModel):
    """The statement laid out; when `changed` is false, `reason` says why it is as it was."""

    sql: str
    changed: bool
    reason: str | None


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
