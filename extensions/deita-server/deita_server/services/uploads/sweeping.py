"""Abandoned uploads go: rows whose time is over, and what no row names."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from deita_server.clock import now
from deita_server.database import models as rows
from deita_server.database.database import Database

from .incoming import Incoming


async def sweep(database: Database, incoming: Incoming) -> None:
    """Forget what expired in this workspace, whoever began it, and remove its bytes."""
    expired = await database.write(_forget_expired)
    named = await database.read(lambda session: set(session.scalars(select(rows.Upload.id))))
    await incoming.sweep(expired, named)


def _forget_expired(session: Session) -> set[str]:
    gone = delete(rows.Upload).where(rows.Upload.expires_at < now()).returning(rows.Upload.id)
    return set(session.scalars(gone))
