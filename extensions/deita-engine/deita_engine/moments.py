"""Moments of the past: which snapshot of the lake stood at one, as far as that is kept."""

from __future__ import annotations

from collections.abc import Sequence

from .shapes import EngineError
from .sources import Ask

SNAPSHOT_AT = "SELECT max(snapshot_id) FROM ducklake_snapshot WHERE snapshot_time <= $time"
AFTER = "SELECT min(snapshot_id) FROM ducklake_snapshot WHERE snapshot_id > $s"
BETWEEN = "SELECT snapshot_id FROM ducklake_snapshot WHERE snapshot_id BETWEEN $low AND $high"
ADDED_ROWS = "SELECT coalesce(sum(record_count), 0) FROM ducklake_data_file WHERE begin_snapshot = $s"


def snapshot_at(ask: Ask, time: str) -> int:
    """The newest snapshot at a moment (`YYYY-MM-DD hh:mm:ss.ffffff`, UTC); 0, which is empty, before the first.

    Snapshots are numbered one after the other: where numbers are missing, the one that stood may be among those that
    were forgotten. Raises EngineError version_expired then.
    """
    at = int(ask(SNAPSHOT_AT, time=f"{time}+00")[0][0] or 0)
    following = ask(AFTER, s=at)[0][0]
    if following is not None and following > at + 1:
        raise expired()
    return at


def expired() -> EngineError:
    """The error for a past that was cleaned up."""
    return EngineError("version_expired", "This version is no longer kept.", "See which versions are.")


def forgotten(ask: Ask, snapshots: Sequence[int]) -> list[int]:
    """Those of the snapshots that upkeep has forgotten."""
    if not snapshots:
        return []
    there = {row[0] for row in ask(BETWEEN, low=min(snapshots), high=max(snapshots))}
    return [snapshot for snapshot in snapshots if snapshot not in there]


def added_rows(ask: Ask, snapshot: int) -> int:
    """Rows in the data files that a snapshot added; right until upkeep lets others stand for them."""
    return int(ask(ADDED_ROWS, s=snapshot)[0][0])
