"""The server's side of the engine: starts the process when it is needed, asks it, ends it; no duckdb, no tornado.

Admission, the statement timer and the kill live here and not in the process, because they must work when the process does not.
"""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
from typing import IO, Any

from . import wire
from .child import Child
from .config import EngineConfig
from .runs import Run, Stream
from .shapes import (
    Commit,
    Completion,
    Completions,
    EngineError,
    ExportFormat,
    ImportSpec,
    Page,
    QuerySpec,
    RowsSpec,
    Table,
)

__all__ = ["Engine", "EngineConfig", "Run", "Stream"]

LOST = EngineError(
    "engine_lost", "The engine stopped while it was working on this.", "Try again; a new engine starts by itself."
)


class Engine:
    """One workspace's engine for one person. All methods belong to one event loop."""

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        self.restarts = -1
        self._child: Child | None = None
        self._version = ""
        self._starting = asyncio.Lock()
        self._ids = itertools.count(1)
        self._replies: dict[int, asyncio.Future[tuple[wire.Message, bytes]]] = {}
        self._runs: dict[int, Run] = {}
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._timeouts: dict[int, int] = {}
        self._timed_out: set[int] = set()
        self._listening: asyncio.Task[None] | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._growing: dict[int, Stream] = {}
        self._exports: dict[tuple[str, str, bool], Stream] = {}
        self._log: IO[bytes] | None = None

    async def run(self, spec: QuerySpec) -> Run:
        """Start a statement; returns once it is accepted. Raises EngineError when it is refused: then no query exists."""
        limit = self.config.max_running + self.config.max_waiting
        if len(self._runs) >= limit:
            raise EngineError(
                "too_many_queries", "Too many queries are running or waiting.", "Wait for one of them to end."
            )
        timeout = self.config.timeout_ms if spec.timeout_ms is None else spec.timeout_ms
        return await self._start("query", spec.id, dataclasses.asdict(spec), timeout)

    async def import_file(self, spec: ImportSpec) -> Run:
        """Start reading a file into a table."""
        return await self._start("import", spec.id, dataclasses.asdict(spec), None)

    async def page(self, query_id: str, offset: int, limit: int) -> Page:
        """Rows of a finished result."""
        return _page(*await self._ask("page", query_id=query_id, offset=offset, limit=limit))

    async def tables(self) -> list[Table]:
        """The tables and views of the newest snapshot, by name."""
        message, _ = await self._ask("tables")
        return [wire.table_of(table) for table in message["tables"]]

    async def table_rows(self, spec: RowsSpec) -> Page:
        """A page of a table."""
        return _page(*await self._ask("table_rows", **dataclasses.asdict(spec)))

    async def drop_table(self, name: str, person: str, message: str = "") -> Commit:
        """Drop a table; its versions stay in the lake's history."""
        reply, _ = await self._ask("drop_table", name=name, person=person, message=message)
        return wire.commit_of(reply["commit"])

    async def rename_table(self, name: str, new_name: str, person: str) -> Commit:
        """Give a table another name."""
        reply, _ = await self._ask("rename_table", name=name, new_name=new_name, person=person)
        return wire.commit_of(reply["commit"])

    async def commits(self, after_snapshot: int = 0) -> list[Commit]:
        """What happened in the lake after a snapshot, oldest first."""
        reply, _ = await self._ask("commits", after_snapshot=after_snapshot)
        return [wire.commit_of(commit) for commit in reply["commits"]]

    async def complete(self, sql: str, position: int) -> Completions:
        """What could stand at the cursor."""
        reply, _ = await self._ask("complete", sql=sql, position=position)
        return Completions(reply["start"], reply["end"], tuple(Completion(**item) for item in reply["items"]))

    async def export(self, query_id: str, format: ExportFormat, *, raw: bool = False) -> Stream:
        """A result in another format, as a file that grows beside it; one at a time per query and format, then reused."""
        key = (query_id, format, raw)
        stream = self._exports.get(key)
        if stream is None or stream.error or (stream.done and not stream.path.exists()):
            suffix = f"raw.{format}" if raw else format
            stream = self._exports[key] = Stream(self.config.spool / f"{query_id}.{suffix}")
            self._later(self._export(key, stream))
            while len(self._exports) > 256:
                self._exports.pop(next(iter(self._exports)))
        return stream

    def status(self) -> dict[str, Any]:
        """Where the engine stands; does not start it."""
        running = sum(run.state != "queued" for run in self._runs.values())
        return {
            "state": "ready" if self._child else "stopped",
            "pid": self._child.process.pid if self._child else None,
            "version": self._version,
            "running": running,
            "waiting": len(self._runs) - running,
            "restarts": max(self.restarts, 0),
        }

    async def stop(self) -> None:
        """End the process; what runs fails with engine_lost."""
        child, listening = self._child, self._listening
        if child:
            await child.kill()
        if listening:
            await listening
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- one operation ------------------------------------------------------------------------------------------------

    async def _start(self, name: str, id: str, args: wire.Message, timeout_ms: int | None) -> Run:
        if len(self._runs) >= self.config.max_running + self.config.max_waiting:
            raise EngineError(
                "too_many_queries", "Too many queries are running or waiting.", "Wait for one of them to end."
            )
        run = Run(id, Stream(self.config.spool / f"{id}.arrow"), self._cancel)
        number = next(self._ids)
        self._runs[number] = run
        if timeout_ms:
            self._timeouts[number] = timeout_ms
        try:
            message, _attachment = await self._exchange(number, name, args)
        except BaseException:
            self._forget(number)
            raise
        if message["event"] == "failed":
            raise wire.error_of(message["error"])
        return run

    async def _ask(self, name: str, /, **args: Any) -> tuple[wire.Message, bytes]:
        message, attachment = await self._exchange(next(self._ids), name, args)
        if message["event"] == "failed":
            raise wire.error_of(message["error"])
        return message, attachment

    async def _exchange(self, number: int, name: str, args: wire.Message) -> tuple[wire.Message, bytes]:
        """Send an operation and wait for its first answer."""
        child = await self._ready()
        reply = self._replies[number] = asyncio.get_running_loop().create_future()
        try:
            child.send({"id": number, "op": name, "args": args})
            return await reply
        except asyncio.CancelledError:
            child.send({"op": "interrupt", "target": number})
            raise
        finally:
            self._replies.pop(number, None)
            self._watch_idle()

    def _receive(self, message: wire.Message, attachment: bytes) -> None:
        number = message.get("id", 0)
        run, reply = self._runs.get(number), self._replies.get(number)
        event = message["event"]
        if number in self._growing:
            self._growing[number].grow(message.get("size", 0))
        if run:
            if event == "failed" and (reply is None or reply.done()):
                self._fail(number, run, wire.error_of(message["error"]))
            elif event != "failed":
                run.take(message, attachment)
            if event == "running" and number in self._timeouts:
                delay = self._timeouts.pop(number) / 1000
                self._timers[number] = asyncio.get_running_loop().call_later(delay, self._time_out, number)
            if event in ("done", "failed"):
                self._forget(number)
        if reply and not reply.done() and event not in ("running", "progress"):
            reply.set_result((message, attachment))

    def _fail(self, number: int, run: Run, error: EngineError) -> None:
        if number in self._timed_out:
            run.end(
                "failed",
                EngineError(
                    "query_timeout", "The query took longer than it may.", "Narrow it down or allow it more time."
                ),
            )
        elif run.state == "cancelling":
            run.end("cancelled", EngineError("query_cancelled", "The query was cancelled."))
        else:
            run.end("failed", error)

    def _forget(self, number: int) -> None:
        self._runs.pop(number, None)
        self._timeouts.pop(number, None)
        self._timed_out.discard(number)
        timer = self._timers.pop(number, None)
        if timer:
            timer.cancel()
        self._watch_idle()

    # -- ending what runs ---------------------------------------------------------------------------------------------

    def _time_out(self, number: int) -> None:
        run = self._runs.get(number)
        if run:
            self._timed_out.add(number)
            self._later(self._interrupt(number, run))

    async def _cancel(self, run: Run) -> None:
        run.state = "cancelling"
        number = next((number for number, other in self._runs.items() if other is run), None)
        if number is not None:
            await self._interrupt(number, run)

    async def _interrupt(self, number: int, run: Run) -> None:
        """Ask the engine to stop it; after the grace time stop the engine."""
        child = self._child
        if child:
            child.send({"op": "interrupt", "target": number})
            if not await run.wait(self.config.cancel_grace_s):
                await child.kill()
        await run.wait()

    # -- the process --------------------------------------------------------------------------------------------------

    async def _ready(self) -> Child:
        async with self._starting:
            if self._child is None:
                await self._launch()
            assert self._child
            return self._child

    async def _launch(self) -> None:
        for folder in (self.config.storage, self.config.spool):
            folder.mkdir(parents=True, exist_ok=True)
        log = self.config.spool / "engine.log"
        with log.open("ab") as file:
            if file.tell() > 1024 * 1024:
                file.truncate(0)
            child = await Child.start(self._options(), file)
        ready: asyncio.Future[wire.Message] = asyncio.get_running_loop().create_future()

        def receive(message: wire.Message, attachment: bytes) -> None:
            if message["event"] == "ready" and not ready.done():
                ready.set_result(message)
            else:
                self._receive(message, attachment)

        listening = asyncio.get_running_loop().create_task(self._listen(child, receive, ready))
        try:
            message = await ready
        except asyncio.CancelledError:
            await child.kill()
            raise
        self._version = message.get("version", "")
        self._child, self._listening = child, listening
        self.restarts += 1

    async def _listen(self, child: Child, receive: Any, ready: asyncio.Future[wire.Message]) -> None:
        await child.listen(receive)
        if not ready.done():
            ready.set_exception(LOST)
        if self._child is child:
            self._child = None
        self._lose_everything()

    def _lose_everything(self) -> None:
        for reply in self._replies.values():
            if not reply.done():
                reply.set_exception(EngineError(LOST.code, LOST.message, LOST.hint))
        for number, run in list(self._runs.items()):
            self._fail(number, run, EngineError(LOST.code, LOST.message, LOST.hint))
            run.result.path.unlink(missing_ok=True)
            self._forget(number)

    def _options(self) -> dict[str, Any]:
        config = self.config
        return {
            "storage": str(config.storage.resolve()),
            "spool": str(config.spool.resolve()),
            "temporary": str(config.spool.resolve() / "temporary"),
            "read_only": config.read_only,
            "memory": config.memory_bytes * 6 // 10,
            "address_space": config.memory_bytes + 2 * 1024**3,
            "threads": config.threads,
            "max_running": config.max_running,
            "result_max_bytes": config.result_max_bytes,
            "busy_timeout_s": config.busy_timeout_s,
        }

    def _watch_idle(self) -> None:
        if self._idle:
            self._idle.cancel()
            self._idle = None
        if self._child and not self._runs and not self._replies:
            self._idle = asyncio.get_running_loop().call_later(self.config.idle_stop_s, self._stop_idle)

    def _stop_idle(self) -> None:
        if self._child and not self._runs and not self._replies:
            self._later(self._kill(self._child))

    async def _kill(self, child: Child) -> None:
        await child.kill()

    def _later(self, coroutine: Any) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _export(self, key: tuple[str, str, bool], stream: Stream) -> None:
        query_id, format, raw = key
        number = next(self._ids)
        self._growing[number] = stream
        try:
            message, _ = await self._exchange(number, "export", {"query_id": query_id, "format": format, "raw": raw})
            if message["event"] == "failed":
                raise wire.error_of(message["error"])
            stream.finish(message["size"])
        except EngineError as error:
            stream.finish(error=error)
        finally:
            del self._growing[number]


def _page(message: wire.Message, attachment: bytes) -> Page:
    columns = wire.columns_of(message["columns"])
    return Page(columns, attachment, message["rows"], message["row_count"], message.get("snapshot"))
