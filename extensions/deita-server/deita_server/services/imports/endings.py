"""How an import ended, by the lake's word: one whose id a commit carries is done, whatever happened afterwards."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from deita_server.database import models as rows

from .rejects import Rejects


def ending(session: Session, import_id: str, rejects: Rejects) -> dict[str, Any] | None:
    """Return what the import's row is to say when the lake has a version of it, None otherwise."""
    made = select(rows.TableVersion).where(rows.TableVersion.import_id == import_id)
    version = session.scalars(made.limit(1)).one_or_none()
    if version is None:
        return None
    return {
        "state": "done",
        "version": version.version,
        "rows": version.rows - _rows_before(session, version),
        "recipe": version.recipe or {},
        "reject_count": rejects.count(import_id),
        "error": None,
    }


def _rows_before(session: Session, version: rows.TableVersion) -> int:
    """Count the rows that an append found in the table."""
    if version.operation != "append":
        return 0
    table = rows.TableVersion
    before = select(table.rows).where(table.table_id == version.table_id, table.snapshot < version.snapshot)
    return session.scalar(before.order_by(table.snapshot.desc()).limit(1)) or 0
