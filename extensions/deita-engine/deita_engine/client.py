"""The server's side of the engine: two processes behind one object; no duckdb, no tornado.

Reads and writes have a process each, so that an import that exhausts its memory takes no query along, and for a
harder reason: the reader reads the lake's catalog with Python's SQLite, the writer with the copy inside DuckDB's
extension, and POSIX locks belong to a process: two copies of SQLite in one process release each other's locks.
(Tried: 3 of 100 acknowledged writes were lost.)
"""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import Any

from . import wire
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
from .worker import Worker

__all__ = ["Engine", "EngineConfig", "Run", "Stream"]

KEPT_EXPORTS = 256


class Engine:
    """One workspace's engine for one person. All methods belong to one event loop."""

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        self._reader, self._writer = Worker(config, "read"), Worker(config, "write")
        self._exports: dict[tuple[str, str, bool], Stream] = {}

    async def run(self, spec: QuerySpec) -> Run:
        """Start a statement; returns once it is accepted. Raises EngineError when it is refused: then no query
        exists.
        """
        worker = self._writer if spec.mode == "write" else self._reader
        timeout = self.config.timeout_ms if spec.timeout_ms is None else spec.timeout_ms
        return await self._start(worker, "query", spec.id, dataclasses.asdict(spec), timeout)

    async def import_file(self, spec: ImportSpec) -> Run:
        """Start reading a file into a table."""
        return await self._start(self._writer, "import", spec.id, dataclasses.asdict(spec), None)

    async def preview(self, path: Path, recipe: dict[str, Any]) -> dict[str, Any]:
        """What a file would become: {"recipe": complete, "preview": see formats/previews.py}; keeps nothing. Cancelling
        ends it. Raises EngineError preview_timeout, file_unreadable, bad_recipe and what else is wrong with the file.
        """
        try:
            async with asyncio.timeout(self.config.preview_s):
                reply, _ = await self._reader.ask("preview", path=str(path), recipe=recipe)
        except TimeoutError as error:
            message = "Looking at the file took longer than it may."
            raise EngineError("preview_timeout", message, "Import it without a preview (confirm: true).") from error
        return {"recipe": reply["recipe"], "preview": reply["preview"]}

    async def page(self, query_id: str, offset: int, limit: int) -> Page:
        """Rows of a finished result."""
        return _page(*await self._reader.ask("page", query_id=query_id, offset=offset, limit=limit))

    async def tables(self) -> list[Table]:
        """The tables and views of the newest snapshot, by name."""
        message, _ = await self._reader.ask("tables")
        return [wire.table_of(table) for table in message["tables"]]

    async def table_rows(self, spec: RowsSpec) -> Page:
        """A page of a table."""
        return _page(*await self._reader.ask("table_rows", **dataclasses.asdict(spec)))

    async def drop_table(self, name: str, person: str, message: str = "") -> Commit:
        """Drop a table; its versions stay in the lake's history."""
        reply, _ = await self._writer.ask("drop_table", name=name, person=person, message=message)
        return wire.commit_of(reply["commit"])

    async def rename_table(self, name: str, new_name: str, person: str) -> Commit:
        """Give a table another name."""
        reply, _ = await self._writer.ask("rename_table", name=name, new_name=new_name, person=person)
        return wire.commit_of(reply["commit"])

    async def restore_table(self, name: str, snapshot: int, person: str) -> Commit | None:
        """Make the version of `snapshot` the newest of the table `name`; None when that changes nothing. Raises
        EngineError version_expired, version_not_found.
        """
        reply, _ = await self._writer.ask("restore_table", name=name, snapshot=snapshot, person=person)
        return wire.commit_of(reply["commit"]) if reply["commit"] else None

    async def table_at(self, snapshot: int) -> Table:
        """A table as the version of `snapshot` was; raises EngineError version_expired, version_not_found."""
        reply, _ = await self._reader.ask("table_at", snapshot=snapshot)
        return wire.table_of(reply["table"])

    async def profile(self, table: str, version: int | None = None) -> dict[str, Any]:
        """What each column of a table holds, or held in the version of a snapshot: `{rows, columns}`.

        Whoever stops waiting ends it. Raises EngineError table_not_found, version_expired, query_timeout.
        """
        try:
            async with asyncio.timeout(self.config.timeout_ms / 1000):
                reply, _ = await self._reader.ask("profile", table=table, version=version)
        except TimeoutError as error:
            raise EngineError("query_timeout", "The profile took longer than it may.") from error
        profile: dict[str, Any] = reply["profile"]
        return profile

    async def snapshot_at(self, time: str) -> int:
        """The newest snapshot at a moment (`YYYY-MM-DD hh:mm:ss.ffffff`, UTC)."""
        reply, _ = await self._reader.ask("snapshot_at", time=time)
        return int(reply["snapshot"])

    async def commits(self, after_snapshot: int = 0) -> list[Commit]:
        """What happened in the lake after a snapshot, oldest first."""
        reply, _ = await self._reader.ask("commits", after_snapshot=after_snapshot)
        return [wire.commit_of(commit) for commit in reply["commits"]]

    async def complete(self, sql: str, position: int) -> Completions:
        """What could stand at the cursor."""
        reply, _ = await self._reader.ask("complete", sql=sql, position=position)
        return Completions(reply["start"], reply["end"], tuple(Completion(**item) for item in reply["items"]))

    async def export(self, query_id: str, format: ExportFormat, *, raw: bool = False) -> Stream:
        """A result in another format, as a file that grows beside it; one at a time per query and format, then
        reused.
        """
        key = (query_id, format, raw)
        stream = self._exports.get(key)
        if stream is None or stream.error or (stream.done and not stream.path.exists()):
            suffix = f"raw.{format}" if raw else format
            stream = self._exports[key] = Stream(self.config.spool / f"{query_id}.{suffix}")
            worker = self._worker_of(query_id)
            worker.later(self._export(worker, key, stream))
            while len(self._exports) > KEPT_EXPORTS:
                self._exports.pop(next(iter(self._exports)))
        return stream

    def status(self) -> dict[str, Any]:
        """Where the engine stands; does not start it."""
        runs = [*self._reader.runs.values(), *self._writer.runs.values()]
        running = sum(run.state != "queued" for run in runs)
        reader, writer = self._reader.child, self._writer.child
        return {
            "state": "ready" if reader or writer else "stopped",
            "pid": reader.process.pid if reader else None,
            "writer_pid": writer.process.pid if writer else None,
            "version": self._reader.version or self._writer.version,
            "running": running,
            "waiting": len(runs) - running,
            "restarts": max(self._reader.restarts, 0) + max(self._writer.restarts, 0),
        }

    async def stop(self) -> None:
        """End the processes; what runs fails with engine_lost."""
        await self._reader.stop()
        await self._writer.stop()

    async def _start(self, worker: Worker, name: str, id: str, args: wire.Message, timeout_ms: int | None) -> Run:
        limit = self.config.max_running + self.config.max_waiting
        if len(self._reader.runs) + len(self._writer.runs) >= limit:
            message = "Too many queries are running or waiting."
            raise EngineError("too_many_queries", message, "Wait for one of them to end.")
        run = Run(id, Stream(self.config.spool / f"{id}.arrow"), worker.cancel)
        await worker.start(name, run, args, timeout_ms)
        return run

    def _worker_of(self, query_id: str) -> Worker:
        """The process that still writes the result, which alone knows how far it is; the reader otherwise."""
        writing = any(run.id == query_id for run in self._writer.runs.values())
        return self._writer if writing else self._reader

    async def _export(self, worker: Worker, key: tuple[str, str, bool], stream: Stream) -> None:
        query_id, format, raw = key
        try:
            message, _ = await worker.ask("export", stream=stream, query_id=query_id, format=format, raw=raw)
            stream.finish(message["size"])
        except EngineError as error:
            stream.finish(error=error)


def _page(message: wire.Message, attachment: bytes) -> Page:
    columns = wire.columns_of(message["columns"])
    return Page(columns, attachment, message["rows"], message["row_count"], message.get("snapshot"))
