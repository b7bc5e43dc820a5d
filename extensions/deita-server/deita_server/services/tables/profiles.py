"""Profiles of table versions: found once, kept in the workspace database, shared by whoever asks meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from deita_server.database import models as rows
from deita_server.database.database import Database
from deita_server.errors import DeitaError

if TYPE_CHECKING:
    from deita_engine.client import Engine

    from .manager import TablesManager
    from .versions import FoundVersion, Versions

Find = Callable[[], Coroutine[Any, Any, dict[str, Any]]]
MAX_BYTES = 64 * 2**20
MAX_UNDER_WAY = 16


@dataclass
class UnderWay:
    """A profile that is being found, and how many wait for it."""

    task: asyncio.Task[dict[str, Any]]
    waiting: int = 0


class Profiles:
    """Raises DeitaError table_not_found, version_not_found, too_many_queries; EngineError version_expired."""

    def __init__(self, database: Database, engine: Engine, versions: Versions, tables: TablesManager) -> None:
        self._database, self._engine, self._versions, self._tables = database, engine, versions, tables
        self._under_way: dict[tuple[str, int], UnderWay] = {}

    async def get(self, name: str, version: int | None) -> dict[str, Any]:
        """Return the profile of a version, the newest without a number. Who is cancelled leaves; the last who leaves
        ends the work.
        """
        if version is None:
            table = await self._tables.get(name)
            if table.kind == "view":  # its rows are those of other tables, whose changes are no version of the view
                key = (table.name, 0)
                found = await self._share(key, lambda: self._engine.profile(table.name))
                return {"table": table.name, "version": table.version, **found}
        place = await self._versions.find(name, version)
        kept = await self._database.read(lambda session: _kept(session, place))
        if kept is None:
            kept = await self._share((place.table, place.snapshot), lambda: self._find(place))
        return {"table": place.table, "version": place.version, **kept}

    async def _find(self, place: FoundVersion) -> dict[str, Any]:
        profile = await self._engine.profile(place.table, place.snapshot)
        if not self._database.read_only:
            await self._database.write(lambda session: _keep(session, place, profile))
        return profile

    async def _share(self, key: tuple[str, int], find: Find) -> dict[str, Any]:
        shared = self._under_way.get(key)
        if shared is None:
            if len(self._under_way) >= MAX_UNDER_WAY:
                raise DeitaError("too_many_queries", "Too many profiles are being made.")
            shared = self._under_way[key] = UnderWay(asyncio.get_running_loop().create_task(find()))
            shared.task.add_done_callback(lambda task: self._ended(key, task))
        shared.waiting += 1
        try:
            return await asyncio.shield(shared.task)
        finally:
            shared.waiting -= 1
            if not shared.waiting and not shared.task.done():
                del self._under_way[key]
                shared.task.cancel()

    def _ended(self, key: tuple[str, int], task: asyncio.Task[dict[str, Any]]) -> None:
        shared = self._under_way.get(key)
        if shared and shared.task is task:
            del self._under_way[key]


def _kept(session: Session, place: FoundVersion) -> dict[str, Any] | None:
    query = select(rows.Profile.profile)
    return session.scalar(query.where(rows.Profile.table_id == place.table_id, rows.Profile.version == place.version))


def _keep(session: Session, place: FoundVersion, profile: dict[str, Any]) -> None:
    """Keep a profile, unless the table was dropped meanwhile or another server kept it; the oldest make room."""
    table = session.get(rows.Table, place.table_id)
    if table is None or table.dropped_at or _kept(session, place) is not None:
        return
    size = len(json.dumps(profile))
    session.add(rows.Profile(table_id=place.table_id, version=place.version, profile=profile, size=size))
    session.flush()
    newer = func.sum(rows.Profile.size).over(order_by=rows.Profile.id.desc())
    sums = select(rows.Profile.id, newer.label("total")).subquery()
    session.execute(delete(rows.Profile).where(rows.Profile.id.in_(select(sums.c.id).where(sums.c.total > MAX_BYTES))))
