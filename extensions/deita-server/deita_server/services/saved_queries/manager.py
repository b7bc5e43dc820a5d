"""Saved queries of the workspace: made, changed, deleted, brought back. Every save is a version that stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from deita_server import cursors
from deita_server.clock import now
from deita_server.database import models as rows
from deita_server.errors import DeitaError
from deita_server.idempotency import Idempotency

from . import records
from .checking import check
from .models import (
    DeclaredParameter,
    NewSavedQuery,
    RestoreSavedQuery,
    SavedQuery,
    SavedQueryChange,
    SavedQueryList,
    SavedQueryVersionList,
)
from .records import Content
from .slugs import checked_name, checked_slug, slug_from

if TYPE_CHECKING:
    from deita_engine.client import Engine

    from deita_server.database.database import Database


class SavedQueriesManager:
    """Raises DeitaError saved_query_not_found, saved_query_exists, saved_query_changed, bad_parameter,
    version_not_found, version_expired, and what the engine says of a statement that cannot run.
    """

    def __init__(self, database: Database, engine: Engine, person: str) -> None:
        self._database, self._engine, self._person = database, engine, person
        self.idempotency = Idempotency()

    async def list(self, cursor: str | None, limit: int) -> SavedQueryList:
        """Return a page of saved queries, by slug."""
        after = cursors.decode("saved-queries", cursor) if cursor else ""
        if not isinstance(after, str):
            raise DeitaError("bad_cursor", "This cursor cannot be read.")
        return await self._database.read(lambda session: _list(session, after, limit))

    async def get(self, slug: str) -> SavedQuery:
        """Return a saved query as it stands."""
        return await self._database.read(lambda session: _get(session, slug))

    async def create(self, new: NewSavedQuery, key: str | None = None) -> str:
        """Save a statement and return its slug; under the slug of a deleted one it goes on with its versions. With a
        key it is saved once, also by an earlier server.
        """
        name = checked_name(new.name)
        slug = checked_slug(new.slug) if new.slug else slug_from(name)
        found = await check(self._engine, new.sql, new.params, strict=True)
        content = Content.checked(name, new.description, new.sql, found)
        await self._database.write(lambda session: self._create(session, slug, content, new.message, key))
        return slug

    def _create(self, session: Session, slug: str, content: Content, message: str, key: str | None) -> None:
        query = session.scalars(select(rows.SavedQuery).where(rows.SavedQuery.slug == slug)).one_or_none()
        if query and key and records.was_made_with(session, query, key):
            return
        records.check_room(session)
        if query is not None and not query.deleted_at:
            details = {"slug": slug, "version": query.version}
            hint = "Choose another name, or change the one that is there."
            raise DeitaError("saved_query_exists", f"There is already a saved query {slug}.", hint, details)
        if query is None:
            query = rows.SavedQuery(slug=slug, version=0, created_at=now(), created_by=self._person)
        records.add(session, query, "create", content, self._person, message).key = key

    async def change(self, slug: str, change: SavedQueryChange, expected: int | None = None) -> SavedQuery:
        """Save what is different as a new version and return the saved query; nothing different makes no version.

        `expected` (or `change.version`) is the version that the person saw.
        """
        current = await self.get(slug)
        expected = change.version or expected
        sql = current.sql if change.sql is None else change.sql
        declared = change.params
        if declared is None:
            declared = [DeclaredParameter(**param.model_dump()) for param in current.params]
        found = await check(self._engine, sql, declared, strict=change.params is not None)
        name = current.name if change.name is None else checked_name(change.name)
        description = current.description if change.description is None else change.description
        content = Content.checked(name, description, sql, found)
        seen = expected or current.version  # the rest was taken from it
        return await self._database.write(lambda session: self._change(session, slug, content, change.message, seen))

    def _change(self, session: Session, slug: str, content: Content, message: str, seen: int) -> SavedQuery:
        query = records.alive(session, slug)
        records.check_version(session, query, seen)
        row = records.newest(session, query)
        if not content.is_what(row):
            row = records.add(session, query, "change", content, self._person, message)
        return records.shape(query, row)

    async def delete(self, slug: str, expected: int | None = None) -> None:
        """Delete a saved query; its versions stay, so that one of them can be brought back."""
        await self._database.write(lambda session: self._delete(session, slug, expected))

    def _delete(self, session: Session, slug: str, expected: int | None) -> None:
        query = records.alive(session, slug)
        records.check_version(session, query, expected)
        records.add(session, query, "delete", Content.of(records.newest(session, query)), self._person)

    async def versions(self, slug: str, cursor: str | None, limit: int) -> SavedQueryVersionList:
        """Return a page of versions, newest first, also of a deleted one."""
        before = cursors.decode(f"saved-query:{slug}", cursor) if cursor else None
        if before is not None and not isinstance(before, int):
            raise DeitaError("bad_cursor", "This cursor cannot be read.")
        return await self._database.read(lambda session: _versions(session, slug, before, limit))

    async def restore(self, slug: str, wanted: RestoreSavedQuery, key: str | None = None) -> SavedQuery:
        """Make a version the newest, also of one that was deleted; the newest stays as it is. With a key it is brought
        back once.

        It is not bound again: what it names may be gone, and running it tells that.
        """
        return await self._database.write(lambda session: self._restore(session, slug, wanted, key))

    def _restore(self, session: Session, slug: str, wanted: RestoreSavedQuery, key: str | None) -> SavedQuery:
        query = records.known(session, slug)
        if key and records.was_made_with(session, query, key):
            return records.shape(query, records.newest(session, query))
        row = records.version_of(session, query, wanted.version)
        if query.deleted_at:
            records.check_room(session)
        if row.version != query.version:
            content = Content.of(row)
            row = records.add(session, query, "restore", content, self._person, wanted.message, wanted.version)
            row.key = key
        return records.shape(query, row)


def _get(session: Session, slug: str) -> SavedQuery:
    query = records.alive(session, slug)
    return records.shape(query, records.newest(session, query))


def _list(session: Session, after: str, limit: int) -> SavedQueryList:
    queries, versions = rows.SavedQuery, rows.SavedQueryVersion
    wanted = (
        select(queries, versions)
        .join(versions, (versions.saved_query_id == queries.id) & (versions.version == queries.version))
        .where(queries.deleted_at.is_(None), queries.slug > after)
        .order_by(queries.slug)
        .limit(limit + 1)
    )
    found = [records.shape(query, row) for query, row in session.execute(wanted).tuples()]
    page = found[:limit]
    return SavedQueryList(
        items=page, next=cursors.encode("saved-queries", page[-1].slug) if len(found) > limit else None
    )


def _versions(session: Session, slug: str, before: int | None, limit: int) -> SavedQueryVersionList:
    query, versions = records.known(session, slug), rows.SavedQueryVersion
    wanted = select(versions).where(versions.saved_query_id == query.id)
    if before is not None:
        wanted = wanted.where(versions.version < before)
    found = list(session.scalars(wanted.order_by(versions.version.desc()).limit(limit + 1)))
    page = [records.version_shape(row) for row in found[:limit]]
    following = cursors.encode(f"saved-query:{slug}", page[-1].version) if len(found) > limit else None
    return SavedQueryVersionList(items=page, next=following)
