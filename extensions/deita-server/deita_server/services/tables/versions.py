"""The index of table versions: what the lake's commits say, in rows that can be asked quickly.

The lake's commit is the commit. Any server of the workspace may have made it, and may have died before it wrote a row,
so rows are only ever made here, in the commits' order, from the last commit that is known to be in the index.
"""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from deita_server import cursors
from deita_server.database import models as rows
from deita_server.database.database import Database
from deita_server.errors import DeitaError

from .manager import missing
from .models import Column, Source, Version, VersionList

if TYPE_CHECKING:
    from deita_engine.client import Engine
    from deita_engine.shapes import Commit

MARK = "snapshot"


class Versions:
    """Raises DeitaError table_not_found, bad_cursor."""

    def __init__(self, database: Database, engine: Engine) -> None:
        self._database, self._engine = database, engine
        self._syncing = asyncio.Lock()

    async def sync(self) -> None:
        """Add what the lake has and the index has not."""
        async with self._syncing:
            known = await self._database.read(_known)
            commits = await self._engine.commits(known)
            if commits:
                await self._database.write(lambda session: _add(session, commits))

    async def list(self, table: str, cursor: str | None, limit: int) -> VersionList:
        """Return a page of a table's versions, newest first, through all its renames."""
        await self.sync()
        before = cursors.decode(f"versions:{table}", cursor) if cursor else None
        if before is not None and not isinstance(before, int):
            raise DeitaError("bad_cursor", "This cursor cannot be read.")
        return await self._database.read(lambda session: _list(session, table, before, limit))


def _known(session: Session) -> int:
    mark = session.get(rows.Mark, MARK)
    return mark.value if mark else 0


def _add(session: Session, commits: list[Commit]) -> None:
    mark = session.get(rows.Mark, MARK)
    if mark is None:
        mark = rows.Mark(name=MARK, value=0)
        session.add(mark)
    for commit in commits:
        if commit.snapshot > mark.value:
            _apply(session, commit)
    mark.value = max(mark.value, commits[-1].snapshot)


def _apply(session: Session, commit: Commit) -> None:
    table = _alive(session, commit.previous_name or commit.table)
    if table is None:
        table = rows.Table(name=commit.table)
        session.add(table)
    if commit.operation == "rename":
        table.name = commit.table
    if commit.operation == "drop":
        table.dropped_at = commit.created_at
    session.flush()
    source = commit.source
    session.add(
        rows.TableVersion(
            table_id=table.id,
            version=commit.version,
            snapshot=commit.snapshot,
            operation=commit.operation,
            rows=commit.rows,
            columns=[_column(commit, dataclasses.asdict(column)) for column in commit.columns],
            file=source.file,
            sha256=source.sha256,
            recipe=source.recipe,
            receipt=source.receipt,
            message=commit.message,
            import_id=commit.import_id,
            query_id=commit.query_id,
            created_at=commit.created_at,
            created_by=commit.author,
        )
    )
    session.flush()


def _column(commit: Commit, column: dict[str, Any]) -> dict[str, Any]:
    return {**column, "label": column["label"] or commit.labels.get(column["name"])}


def _alive(session: Session, name: str) -> rows.Table | None:
    query = select(rows.Table).where(rows.Table.name.collate("NOCASE") == name, rows.Table.dropped_at.is_(None))
    return session.scalars(query).one_or_none()


def _list(session: Session, name: str, before: int | None, limit: int) -> VersionList:
    table = _alive(session, name)
    if table is None:
        raise missing(name)
    query = select(rows.TableVersion).where(rows.TableVersion.table_id == table.id)
    if before is not None:
        query = query.where(rows.TableVersion.snapshot < before)
    found = list(session.scalars(query.order_by(rows.TableVersion.snapshot.desc()).limit(limit + 1)))
    page = found[:limit]
    following = cursors.encode(f"versions:{name}", page[-1].snapshot) if len(found) > limit else None
    return VersionList(items=[_shape(version) for version in page], next=following)


def _shape(row: rows.TableVersion) -> Version:
    return Version.model_validate(
        {
            "version": row.version,
            "operation": row.operation,
            "columns": [Column(**column) for column in row.columns],
            "rows": row.rows,
            "created_at": row.created_at,
            "created_by": row.created_by,
            "message": row.message,
            "source": Source(file=row.file, sha256=row.sha256, recipe=row.recipe, receipt=row.receipt),
            "import_id": row.import_id,
            "query_id": row.query_id,
        }
    )
