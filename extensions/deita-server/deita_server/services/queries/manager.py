"""Queries: started, waited for, cancelled, remembered, and forgotten again.

On the way of a short query the engine is asked, its answer is passed on, and the query is written into the person's
history, which is one short visit of a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from deita_engine.shapes import EngineError, QuerySpec

from deita_server.asking import asker
from deita_server.errors import DeitaError
from deita_server.idempotency import Idempotency, reused

from .history import QueryHistory, Search
from .lakes_word import LakesWord
from .models import NewQuery, SavedRun
from .parameters import read_all
from .parents import Parents, parents
from .receipts import TableRead, VersionNumbers, provenance_of, receipt_of
from .record import FIRST_PAGE, QueryRecord
from .remembered import Remembered
from .sweeping import Sweeper

if TYPE_CHECKING:
    from logging import Logger

    from deita_engine.client import Engine, Run

    from deita_server.limits import Limits
    from deita_server.services.tables.history import LookBack
    from deita_server.settings import Settings

    from .rerun import Rerun


class QueriesManager:
    """Raises what the engine refuses, and DeitaError query_exists, query_not_found, no_result, result_expired."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        limits: Limits,
        versions: VersionNumbers,
        history: QueryHistory,
        in_background: Callable[[Coroutine[Any, Any, Any]], None],
        committed: Callable[[], None],
        log: Logger,
    ) -> None:
        self._engine, self._spool, self._shared = engine, settings.spool, settings.is_shared
        self._committed = committed
        self._known = Remembered(history, settings.spool, in_background, log)
        self._accepting: dict[str, tuple[QueryRecord, asyncio.Task[None]]] = {}
        self._versions, self._lake = versions, LakesWord(engine)
        self.idempotency = Idempotency()
        self.sweeper = Sweeper(settings.spool, limits, self._known.under_way)
        in_background(self.sweeper.run())

    # running

    async def start(
        self,
        new: NewQuery,
        request_id: str,
        look_back: LookBack | None = None,
        rerun: Rerun | None = None,
        saved: SavedRun | None = None,
    ) -> str:
        """Run a statement, as it were in the past if so asked; returns its id once the engine has accepted it.

        `rerun` says which query it repeats, `saved` which saved query it is.
        """
        query_id = str(new.id or uuid.uuid4())
        if query_id in self._accepting or (new.id and await self._earlier(new)):
            raise DeitaError("query_exists", "There is already a query with this id.", details={"id": query_id})
        snapshot, pins = (look_back.snapshot, look_back.pins) if look_back else (None, ())
        params, types = read_all(new.params, new.param_types), new.param_types
        above = await self.parents(new.results)
        spec = QuerySpec(
            query_id,
            new.sql,
            asker(),
            new.mode,
            params,
            new.limit,
            new.timeout_ms,
            snapshot,
            pins,
            types,
            cache=new.cache and rerun is None,
            results=tuple(above.results.items()),
            behind=tuple(above.behind),
        )
        record = QueryRecord(query_id, new.sql, params, new.mode, request_id, param_types=types, asker=asker())
        record.as_of, record.limit, record.parents = new.as_of, new.limit, above
        record.rerun = rerun.written() if rerun else None
        record.saved_query = saved.model_dump() if saved else None
        accepting = asyncio.get_running_loop().create_task(self._accept(record, spec, look_back, rerun))
        self._accepting[query_id] = record, accepting
        accepting.add_done_callback(lambda _: self._accepting.pop(query_id))
        await asyncio.wait((accepting,))
        if accepting.cancelled():
            raise DeitaError("query_cancelled", "The query was cancelled.")
        accepting.result()
        return query_id

    async def ran(self, new: NewQuery) -> bool:
        """Return whether this statement that writes was run under its id before; raises idempotency_key_reused."""
        if (record := await self._earlier(new)) and record.sql != new.sql:
            raise reused()
        return record is not None

    async def _earlier(self, new: NewQuery) -> QueryRecord | None:
        """Return what is known under the id of a new query, for a statement that writes also what the lake knows."""
        record = await self._known.get(str(new.id))
        if record is None and new.mode == "write":
            record = QueryRecord(str(new.id), new.sql, {}, new.mode, "", asker=asker())
            record.run = await self._lake.on(record.id)
            if record.run is None:
                return None
            await self._follow(record, None, None)
        return record

    async def _accept(
        self, record: QueryRecord, spec: QuerySpec, look_back: LookBack | None, rerun: Rerun | None
    ) -> None:
        try:
            record.run = await self._engine.run(spec)
        except asyncio.CancelledError:  # by `cancel`: it was not even accepted, and yet it was a query
            record.cancel()
            self._known.add(record)
            await self._known.keep(record)
            return
        record.over = asyncio.get_running_loop().create_task(self._follow(record, look_back, rerun))
        self._known.add(record)

    async def parents(self, results: Mapping[str, Any]) -> Parents:
        """Return earlier results by name; raises query_not_found, no_result, result_expired."""
        return await parents(results, self._find, self.has_result)

    async def _follow(self, record: QueryRecord, look_back: LookBack | None, rerun: Rerun | None) -> None:
        assert record.run is not None
        await record.run.wait()
        if record.mode == "write" and record.run.state != "done":
            if self._lake.is_over:
                return  # it is left to whoever starts next
            record.run = await self._lake.sure(record.id) or record.run
        run = record.run
        pins, versions = (look_back.pins, look_back.versions) if look_back else ((), {})
        read: list[TableRead] = []
        if run.state == "done":
            with contextlib.suppress(EngineError):  # the engine died meanwhile: the snapshot still tells what was read
                read = await self._versions.read(run, pins, versions)
        engine = self._engine.status()
        receipt = receipt_of(record, run, read, engine["version"], record.asker)
        if rerun and run.state == "done":
            await self._compare(rerun, record.id, receipt)
        record.end(receipt, provenance_of(record, run, read, pins, engine["extensions"]))
        await self._known.keep(record)
        if record.mode == "write" and record.state == "done":
            self._committed()

    async def _compare(self, rerun: Rerun, query_id: str, receipt: dict[str, Any]) -> None:
        """Note in the receipt of a repetition whether the same came out; that is not known where a hash is missing."""
        first: dict[str, Any] = {}
        with contextlib.suppress(DeitaError, EngineError):  # the first may be forgotten by now, the engine may be lost
            await self._hash(query_id, receipt)
            first = (await self.hashed(rerun.of)).facts["receipt"]
        receipt |= rerun.compared(first, receipt)

    async def body(self, query_id: str, wait_ms: int = 0) -> tuple[bytes, bool]:
        """Return the query as JSON and whether it is over, after waiting at most `wait_ms` for its end."""
        record = await self._find(query_id)
        await self._wait(record, wait_ms / 1000)
        if record.run and not record.promised:  # after a crash it is known, as one that was interrupted
            record.promised = True
            await self._known.keep(record)
        elif record.outcome:  # what is answered is written down first
            await self._wait(record, None)
        if record.state != "done":
            return record.body(), record.outcome is not None
        rows = record.first_page
        if rows is None and record.facts["row_count"]:
            rows = (await self._engine.page(record.id, 0, FIRST_PAGE)).rows_json
        return record.body(rows or b"[]"), True

    async def succeed(self, query_id: str) -> None:
        """Wait for the end of a query; raises what it failed with, query_cancelled when somebody ended it."""
        record = await self._find(query_id)
        await self._wait(record, None)
        error = record.facts["error"]
        if record.state != "done" and error:
            raise DeitaError(error["code"], error["message"], error["hint"], error["details"])
        if record.state != "done":
            raise DeitaError("query_cancelled", "The query was cancelled.")

    async def cancel(self, query_id: str) -> bytes:
        """End a query for real, also one that the engine is still looking at; returns it as it is then."""
        if accepting := self._acceptance(query_id):
            accepting.cancel()
        record = await self._find(query_id)
        if record.run:
            await record.run.cancel()
        await self._wait(record, None)
        return record.body(record.first_page or b"[]")

    async def _wait(self, record: QueryRecord, seconds: float | None) -> None:
        if record.over and not record.over.done() and seconds != 0:
            await asyncio.wait((record.over,), timeout=seconds)

    def _is_askers(self, record: QueryRecord) -> bool:
        """Whether the query may be known to who asks: on a dashboard server only to who ran it."""
        return not self._shared or record.asker == asker()

    def _acceptance(self, query_id: str) -> asyncio.Task[None] | None:
        """Return what is under way of a query of the asker's that the engine has not accepted yet."""
        record, accepting = self._accepting.get(query_id, (None, None))
        return accepting if record and self._is_askers(record) else None

    async def _find(self, query_id: str) -> QueryRecord:
        if accepting := self._acceptance(query_id):
            await asyncio.wait((accepting,))
        record = await self._known.get(query_id)
        if record is None or not self._is_askers(record):
            raise DeitaError("query_not_found", "There is no such query.", details={"id": query_id[:64]})
        return record

    # results

    async def run_of(self, query_id: str) -> Run | None:
        """Return what the engine does for a query; None once it is over. Raises query_not_found."""
        return (await self._find(query_id)).run

    async def finished(self, query_id: str) -> QueryRecord:
        """Return the query once it is done; raises no_result when it ends otherwise."""
        record = await self._find(query_id)
        await self._wait(record, None)
        if record.state != "done":
            error = record.facts["error"]
            raise DeitaError("no_result", f"The query is {record.state} and has no result.", details={"error": error})
        return record

    async def has_result(self, query_id: str) -> bool:
        """Say whether the result is still kept."""
        return await asyncio.to_thread((self._spool / f"{query_id}.arrow").exists)

    async def hashed(self, query_id: str) -> QueryRecord:
        """Return the finished query with the hashes of its result, which are found now if the result is still there."""
        record = await self.finished(query_id)
        if await self._hash(query_id, record.facts["receipt"]):
            await self._known.keep(record)
        return record

    async def _hash(self, query_id: str, receipt: dict[str, Any]) -> bool:
        """Find the hashes of a result that has none yet; False where it has, or they cannot be found any more."""
        if receipt["result_hash"] is not None:
            return False
        try:
            hashes = await self._engine.hashes(query_id, ordered=receipt["ordered"])
        except EngineError as error:
            if error.code not in ("result_expired", "out_of_memory"):
                raise
            return False
        receipt["result_hash"], receipt["loose_hash"] = hashes
        return True

    async def recent(self, search: Search, cursor: str | None, limit: int) -> dict[str, Any]:
        """Return a page of the asker's queries that are as the search says, newest first."""
        search = replace(search, asker=asker()) if self._shared else search
        return await self._known.find(search, cursor, limit)

    async def recover(self) -> None:
        """End the queries that an earlier server promised: done where the lake has their commit, else interrupted."""
        for record in await self._known.unfinished():
            record.run = await self._lake.on(record.id) if record.mode == "write" else None
            if record.run:
                await self._follow(record, None, None)
            else:
                record.interrupt()
                await self._known.keep(record)

    async def close(self) -> None:
        """Stop sweeping and end what runs; what is to be written down is in the background's hands."""
        self._lake.stop()
        following = [record.over for record in self._known.under_way() if record.over]
        await self._engine.stop()
        if following:
            await asyncio.wait(following, timeout=10)
        self.sweeper.close()
