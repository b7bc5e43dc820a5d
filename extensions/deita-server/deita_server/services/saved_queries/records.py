"""Saved queries in the workspace database: found, listed, added to. Each function is part of one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from deita_server.clock import now
from deita_server.database import models as rows
from deita_server.errors import DeitaError

from .checking import Checked
from .models import Operation, SavedQuery, SavedQueryVersion

MOST = 1000
KEPT_VERSIONS = 1000


@dataclass(frozen=True)
class Content:
    """What a version holds."""

    name: str
    description: str
    sql: str
    params: list[Any]
    columns: list[Any] | None
    tables: list[Any]

    @classmethod
    def of(cls, row: rows.SavedQueryVersion) -> Content:
        """Return the content of a version."""
        return cls(row.name, row.description, row.sql, row.params, row.columns, row.tables)

    @classmethod
    def checked(cls, name: str, description: str, sql: str, found: Checked) -> Content:
        """Return the content that a statement makes which was found to be good."""
        return cls(name, description, sql, found.params, found.columns, found.tables)

    def is_what(self, row: rows.SavedQueryVersion) -> bool:
        """Say whether a person would see the same."""
        return (self.name, self.description, self.sql, self.params) == (row.name, row.description, row.sql, row.params)


def known(session: Session, slug: str) -> rows.SavedQuery:
    """Return the saved query, also a deleted one; raises saved_query_not_found."""
    row = session.scalars(select(rows.SavedQuery).where(rows.SavedQuery.slug == slug)).one_or_none()
    if row is None:
        raise missing(slug)
    return row


def alive(session: Session, slug: str) -> rows.SavedQuery:
    """Return the saved query if it is not deleted; raises saved_query_not_found."""
    row = known(session, slug)
    if row.deleted_at:
        hint = f"It was deleted; restore version {row.version - 1} to have it back."
        raise DeitaError("saved_query_not_found", f"There is no saved query {slug} any more.", hint, {"slug": slug})
    return row


def missing(slug: str) -> DeitaError:
    """Return the error for a saved query that never was."""
    message = f"There is no saved query {slug[:100]}."
    return DeitaError("saved_query_not_found", message, details={"slug": slug[:100]})


def version_of(session: Session, query: rows.SavedQuery, version: int) -> rows.SavedQueryVersion:
    """Return a version; raises version_not_found, version_expired."""
    versions = rows.SavedQueryVersion
    row = session.scalars(
        select(versions).where(versions.saved_query_id == query.id, versions.version == version)
    ).one_or_none()
    details = {"slug": query.slug, "version": version, "newest": query.version}
    if row is None and version < query.version:
        raise DeitaError("version_expired", f"Version {version} of {query.slug} is no longer kept.", details=details)
    if row is None or row.operation == "delete":
        told = "is its deletion" if row else "does not exist"
        raise DeitaError("version_not_found", f"Version {version} of {query.slug} {told}.", details=details)
    return row


def newest(session: Session, query: rows.SavedQuery) -> rows.SavedQueryVersion:
    """Return the newest version, which may be a deletion."""
    versions = rows.SavedQueryVersion
    return session.scalars(
        select(versions).where(versions.saved_query_id == query.id, versions.version == query.version)
    ).one()


def was_made_with(session: Session, query: rows.SavedQuery, key: str) -> bool:
    """Say whether one of its versions was made with this key."""
    versions = rows.SavedQueryVersion
    found = select(versions.id).where(versions.saved_query_id == query.id, versions.key == key)
    return session.scalar(found.limit(1)) is not None


def check_version(session: Session, query: rows.SavedQuery, expected: int | None) -> None:
    """Raise saved_query_changed when somebody saved after the version that is expected to be the newest."""
    if expected is None or expected == query.version:
        return
    last = newest(session, query)
    raise DeitaError(
        "saved_query_changed",
        f"{last.created_by} changed {query.slug} in the meantime: it is at version {query.version}.",
        "Look at the newest version, then save again with its number.",
        {"slug": query.slug, "version": query.version, "changed_by": last.created_by, "changed_at": last.created_at},
    )


def check_room(session: Session) -> None:
    """Raise quota_exceeded when there are as many saved queries as there may be."""
    count = session.scalar(select(func.count()).where(rows.SavedQuery.deleted_at.is_(None))) or 0
    if count >= MOST:
        raise DeitaError("quota_exceeded", f"A workspace holds at most {MOST} saved queries.", details={"limit": MOST})


def add(
    session: Session,
    query: rows.SavedQuery,
    operation: Operation,
    content: Content,
    person: str,
    message: str = "",
    restored: int | None = None,
) -> rows.SavedQueryVersion:
    """Add a version and forget those that are too many."""
    query.version += 1
    query.deleted_at = now() if operation == "delete" else None
    session.add(query)
    session.flush()
    row = rows.SavedQueryVersion(
        saved_query_id=query.id,
        version=query.version,
        operation=operation,
        **vars(content),
        message=message,
        restored_version=restored,
        created_at=query.deleted_at or now(),
        created_by=person,
    )
    session.add(row)
    versions = rows.SavedQueryVersion
    too_old = versions.version <= query.version - KEPT_VERSIONS
    session.execute(delete(versions).where(versions.saved_query_id == query.id, too_old))
    return row


def shape(query: rows.SavedQuery, row: rows.SavedQueryVersion) -> SavedQuery:
    """Return a saved query as the API has it."""
    return SavedQuery.model_validate(
        {
            "slug": query.slug,
            **vars(Content.of(row)),
            "version": query.version,
            "created_at": query.created_at,
            "created_by": query.created_by,
            "updated_at": row.created_at,
            "updated_by": row.created_by,
        }
    )


def version_shape(row: rows.SavedQueryVersion) -> SavedQueryVersion:
    """Return a version as the API has it."""
    fields = SavedQueryVersion.model_fields
    return SavedQueryVersion.model_validate({name: getattr(row, name) for name in fields})
