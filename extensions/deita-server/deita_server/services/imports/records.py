"""The rows of imports: found, listed, and shaped for the outside.

While an import waits for review its row holds what was found in `preview`; `recipe` holds only what somebody asked
for, so that what goes on afterwards decides the rest over the whole file and not over the preview's sample.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from deita_server.database import models as rows
from deita_server.errors import DeitaError

from .models import Import

if TYPE_CHECKING:
    from deita_engine.client import Run


def found(session: Session, import_id: str) -> rows.Import:
    """Return the row; raises import_not_found."""
    row = session.get(rows.Import, import_id)
    if row is None:
        raise DeitaError("import_not_found", "There is no such import.", details={"id": import_id[:64]})
    return row


def newest(session: Session, before: list[str] | None, limit: int) -> list[rows.Import]:
    """Return rows, newest first, that are older than a place in this order."""
    query = select(rows.Import).order_by(rows.Import.created_at.desc(), rows.Import.id.desc()).limit(limit)
    if before:
        query = query.where(tuple_(rows.Import.created_at, rows.Import.id) < tuple_(*before))
    return list(session.scalars(query))


FETCHING = 0.7
"""What reading from a database counts for in an import's progress."""


def shaped(row: rows.Import, run: Run | None, fetched: float | None = None) -> Import:
    """Return the import as the API shows it; `run` is the engine's work on it, if it is under way here, `fetched` how
    much of a database's rows was read, where it comes from one.
    """
    reading = row.preview or {}
    progress = 1.0 if row.state == "done" else _progress(run, fetched)
    return Import.model_validate(
        {
            "id": row.id,
            "state": row.state,
            "file": row.file,
            "sha256": row.sha256,
            "table": row.table,
            "mode": row.mode,
            "version": row.version,
            "recipe": (run.recipe if run and run.recipe else reading.get("recipe") or row.recipe),
            "preview": reading.get("preview"),
            "asked": row.recipe if row.state == "needs_review" else None,
            "rows": row.rows,
            "reject_count": row.reject_count,
            "counts": row.counts,
            "progress": progress,
            "error": row.error,
            "created_at": row.created_at,
            "created_by": row.created_by,
            "finished_at": row.finished_at,
        }
    )


def _progress(run: Run | None, fetched: float | None) -> float:
    share = min(run.progress, 1.0) if run else 0.0
    return share if fetched is None else FETCHING * min(fetched, 1.0) + (1 - FETCHING) * share
