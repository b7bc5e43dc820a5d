"""What of a growing file goes to the bucket while more of it arrives: one part at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from deita_engine.multipart import Multipart

Result = TypeVar("Result")


class Sending:
    """Sends `parts` in a thread of those that wait for the network. Raises EngineError of `Multipart`."""

    def __init__(self, parts: Multipart, threads: Executor) -> None:
        self.parts, self._threads = parts, threads
        self._current: asyncio.Future[None] | None = None

    async def offer(self, descriptor: int, stored: int, safe: int) -> None:
        """Begin to send the next part if it is whole; waits while two are, so that the file stays small."""
        if self._current and (self._current.done() or self.parts.is_due(stored, 2)):
            await self.settled()
        if self._current is None and self.parts.is_due(stored):
            self._current = self._run(lambda: self.parts.send(descriptor, safe))

    async def settled(self) -> None:
        """Wait for the part that is on its way, and raise what became of it."""
        current, self._current = self._current, None
        if current:
            await current

    async def complete(self, descriptor: int, stored: int) -> None:
        """Send the rest, unless all of it is less than a part: then it stays in the file."""
        await self.settled()
        if self.parts.sent or self.parts.is_due(stored):
            await self._run(lambda: self.parts.complete(descriptor, stored))

    async def discard(self) -> None:
        """Leave nothing in the bucket but the blob."""
        await self._run(self.parts.discard)

    def _run(self, work: Callable[[], Result]) -> asyncio.Future[Result]:
        return asyncio.get_running_loop().run_in_executor(self._threads, work)
