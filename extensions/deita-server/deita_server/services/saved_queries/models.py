"""The shapes of saved queries: what is validated on the way in and described to the outside."""

from __future__ import annotations

from typing import Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from deita_server.services.queries.models import AsOf, ParameterType, ResultColumn

Operation = Literal["create", "change", "restore", "delete"]
LONGEST_SQL = 100_000


class DeclaredParameter(BaseModel):
    """A parameter as it is declared; what is not said is found in the statement."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(pattern=r"^[^\W\d]\w*$", max_length=100)
    type: ParameterType | None = Field(None, description="By default what its place in the statement asks for.")
    default: Any = Field(None, description="The value where none is given.")
    required: bool | None = Field(None, description="By default whether there is no `default`.")
    choices: list[Any] | None = Field(None, min_length=1, max_length=200, description="The only values that it takes.")
    description: str = Field("", max_length=1000)

    @model_validator(mode="after")
    def _is_not_required_with_a_default(self) -> Self:
        if self.required and self.default is not None:
            raise ValueError("a parameter with a default is not required")
        return self


class Parameter(BaseModel):
    """A parameter `$name` of a saved query; one that is neither required nor given is its default, or null."""

    name: str
    type: str = Field(description="DuckDB's name of its type.")
    default: Any
    required: bool
    choices: list[Any] | None
    description: str


class NewSavedQuery(BaseModel):
    """A statement to save. Parameters that are not declared are found in the statement."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200)
    sql: str = Field(min_length=1, max_length=LONGEST_SQL)
    slug: str | None = Field(None, description="Made from the name by default.")
    description: str = Field("", max_length=10_000)
    params: list[DeclaredParameter] = Field(default_factory=list, max_length=100)
    message: str = Field("", max_length=1000, description="Why it is saved; kept with the version.")


class SavedQueryChange(BaseModel):
    """What is to be different; the rest stays. `version` is what the change was made from."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, min_length=1, max_length=200)
    sql: str | None = Field(None, min_length=1, max_length=LONGEST_SQL)
    description: str | None = Field(None, max_length=10_000)
    params: list[DeclaredParameter] | None = Field(None, max_length=100)
    message: str = Field("", max_length=1000)
    version: int | None = Field(None, ge=1, le=2**31, description="Refuse when there is a newer one.")


class SavedQuery(BaseModel):
    """A saved query as its newest version has it."""

    slug: str
    name: str
    description: str
    sql: str
    params: list[Parameter]
    version: int
    columns: list[ResultColumn] | None = Field(
        description="As they were when it was saved; null where only running tells."
    )
    tables: list[str] = Field(description="The tables and views that it names.")
    created_at: str
    created_by: str
    updated_at: str
    updated_by: str


class SavedQueryList(BaseModel):
    """A page of saved queries, by slug."""

    items: list[SavedQuery]
    next: str | None


class SavedQueryVersion(BaseModel):
    """A version: the saved query as somebody left it."""

    version: int
    operation: Operation
    name: str
    description: str
    sql: str
    params: list[Parameter]
    message: str
    restored_version: int | None = Field(description="Which version a restore brought back.")
    created_at: str
    created_by: str


class SavedQueryVersionList(BaseModel):
    """A page of versions, newest first."""

    items: list[SavedQueryVersion]
    next: str | None


class RestoreSavedQuery(BaseModel):
    """The version to bring back."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(ge=1, le=2**31)
    message: str = Field("", max_length=1000)


class SavedQueryRun(BaseModel):
    """Values for the parameters, and how to run; everything else as in a query."""

    model_config = ConfigDict(extra="forbid")

    params: dict[str, Any] = Field(default_factory=dict, max_length=100)
    id: UUID | None = None
    limit: int | None = Field(None, ge=0, le=2**53)
    wait_ms: int = Field(1000, ge=0, le=600_000)
    timeout_ms: int | None = Field(None, ge=1, le=86_400_000)
    as_of: AsOf | None = None


class ListQuery(BaseModel):
    """Where a list goes on and how much of it to send."""

    cursor: str | None = None
    limit: int = Field(100, ge=1, le=1000)


class EndpointQuery(BaseModel):
    """How an endpoint answers, beside the values of its parameters."""

    as_of: list[str] = Field(
        default_factory=list, max_length=100, description="A time, or `table:version`; may repeat."
    )
    limit: int | None = Field(None, ge=0, le=2**53, description="At most so many rows.")
    raw: bool = Field(False, description="Leave texts that a spreadsheet would run as formulas as they are.")


class DocumentedEndpointQuery(EndpointQuery):
    """An endpoint's address as the description has it: every parameter of the saved query is one of it."""

    params: dict[str, Any] = Field(default_factory=dict, description="Values of the parameters, by name; lists repeat.")
