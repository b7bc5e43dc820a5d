"""Imports: a row that says what is wanted, a task that sees it through, and the lake's word on whether it happened.

A server may be killed at any moment, so a row in the middle is never believed by itself: `recover` asks whose server
still lives and which commits carry the import's id.
"""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from logging import Logger
from typing import TYPE_CHECKING, Any

from deita_engine.names import table_name
from deita_engine.shapes import EngineError, ImportSpec
from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from deita_server import cursors
from deita_server.clock import now
from deita_server.database import models as rows
from deita_server.database.database import Database
from deita_server.errors import DeitaError, embedded
from deita_server.idempotency import Idempotency
from deita_server.presence import Presence
from deita_server.services.files.manager import UNFINISHED, FilesManager
from deita_server.services.tables.versions import Versions

from .models import Import, ImportList, NewImport, RejectList
from .rejects import keep_rejects, list_rejects

if TYPE_CHECKING:
    from deita_engine.client import Engine, Run


@dataclass
class Live:
    """An import that this server runs: the task that sees it through and, once accepted, the engine's run."""

    task: asyncio.Task[None]
    run: Run | None = None
    cancelled: bool = False


class ImportsManager:
    """Raises DeitaError import_not_found, import_state, table_exists, file_not_found, too_many_imports."""

    def __init__(
        self,
        database: Database,
        engine: Engine,
        files: FilesManager,
        versions: Versions,
        presence: Presence,
        person: str,
        max_live: int,
        log: Logger,
    ) -> None:
        self._database, self._engine, self._files, self._versions = database, engine, files, versions
        self._presence, self._person, self._max_live, self._log = presence, person, max_live, log
        self._live: dict[str, Live] = {}
        self.idempotency = Idempotency()

    async def start(self, new: NewImport, request_id: str) -> str:
        """Note an import and, unless it is to be reviewed first, begin it; returns its id."""
        self._check_room()
        file = await self._files.get(new.file)
        table = new.table or table_name(file.name)
        if new.mode == "create" and await self._table_exists(table):
            raise DeitaError(
                "table_exists",
                f"There is already a table {table}.",
                hint='Choose another name, or "mode": "replace" or "append".',
                details={"table": table},
            )
        row = rows.Import(
            id=str(uuid.uuid4()),
            file=file.name,
            sha256=file.sha256,
            table=table,
            mode=new.mode,
            state="queued" if new.confirm else "needs_review",
            recipe=new.recipe or {},
            reject_count=0,
            server=self._presence.id,
            created_at=now(),
            created_by=self._person,
        )
        await self._database.write(lambda session: self._note(session, row))
        if new.confirm:
            self._begin(row, request_id)
        return row.id

    def _note(self, session: Session, row: rows.Import) -> None:
        # Asked again inside the transaction: from here on the row keeps the file's bytes from being removed.
        known = select(rows.FileVersion.id).join(rows.FileVersion.file)
        alive = known.where(rows.FileVersion.sha256 == row.sha256, rows.File.deleted_at.is_(None)).limit(1)
        if session.scalar(alive) is None:
            raise DeitaError("file_not_found", "There is no such file.", details={"file": row.file})
        session.add(row)

    def _check_room(self) -> None:
        if len(self._live) >= self._max_live:
            raise DeitaError("too_many_imports", "Too many imports are running or waiting.")

    async def _table_exists(self, table: str) -> bool:
        return any(known.name.casefold() == table.casefold() for known in await self._engine.tables())

    # running

    def _begin(self, row: rows.Import, request_id: str) -> None:
        live = Live(asyncio.get_running_loop().create_task(self._see_through(row, request_id)))
        self._live[row.id] = live
        live.task.add_done_callback(lambda task: self._ended(row.id, task))

    def _ended(self, import_id: str, task: asyncio.Task[None]) -> None:
        self._live.pop(import_id, None)
        if not task.cancelled() and task.exception():
            self._log.error("The import %s could not be written down", import_id, exc_info=task.exception())

    async def _see_through(self, row: rows.Import, request_id: str) -> None:
        try:
            run = await self._engine.import_file(await self._spec(row))
        except (EngineError, DeitaError) as error:
            await self._finish(row.id, {"state": "failed", "error": embedded(error, request_id)})
            return
        live = self._live[row.id]
        live.run = run
        if live.cancelled:
            await run.cancel()
        await self._update(row.id, {"state": "running"})
        await run.wait()
        await self._close(row.id, run, request_id)

    async def _spec(self, row: rows.Import) -> ImportSpec:
        return ImportSpec(
            id=row.id,
            path=str(await self._files.path(row.file, row.sha256)),
            file=row.file,
            sha256=row.sha256,
            table=row.table,
            person=row.created_by,
            mode=row.mode,  # type: ignore[arg-type]  # NewImport validated it
            recipe=row.recipe,
        )

    async def _close(self, import_id: str, run: Run, request_id: str) -> None:
        found: dict[str, Any] = {"state": run.state, "reject_count": run.reject_count}
        if run.recipe is not None:
            found["recipe"] = run.recipe
        if run.error:
            found["error"] = embedded(run.error, request_id)
        if run.commit:
            found |= {"version": run.commit.version, "rows": run.rows, "table": run.commit.table}
            await self._versions.sync()
        if run.rejects:
            await keep_rejects(self._database, import_id, run.rejects)
        await self._finish(import_id, found)

    async def _finish(self, import_id: str, values: dict[str, Any]) -> None:
        await self._update(import_id, {**values, "finished_at": now()})

    async def _update(self, import_id: str, values: dict[str, Any]) -> None:
        def change(session: Session) -> None:
            row = session.get_one(rows.Import, import_id)
            for name, value in values.items():
                setattr(row, name, value)

        await self._database.write(change)

    # asking

    async def get(self, import_id: str, seconds: float = 0) -> Import:
        """Return the import, after waiting at most so long for its end."""
        live = self._live.get(import_id)
        if live and seconds:
            await asyncio.wait((live.task,), timeout=seconds)
        row = await self._database.read(lambda session: _row(session, import_id))
        return self._shape(row)

    async def list(self, cursor: str | None, limit: int) -> ImportList:
        """Return a page of imports, newest first."""
        before = cursors.decode("imports", cursor) if cursor else None
        if before is not None and not (
            isinstance(before, list) and len(before) == 2 and all(isinstance(part, str) for part in before)
        ):
            raise DeitaError("bad_cursor", "This cursor cannot be read.")
        found = await self._database.read(lambda session: _list(session, before, limit))
        page = found[:limit]
        following = cursors.encode("imports", [page[-1].created_at, page[-1].id]) if len(found) > limit else None
        return ImportList(items=[self._shape(row) for row in page], next=following)

    async def rejects(self, import_id: str, cursor: str | None, limit: int) -> RejectList:
        """Return a page of the lines that did not become rows."""
        await self._database.read(lambda session: _row(session, import_id))
        return await list_rejects(self._database, import_id, cursor, limit)

    def _shape(self, row: rows.Import) -> Import:
        live = self._live.get(row.id)
        run = live.run if live else None
        progress = 1.0 if row.state == "done" else min(run.progress, 1.0) if run else 0.0
        return Import.model_validate(
            {
                "id": row.id,
                "state": row.state,
                "file": row.file,
                "table": row.table,
                "mode": row.mode,
                "version": row.version,
                "recipe": (run.recipe if run and run.recipe else row.recipe),
                "preview": row.preview,
                "rows": row.rows,
                "reject_count": row.reject_count,
                "progress": progress,
                "error": row.error,
                "created_at": row.created_at,
                "created_by": row.created_by,
                "finished_at": row.finished_at,
            }
        )

    # changing one's mind

    async def cancel(self, import_id: str) -> Import:
        """End an import for real; what is over stays as it is."""
        live = self._live.get(import_id)
        if live:
            live.cancelled = True
            if live.run:
                await live.run.cancel()
            await asyncio.wait((live.task,))
        else:
            await self._database.write(lambda session: self._cancel(session, import_id))
        return await self.get(import_id)

    def _cancel(self, session: Session, import_id: str) -> None:
        row = _row(session, import_id)
        if row.state == "needs_review":
            row.state, row.finished_at = "cancelled", now()
        elif row.state in UNFINISHED:
            raise DeitaError("import_state", "Another server of this workspace runs this import; cancel it there.")

    async def confirm(self, import_id: str, recipe: dict[str, Any] | None, request_id: str) -> Import:
        """Go on with an import that waits for review; parts of `recipe` replace what it had."""
        self._check_room()
        row = await self._database.write(lambda session: self._confirm(session, import_id, recipe or {}))
        self._begin(row, request_id)
        return await self.get(import_id)

    def _confirm(self, session: Session, import_id: str, recipe: dict[str, Any]) -> rows.Import:
        row = _row(session, import_id)
        if row.state != "needs_review":
            raise DeitaError(
                "import_state", f"The import is {row.state}, not waiting for review.", details={"state": row.state}
            )
        row.state, row.recipe, row.server = "queued", {**row.recipe, **recipe}, self._presence.id
        return row

    # after a death

    async def recover(self) -> None:
        """Finish the rows of servers that died: done when the lake has the commit, otherwise failed `interrupted`."""
        await self._database.write(self._recover)

    def _recover(self, session: Session) -> None:
        running = select(rows.Import).where(rows.Import.state.in_(UNFINISHED), rows.Import.state != "needs_review")
        for row in session.scalars(running):
            if self._presence.lives(row.server):
                continue
            made = select(rows.TableVersion).where(rows.TableVersion.import_id == row.id)
            version = session.scalars(made.limit(1)).one_or_none()
            row.finished_at = now()
            if version:
                row.state, row.version, row.rows = "done", version.version, version.rows
                row.recipe = version.recipe or row.recipe
            else:
                row.state, row.error = "failed", embedded(INTERRUPTED, row.id)

    async def close(self) -> None:
        """Wait until the rows of what ran say how it ended; the engine is stopped already."""
        if self._live:
            await asyncio.wait([live.task for live in self._live.values()], timeout=10)


INTERRUPTED = DeitaError(
    "interrupted",
    "The server stopped before the import was done; nothing of it is in the table.",
    hint="Import it again.",
)


def _row(session: Session, import_id: str) -> rows.Import:
    row = session.get(rows.Import, import_id)
    if row is None:
        raise DeitaError("import_not_found", "There is no such import.", details={"id": import_id[:64]})
    return row


def _list(session: Session, before: list[str] | None, limit: int) -> list[rows.Import]:
    query = select(rows.Import).order_by(rows.Import.created_at.desc(), rows.Import.id.desc()).limit(limit + 1)
    if before:
        query = query.where(tuple_(rows.Import.created_at, rows.Import.id) < tuple_(*before))
    return list(session.scalars(query))
