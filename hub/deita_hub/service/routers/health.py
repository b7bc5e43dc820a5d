"""Whether Deita works, for everybody who asks."""

from __future__ import annotations

import asyncio
import time

from fastapi import APIRouter, Request

from deita_hub import __version__
from deita_hub.readiness import proxy_answers
from deita_hub.service import models
from deita_hub.service.errors import ServiceError
from deita_hub.service.parts import parts_of

router = APIRouter(tags=["health"])
FRESH_SECONDS = 0.5
"""An answer serves everybody for this long, so that asking often costs nothing."""


class HealthCheck:
    """Asks the hub directly and through the proxy."""

    def __init__(self) -> None:
        self._until = 0.0
        self._failing: list[str] = []
        self._asking = asyncio.Lock()

    async def failing(self, request: Request) -> list[str]:
        """The parts that do not answer."""
        async with self._asking:
            if time.monotonic() >= self._until:
                parts = parts_of(request)
                answers = await asyncio.gather(parts.hub.healthy(), proxy_answers(parts.settings.origins.local))
                self._failing = [name for name, fine in zip(("hub", "proxy"), answers, strict=True) if not fine]
                self._until = time.monotonic() + (0.0 if self._failing else FRESH_SECONDS)
            return self._failing


@router.get("/health")
async def health(request: Request) -> models.Health:
    """200 when hub, proxy and control plane answer; no token is needed."""
    check: HealthCheck = request.app.state.health
    failing = await check.failing(request)
    if failing:
        raise ServiceError("unhealthy", f"Not answering: {', '.join(failing)}.", details={"failing": failing})
    return models.Health(status="ok", hub="ok", proxy="ok", control_plane="ok", version=__version__)
