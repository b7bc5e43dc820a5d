"""Receipts: which version of which table a query read.

The engine names the tables and the snapshot; the versions come from the lake's commits, of which only the numbers are
kept.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deita_engine.client import Engine

KEPT = 32


class VersionNumbers:
    """The newest versions of each table, by snapshot; asks the engine only about snapshots that it has not seen."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._seen = 0
        self._versions: dict[str, deque[tuple[int, int]]] = {}
        self._asking = asyncio.Lock()

    async def at(self, snapshot: int | None, tables: Iterable[str]) -> dict[str, int]:
        """Return the version that each of the tables had in the snapshot."""
        names = list(tables)
        if not names or snapshot is None:
            return {}
        if snapshot > self._seen:
            async with self._asking:
                await self._learn()
        found = {name: version for name in names if (version := self._version(name, snapshot)) is not None}
        if len(found) < len(names):  # a look back further than what is kept
            commits = [commit for commit in await self._engine.commits() if commit.snapshot <= snapshot]
            found = {commit.table: commit.version for commit in commits if commit.table in names}
        return found

    async def _learn(self) -> None:
        for commit in await self._engine.commits(self._seen):
            known = self._versions.setdefault(commit.table, deque(maxlen=KEPT))
            known.append((commit.snapshot, commit.version))
            self._seen = commit.snapshot

    def _version(self, name: str, snapshot: int) -> int | None:
        known = self._versions.get(name, ())
        return next((version for seen, version in reversed(known) if seen <= snapshot), None)
