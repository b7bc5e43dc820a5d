"""What is made when a request first needs it: once, and without blocking the event loop for its imports."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any


class Step:
    """Something that is made once, by whoever comes first; who comes meanwhile waits, a failure is tried again."""

    def __init__(self, make: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._make = make
        self._task: asyncio.Task[None] | None = None

    @property
    def is_done(self) -> bool:
        """Whether it was made."""
        return (
            self._task is not None and self._task.done() and not self._task.cancelled() and not self._task.exception()
        )

    def reach(self) -> Awaitable[None]:
        """Return what to wait for."""
        if self._task is None or (self._task.done() and not self.is_done):
            self._task = asyncio.get_running_loop().create_task(self._make())
        return asyncio.shield(self._task)


def import_all(*names: str) -> None:
    """Import modules; call it in a thread."""
    for name in names:
        importlib.import_module(name)
