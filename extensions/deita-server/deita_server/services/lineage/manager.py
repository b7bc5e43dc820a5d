"""What a table version is made from, and what is made from it: followed through the index of table versions.

Up goes by what a version itself says: its file and recipe, its query and the versions that it read, the version before
whose rows it keeps. Down goes the same ways back, by the index of what was read. Views follow their tables, so that one
hangs below every version; people's own queries are theirs and do not appear, the query that made a version does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from deita_server.database import models as rows
from deita_server.services.tables.origins import ADDING, before, newest_of, version_made_by

from .graph import Graph
from .models import Lineage, Node

if TYPE_CHECKING:
    from deita_server.database.database import Database
    from deita_server.services.tables.versions import Versions

NAME_LENGTH = 200


class LineageManager:
    """Raises DeitaError table_not_found, version_not_found."""

    def __init__(self, database: Database, versions: Versions) -> None:
        self._database, self._versions = database, versions

    async def of(self, table: str, version: int | None, depth: int) -> Lineage:
        """Return the lineage of a version, the newest without a number, so many steps up and down."""
        found = await self._versions.find(table, version)
        return await self._database.read(lambda session: _Walker(session).lineage(found.snapshot, depth))


class _Walker:
    def __init__(self, session: Session) -> None:
        self._session, self._graph = session, Graph()

    def lineage(self, snapshot: int, depth: int) -> Lineage:
        start = version_made_by(self._session, snapshot)
        assert start is not None  # it was found a moment ago, and rows of the index stay
        self._graph.add(_node(start))
        self._graph.walk(start, self._up, _id, depth)
        self._graph.walk(start, self._down, _id, depth)
        return self._graph.lineage(_node(start))

    # up

    def _up(self, version: rows.TableVersion) -> Iterator[rows.TableVersion]:
        node, graph = _node(version), self._graph
        earlier = before(self._session, version)
        if earlier and graph.add(_node(earlier), node):
            yield earlier
        if version.operation == "restore":  # it has the source of what it restored, which the graph comes to
            return
        if version.file:
            graph.add(_file(version), _import(version), node)
        elif version.receipt and graph.add(_query(version), node):
            for read in self._read_by(version):
                if graph.add(_node(read), _query(version)) and not _is_view(read):
                    yield read

    def _read_by(self, version: rows.TableVersion) -> Iterator[rows.TableVersion]:
        """The versions that a query read; a view reads its tables as they stand."""
        query = select(rows.TableVersion).join(rows.Read, rows.Read.snapshot == rows.TableVersion.snapshot)
        for read in self._session.scalars(query.where(rows.Read.version_id == version.id)):
            yield newest_of(self._session, read.table_id) if _is_view(version) else read

    # down

    def _down(self, version: rows.TableVersion) -> Iterator[rows.TableVersion]:
        for later in self._going_on(version):
            if self._graph.add(_node(version), _node(later)):
                yield later
        for made in self._made_from(version):
            if self._graph.add(_node(version), _query(made), _node(made)):
                yield made
        for saved in self._saved(version):
            self._graph.add(_node(version), _saved(*saved))

    def _going_on(self, version: rows.TableVersion) -> Iterator[rows.TableVersion]:
        """The versions of the same table that keep this one's rows."""
        query = select(rows.TableVersion).where(rows.TableVersion.table_id == version.table_id)
        later = query.where(rows.TableVersion.snapshot > version.snapshot).order_by(rows.TableVersion.snapshot)
        following = self._session.scalars(later.limit(1)).one_or_none()
        if following and following.operation in ADDING:
            yield following
        yield from self._session.scalars(
            query.where(rows.TableVersion.operation == "restore", rows.TableVersion.restored_version == version.version)
        )

    def _made_from(self, version: rows.TableVersion) -> Iterator[rows.TableVersion]:
        """Versions of tables whose query read this one, and views over the table."""
        read = aliased(rows.TableVersion)
        query = (
            select(rows.TableVersion, read.snapshot)
            .join(rows.Read, rows.Read.version_id == rows.TableVersion.id)
            .join(read, read.snapshot == rows.Read.snapshot)
            .where(read.table_id == version.table_id)
            .order_by(rows.TableVersion.snapshot)
        )
        for made, snapshot in self._session.execute(query).tuples():
            if _is_view(made):
                if newest_of(self._session, made.table_id).id == made.id:
                    yield made
            elif snapshot == version.snapshot:
                yield made

    def _saved(self, version: rows.TableVersion) -> Iterator[tuple[rows.SavedQuery, rows.SavedQueryVersion]]:
        """Saved queries that read the table, by the name that it has now."""
        alive = (rows.SavedQuery.deleted_at.is_(None), rows.SavedQueryVersion.version == rows.SavedQuery.version)
        query = select(rows.SavedQuery, rows.SavedQueryVersion).join(
            rows.SavedQueryVersion, rows.SavedQueryVersion.saved_query_id == rows.SavedQuery.id
        )
        name = version.table.name
        for saved, latest in self._session.execute(query.where(*alive)).tuples():
            if name in latest.tables and version.table.dropped_at is None:
                yield saved, latest


def _id(version: rows.TableVersion) -> str:
    return f"version:{version.snapshot}"


def _is_view(version: rows.TableVersion) -> bool:
    return (version.receipt or {}).get("kind") == "view"


def _node(version: rows.TableVersion) -> Node:
    return Node(
        id=_id(version),
        kind="view" if _is_view(version) else "table",
        name=version.table.name,
        version=version.version,
        operation=version.operation,
        rows=None if _is_view(version) else version.rows,
        created_at=version.created_at,
        created_by=version.created_by,
    )


def _file(version: rows.TableVersion) -> Node:
    return Node(id=f"file:{version.sha256}:{version.file}", kind="file", name=version.file or "", key=version.sha256)


def _import(version: rows.TableVersion) -> Node:
    return Node(
        id=f"import:{version.import_id or version.snapshot}",
        kind="import",
        name=version.file or "",
        operation=version.operation,
        key=version.import_id,
        created_at=version.created_at,
        created_by=version.created_by,
    )


def _query(version: rows.TableVersion) -> Node:
    return Node(
        id=f"query:{version.query_id or version.snapshot}",
        kind="query",
        name=" ".join((version.receipt or {}).get("sql", "").split())[:NAME_LENGTH],
        operation=version.operation,
        key=version.query_id,
        created_at=version.created_at,
        created_by=version.created_by,
    )


def _saved(saved: rows.SavedQuery, latest: rows.SavedQueryVersion) -> Node:
    return Node(
        id=f"saved:{saved.id}",
        kind="saved_query",
        name=saved.slug,
        version=latest.version,
        created_at=latest.created_at,
        created_by=latest.created_by,
    )
