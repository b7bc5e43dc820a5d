"""The shape of the workspace."""

from __future__ import annotations

from pydantic import BaseModel


class Usage(BaseModel):
    """What the workspace takes; sizes are bytes."""

    files: int
    bytes: int


class EngineKind(BaseModel):
    """The engine that answers; `version` is empty until it has run once."""

    kind: str
    state: str
    version: str


class StorageKind(BaseModel):
    """Where the workspace is kept."""

    kind: str


class Workspace(BaseModel):
    """The workspace that this server serves, and what the person who asks is in it. `quota` is null without one."""

    id: str
    slug: str
    name: str
    person: str
    role: str
    usage: Usage
    quota: int | None
    engine: EngineKind
    storage: StorageKind
    isolation: str
