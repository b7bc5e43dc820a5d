"""What crashes leave in a workspace: uploaded bytes that nothing names, also in parts, and rejects of imports that are
gone.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import select

from deita_server.database import models as rows

if TYPE_CHECKING:
    from deita_engine.store import Store

    from deita_server.database.database import Database
    from deita_server.services.files.dropping import Dropping
    from deita_server.services.imports.rejects import Rejects

AT_ONCE = 100
"""Bytes that are looked up and removed while the database is locked."""


class Janitor:
    """Removes what is older than `age` seconds: what is younger may be named yet."""

    def __init__(
        self, database: Database, store: Store, dropping: Dropping, rejects: Rejects, threads: Executor, age: float
    ) -> None:
        self._database, self._store, self._dropping, self._rejects = database, store, dropping, rejects
        self._threads, self._age = threads, age

    async def run(self) -> dict[str, int]:
        """Return how many were removed: `{uploads, rejects}`."""
        uploads = await self._sweep_files() + await self._sweep_growing()
        return {"uploads": uploads, "rejects": await self._sweep_rejects()}

    async def _sweep_files(self) -> int:
        loop, removed = asyncio.get_running_loop(), 0
        old = await loop.run_in_executor(self._threads, lambda: list(self._store.older_than(self._age)))
        for begin in range(0, len(old), AT_ONCE):
            removed += await self._drop_unnamed(set(old[begin : begin + AT_ONCE]))
        return removed

    async def _sweep_growing(self) -> int:
        unfinished = select(rows.Upload.id).where(rows.Upload.file.is_(None))
        named = await self._database.read(lambda session: set(session.scalars(unfinished)))
        sweep = partial(self._store.sweep, self._age, named)
        return await asyncio.get_running_loop().run_in_executor(self._threads, sweep)

    async def _drop_unnamed(self, hashes: set[str]) -> int:
        # the write lock keeps a new name from taking the bytes meanwhile
        return await self._database.write(lambda session: self._dropping.drop(session, hashes))

    async def _sweep_rejects(self) -> int:
        loop = asyncio.get_running_loop()
        old = await loop.run_in_executor(self._threads, self._rejects.older_than, self._age)
        known = await self._database.read(lambda session: set(session.scalars(select(rows.Import.id))))
        gone = old - known
        for import_id in gone:
            await loop.run_in_executor(self._threads, self._rejects.discard, import_id)
        return len(gone)
