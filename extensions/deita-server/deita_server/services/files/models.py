"""The shapes of files: what is validated on the way in and described to the outside."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class File(BaseModel):
    """Bytes under a name; `version` counts 1, 2, 3… per name."""

    name: str
    size: int = Field(description="Bytes.")
    sha256: str
    media_type: str
    version: int
    created_at: str
    created_by: str


class FileList(BaseModel):
    """A page of files, by name."""

    items: list[File]
    next: str | None


class Rename(BaseModel):
    """The new name."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=800)


class ListQuery(BaseModel):
    """Where a list goes on and how much of it to send."""

    cursor: str | None = None
    limit: int = Field(100, ge=1, le=1000)


class PutQuery(BaseModel):
    """What to do when the name is taken by other bytes."""

    replace: bool = Field(
        False, description="Let the name point to the new bytes; the old ones stay reachable by version."
    )


class GetQuery(BaseModel):
    """Which version of the name; the newest without it."""

    version: int | None = Field(None, ge=1)
