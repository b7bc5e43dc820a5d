"""The shape of an upload."""

from __future__ import annotations

from pydantic import BaseModel, Field

from deita_server.services.files.models import File


class ResumableUpload(BaseModel):
    """Bytes on their way: `offset` of `length` are safe. `file` is null until all are here and have their name."""

    id: str
    name: str
    length: int | None = Field(description="Bytes; null while the client does not know.")
    offset: int = Field(description="Bytes that are safe; go on from here.")
    sha256: str | None
    replace: bool
    created_at: str
    created_by: str
    expires_at: str
    file: File | None


class UploadList(BaseModel):
    """A page of uploads under way, the oldest first."""

    items: list[ResumableUpload]
    next: str | None


class ListQuery(BaseModel):
    """Where the list goes on and how much of it to send."""

    cursor: str | None = None
    limit: int = Field(100, ge=1, le=1000)
