"""Whether what a process needs answers: each part asked and timed, all at once, and no more often than needed.

An answer serves everybody for `FRESH_SECONDS`. A part that does not answer within `PATIENCE_SECONDS` counts as away and
is not asked again before the first question came back, so that asking often piles nothing up.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import httpx
from sqlalchemy.exc import SQLAlchemyError

from deita_hub.bucket import BucketError

FRESH_SECONDS = 2.0
PATIENCE_SECONDS = 3.0
Probe = Callable[[], Awaitable[bool]]


@dataclass(frozen=True)
class Answer:
    """What a part said; `seconds` is how long it took, at most the patience."""

    fine: bool
    seconds: float


class Part:
    """One part and the question to it that is under way, if there is one."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._asking: asyncio.Task[bool] | None = None

    async def look(self) -> Answer:
        """Ask it, or go on waiting for its last answer."""
        began = time.perf_counter()
        if self._asking is None:
            self._asking = asyncio.create_task(self._asked())
        done, _ = await asyncio.wait({self._asking}, timeout=PATIENCE_SECONDS)
        if not done:
            return Answer(False, PATIENCE_SECONDS)
        fine, self._asking = self._asking.result(), None
        return Answer(fine, time.perf_counter() - began)

    async def _asked(self) -> bool:
        try:
            return await self._probe()
        except (httpx.HTTPError, SQLAlchemyError, BucketError, OSError):
            return False


class Readiness:
    """All parts."""

    def __init__(self, probes: Mapping[str, Probe]) -> None:
        self._parts = {name: Part(probe) for name, probe in probes.items()}
        self._answers: dict[str, Answer] = {}
        self._until = 0.0
        self._looking = asyncio.Lock()

    async def look(self) -> dict[str, Answer]:
        """What each part says, at most `FRESH_SECONDS` old."""
        async with self._looking:
            if time.monotonic() >= self._until:
                found = await asyncio.gather(*(part.look() for part in self._parts.values()))
                self._answers = dict(zip(self._parts, found, strict=True))
                self._until = time.monotonic() + FRESH_SECONDS
            return self._answers

    @staticmethod
    def told(answers: Mapping[str, Answer]) -> dict[str, dict[str, bool | float]]:
        """The answers as JSON, with milliseconds."""
        return {name: {"ok": each.fine, "ms": round(each.seconds * 1000, 1)} for name, each in answers.items()}


async def proxy_answers(local: str) -> bool:
    """Whether the proxy leads to the hub."""
    try:
        async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
            return (await client.get(f"{local}/hub/health")).status_code == 200
    except httpx.HTTPError:
        return False
