"""Previews: how a file would be read, without reading it into anything; few at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from deita_server.errors import DeitaError

from . import recipes
from .models import Reading
from .sources import Source, Sources

if TYPE_CHECKING:
    from deita_engine.client import Engine

WAITING = 32


class Previews:
    """Raises DeitaError too_many_previews, file_not_found; EngineError preview_timeout, bad_recipe, or what is wrong
    with the file.
    """

    def __init__(self, engine: Engine, sources: Sources, at_once: int) -> None:
        self._engine, self._sources = engine, sources
        self._slots = asyncio.Semaphore(at_once)
        self._waiting = 0

    async def ask(self, file: str, sha256: str | None, recipe: dict[str, Any]) -> Reading:
        """Return how a stored file would be read; keeps nothing."""
        if self._waiting >= WAITING:
            raise DeitaError("too_many_previews", "Too many previews are asked for at once.")
        await recipes.check(self._engine, recipe)
        return await self.look(await self._sources.find(file, sha256), recipe)

    async def look(self, source: Source, recipe: dict[str, Any]) -> Reading:
        """Return how these bytes would be read; whoever is cancelled here stops the engine's work on it."""
        path = await self._sources.path(source)
        self._waiting += 1
        try:
            async with self._slots:
                return Reading.model_validate(await self._engine.preview(path, recipe))
        finally:
            self._waiting -= 1
