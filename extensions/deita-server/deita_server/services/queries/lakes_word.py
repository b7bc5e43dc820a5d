"""What the lake says of a statement that writes: its commit names the query, whoever was lost before telling so."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from deita_engine.shapes import EngineError

if TYPE_CHECKING:
    from deita_engine.client import Engine, Run

PASSING = ("engine_lost", "storage_unavailable")
PAUSE_SECONDS = 1.0


class LakesWord:
    """Asks the lake. Raises what the engine says."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._stopping = asyncio.Event()

    @property
    def is_over(self) -> bool:
        """Whether nothing is asked any more, since the server ends."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Ask no more: what is open is left to whoever starts next."""
        self._stopping.set()

    async def on(self, query_id: str) -> Run | None:
        """Return the run that wrote, None when nothing did."""
        return await self._engine.written(query_id)

    async def sure(self, query_id: str) -> Run | None:
        """Return the same, after asking as often as it takes: what may have happened must not be called a failure."""
        while True:
            try:
                return await self.on(query_id)
            except EngineError as error:
                if error.code not in PASSING or self.is_over:
                    raise
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), PAUSE_SECONDS)
