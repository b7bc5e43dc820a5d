"""The server's side of the engine: two processes behind one object; no duckdb, no tornado.

Reads and writes have a process each, so that an import that exhausts its memory takes no query along, and for a
harder reason: the reader reads the lake's catalog with Python's SQLite, the writer with the copy inside DuckDB's
extension, and POSIX locks belong to a process: two copies of SQLite in one process release each other's locks.
(Tried: 3 of 100 acknowledged writes were lost.)
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from . import wire
from .access import Access, nothing
from .config import EngineConfig
from .export_streams import ExportStreams
from .runs import Run, Stream
from .shapes import (
    ALL,
    ChartSpec,
    Commit,
    Completion,
    Completions,
    Draft,
    EngineError,
    ExportFormat,
    Formatted,
    ImportSpec,
    Page,
    QuerySpec,
    Reads,
    RowsSpec,
    Selection,
    Table,
    UpkeepSpec,
    Validation,
)
from .worker import Worker

__all__ = ["Engine", "EngineConfig", "Run", "Stream"]

Watch = Callable[[str, Run], None]
"""Is told of each `read`, `write` and `import` that is over."""


def nobody(kind: str, run: Run) -> None:
    """Nobody watches."""


class Engine:
    """One workspace's engine for one person. All methods belong to one event loop."""

    def __init__(self, config: EngineConfig, access: Access = nothing, watch: Watch = nobody) -> None:
        self.config, self._access, self._watch = config, access, watch
        self._reader, self._writer = Worker(config, "read", access), Worker(config, "write", access)
        self._exports = ExportStreams(config.spool)

    async def run(self, spec: QuerySpec) -> Run:
        """Start a statement; returns once it is accepted. Raises EngineError when it is refused: then no query
        exists.
        """
        worker = self._writer if spec.mode == "write" else self._reader
        timeout = self.config.timeout_ms if spec.timeout_ms is None else spec.timeout_ms
        repeatable = spec.mode == "read"
        return await self._start(worker, "query", spec.id, dataclasses.asdict(spec), timeout, repeatable=repeatable)

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

    async def check_recipe(self, recipe: dict[str, Any]) -> None:
        """Raise EngineError bad_recipe when its encoding or one of its types is none; its shape is right already."""
        await self._reader.ask("check_recipe", recipe=recipe)

    async def page(self, query_id: str, offset: int, limit: int, selection: Selection = ALL) -> Page:
        """Rows of a finished result. Whoever stops waiting ends the work that a selection is. Raises EngineError
        result_expired, query_binding, query_failed, query_timeout.
        """
        chosen = dataclasses.asdict(selection)
        return _page(*await self._bounded("page", query_id=query_id, offset=offset, limit=limit, selection=chosen))

    async def hashes(self, query_id: str, *, ordered: bool) -> tuple[str, str]:
        """The result hash and the loose hash of a finished result; whoever stops waiting ends the work. Raises
        EngineError result_expired, out_of_memory.
        """
        reply, _ = await self._reader.ask("hashes", query_id=query_id, ordered=ordered)
        return reply["hashes"]["result"], reply["hashes"]["loose"]

    async def tables(self) -> list[Table]:
        """The tables and views of the newest snapshot, by name."""
        message, _ = await self._reader.ask("tables")
        return [wire.table_of(table) for table in message["tables"]]

    async def table_rows(self, spec: RowsSpec) -> Page:
        """A page of a table."""
        return _page(*await self._reader.ask("table_rows", **dataclasses.asdict(spec)))

    async def drop_table(self, name: str, person: str, message: str = "", since: int | None = None) -> Commit:
        """Drop a table; its versions stay in the lake's history. Here and below `since` may name the snapshot
        of its newest version; raises EngineError table_changed_since when there is a newer one.
        """
        reply, _ = await self._writer.ask("drop_table", name=name, person=person, message=message, since=since)
        return wire.commit_of(reply["commit"])

    async def rename_table(self, name: str, new_name: str, person: str, since: int | None = None) -> Commit:
        """Give a table another name."""
        reply, _ = await self._writer.ask("rename_table", name=name, new_name=new_name, person=person, since=since)
        return wire.commit_of(reply["commit"])

    async def restore_table(
        self, name: str, snapshot: int, person: str, since: int | None = None, id: str | None = None
    ) -> Commit | None:
        """Make the version of `snapshot` the newest of the table `name`; None when that changes nothing. `commits`
        finds it by the id. Raises EngineError version_expired, version_not_found.
        """
        reply, _ = await self._writer.ask(
            "restore_table", name=name, snapshot=snapshot, person=person, since=since, id=id
        )
        return wire.commit_of(reply["commit"]) if reply["commit"] else None

    async def upkeep(self, spec: UpkeepSpec) -> dict[str, int]:
        """Compact tables and forget what nothing needs, in a process of its own; returns what was done (see `upkeep`).

        Whoever stops waiting ends it. Raises EngineError workspace_busy while another one is at it.
        """
        worker = Worker(self.config, "upkeep", self._access)
        try:
            reply, _ = await worker.ask("upkeep", **dataclasses.asdict(spec))
        finally:
            await worker.stop()
        did: dict[str, int] = reply["did"]
        return did

    async def table_at(self, snapshot: int) -> Table:
        """A table as the version of `snapshot` was; raises EngineError version_expired, version_not_found."""
        reply, _ = await self._reader.ask("table_at", snapshot=snapshot)
        return wire.table_of(reply["table"])

    async def expired(self, snapshots: Sequence[int]) -> set[int]:
        """Those of the snapshots that upkeep has forgotten: their versions can no longer be read."""
        reply, _ = await self._reader.ask("expired", snapshots=list(snapshots))
        return set(reply["snapshots"])

    async def profile(self, table: str, version: int | None = None) -> dict[str, Any]:
        """What each column of a table holds, or held in the version of a snapshot: `{rows, columns}`.

        Whoever stops waiting ends it. Raises EngineError table_not_found, version_expired, query_timeout.
        """
        reply, _ = await self._bounded("profile", table=table, version=version)
        profile: dict[str, Any] = reply["profile"]
        return profile

    async def result_profile(self, query_id: str, selection: Selection = ALL) -> dict[str, Any]:
        """What each column of a finished result holds, or of some of its rows: `{rows, columns}`. Whoever stops waiting
        ends it. Raises EngineError result_expired, query_binding, query_failed, query_timeout.
        """
        chosen = dataclasses.asdict(selection)
        reply, _ = await self._bounded("result_profile", query_id=query_id, selection=chosen)
        profile: dict[str, Any] = reply["profile"]
        return profile

    async def chart(self, query_id: str, spec: ChartSpec) -> dict[str, Any]:
        """Points of a finished result, ready to be drawn (see `charts`). Whoever stops waiting ends it. Raises
        EngineError result_expired, query_binding, query_failed, query_timeout.
        """
        reply, _ = await self._bounded("chart", query_id=query_id, spec=dataclasses.asdict(spec))
        chart: dict[str, Any] = reply["chart"]
        return chart

    async def snapshot_at(self, time: str) -> int:
        """The newest snapshot at a moment (`YYYY-MM-DD hh:mm:ss.ffffff`, UTC)."""
        reply, _ = await self._reader.ask("snapshot_at", time=time)
        return int(reply["snapshot"])

    async def commits(self, after_snapshot: int = 0, made_by: str = "") -> list[Commit]:
        """What happened in the lake after a snapshot, oldest first; of one change, import or query, if named."""
        reply, _ = await self._reader.ask("commits", after_snapshot=after_snapshot, made_by=made_by)
        return [wire.commit_of(commit) for commit in reply["commits"]]

    async def written(self, query_id: str) -> Run | None:
        """The run of a statement that wrote, by the lake's word: done when a commit names it, whoever was lost before
        telling so; None when none does.
        """
        commits = await self.commits(made_by=query_id)
        return Run.of(commits[0], self.config.spool) if commits else None

    async def reads(self, sql: str) -> Reads:
        """What a statement that reads depends on; raises EngineError when it may not run."""
        reply, _ = await self._reader.ask("reads", sql=sql)
        return Reads(tuple(reply["tables"]), reply["stable"])

    async def complete(self, sql: str, position: int) -> Completions:
        """What could stand at the cursor."""
        reply, _ = await self._reader.ask("complete", sql=sql, position=position)
        return Completions(reply["start"], reply["end"], tuple(Completion(**item) for item in reply["items"]))

    async def validate(self, draft: Draft) -> Validation:
        """What a statement would be, without running it; what is wrong with it stands in `error`."""
        reply, _ = await self._reader.ask("validate", **dataclasses.asdict(draft))
        return wire.validation_of(reply["validation"], reply["error"])

    async def format(self, sql: str) -> Formatted:
        """A statement laid out anew."""
        reply, _ = await self._reader.ask("format", sql=sql)
        return Formatted(**reply["formatted"])

    def export(
        self, query_id: str, format: ExportFormat, *, raw: bool = False, selection: Selection = ALL
    ) -> contextlib.AbstractContextManager[Stream]:
        """A result (or some of its rows) in another format, as a file that grows beside it while somebody is in the
        block; one at a time, then reused.
        """
        return self._exports.taken(self._worker_of(query_id), query_id, format, raw, selection)

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
            "extensions": self._reader.extensions or self._writer.extensions,
            "confined": self._reader.confined or self._writer.confined,
            "running": running,
            "waiting": len(runs) - running,
            "restarts": max(self._reader.restarts, 0) + max(self._writer.restarts, 0),
        }

    async def stop(self) -> None:
        """End the processes; what runs fails with engine_lost."""
        await self._reader.stop()
        await self._writer.stop()

    async def _start(
        self,
        worker: Worker,
        name: str,
        id: str,
        args: wire.Message,
        timeout_ms: int | None,
        *,
        repeatable: bool = False,
    ) -> Run:
        limit = self.config.max_running + self.config.max_waiting
        if len(self._reader.runs) + len(self._writer.runs) >= limit:
            message = "Too many queries are running or waiting."
            raise EngineError("too_many_queries", message, "Wait for one of them to end.")
        kind = name if name == "import" else worker.role
        run = Run(id, Stream(self.config.spool / f"{id}.arrow"), worker.cancel, partial(self._watch, kind))
        await worker.start(name, run, args, timeout_ms, repeatable=repeatable)
        return run

    def _worker_of(self, query_id: str) -> Worker:
        """The process that still writes the result, which alone knows how far it is; the reader otherwise."""
        writing = any(run.id == query_id for run in self._writer.runs.values())
        return self._writer if writing else self._reader

    async def _bounded(self, name: str, **args: Any) -> tuple[wire.Message, bytes]:
        """Ask the reader for something that may take as long as a query."""
        try:
            async with asyncio.timeout(self.config.timeout_ms / 1000):
                return await self._reader.ask(name, **args)
        except TimeoutError as error:
            raise EngineError("query_timeout", "This took longer than it may.") from error


def _page(message: wire.Message, attachment: bytes) -> Page:
    columns = wire.columns_of(message["columns"])
    return Page(columns, attachment, message["rows"], message["row_count"], message.get("snapshot"))
