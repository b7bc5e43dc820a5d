"""What the workspace's files take, and what is on its way to become one."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from deita_server.database import models as rows


@dataclass(frozen=True)
class Usage:
    """What the workspace's files take: names, and bytes of every version, each content once."""

    files: int
    bytes: int


def usage(session: Session) -> Usage:
    """Count the names that are not deleted, and their bytes."""
    count = session.scalar(select(func.count()).select_from(rows.File).where(rows.File.deleted_at.is_(None)))
    alive = (
        select(rows.FileVersion.sha256, func.max(rows.FileVersion.size).label("size"))
        .join(rows.FileVersion.file)
        .where(rows.File.deleted_at.is_(None))
        .group_by(rows.FileVersion.sha256)
        .subquery()
    )
    return Usage(files=count or 0, bytes=int(session.scalar(select(func.sum(alive.c.size))) or 0))


def arriving(session: Session) -> int:
    """Count the bytes of unfinished uploads."""
    return int(session.scalar(select(func.sum(rows.Upload.offset)).where(rows.Upload.file.is_(None))) or 0)
