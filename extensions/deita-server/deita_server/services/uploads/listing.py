"""A person's uploads under way, the oldest first: how a client that lost an upload's address finds it again."""

from __future__ import annotations

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from deita_server import cursors
from deita_server.clock import now
from deita_server.database import models as rows
from deita_server.errors import DeitaError

from .models import ResumableUpload, UploadList

SCOPE = "uploads"


def listed(session: Session, person: str, cursor: str | None, limit: int) -> UploadList:
    """Return a page; raises bad_cursor."""
    place = (rows.Upload.created_at, rows.Upload.id)
    query = (
        select(rows.Upload)
        .where(rows.Upload.created_by == person, rows.Upload.file.is_(None), rows.Upload.expires_at >= now())
        .order_by(*place)
        .limit(limit + 1)
    )
    if cursor:
        query = query.where(tuple_(*place) > tuple_(*_after(cursor)))
    found = list(session.scalars(query))
    page = found[:limit]
    more = cursors.encode(SCOPE, [page[-1].created_at, page[-1].id]) if len(found) > limit else None
    return UploadList(items=[ResumableUpload.model_validate(row, from_attributes=True) for row in page], next=more)


def _after(cursor: str) -> tuple[str, str]:
    match cursors.decode(SCOPE, cursor):
        case [str(created_at), str(upload_id)]:
            return created_at, upload_id
    raise DeitaError("bad_cursor", "This cursor cannot be read.")
