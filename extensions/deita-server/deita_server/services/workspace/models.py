"""The shape of the workspace."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel


class Usage(BaseModel):
    """What the workspace takes; sizes are bytes."""

    files: int
    bytes: int


class EngineKind(BaseModel):
    """The engine that answers; `version` and `confined` are empty until it has run once.

    `confined` is what the kernel keeps from its process: `files` but the workspace's, `network` (TCP), `signals`.
    """

    kind: str
    state: str
    version: str
    confined: list[str]


class StorageKind(BaseModel):
    """Where the workspace is kept."""

    kind: str


class Done(BaseModel):
    """What upkeep did: `tables` got `files_after` files for `files_before`, with the same rows (`left` are yet to
    come); `snapshots` were forgotten, `files` that only they had deleted, and `orphans` of killed processes. Of the
    `uploads` those went that nothing names, of the `rejects` those of imports that are gone.
    """

    tables: int = 0
    files_before: int = 0
    files_after: int = 0
    left: int = 0
    snapshots: int = 0
    files: int = 0
    orphans: int = 0
    uploads: int = 0
    rejects: int = 0


class Upkeep(BaseModel):
    """When upkeep was done last and what it did; by itself it comes again after `next`. Null before the first time."""

    last: str | None
    did: Done | None
    next: str | None


class Workspace(BaseModel):
    """The workspace that this server serves, and what the person who asks is in it. `quota` is null without one.

    `mounts` says how kernels open files by path: `bind` (they lie in a folder), `fuse` (the bucket is mounted), `none`.
    """

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
    mounts: Literal["bind", "fuse", "none"]
    upkeep: Upkeep
