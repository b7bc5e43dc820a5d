"""Which snapshots of the lake stay: those of versions that are kept, and what somebody's receipt names.

A table keeps its newest versions and all that are younger than some days, with the one that stood before those.
Receipts of this workspace's people stand in their histories (a statement that wrote cannot be run again and names
none), those of table versions in the workspace database.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from itertools import groupby
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from deita_server.database import models as rows

BUSY_S = 5.0
PROVENANCE = (
    "SELECT json_extract(record, '$.provenance') FROM queries"
    " WHERE json_extract(record, '$.mode') = 'read' AND json_extract(record, '$.provenance.read[0]') IS NOT NULL"
)


def kept_versions(session: Session, count: int, since: str) -> set[int]:
    """Return the snapshots of the versions that are kept, and of what the queries that made them read."""
    version = rows.TableVersion
    query = select(version.table_id, version.id, version.snapshot, version.created_at)
    found = session.execute(query.order_by(version.table_id, version.snapshot.desc())).all()
    ids, snapshots = set(), set()
    for _, versions in groupby(found, key=lambda row: row.table_id):
        stood = False
        for place, row in enumerate(versions):
            if place < count or not stood:
                ids.add(row.id)
                snapshots.add(row.snapshot)
            stood = stood or row.created_at < since
    read = session.execute(select(rows.Read.version_id, rows.Read.snapshot)).all()
    return snapshots | {row.snapshot for row in read if row.version_id in ids}


def named_in_histories(people: Path) -> set[int]:
    """Return the snapshots that receipts in the histories of a workspace's people name."""
    named: set[int] = set()
    for path in people.glob("*/history.sqlite"):
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=BUSY_S)) as connection:
            for (written,) in connection.execute(PROVENANCE):
                provenance = json.loads(written)
                tables = [*provenance.get("read", ()), *provenance.get("behind", ())]
                named |= {table["snapshot"] for table in tables} | {provenance.get("snapshot")} - {None}
    return named
