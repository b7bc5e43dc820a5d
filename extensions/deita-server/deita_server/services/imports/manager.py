"""Imports: a row that says what is wanted, a task that sees it through, and the lake's word on whether it happened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from deita_engine.names import table_name
from sqlalchemy.orm import Session

from deita_server import cursors
from deita_server.clock import now
from deita_server.database import models as rows
from deita_server.database.database import Database
from deita_server.errors import DeitaError
from deita_server.idempotency import Idempotency, reused
from deita_server.presence import Presence
from deita_server.services.files.needed import UNFINISHED

from . import recipes, records, recovery
from .fetching import named
from .models import Import, ImportList, NewImport, RejectList
from .rejects import Format, Rejects
from .sources import Source, Sources, is_kept, missing, other_origin
from .underway import Underway

if TYPE_CHECKING:
    from deita_engine.client import Engine


class ImportsManager:
    """Raises DeitaError import_not_found, import_state, table_exists, file_not_found, too_many_imports, bad_recipe."""

    def __init__(
        self,
        database: Database,
        engine: Engine,
        sources: Sources,
        underway: Underway,
        rejects: Rejects,
        presence: Presence,
        person: str,
    ) -> None:
        self._database, self._engine, self._sources, self._underway = database, engine, sources, underway
        self._rejects, self._presence, self._person = rejects, presence, person
        self.idempotency = Idempotency()

    async def start(self, new: NewImport, request_id: str, import_id: str) -> str:
        """Note an import and begin it, unless it was begun under this id before; returns its id. One that need not be
        confirmed never waits for a person.
        """
        if await self._was_begun(new, import_id):
            return import_id
        self._underway.check_room()
        await recipes.check(self._engine, new.recipe or {})
        source, recipe, table = await self._wanted(new)
        if new.mode == "create" and await self._table_exists(table):
            raise DeitaError(
                "table_exists",
                f"There is already a table {table}.",
                hint='Choose another name, or "mode": "replace" or "append".',
                details={"table": table},
            )
        row = rows.Import(
            id=import_id,
            file=source.file,
            sha256=source.sha256,
            table=table,
            mode=new.mode,
            state="queued" if new.confirm else "sniffing",
            recipe=recipe,
            reject_count=0,
            server=self._presence.id,
            created_at=now(),
            created_by=self._person,
        )
        await self._database.write(lambda session: self._note(session, row))
        self._underway.begin(row, request_id)
        return row.id

    async def _was_begun(self, new: NewImport, import_id: str) -> bool:
        row = await self._database.read(lambda session: session.get(rows.Import, import_id))
        file = new.file or named(new.source, new.table)
        if row and (row.file, row.mode) != (file, new.mode):
            raise reused()
        return row is not None

    async def _wanted(self, new: NewImport) -> tuple[Source, dict[str, Any], str]:
        """What to read, how, and into which table. What a database is asked for has no hash before it was read."""
        recipe = dict(new.recipe or {})
        if new.source is None:
            assert new.file is not None, "the model asks for one of them"
            source = await self._sources.find(new.file, new.sha256)
            await self._sources.check_origin(source, recipe.get("source"))
            return source, recipe, new.table or table_name(source.file)
        table = new.table or table_name(new.source.table or "query")
        asked = {name: value for name, value in new.source.model_dump().items() if value}
        return Source(named(new.source, table), ""), {**recipe, "source": {"kind": "postgres", **asked}}, table

    def _note(self, session: Session, row: rows.Import) -> None:
        # Asked again inside the transaction: from here on the row keeps the bytes from being removed.
        source = Source(row.file, row.sha256)
        if source.sha256 and not is_kept(session, source):
            raise missing(source)
        session.add(row)

    async def _table_exists(self, table: str) -> bool:
        return any(known.name.casefold() == table.casefold() for known in await self._engine.tables())

    async def get(self, import_id: str, seconds: float = 0) -> Import:
        """Return the import, after waiting at most so long until it is over or waits for review."""
        live = self._underway.find(import_id)
        if live and seconds:
            await asyncio.wait((live.task,), timeout=seconds)
        return self._shape(await self._database.read(lambda session: records.found(session, import_id)))

    async def list(self, cursor: str | None, limit: int) -> ImportList:
        """Return a page of imports, newest first."""
        before = cursors.decode("imports", cursor) if cursor else None
        if before is not None and not (
            isinstance(before, list) and len(before) == 2 and all(isinstance(part, str) for part in before)
        ):
            raise DeitaError("bad_cursor", "This cursor cannot be read.")
        found = await self._database.read(lambda session: records.newest(session, before, limit + 1))
        page = found[:limit]
        following = cursors.encode("imports", [page[-1].created_at, page[-1].id]) if len(found) > limit else None
        return ImportList(items=[self._shape(row) for row in page], next=following)

    def _shape(self, row: rows.Import) -> Import:
        live = self._underway.find(row.id)
        return records.shaped(row, live.run if live else None, live.fetched if live else None)

    async def rejects(self, import_id: str, cursor: str | None, limit: int) -> RejectList:
        """Return a page of the rows that did not fit."""
        row = await self._database.read(lambda session: records.found(session, import_id))
        return await self._rejects.page(row.id, cursor, limit)

    async def all_rejects(self, import_id: str, format: Format, *, raw: bool) -> tuple[str, AsyncIterator[bytes]]:
        """Return a file's name for all rows that did not fit, and its bytes piece by piece."""
        row = await self._database.read(lambda session: records.found(session, import_id))
        return f"{row.file}.rejects.{format}", self._rejects.blocks(row.id, format, raw=raw)

    async def cancel(self, import_id: str) -> Import:
        """End an import for real; what is over stays as it is."""
        live = self._underway.find(import_id)
        if live:
            await live.cancel()
        else:
            await self._database.write(lambda session: _cancel(session, import_id))
        return await self.get(import_id)

    async def confirm(self, import_id: str, recipe: dict[str, Any] | None, request_id: str) -> Import:
        """Go on with an import that waits for review; parts of `recipe` replace what was asked for before."""
        self._underway.check_room()
        await recipes.check(self._engine, recipe or {})
        row = await self._database.write(lambda session: self._confirm(session, import_id, recipe or {}))
        self._underway.begin(row, request_id)
        return await self.get(import_id)

    def _confirm(self, session: Session, import_id: str, recipe: dict[str, Any]) -> rows.Import:
        row = records.found(session, import_id)
        if row.state != "needs_review":
            raise DeitaError(
                "import_state", f"The import is {row.state}, not waiting for review.", details={"state": row.state}
            )
        origin = recipe.get("source")
        if origin and origin != row.recipe.get("source"):
            raise other_origin()
        row.state, row.recipe, row.server = "queued", {**row.recipe, **recipe}, self._presence.id
        row.preview = None
        return row

    async def recover(self) -> None:
        """Finish the rows of servers that died."""
        await self._database.write(lambda session: recovery.recover(session, self._presence, self._rejects))

    def stop(self) -> None:
        """Get ready for the end of the engine."""
        self._underway.stop()

    async def close(self) -> None:
        """Wait until the rows of what ran say how it ended; the engine is stopped already."""
        await self._underway.close()


def _cancel(session: Session, import_id: str) -> None:
    row = records.found(session, import_id)
    if row.state == "needs_review":
        row.state, row.finished_at, row.preview = "cancelled", now(), None
    elif row.state in UNFINISHED:
        raise DeitaError("import_state", "Another server of this workspace runs this import; cancel it there.")
