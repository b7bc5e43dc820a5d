"""Imports under way in this server: each a task that sees it through and writes down how it ended."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from logging import Logger
from typing import TYPE_CHECKING, Any, TypeVar

from deita_engine.shapes import EngineError, ImportSpec
from sqlalchemy.orm import Session

from deita_server.clock import now
from deita_server.database import models as rows
from deita_server.database.database import Database
from deita_server.errors import DeitaError, KnownError, embedded
from deita_server.services.files.upload import disk_error
from deita_server.services.tables.versions import Versions

from . import records
from .endings import ending
from .fetching import Fetched, Fetcher
from .models import Reading
from .previews import Previews
from .rejects import Rejects
from .sources import Source, Sources

if TYPE_CHECKING:
    from deita_engine.client import Engine, Run

PASSING = ("no_space", "workspace_busy", "engine_lost", "storage_unavailable")
PAUSE_S = 1.0

Result = TypeVar("Result")


@dataclass
class Live:
    """The task that sees an import through; what it waits for: rows of a database, the look at the file, then the
    engine's run. `fetched` is how much of the rows was read, None where they lie in a file.
    """

    task: asyncio.Task[None]
    fetching: asyncio.Task[Fetched] | None = None
    fetched: float | None = None
    looking: asyncio.Task[Reading] | None = None
    run: Run | None = None
    cancelled: bool = False

    async def cancel(self) -> None:
        """End it for real; returns when its row says so."""
        self.cancelled = True
        if self.fetching:
            self.fetching.cancel()
        if self.looking:
            self.looking.cancel()
        if self.run:
            await self.run.cancel()
        await asyncio.wait((self.task,))


class Underway:
    """Raises DeitaError too_many_imports."""

    def __init__(
        self,
        database: Database,
        engine: Engine,
        sources: Sources,
        versions: Versions,
        previews: Previews,
        rejects: Rejects,
        fetcher: Fetcher,
        max_live: int,
        review_below: float,
        log: Logger,
    ) -> None:
        self._database, self._engine, self._sources, self._versions = database, engine, sources, versions
        self._previews, self._rejects, self._max_live, self._log = previews, rejects, max_live, log
        self._review_below, self._fetcher = review_below, fetcher
        self._live: dict[str, Live] = {}
        self._stopping = asyncio.Event()

    def check_room(self) -> None:
        """Refuse when as many imports run or wait as may."""
        if len(self._live) >= self._max_live:
            raise DeitaError("too_many_imports", "Too many imports are running or waiting.")

    def find(self, import_id: str) -> Live | None:
        """Return the import if it is under way here."""
        return self._live.get(import_id)

    def begin(self, row: rows.Import, request_id: str) -> None:
        """See an import through, from a look at the file when its state is `sniffing`."""
        live = Live(asyncio.get_running_loop().create_task(self._see_through(row, request_id)))
        self._live[row.id] = live
        live.task.add_done_callback(lambda task: self._ended(row.id, task))

    def stop(self) -> None:
        """Get ready for the end of the engine: what it takes along is left to whoever starts next."""
        self._stopping.set()
        for live in self._live.values():
            if live.fetching:
                live.fetching.cancel()  # and with it what runs in somebody's database

    async def close(self) -> None:
        """Wait until the rows of what ran say how it ended; the engine is stopped already."""
        if self._live:
            await asyncio.wait([live.task for live in self._live.values()], timeout=10)

    def _ended(self, import_id: str, task: asyncio.Task[None]) -> None:
        self._live.pop(import_id, None)
        if not task.cancelled() and task.exception():
            self._log.error("The import %s could not be written down", import_id, exc_info=task.exception())

    async def _see_through(self, row: rows.Import, request_id: str) -> None:
        live = self._live[row.id]
        try:
            if not row.sha256 and await self._ends_fetching(row, live):
                return
            if row.state == "sniffing" and await self._stops(row, live):
                return
            run = live.run = await self._engine.import_file(await self._spec(row))
        except Exception as error:  # noqa: BLE001 - whatever it was, an import that nobody ends would never end
            await self._finish(row.id, {"state": "failed", "error": embedded(self._known(error), request_id)})
            return
        if live.cancelled:
            await run.cancel()
        await self._update(row.id, {"state": "running"})
        await run.wait()
        await self._close(row.id, run, request_id)

    def _known(self, error: Exception) -> KnownError:
        """The error as it may be shown; what nobody foresaw goes into the log."""
        if isinstance(error, OSError):
            error = disk_error(error)
        if isinstance(error, EngineError | DeitaError):
            return error
        self._log.error("An import could not begin", exc_info=error)
        return DeitaError("internal", "Something went wrong here; the server's log says what.")

    async def _ends_fetching(self, row: rows.Import, live: Live) -> bool:
        """Read what a database is asked for into a file; True when the import ends here."""
        live.fetched = 0.0

        def told(share: float) -> None:
            live.fetched = share

        if row.state == "queued":
            await self._update(row.id, {"state": "running"})
        asked = self._fetcher.fetch(row.file, row.recipe["source"], told)
        live.fetching = asyncio.get_running_loop().create_task(asked)
        await asyncio.wait((live.fetching,))
        if live.cancelled:
            await self._finish(row.id, {"state": "cancelled"})
            return True
        found = live.fetching.result()
        row.sha256, row.recipe = found.sha256, {**row.recipe, "source": found.source}
        await self._update(row.id, {"sha256": row.sha256, "recipe": row.recipe})
        return False

    async def _stops(self, row: rows.Import, live: Live) -> bool:
        """Look at the file; True when the import ends here or waits for a person."""
        source = Source(row.file, row.sha256)
        live.looking = asyncio.get_running_loop().create_task(self._previews.look(source, row.recipe))
        await asyncio.wait((live.looking,))
        if live.cancelled:
            await self._finish(row.id, {"state": "cancelled"})
            return True
        try:
            reading = live.looking.result()
        except EngineError as error:
            if error.code != "preview_timeout":
                raise
            return False  # a file that is slow to look at asks no questions
        if reading.preview.confidence >= self._review_below:
            return False
        await self._update(row.id, {"state": "needs_review", "preview": reading.model_dump()})
        return True

    async def _spec(self, row: rows.Import) -> ImportSpec:
        return ImportSpec(
            id=row.id,
            path=str(await self._sources.path(Source(row.file, row.sha256))),
            file=row.file,
            sha256=row.sha256,
            table=row.table,
            person=row.created_by,
            mode=row.mode,  # type: ignore[arg-type]  # NewImport validated it
            recipe=row.recipe,
        )

    async def _close(self, import_id: str, run: Run, request_id: str) -> None:
        if run.commit is None and self._stopping.is_set():
            return  # whether the lake has it cannot be asked any more: recovery will
        await self._finish(import_id, await self._persistently(partial(self._ending, import_id, run, request_id)))

    async def _ending(self, import_id: str, run: Run, request_id: str) -> dict[str, Any]:
        """What the row is to say. An engine may be lost between its commit and its word about it."""
        await self._versions.sync()
        if run.commit is None:
            made = await self._database.read(lambda session: ending(session, import_id, self._rejects))
            if made:
                return made
            await asyncio.to_thread(self._rejects.discard, import_id)
        found: dict[str, Any] = {"state": run.state, "reject_count": run.reject_count, "counts": run.counts}
        if run.recipe is not None:
            found["recipe"] = run.recipe
        if run.error:
            found["error"] = embedded(run.error, request_id)
        if run.commit:
            found |= {"version": run.commit.version, "rows": run.rows, "table": run.commit.table}
        return found

    async def _finish(self, import_id: str, values: dict[str, Any]) -> None:
        await self._update(import_id, {**values, "finished_at": now()})

    async def _update(self, import_id: str, values: dict[str, Any]) -> None:
        def change(session: Session) -> None:
            row = records.found(session, import_id)
            for name, value in values.items():
                setattr(row, name, value)

        await self._persistently(partial(self._database.write, change))

    async def _persistently(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Do it as often as it takes: an import whose end nobody wrote down would never end."""
        while True:
            try:
                return await work()
            except (DeitaError, EngineError) as error:
                if error.code not in PASSING or self._stopping.is_set():
                    raise
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), PAUSE_S)
