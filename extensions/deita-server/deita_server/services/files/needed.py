"""Which bytes something in the workspace still leads to."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from deita_server.database import models as rows

UNFINISHED = ("queued", "sniffing", "needs_review", "running")


def named(session: Session, hashes: set[str]) -> set[str]:
    """Return those that a file of the workspace has, in any of its versions."""
    query = select(rows.FileVersion.sha256).join(rows.FileVersion.file).where(rows.File.deleted_at.is_(None))
    return set(session.scalars(query.where(rows.FileVersion.sha256.in_(hashes))))


def needed(session: Session, hashes: set[str]) -> set[str]:
    """Return those that a file, a table version or an unfinished import has."""
    imported = select(rows.TableVersion.sha256)
    importing = select(rows.Import.sha256).where(rows.Import.state.in_(UNFINISHED))
    found = named(session, hashes)
    for query, column in ((imported, rows.TableVersion), (importing, rows.Import)):
        found.update(sha256 for sha256 in session.scalars(query.where(column.sha256.in_(hashes))) if sha256)
    return found
