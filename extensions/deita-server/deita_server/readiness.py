"""Whether this server can work: its folder and, once it was needed, its database. Nothing is started for the answer.

An answer serves everybody for `FRESH_S`. What takes longer than `PATIENCE_S` counts as away and is not asked again
before the first question came back.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deita_engine.shapes import EngineError

from .errors import DeitaError

if TYPE_CHECKING:
    from .dataplane import DataPlane

FRESH_S = 2.0
PATIENCE_S = 3.0


@dataclass(frozen=True)
class Answer:
    """Whether a part answered, and after how many seconds."""

    fine: bool
    seconds: float


class Readiness:
    """The parts of one server."""

    def __init__(self, dataplane: DataPlane) -> None:
        self._dataplane = dataplane
        self._asking: dict[str, asyncio.Task[bool]] = {}
        self._answers: dict[str, Answer] = {}
        self._until = 0.0
        self._looking = asyncio.Lock()

    async def look(self) -> dict[str, Answer]:
        """What each part says, at most `FRESH_S` old."""
        async with self._looking:
            if time.monotonic() >= self._until:
                parts: dict[str, Callable[[], Coroutine[Any, Any, bool]]] = {"storage": self._storage}
                if self._dataplane.has_stored:
                    parts["database"] = self._database
                found = await asyncio.gather(*(self._look(name, probe) for name, probe in parts.items()))
                self._answers = dict(zip(parts, found, strict=True))
                self._until = time.monotonic() + FRESH_S
            return self._answers

    async def _look(self, name: str, probe: Callable[[], Coroutine[Any, Any, bool]]) -> Answer:
        began = time.perf_counter()
        if name not in self._asking:
            self._asking[name] = asyncio.create_task(_asked(probe))
        done, _ = await asyncio.wait({self._asking[name]}, timeout=PATIENCE_S)
        if not done:
            return Answer(False, PATIENCE_S)
        return Answer(self._asking.pop(name).result(), time.perf_counter() - began)

    async def _storage(self) -> bool:
        return await asyncio.to_thread(_usable, self._dataplane)

    async def _database(self) -> bool:
        await self._dataplane.database.read(lambda session: session.connection())
        return True


async def _asked(probe: Callable[[], Coroutine[Any, Any, bool]]) -> bool:
    try:
        return await probe()
    except (DeitaError, EngineError, OSError):
        return False


def _usable(dataplane: DataPlane) -> bool:
    """Whether the person's folder can be written to and has room."""
    folder = dataplane.settings.storage
    while not folder.exists():
        folder = folder.parent
    mode = os.R_OK if dataplane.settings.is_shared else os.W_OK
    return folder.is_dir() and os.access(folder, mode) and os.statvfs(folder).f_bavail > 0
