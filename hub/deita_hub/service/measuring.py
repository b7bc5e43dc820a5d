"""Measures how large workspaces are, one after the other, for the figures: a walk over every file takes its time."""

from __future__ import annotations

import asyncio
import logging

from sqlalchemy.exc import SQLAlchemyError

from deita_hub import storage
from deita_hub.bucket import BucketError
from deita_hub.catalog import workspaces
from deita_hub.place import Place
from deita_hub.service.metrics import LookedUp

EVERY_SECONDS = 300.0
log = logging.getLogger("uvicorn.error")


async def keep_measuring(place: Place, figures: LookedUp) -> None:
    """Do so for ever; what cannot be measured right now keeps its last size."""
    while True:
        try:
            await measure(place, figures)
        except (SQLAlchemyError, BucketError, OSError) as error:
            log.warning("workspaces could not be measured: %s; it is tried again", type(error).__name__)
        await asyncio.sleep(EVERY_SECONDS)


async def measure(place: Place, figures: LookedUp) -> None:
    """Measure all of them once. Raises SQLAlchemyError, BucketError, OSError."""
    known = await place.read(workspaces.ids)
    figures.storage = {each: figures.storage.get(each, 0) for each in known}
    for workspace_id in known:
        figures.storage[workspace_id] = await asyncio.to_thread(storage.size, place.settings, workspace_id)
