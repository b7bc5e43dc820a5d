"""Results that are too old or too many go, once a minute."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from deita_server import spool

if TYPE_CHECKING:
    from deita_server.limits import Limits

    from .record import QueryRecord

SWEEP_SECONDS = 60


class Sweeper:
    """Sweeps a person's spool; results of queries that are under way stay."""

    def __init__(self, folder: Path, limits: Limits, under_way: Callable[[], Iterable[QueryRecord]]) -> None:
        self._folder, self._limits, self._under_way = folder, limits, under_way
        self._closing = asyncio.Event()

    async def sweep(self) -> None:
        """Remove what is too old or too many."""
        busy = frozenset(record.id for record in self._under_way())
        limits = self._limits
        await asyncio.to_thread(spool.sweep, self._folder, limits.result_lifetime, limits.max_spool_bytes, busy)

    async def run(self) -> None:
        """Sweep until `close`."""
        while not self._closing.is_set():
            await self.sweep()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), SWEEP_SECONDS)

    def close(self) -> None:
        """Stop."""
        self._closing.set()
