"""Abandoned uploads go: rows whose time is over, and files that no row names."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from deita_server.clock import now
from deita_server.database import models as rows
from deita_server.database.database import Database

SUFFIX = ".upload"
ORPHAN_S = 3600.0


async def sweep(database: Database, incoming: Path) -> None:
    """Forget what expired in this workspace, whoever began it, and remove its bytes."""
    expired = await database.write(_forget_expired)
    await database.read(lambda session: _remove_files(session, incoming, expired))


def _forget_expired(session: Session) -> set[str]:
    gone = delete(rows.Upload).where(rows.Upload.expires_at < now()).returning(rows.Upload.id)
    return set(session.scalars(gone))


def _remove_files(session: Session, incoming: Path, expired: set[str]) -> None:
    named = set(session.scalars(select(rows.Upload.id)))
    for path in list(incoming.glob(f"*{SUFFIX}")):
        with contextlib.suppress(FileNotFoundError):
            # An upload's file is made before its row is: a young one without a row may get it yet.
            orphan = path.stem not in named and path.stat().st_mtime < time.time() - ORPHAN_S
            if orphan or path.stem in expired:
                path.unlink()
