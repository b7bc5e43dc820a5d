"""What becomes of imports whose server died: a row in the middle is never believed by itself.

The lake has the last word (`endings`): an import that it has no version of failed and left nothing behind.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from deita_server.clock import now
from deita_server.database import models as rows
from deita_server.errors import DeitaError, embedded
from deita_server.presence import Presence
from deita_server.services.files.needed import UNFINISHED

from .endings import ending
from .rejects import Rejects

INTERRUPTED = DeitaError(
    "interrupted",
    "The server stopped before the import was done; nothing of it is in the table.",
    hint="Import it again.",
)


def recover(session: Session, presence: Presence, rejects: Rejects) -> None:
    """Finish the rows of dead servers; what waits for review waits on, for whoever comes next."""
    running = select(rows.Import).where(rows.Import.state.in_(UNFINISHED), rows.Import.state != "needs_review")
    for row in session.scalars(running):
        if not presence.lives(row.server):
            _finish(session, row, rejects)


def _finish(session: Session, row: rows.Import, rejects: Rejects) -> None:
    found = ending(session, row.id, rejects)
    if found is None:
        found = {"state": "failed", "error": embedded(INTERRUPTED, row.id)}
        rejects.discard(row.id)
    for name, value in {**found, "finished_at": now()}.items():
        setattr(row, name, value)
