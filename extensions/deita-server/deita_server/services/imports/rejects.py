"""Rejects: the engine lists them in a file of the spool, the workspace keeps them with the import."""

from __future__ import annotations

import asyncio
import itertools
import json
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from deita_server import cursors
from deita_server.database import models as rows
from deita_server.database.database import Database

from .models import Reject, RejectList

KEPT = 10_000


async def keep_rejects(database: Database, import_id: str, listed: Path) -> None:
    """Move the first rejects from the engine's file into the database; `reject_count` still counts all."""
    found = await asyncio.to_thread(_read, listed)
    values = [{"import_id": import_id, "number": number, **reject} for number, reject in enumerate(found)]
    if values:
        await database.write(lambda session: session.execute(insert(rows.Reject), values))
    await asyncio.to_thread(listed.unlink, missing_ok=True)


def _read(listed: Path) -> list[dict[str, Any]]:
    with listed.open(encoding="utf-8") as lines:
        found = [json.loads(line) for line in itertools.islice(lines, KEPT)]
    return [{name: reject.get(name) for name in ("line", "column", "raw", "reason")} for reject in found]


async def list_rejects(database: Database, import_id: str, cursor: str | None, limit: int) -> RejectList:
    """Return a page of rejects in the file's order; raises bad_cursor."""
    scope = f"rejects:{import_id}"
    begin = cursors.offset(scope, cursor)
    found = await database.read(lambda session: _list(session, import_id, begin, limit))
    following = cursors.encode(scope, begin + limit) if len(found) > limit else None
    return RejectList(items=found[:limit], next=following)


def _list(session: Session, import_id: str, begin: int, limit: int) -> list[Reject]:
    query = select(rows.Reject).where(rows.Reject.import_id == import_id, rows.Reject.number >= begin)
    found = session.scalars(query.order_by(rows.Reject.number).limit(limit + 1))
    return [Reject(line=row.line, column=row.column, raw=row.raw, reason=row.reason) for row in found]
