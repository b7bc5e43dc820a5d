"""Results, read again and again without running their statements again: pages, whole files, profiles, charts.

What is more than a page as it lies on disk is work: only so much of it is under way at once, and it ends when whoever
asked for it has left.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deita_engine.shapes import ALL, ChartSpec, ExportFormat, Selection

from deita_server import cursors
from deita_server.errors import DeitaError
from deita_server.selecting import parsed_filter, parsed_order

from .record import dumped, scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deita_engine.client import Engine, Stream

    from .manager import QueriesManager
    from .result_models import ChartQuery

MAX_UNDER_WAY = 16


class ResultsManager:
    """Raises what the engine refuses, and DeitaError query_not_found, no_result, too_many_queries."""

    def __init__(self, engine: Engine, queries: QueriesManager, spool: Path) -> None:
        self._engine, self._queries, self._spool = engine, queries, spool
        self._under_way = 0

    async def page(self, query_id: str, cursor: str | None, limit: int, selection: Selection) -> bytes:
        """Return rows of the finished result as JSON, only those selected; waits for the end."""
        record = await self._queries.finished(query_id)
        of = scope(query_id) if selection.is_all else f"{scope(query_id)}:{selection.key}"
        offset = cursors.offset(of, cursor)
        with contextlib.nullcontext() if selection.is_all else self._taken():
            page = await self._engine.page(query_id, offset, limit, selection)
        last = offset + page.rows
        more = page.rows and last < page.row_count
        head = {"columns": record.facts["columns"]}
        tail = {"row_count": page.row_count, "next": cursors.encode(of, last) if more else None}
        return dumped(head)[:-1] + b',"rows":' + page.rows_json + b"," + dumped(tail)[1:]

    @contextlib.asynccontextmanager
    async def whole(
        self, query_id: str, format: str, *, raw: bool = False, selection: Selection = ALL
    ) -> AsyncIterator[Stream]:
        """Hold the result as a file that grows, for as long as it is waited for.

        Arrow and NDJSON of all of it begin while the query runs. Parquet and CSV are written meanwhile, too, but not
        shown before the query is done.
        """
        run = await self._queries.run_of(query_id) if selection.is_all else None
        kind: ExportFormat = format  # type: ignore[assignment]  # the handler's table holds nothing else
        with contextlib.ExitStack() as held:
            if kind in ("csv", "parquet") and run:
                held.enter_context(self._engine.export(query_id, kind, raw=raw))
            if not (run and kind in ("arrow", "ndjson")):
                await self._queries.finished(query_id)
            if kind == "arrow" and selection.is_all:
                yield run.result if run else await self._arrow(query_id)
                return
            # what was written beside the first try of a statement is made anew after the second
            yield held.enter_context(self._engine.export(query_id, kind, raw=raw, selection=selection))

    async def _arrow(self, query_id: str) -> Stream:
        from deita_engine.client import Stream

        path = self._spool / f"{query_id}.arrow"
        try:
            size = (await asyncio.to_thread(path.stat)).st_size
        except FileNotFoundError as error:
            raise DeitaError("result_expired", "The result is no longer kept.", hint="Run the query again.") from error
        stream = Stream(path)
        stream.finish(size)
        return stream

    async def profile(self, query_id: str, filters: Sequence[str]) -> dict[str, Any]:
        """Return what each column of the finished result holds in the rows that pass; waits for the end."""
        await self._queries.finished(query_id)
        with self._taken():
            return {"query": query_id, **await self._engine.result_profile(query_id, selected("", filters))}

    async def chart(self, query_id: str, asked: ChartQuery) -> dict[str, Any]:
        """Return points of the finished result, ready to be drawn; waits for the end."""
        await self._queries.finished(query_id)
        filters = tuple(map(parsed_filter, asked.filter))
        spec = ChartSpec(asked.x, asked.y, asked.aggregate, asked.color, asked.bins, filters)
        with self._taken():
            return await self._engine.chart(query_id, spec)

    @contextlib.contextmanager
    def _taken(self) -> Iterator[None]:
        if self._under_way >= MAX_UNDER_WAY:
            raise DeitaError("too_many_queries", "Too many results are being worked on.")
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1


def selected(order: str, filters: Sequence[str]) -> Selection:
    """Return which rows are meant, in which order; raises bad_request."""
    return Selection(parsed_order(order), tuple(map(parsed_filter, filters)))
