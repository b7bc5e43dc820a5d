"""Taking back what a statement wrote: the table becomes what it was before, as a new version; nothing is lost.

Only what a table is now can be taken back, so that nobody's later work goes with it: its newest version, or one that
the newest brought back, as an undo of what came later does. The engine looks again under the lock that every write
takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deita_engine.shapes import EngineError
from sqlalchemy import select
from sqlalchemy.orm import Session

from deita_server.database import models as rows
from deita_server.errors import DeitaError
from deita_server.services.tables.origins import version_of_query

from .models import Undone

if TYPE_CHECKING:
    from deita_engine.client import Engine

    from deita_server.database.database import Database
    from deita_server.services.queries.manager import QueriesManager
    from deita_server.services.tables.manager import TablesManager
    from deita_server.services.tables.versions import Versions

NAMED = 20


@dataclass(frozen=True)
class Written:
    """What a statement wrote: a version, its snapshot and that of the one before (None: there was no table), the
    snapshot of the newest version, and what others did later.
    """

    table: str
    version: int
    operation: str
    snapshot: int
    before: int | None
    newest: int
    later: list[dict[str, Any]]


class UndoManager:
    """Raises DeitaError query_not_found, nothing_to_undo, table_changed_since; EngineError version_expired."""

    def __init__(
        self,
        database: Database,
        engine: Engine,
        versions: Versions,
        tables: TablesManager,
        queries: QueriesManager,
        person: str,
    ) -> None:
        self._database, self._engine, self._versions = database, engine, versions
        self._tables, self._queries, self._person = tables, queries, person

    async def run(self, query_id: str) -> Undone:
        """Take back what the query wrote, whoever ran it."""
        written = await self._written(query_id)
        if written.later:
            raise _changed(written)
        try:
            name = await self._take_back(written)
        except EngineError as error:
            if error.code != "table_changed_since":
                raise
            raise _changed(await self._written(query_id)) from error
        await self._versions.sync()
        now = await self._tables.get(name) if name else None
        return Undone(table=written.table, version=written.version, now=now)

    async def _written(self, query_id: str) -> Written:
        await self._versions.sync()
        written = await self._database.read(lambda session: _find(session, query_id))
        if written is None:
            await self._queries.finished(query_id)
            raise DeitaError("nothing_to_undo", "This query changed no table.")
        return written

    async def _take_back(self, written: Written) -> str | None:
        """Bring the table back; returns its name, None when it is gone."""
        table, since, made = written.table, written.newest, written.snapshot
        if written.operation == "rename":
            (commit,) = [found for found in await self._engine.commits(made - 1) if found.snapshot == made]
            await self._engine.rename_table(table, commit.previous_name or table, self._person, since)
            return commit.previous_name
        if written.before is None:
            await self._engine.drop_table(table, self._person, f"Undo version {written.version}", since)
            return None
        await self._engine.restore_table(table, written.before, self._person, since)
        return table


def _find(session: Session, query_id: str) -> Written | None:
    version = version_of_query(session, query_id)
    if version is None:
        return None
    snapshot, of_table = rows.TableVersion.snapshot, rows.TableVersion.table_id == version.table_id
    older = select(rows.TableVersion).where(of_table, snapshot < version.snapshot).order_by(snapshot.desc()).limit(1)
    newer = select(rows.TableVersion).where(of_table, snapshot > version.snapshot).order_by(snapshot)
    before, later = session.scalars(older).one_or_none(), list(session.scalars(newer))
    newest = later[-1] if later else version
    if _stands_for({row.version: row for row in later}, newest) == version.version:
        later = []
    return Written(
        version.table.name,
        version.version,
        version.operation,
        version.snapshot,
        before.snapshot if before and before.operation != "drop" else None,
        newest.snapshot,
        [_told(row) for row in later[:NAMED]],
    )


def _stands_for(later: dict[int, rows.TableVersion], newest: rows.TableVersion) -> int:
    """The version whose rows the newest one has: the one that it brought back, if it did."""
    number = newest.version
    while number in later and (restored := later[number].restored_version):
        number = restored
    return number


def _told(row: rows.TableVersion) -> dict[str, Any]:
    names = ("version", "operation", "created_at", "created_by", "message")
    return {name: getattr(row, name) for name in names}


def _changed(written: Written) -> DeitaError:
    message = f"{written.table} was changed since version {written.version}, so that it cannot be taken back alone."
    details = {"table": written.table, "version": written.version, "changes": written.later}
    return DeitaError("table_changed_since", message, "Look at the later changes, then restore a version.", details)
