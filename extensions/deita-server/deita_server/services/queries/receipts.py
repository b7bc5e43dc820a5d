"""Receipts: what a result was made from, and which version of which table a query read.

The engine names the tables and the snapshot; the versions come from the lake's commits, of which only the numbers are
kept.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from deita_server.clock import now

if TYPE_CHECKING:
    from deita_engine.client import Engine, Run

    from .record import QueryRecord

KEPT = 32
Pins = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class TableRead:
    """A version of a table that was read: what the table was called then, and the snapshot that made the version."""

    name: str
    version: int
    snapshot: int


def receipt_of(record: QueryRecord, run: Run, read: Iterable[TableRead], engine: str, person: str) -> dict[str, Any]:
    """Return the receipt that goes with a query's body."""
    evidence = run.evidence
    return {
        "sql": record.sql,
        "params": record.params,
        "param_types": record.param_types,
        "mode": record.mode,
        "tables": {table.name: table.version for table in read},
        "results": record.parents.results,
        "saved_query": record.saved_query,
        "snapshot": run.snapshot,
        "as_of": record.as_of,
        "engine": engine,
        "person": person,
        "started_at": record.started_at,
        "finished_at": now(),
        "rows": run.rows,
        "bytes": run.result.size,
        "elapsed_ms": round(run.elapsed_ms, 3),
        "cpu_ms": evidence.cost.cpu_ms,
        "peak_memory_bytes": evidence.cost.peak_memory_bytes,
        "ordered": evidence.ordered,
        "result_hash": evidence.result_hash,
        "loose_hash": evidence.loose_hash,
        "from_cache": run.from_cache,
    }


def provenance_of(
    record: QueryRecord, run: Run, read: Iterable[TableRead], pins: Pins, extensions: dict[str, str]
) -> dict[str, Any]:
    """Return what is kept besides, to follow the receipt to the versions that were read and to read them again."""
    return {
        "snapshot": run.read_snapshot,
        "pins": [list(pin) for pin in pins],
        "read": [asdict(table) for table in read],
        "behind": record.parents.behind,
        "extensions": extensions,
    }


class VersionNumbers:
    """The newest versions of each table, by snapshot; asks the engine only about snapshots that it has not seen."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._seen = 0
        self._versions: dict[str, deque[tuple[int, int]]] = {}
        self._asking = asyncio.Lock()

    async def read(self, run: Run, pins: Pins, versions: dict[str, int]) -> list[TableRead]:
        """Return which versions a finished run read: as its snapshot has them, those of `pins` as `versions` says."""
        found = await self._at(run.read_snapshot, run.tables)
        found |= {name: (versions[name], at) for name, at in pins if name in run.tables}
        return [TableRead(name, *found[name]) for name in run.tables if name in found]

    async def at(self, snapshot: int | None, tables: Iterable[str]) -> dict[str, int]:
        """Return the version that each of the tables had in the snapshot."""
        return {name: version for name, (version, _) in (await self._at(snapshot, tables)).items()}

    async def _at(self, snapshot: int | None, tables: Iterable[str]) -> dict[str, tuple[int, int]]:
        names = list(tables)
        if not names or snapshot is None:
            return {}
        if snapshot > self._seen:
            async with self._asking:
                await self._learn()
        found = {name: seen for name in names if (seen := self._version(name, snapshot)) is not None}
        if len(found) < len(names):  # a look back further than what is kept
            commits = [commit for commit in await self._engine.commits() if commit.snapshot <= snapshot]
            found = {commit.table: (commit.version, commit.snapshot) for commit in commits if commit.table in names}
        return found

    async def _learn(self) -> None:
        for commit in await self._engine.commits(self._seen):
            known = self._versions.setdefault(commit.table, deque(maxlen=KEPT))
            known.append((commit.snapshot, commit.version))
            self._seen = commit.snapshot

    def _version(self, name: str, snapshot: int) -> tuple[int, int] | None:
        known = self._versions.get(name, ())
        return next(((version, seen) for seen, version in reversed(known) if seen <= snapshot), None)
