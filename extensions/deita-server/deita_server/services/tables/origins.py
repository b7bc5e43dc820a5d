"""Where the rows of a table version come from: its versions, back to the one that made or replaced all of them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from deita_server.database import models as rows

ADDING = frozenset({"append", "write", "rename"})
"""Operations that leave rows of the version before; all others begin anew."""
LONGEST = 100


def version_made_by(session: Session, snapshot: int) -> rows.TableVersion | None:
    """Return the version that a snapshot of the lake made."""
    return session.scalars(select(rows.TableVersion).where(rows.TableVersion.snapshot == snapshot)).one_or_none()


def version_of_query(session: Session, query_id: str) -> rows.TableVersion | None:
    """Return the version that a query made."""
    query = select(rows.TableVersion).where(rows.TableVersion.query_id == query_id)
    return session.scalars(query.order_by(rows.TableVersion.snapshot).limit(1)).one_or_none()


def before(session: Session, version: rows.TableVersion) -> rows.TableVersion | None:
    """Return the version whose rows a version goes on with: the one before, or the one that was restored."""
    query = select(rows.TableVersion).where(rows.TableVersion.table_id == version.table_id)
    if version.operation == "restore":
        return session.scalars(query.where(rows.TableVersion.version == version.restored_version)).one_or_none()
    if version.operation not in ADDING:
        return None
    earlier = query.where(rows.TableVersion.snapshot < version.snapshot).order_by(rows.TableVersion.snapshot.desc())
    return session.scalars(earlier.limit(1)).one_or_none()


def origins(session: Session, version: rows.TableVersion) -> tuple[list[rows.TableVersion], bool]:
    """Return the versions that put rows in, newest first, and whether there are more than `LONGEST`."""
    found: list[rows.TableVersion] = []
    at: rows.TableVersion | None = version
    while at is not None:
        if at.operation != "restore" and (at.file or at.receipt):
            if len(found) == LONGEST:
                return found, True
            found.append(at)
        at = before(session, at)
    return found, False


def newest_of(session: Session, table_id: int) -> rows.TableVersion:
    """Return a table's newest version, which may be its deletion."""
    query = select(rows.TableVersion).where(rows.TableVersion.table_id == table_id)
    return session.scalars(query.order_by(rows.TableVersion.snapshot.desc()).limit(1)).one()
