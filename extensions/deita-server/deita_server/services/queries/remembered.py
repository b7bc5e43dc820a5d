"""The queries that a server knows: those under way, recent ones in memory, all others in the person's history."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from logging import Logger
from pathlib import Path
from typing import Any

from deita_server import cursors, spool
from deita_server.errors import DeitaError

from .history import Place, QueryHistory, Search
from .record import QueryRecord

FORGOTTEN_AT_ONCE = 50
RECENT = 256  # how many queries that are over stay in memory
WARM_PAGES = 32  # how many first pages stay in memory; others are read from the spool
UNFINISHED = ("queued", "running", "cancelling")


class Remembered:
    """Queries by id."""

    def __init__(
        self,
        history: QueryHistory,
        spool_folder: Path,
        in_background: Callable[[Coroutine[Any, Any, Any]], None],
        log: Logger,
    ) -> None:
        self._history, self._spool, self._in_background, self._log = history, spool_folder, in_background, log
        self._recent: OrderedDict[str, QueryRecord] = OrderedDict()
        self._warm: OrderedDict[str, QueryRecord] = OrderedDict()
        self._since_trim = 0

    def __contains__(self, query_id: str) -> bool:
        """Whether it is under way or recent."""
        return query_id in self._recent

    async def get(self, query_id: str) -> QueryRecord | None:
        """Return a query; None when it was never known or is forgotten."""
        if query_id in self._recent:
            return self._recent[query_id]
        written = await self._history.get(query_id)
        return QueryRecord.read(written) if written else None

    def add(self, record: QueryRecord) -> None:
        """Take a query that was just accepted; the oldest of those that are over leave the memory."""
        self._recent[record.id] = record
        over = (key for key, known in self._recent.items() if not known.is_under_way)
        for key in list(itertools.islice(over, max(0, len(self._recent) - RECENT))):
            del self._recent[key]
            self._warm.pop(key, None)

    async def keep(self, record: QueryRecord) -> None:
        """Write a query into the history, as it stands now."""
        if record.first_page is not None:
            self._keep_warm(record)
        try:
            await self._history.keep(record.written())
        except sqlite3.Error:  # no space: the query's answer matters more than its place in the history
            self._log.exception("A query could not be written into the history")
        self._since_trim += 1
        if self._since_trim >= FORGOTTEN_AT_ONCE:
            self._since_trim = 0
            self._in_background(self._forget())

    async def unfinished(self) -> list[QueryRecord]:
        """Return the queries that an earlier server promised and could not finish."""
        found = [await self._history.find(Search(state=state), None, RECENT) for state in UNFINISHED]
        return [QueryRecord.read(written) for records in found for written in records]

    def under_way(self) -> list[QueryRecord]:
        """Return the queries that are not over, or not written down yet."""
        return [record for record in self._recent.values() if record.is_under_way]

    async def find(self, search: Search, cursor: str | None, limit: int) -> dict[str, Any]:
        """Return a page of the queries that are as the search says, newest first; raises bad_cursor."""
        before = _place(cursor)
        under_way = {record.id: record for record in self.under_way()}
        found = [record for record in under_way.values() if search.takes(record.written())]
        kept = await self._history.find(search, before, limit + 1 + len(under_way))
        found += [QueryRecord.read(written) for written in kept if written["id"] not in under_way]
        found = [record for record in found if before is None or record.place < before]
        found.sort(key=lambda record: record.place, reverse=True)
        page = found[:limit]
        following = cursors.encode("queries", page[-1].place) if len(found) > limit else None
        return {"items": [record.summary() for record in page], "next": following}

    async def _forget(self) -> None:
        gone = await self._history.trim()
        for key in gone:
            self._recent.pop(key, None)
            self._warm.pop(key, None)
        await asyncio.to_thread(spool.forget, self._spool, gone)

    def _keep_warm(self, record: QueryRecord) -> None:
        self._warm[record.id] = record
        while len(self._warm) > WARM_PAGES:
            _, cold = self._warm.popitem(last=False)
            cold.first_page = None


def _place(cursor: str | None) -> Place | None:
    """The start and the id of the query that a page begins after."""
    place = cursors.decode("queries", cursor) if cursor else None
    if place is None:
        return None
    if not (isinstance(place, list) and len(place) == 2 and all(isinstance(part, str) for part in place)):
        raise DeitaError("bad_cursor", "This cursor cannot be read.")
    return place[0], place[1]
