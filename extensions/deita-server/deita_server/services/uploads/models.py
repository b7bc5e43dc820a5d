"""The shape of an upload."""

from __future__ import annotations

from pydantic import BaseModel, Field

from deita_server.services.files.models import File


class ResumableUpload(BaseModel):
    """Bytes on their way: `offset` of `length` are safe. `file` is null until all are here and have their name."""

    id: str
    name: str
    length: int = Field(description="Bytes.")
    offset: int = Field(description="Bytes that are safe; go on from here.")
    sha256: str | None
    replace: bool
    created_at: str
    created_by: str
    expires_at: str
    file: File | None
