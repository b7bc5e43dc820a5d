"""What the lake's snapshots did to which table: the commits that the writer leaves in DuckLake's catalog."""

from __future__ import annotations

import json

from .shapes import Column, Commit, Source
from .sources import Ask

COMMITS = (
    "SELECT s.snapshot_id, s.snapshot_time, c.author, c.commit_message, c.commit_extra_info"
    " FROM ducklake_snapshot s JOIN ducklake_snapshot_changes c USING (snapshot_id)"
    " WHERE s.snapshot_id > $after AND s.snapshot_id <= $until AND c.commit_extra_info LIKE $holding"
    " ORDER BY s.snapshot_id"
)
NO_END = 2**62


def commits_between(ask: Ask, after: int, until: int = NO_END, made_by: str = "") -> list[Commit]:
    """The commits of the snapshots after one and up to another, oldest first; of one change, import or query alone."""
    holding = f'%"{made_by}"%' if made_by else "%"
    found = [commit for row in ask(COMMITS, after=after, until=until, holding=holding) if (commit := _commit(*row))]
    return [commit for commit in found if not made_by or made_by in (commit.id, commit.import_id, commit.query_id)]


def _commit(snapshot: int, time: str, author: str | None, message: str | None, extra: str) -> Commit | None:
    try:
        info = json.loads(extra)
    except ValueError:
        return None
    if not isinstance(info, dict) or "table" not in info:
        return None
    return Commit(
        snapshot=snapshot,
        table=info["table"],
        version=info.get("version", 1),
        created_at=utc(time),
        author=author or "",
        message=message or "",
        source=Source(**info.get("source", {})),
        operation=info.get("operation", "write"),
        rows=info.get("rows", 0),
        columns=tuple(Column(**column) for column in info.get("columns", ())),
        id=info.get("id"),
        import_id=info.get("import_id"),
        query_id=info.get("query_id"),
        previous_name=info.get("previous_name"),
        restored_version=info.get("restored_version"),
        labels=info.get("labels", {}),
    )


def utc(time: str) -> str:
    """DuckLake's snapshot time (`2026-11-22 15:04:05.123+00`) as ISO 8601 with Z."""
    return time.replace(" ", "T").replace("+00:00", "Z").removesuffix("+00") + (
        "" if time.endswith("Z") or "+00:00" in time else "Z"
    )
