"""The shapes of imports: what is validated on the way in and described to the outside."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from deita_server.services.queries.models import Failure

State = Literal["queued", "sniffing", "needs_review", "running", "done", "failed", "cancelled"]
Mode = Literal["create", "replace", "append"]
SHA256 = "^[0-9a-f]{64}$"


class ConnectionSource(BaseModel):
    """What to read through a connection: a table as SQL writes it, or a query with values for its `%(name)s`."""

    model_config = ConfigDict(extra="forbid")

    connection: str = Field(min_length=1, max_length=100)
    table: str | None = Field(None, min_length=1, max_length=300)
    query: str | None = Field(None, min_length=1, max_length=100_000)
    params: dict[str, Any] = Field(default_factory=dict, max_length=100)

    @model_validator(mode="after")
    def _one_of_both(self) -> ConnectionSource:
        if (self.table is None) == (self.query is None):
            raise ValueError("name a table or a query, and not both")
        return self


class NewImport(BaseModel):
    """A file to turn into a table, or what to read from a database into one."""

    model_config = ConfigDict(extra="forbid")

    file: str | None = Field(None, min_length=1, max_length=800)
    source: ConnectionSource | None = Field(None, description="Instead of a file: read now, kept as a file of its own.")
    sha256: str | None = Field(None, pattern=SHA256, description="Older bytes of this name, or a table's source.")
    table: str | None = Field(None, min_length=1, max_length=200, description="Made from the file's name without it.")
    mode: Mode = "create"
    recipe: dict[str, Any] | None = Field(None, description="Overrides parts of what is detected.")
    confirm: bool = Field(True, description="False stops at `needs_review` when the reading is doubtful.")

    @model_validator(mode="after")
    def _one_of_both(self) -> NewImport:
        if (self.file is None) == (self.source is None) or (self.source and self.sha256):
            raise ValueError("name a file, with a hash or without, or a source")
        return self


class NewPreview(BaseModel):
    """A file to look at, and what is known of how to read it."""

    model_config = ConfigDict(extra="forbid")

    file: str = Field(min_length=1, max_length=800)
    sha256: str | None = Field(None, pattern=SHA256, description="Older bytes of this name, or a table's source.")
    recipe: dict[str, Any] = Field(default_factory=dict, description="Overrides parts of what is detected.")


class PreviewColumn(BaseModel):
    """A column as it would become; `label` is its header text."""

    name: str
    label: str | None
    type: str


class Odd(BaseModel):
    """A row that would be rejected, or looks strange."""

    line: int | None
    column: str | None
    raw: str | None
    reason: str


class Alternative(BaseModel):
    """Another value that a part of the recipe could have."""

    value: Any
    reason: str = ""


class Choice(BaseModel):
    """A part of the recipe as it was found: how sure that is, why, and what else it could be."""

    key: str
    value: Any
    confidence: float = Field(ge=0, le=1)
    reason: str = ""
    alternatives: list[Alternative] = Field(default_factory=list)


class Other(BaseModel):
    """Something else in the same file that could be a table: a sheet, a member of an archive, a second table."""

    title: str
    recipe: dict[str, Any]
    rows: int | None = None


class Preview(BaseModel):
    """How a file would be read: ≤ 50 first rows, ≤ 30 raw lines, ≤ 20 odd rows, the choices, what else is in it."""

    columns: list[PreviewColumn]
    rows: list[list[Any]]
    raw: list[str] | None
    odd: list[Odd]
    choices: list[Choice]
    others: list[Other]
    confidence: float = Field(ge=0, le=1)


class Reading(BaseModel):
    """A complete recipe and what it would make of the file."""

    recipe: dict[str, Any]
    preview: Preview


class Confirmation(BaseModel):
    """What to change of the recipe before going on."""

    model_config = ConfigDict(extra="forbid")

    recipe: dict[str, Any] | None = None


class Counts(BaseModel):
    """Everything in the file: total = rows + reject_count + all the others here."""

    unit: Literal["line", "row", "value"] = Field(description="Of a text, of a sheet or table, of a JSON text.")
    total: int
    above: int = Field(description="Before the header, or the first row.")
    header: int
    below: int = Field(description="After the last row: notes, further tables.")
    blank: int
    comments: int
    continued: int = Field(description="Further lines of rows that go over several.")


class Import(BaseModel):
    """A file on its way to becoming a table version."""

    id: str
    state: State
    file: str
    sha256: str = Field(description="Empty while the rows are still being read from a database.")
    table: str
    mode: Mode
    version: int | None
    recipe: dict[str, Any]
    preview: Preview | None = Field(description="While it needs review.")
    asked: dict[str, Any] | None = Field(description="While it needs review: the parts of the recipe that were given.")
    rows: int | None
    reject_count: int
    counts: Counts | None = Field(description="When it is done. Null, too, when its server died at that moment.")
    progress: float = Field(ge=0, le=1)
    error: Failure | None
    created_at: str
    created_by: str
    finished_at: str | None


class ImportList(BaseModel):
    """A page of imports, newest first."""

    items: list[Import]
    next: str | None


class Reject(BaseModel):
    """A row that did not fit."""

    line: int | None
    column: str | None
    raw: str | None
    reason: str


class RejectList(BaseModel):
    """A page of rejects, in the file's order."""

    items: list[Reject]
    next: str | None


class WaitQuery(BaseModel):
    """How long to wait for the end."""

    wait_ms: int = Field(0, ge=0, le=600_000)


class ListQuery(BaseModel):
    """Where a list goes on and how much of it to send."""

    cursor: str | None = None
    limit: int = Field(100, ge=1, le=1000)


class RejectsQuery(ListQuery):
    """A page of the list, or all of it as a file."""

    format: Literal["csv", "ndjson"] | None = Field(None, description="All of them as a download.")
    raw: bool = Field(False, description="In CSV, leave text that a spreadsheet would run as it is.")
