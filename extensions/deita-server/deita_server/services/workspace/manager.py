"""What the workspace is, put together from settings, files and engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deita_server.asking import asker

from .models import EngineKind, StorageKind, Upkeep, Usage, Workspace

if TYPE_CHECKING:
    from deita_engine.client import Engine

    from deita_server.services.files.manager import FilesManager
    from deita_server.settings import Settings


async def described(settings: Settings, files: FilesManager, engine: Engine, upkeep: Upkeep) -> Workspace:
    """Return the workspace as the person who asks sees it; does not start the engine."""
    used, status = await files.usage(), engine.status()
    return Workspace(
        id=settings.workspace_id,
        slug=settings.slug,
        name=settings.name,
        person=asker(),
        role=settings.role,
        usage=Usage(files=used.files, bytes=used.bytes),
        quota=settings.quota,
        engine=EngineKind(kind="duckdb", state=status["state"], version=status["version"], confined=status["confined"]),
        storage=StorageKind(kind=settings.storage_kind),
        isolation=settings.isolation,
        mounts=settings.mounts,
        upkeep=upkeep,
    )
