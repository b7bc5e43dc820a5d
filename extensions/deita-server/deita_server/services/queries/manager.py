"""Queries of one person: started, waited for, cancelled, remembered, and forgotten again.

Nothing on the way of a short query touches a disk or a thread: the engine is asked, its answer is passed on, and what
outlives the server is written down afterwards.
"""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from deita_engine.shapes import EngineError, ExportFormat, QuerySpec

from deita_server import cursors, spool
from deita_server.clock import now
from deita_server.errors import DeitaError
from deita_server.idempotency import Idempotency

from .models import NewQuery
from .receipts import VersionNumbers
from .record import FIRST_PAGE, QueryRecord, dumped, scope

if TYPE_CHECKING:
    from deita_engine.client import Engine, Stream

    from deita_server.dataplane import Limits
    from deita_server.services.tables.history import LookBack
    from deita_server.settings import Settings

SWEEP_SECONDS = 60
FORGOTTEN_AT_ONCE = 50
WRITE_SECONDS = 0.1  # records are gathered this long, so that a burst of short queries costs one thread one visit
WARM_PAGES = 32  # how many first pages stay in memory; others are read from the spool


class QueriesManager:
    """Raises what the engine refuses, and DeitaError query_exists, query_not_found, no_result, result_expired."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        limits: Limits,
        records: list[dict[str, Any]],
        in_background: Callable[[Coroutine[Any, Any, Any]], None],
        committed: Callable[[], None],
    ) -> None:
        self._engine, self._limits, self._person = engine, limits, settings.person
        self._spool = settings.spool
        self._in_background, self._committed = in_background, committed
        self._queries = OrderedDict((record["id"], QueryRecord.read(record)) for record in records)
        self._accepting: dict[str, asyncio.Future[None]] = {}
        self._versions = VersionNumbers(engine)
        self.idempotency = Idempotency()
        self._warm: OrderedDict[str, QueryRecord] = OrderedDict()
        self._to_write: OrderedDict[str, QueryRecord] = OrderedDict()
        self._writing = False
        self._closing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        in_background(self._sweep_forever())

    # running

    async def start(self, new: NewQuery, request_id: str, look_back: LookBack | None = None) -> str:
        """Run a statement, as it were in the past if so asked; returns its id once the engine has accepted it."""
        query_id = str(new.id or uuid.uuid4())
        if query_id in self._queries or query_id in self._accepting:
            raise DeitaError("query_exists", "There is already a query with this id.", details={"id": query_id})
        seen = (look_back.snapshot, look_back.pins) if look_back else ()
        spec = QuerySpec(query_id, new.sql, self._person, new.mode, new.params, new.limit, new.timeout_ms, *seen)
        accepting = self._accepting[query_id] = asyncio.get_running_loop().create_future()
        try:
            record = QueryRecord(query_id, new.sql, new.params, new.mode, request_id, as_of=new.as_of)
            record.run = await self._engine.run(spec)
            self._queries[query_id] = record
            record.over = asyncio.get_running_loop().create_task(
                self._follow(record, look_back.versions if look_back else {})
            )
        finally:
            del self._accepting[query_id]
            accepting.set_result(None)
        self._forget_oldest()
        return query_id

    async def _follow(self, record: QueryRecord, pinned: dict[str, int]) -> None:
        run = record.run
        assert run is not None
        await run.wait()
        try:
            tables = await self._versions.at(run.snapshot, run.tables) if run.state == "done" else {}
            tables |= {name: version for name, version in pinned.items() if name in run.tables}
        except EngineError:  # the engine died after the result was done: the snapshot still says what was read
            tables = {}
        record.end(self._receipt(record, tables))
        self._keep_warm(record)
        self._write_down(record)
        if record.mode == "write" and record.state == "done":
            self._committed()

    def _receipt(self, record: QueryRecord, tables: dict[str, int]) -> dict[str, Any]:
        run = record.run
        assert run is not None
        return {
            "sql": record.sql,
            "params": record.params,
            "mode": record.mode,
            "tables": tables,
            "snapshot": run.snapshot,
            "as_of": record.as_of,
            "engine": self._engine.status()["version"],
            "person": self._person,
            "started_at": record.started_at,
            "finished_at": now(),
            "rows": run.rows,
            "elapsed_ms": round(run.elapsed_ms, 3),
        }

    async def body(self, query_id: str, wait_ms: int = 0) -> tuple[bytes, bool]:
        """Return the query as JSON and whether it is over, after waiting at most `wait_ms` for its end."""
        record = await self._find(query_id)
        await self._wait(record, wait_ms / 1000)
        if record.state != "done":
            return record.body(), record.outcome is not None
        rows = record.first_page
        if rows is None:
            rows = (await self._engine.page(record.id, 0, FIRST_PAGE)).rows_json
        return record.body(rows), True

    async def cancel(self, query_id: str) -> bytes:
        """End a query for real; returns it as it is then."""
        record = await self._find(query_id)
        if record.run:
            await record.run.cancel()
        await self._wait(record, None)
        return record.body(record.first_page or b"[]")

    async def _wait(self, record: QueryRecord, seconds: float | None) -> None:
        if record.over and not record.over.done() and seconds != 0:
            await asyncio.wait((record.over,), timeout=seconds)

    async def _find(self, query_id: str) -> QueryRecord:
        if query_id in self._accepting:
            await asyncio.shield(self._accepting[query_id])
        record = self._queries.get(query_id)
        if record is None:
            raise DeitaError("query_not_found", "There is no such query.", details={"id": query_id[:64]})
        return record

    # results

    async def page(self, query_id: str, cursor: str | None, limit: int) -> bytes:
        """Return rows of the finished result as JSON; waits for the end."""
        record = await self._finished(query_id)
        offset = cursors.offset(scope(query_id), cursor)
        page = await self._engine.page(query_id, offset, limit)
        last = offset + page.rows
        head = {"columns": record.facts["columns"]}
        more = page.rows and last < record.facts["row_count"]
        tail = {"row_count": record.facts["row_count"], "next": cursors.encode(scope(query_id), last) if more else None}
        return dumped(head)[:-1] + b',"rows":' + page.rows_json + b"," + dumped(tail)[1:]

    async def stream(self, query_id: str, format: str, *, raw: bool) -> Stream:
        """Return the whole result as a file that grows; Arrow and NDJSON begin while the query runs."""
        record = await self._find(query_id)
        if format == "arrow" and record.run:
            return record.run.result
        if format != "ndjson" or not record.run:
            await self._finished(query_id)
        if format == "arrow":
            return await self._finished_arrow(query_id)
        kind: ExportFormat = format  # type: ignore[assignment]  # the handler's table holds nothing else
        return await self._engine.export(query_id, kind, raw=raw)

    async def _finished_arrow(self, query_id: str) -> Stream:
        from deita_engine.client import Stream

        path = self._spool / f"{query_id}.arrow"
        try:
            size = (await asyncio.to_thread(path.stat)).st_size
        except FileNotFoundError as error:
            raise DeitaError("result_expired", "The result is no longer kept.", hint="Run the query again.") from error
        stream = Stream(path)
        stream.finish(size)
        return stream

    async def _finished(self, query_id: str) -> QueryRecord:
        record = await self._find(query_id)
        await self._wait(record, None)
        if record.state != "done":
            error = record.facts["error"]
            raise DeitaError("no_result", f"The query is {record.state} and has no result.", details={"error": error})
        return record

    # remembering

    def recent(self, cursor: str | None, limit: int) -> dict[str, Any]:
        """Return a page of the person's queries, newest first."""
        begin = cursors.decode("queries", cursor) if cursor else None
        records = [
            record for record in reversed(self._queries.values()) if begin is None or record.started_at <= begin[0]
        ]
        ids = [record.id for record in records]
        if begin is not None:
            skip = ids.index(begin[1]) + 1 if begin[1] in ids else 0
            records = records[skip:]
        page = records[:limit]
        more = len(records) > limit
        following = cursors.encode("queries", [page[-1].started_at, page[-1].id]) if more else None
        return {"items": [record.summary() for record in page], "next": following}

    def _forget_oldest(self) -> None:
        excess = len(self._queries) - self._limits.max_queries
        if excess < FORGOTTEN_AT_ONCE:
            return
        over = (key for key, record in self._queries.items() if record.outcome)
        gone = list(itertools.islice(over, excess))
        for key in gone:
            del self._queries[key]
            self._warm.pop(key, None)
            self._to_write.pop(key, None)
        self._in_background(asyncio.to_thread(spool.forget, self._spool, gone))

    def _keep_warm(self, record: QueryRecord) -> None:
        self._warm[record.id] = record
        while len(self._warm) > WARM_PAGES:
            _, cold = self._warm.popitem(last=False)
            cold.first_page = None

    def _write_down(self, record: QueryRecord) -> None:
        self._to_write[record.id] = record
        if not self._writing:
            self._writing = True
            self._in_background(self._write_all())

    async def _write_all(self) -> None:
        try:
            while self._to_write:
                await self._pause(WRITE_SECONDS)
                records = [record.written() for record in self._to_write.values()]
                self._to_write.clear()
                await asyncio.to_thread(spool.write_records, self._spool, records)
        finally:
            self._writing = False

    async def _pause(self, seconds: float) -> None:
        """Wait so long, or until `close`."""
        await asyncio.wait((self._closing,), timeout=seconds)

    async def _sweep_forever(self) -> None:
        while not self._closing.done():
            await self.sweep()
            await self._pause(SWEEP_SECONDS)

    async def sweep(self) -> None:
        """Remove results that are too old or too many."""
        busy = frozenset(key for key, record in self._queries.items() if record.run)
        limits = self._limits
        await asyncio.to_thread(spool.sweep, self._spool, limits.result_lifetime, limits.max_spool_bytes, busy)

    async def complete(self, sql: str, position: int) -> dict[str, Any]:
        """Return what could stand at the cursor."""
        found = await self._engine.complete(sql, min(position, len(sql)))
        items = [{"label": item.label, "kind": item.kind, "detail": item.detail} for item in found.items]
        return {"start": found.start, "end": found.end, "items": items}

    async def close(self) -> None:
        """Stop sweeping and end what runs; what is to be written down is in the background's hands."""
        following = [record.over for record in self._queries.values() if record.over and not record.over.done()]
        await self._engine.stop()
        if following:
            await asyncio.wait(following, timeout=10)
        self._closing.set_result(None)
