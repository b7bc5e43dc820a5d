"""Handlers whose answer is work: it goes on as long as the client waits for it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from .base import DeitaHandler

if TYPE_CHECKING:
    from pydantic import BaseModel


class WaitingHandler(DeitaHandler):
    """Base of handlers that answer with the outcome of work; who hangs up no longer waits for it."""

    _work: asyncio.Task[Any] | None = None

    async def answer_with(self, work: Coroutine[Any, Any, dict[str, Any] | bytes | BaseModel]) -> None:
        """Send what the work returns, unless the client leaves before."""

        async def answer() -> None:
            self.answer(await work)

        await self.while_waited_for(answer())

    async def while_waited_for(self, work: Coroutine[Any, Any, None]) -> None:
        """Do the work, which sends the answer, and end it when the client leaves."""
        self._work = asyncio.get_running_loop().create_task(work)
        with contextlib.suppress(asyncio.CancelledError):
            await self._work

    def on_connection_close(self) -> None:
        """Stop waiting."""
        super().on_connection_close()
        if self._work:
            self._work.cancel()
