"""The index of table versions: what the lake's commits say, in rows that can be asked quickly.

The lake's commit is the commit. Any server of the workspace may have made it, and may have died before it wrote a row,
so rows are only ever made here, in the commits' order, from the last commit that is known to be in the index.
"""

from __future__ import annotations

import asyncio
import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from deita_server import cursors
from deita_server.database import models as rows
from deita_server.database.database import Database
from deita_server.errors import DeitaError

from .manager import missing
from .models import Change, Column, ColumnChange, Source, Version, VersionList

if TYPE_CHECKING:
    from deita_engine.client import Engine
    from deita_engine.shapes import Commit

MARK = "snapshot"


@dataclass(frozen=True)
class FoundVersion:
    """Where a version of a table is: the table's name now, the lake's snapshot."""

    table_id: int
    table: str
    version: int
    snapshot: int
    is_newest: bool


class Versions:
    """Raises DeitaError table_not_found, version_not_found, bad_cursor."""

    def __init__(self, database: Database, engine: Engine) -> None:
        self._database, self._engine = database, engine
        self._syncing = asyncio.Lock()

    async def sync(self) -> None:
        """Add what the lake has and the index has not; where the workspace is only read, others do that."""
        if self._database.read_only:
            return
        async with self._syncing:
            known = await self._database.read(_known)
            commits = await self._engine.commits(known)
            if commits:
                await self._database.write(lambda session: _add(session, commits))

    async def newest(self) -> int:
        """Return the last commit of the lake that is known here."""
        return await self._database.read(_known)

    async def find(self, table: str, version: int | None = None) -> FoundVersion:
        """Return where a version is, the newest without a number; a dropped table is known by its last name.

        Raises DeitaError version_not_found, also for the version that is the table's deletion.
        """
        await self.sync()
        return await self._database.read(lambda session: _find(session, table, version))

    async def list(self, table: str, cursor: str | None, limit: int) -> VersionList:
        """Return a page of a table's versions, newest first, through all its renames."""
        await self.sync()
        before = cursors.decode(f"versions:{table}", cursor) if cursor else None
        if before is not None and not isinstance(before, int):
            raise DeitaError("bad_cursor", "This cursor cannot be read.")
        found, snapshots = await self._database.read(lambda session: _list(session, table, before, limit))
        expired = await self._engine.expired(snapshots)
        for version, snapshot in zip(found.items, snapshots, strict=True):
            version.expired = snapshot in expired
        return found


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
    table = _alive(session, commit.previous_name or commit.table) or _dropped(session, commit.table)
    if table is None:
        table = rows.Table(name=commit.table)
        session.add(table)
    table.name = commit.table
    table.dropped_at = commit.created_at if commit.operation == "drop" else None
    session.flush()
    if commit.operation == "drop":
        session.execute(delete(rows.Profile).where(rows.Profile.table_id == table.id))
    source = commit.source
    version = rows.TableVersion(
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
        restored_version=commit.restored_version,
        created_at=commit.created_at,
        created_by=commit.author,
    )
    session.add(version)
    session.flush()
    read = (source.receipt or {}).get("tables", ())
    session.add_all(rows.Read(version_id=version.id, snapshot=table["snapshot"]) for table in read)
    session.flush()


def _column(commit: Commit, column: dict[str, Any]) -> dict[str, Any]:
    return {**column, "label": column["label"] or commit.labels.get(column["name"])}


def _named(name: str) -> Select[rows.Table]:
    return select(rows.Table).where(func.lower(rows.Table.name) == func.lower(name))


def _alive(session: Session, name: str) -> rows.Table | None:
    query = _named(name).where(rows.Table.dropped_at.is_(None))
    return session.scalars(query).one_or_none()


def _dropped(session: Session, name: str) -> rows.Table | None:
    """The table that last bore the name: who makes a table under it goes on with its versions."""
    query = select(rows.Table).where(
        func.lower(rows.Table.name) == func.lower(name), rows.Table.dropped_at.is_not(None)
    )
    return session.scalars(query.order_by(rows.Table.dropped_at.desc(), rows.Table.id.desc()).limit(1)).one_or_none()


def _find(session: Session, name: str, version: int | None) -> FoundVersion:
    table = _alive(session, name) or _dropped(session, name)
    if table is None or (version is None and table.dropped_at):
        raise missing(name)
    query = select(rows.TableVersion).where(rows.TableVersion.table_id == table.id)
    newest = session.scalars(query.order_by(rows.TableVersion.snapshot.desc()).limit(1)).one()
    wanted = newest.version if version is None else version
    row = session.scalars(query.where(rows.TableVersion.version == wanted)).one_or_none()
    if row is None or row.operation == "drop":
        details = {"table": table.name, "version": wanted, "newest": newest.version}
        told = "is its deletion" if row else "does not exist"
        raise DeitaError("version_not_found", f"Version {wanted} of {table.name} {told}.", details=details)
    return FoundVersion(table.id, table.name, wanted, row.snapshot, row.id == newest.id)


def _list(session: Session, name: str, before: int | None, limit: int) -> tuple[VersionList, list[int]]:
    table = _alive(session, name)
    if table is None:
        raise missing(name)
    query = select(rows.TableVersion).where(rows.TableVersion.table_id == table.id)
    if before is not None:
        query = query.where(rows.TableVersion.snapshot < before)
    found = list(session.scalars(query.order_by(rows.TableVersion.snapshot.desc()).limit(limit + 1)))
    page = found[:limit]
    following = cursors.encode(f"versions:{name}", page[-1].snapshot) if len(found) > limit else None
    ids = [row.import_id for row in page if row.import_id]
    counts = select(rows.Import.id, rows.Import.reject_count).where(rows.Import.id.in_(ids))
    rejected: dict[str, int] = dict(session.execute(counts).tuples().all())
    older = [*found[1:], None]
    items = [_shape(row, old, rejected) for row, old in zip(page, older, strict=False)]
    return VersionList(items=items, next=following), [row.snapshot for row in page]


def _shape(row: rows.TableVersion, before: rows.TableVersion | None, rejected: dict[str, int]) -> Version:
    return Version.model_validate(
        {
            "version": row.version,
            "operation": row.operation,
            "columns": [Column(**column) for column in row.columns],
            "column_changes": _changes(before.columns, row.columns) if before and before.columns else [],
            "rows": row.rows,
            "row_change": row.rows - before.rows if before else None,
            "reject_count": rejected.get(row.import_id or ""),
            "created_at": row.created_at,
            "created_by": row.created_by,
            "message": row.message,
            "source": Source(file=row.file, sha256=row.sha256, recipe=row.recipe, receipt=row.receipt),
            "import_id": row.import_id,
            "query_id": row.query_id,
            "restored_version": row.restored_version,
        }
    )


def _changes(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[ColumnChange]:
    old, new = ({column["name"]: column["type"] for column in columns} for columns in (before, after))
    found = []
    for name in dict.fromkeys((*new, *old)):
        change: Change | None = None
        if name not in old:
            change = "added"
        elif name not in new:
            change = "removed"
        elif old[name] != new[name]:
            change = "type"
        if change:
            found.append(ColumnChange(name=name, change=change, before=old.get(name), after=new.get(name)))
    return found
