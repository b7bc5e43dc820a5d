"""What the control plane needs: the hub, the proxy, the catalog's database and the workspaces' storage."""

from __future__ import annotations

import asyncio
import os

from sqlalchemy import text

from deita_hub.bucket import bucket_of
from deita_hub.place import Place
from deita_hub.readiness import Readiness, proxy_answers
from deita_hub.service.hub_client import HubClient
from deita_hub.settings import Settings


def readiness(place: Place, hub: HubClient) -> Readiness:
    """The parts of this installation."""

    async def database() -> bool:
        await place.read(lambda session: session.execute(text("SELECT 1")))
        return True

    async def storage() -> bool:
        return await asyncio.to_thread(_storage, place.settings)

    async def proxy() -> bool:
        return await proxy_answers(place.settings.origins.local)

    return Readiness({"hub": hub.healthy, "proxy": proxy, "database": database, "storage": storage})


def _storage(settings: Settings) -> bool:
    """Whether the folder can be written to and has room; whether the bucket answers. Raises BucketError, OSError."""
    if settings.objects is not None:
        bucket_of(settings.objects).check()
    return os.access(settings.storage, os.W_OK) and os.statvfs(settings.storage).f_bavail > 0
