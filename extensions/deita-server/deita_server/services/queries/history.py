"""A person's queries as they are remembered: a small SQLite file in the person's own folder.

A query is in the file before its answer leaves, so that kill -9 of the server loses none that was acknowledged. (The
file is not flushed to the platter each time: a power cut may cost the last moment.) One thread owns the connection;
queries that end while it writes are written together by the next turn.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

SCHEMA = """
CREATE TABLE IF NOT EXISTS queries (
    id TEXT PRIMARY KEY, started_at TEXT NOT NULL, state TEXT NOT NULL, words TEXT NOT NULL, tables TEXT NOT NULL,
    size INTEGER NOT NULL, record TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS queries_started_at ON queries (started_at, id);
"""
Place = tuple[str, str]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Search:
    """What a query must be like to be found: `words` all occur in its SQL, `table` is one that it read."""

    words: tuple[str, ...] = ()
    state: str | None = None
    since: str | None = None
    table: str | None = None
    asker: str | None = None

    def takes(self, record: dict[str, Any]) -> bool:
        """Whether a record is like that."""
        sql, tables = record["sql"].casefold(), _tables(record)
        return (
            all(word.casefold() in sql for word in self.words)
            and self.state in (None, record["state"])
            and self.asker in (None, record["asker"])
            and (self.since is None or record["started_at"] >= self.since)
            and (self.table is None or f"\n{self.table.casefold()}\n" in tables)
        )


class QueryHistory:
    """The queries of one person; a record is what `QueryRecord.written` says. Raises sqlite3.Error where it must."""

    def __init__(self, path: Path, max_count: int, max_bytes: int) -> None:
        self._path, self._max_count, self._max_bytes = path, max_count, max_bytes
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="deita-history")
        self._turn = asyncio.Lock()
        self._pending: dict[str, dict[str, Any]] = {}
        self._connection: sqlite3.Connection

    async def open(self) -> None:
        """Open the file, or make it."""
        await self._do(self._open)

    async def keep(self, record: dict[str, Any]) -> None:
        """Write a query down, in the place of what was known of it; it is in the file when this returns."""
        self._pending[record["id"]] = record
        async with self._turn:  # who waits here may find that the one before has written for both
            records, self._pending = self._pending, {}
            if records:
                await self._do(lambda: self._put(records.values()))

    async def get(self, query_id: str) -> dict[str, Any] | None:
        """Return what is known of a query."""
        return await self._do(lambda: self._get(query_id))

    async def ids(self) -> frozenset[str]:
        """Return which queries are remembered."""
        rows = await self._do(lambda: self._connection.execute("SELECT id FROM queries").fetchall())
        return frozenset(row[0] for row in rows)

    async def find(self, search: Search, before: Place | None, limit: int) -> list[dict[str, Any]]:
        """Return at most `limit` queries that started before a place `(started_at, id)`, newest first."""
        return await self._do(lambda: self._find(search, before, limit))

    async def trim(self) -> list[str]:
        """Forget the oldest beyond the limits; returns which."""
        return await self._do(self._trim)

    async def close(self) -> None:
        """Wait for what is being written and close the file."""
        await self._do(lambda: self._connection.close())
        self._thread.shutdown()

    async def _do(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    # in the thread

    def _open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.parent.chmod(0o700)
        connection = sqlite3.connect(self._path, timeout=10, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(SCHEMA)
        self._connection = connection

    def _put(self, records: Iterable[dict[str, Any]]) -> None:
        rows = []
        for record in records:
            written = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
            words = record["sql"].casefold()
            size = len(written) + len(words)
            key = (record["id"], record["started_at"], record["state"], words, _tables(record), size, written)
            rows.append(key)
        with self._connection:
            self._connection.execute("BEGIN")
            self._connection.executemany("INSERT OR REPLACE INTO queries VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def _get(self, query_id: str) -> dict[str, Any] | None:
        row = self._connection.execute("SELECT record FROM queries WHERE id = ?", [query_id]).fetchone()
        return _read(row[0]) if row else None

    def _find(self, search: Search, before: Place | None, limit: int) -> list[dict[str, Any]]:
        conditions, values = ["1"], []
        for word in search.words:
            conditions.append("instr(words, ?)")
            values.append(word.casefold())
        if search.table is not None:
            conditions.append("instr(tables, ?)")
            values.append(f"\n{search.table.casefold()}\n")
        asked = "json_extract(record, '$.asker')"
        for column, comparison, value in (
            ("state", "=", search.state),
            ("started_at", ">=", search.since),
            (asked, "=", search.asker),
        ):
            if value is not None:
                conditions.append(f"{column} {comparison} ?")
                values.append(value)
        if before:
            conditions.append("(started_at, id) < (?, ?)")
            values += before
        sql = f"SELECT record FROM queries WHERE {' AND '.join(conditions)} ORDER BY started_at DESC, id DESC LIMIT ?"  # noqa: S608  # the conditions are ours, the values are bound
        return [_read(row[0]) for row in self._connection.execute(sql, [*values, limit])]

    def _trim(self) -> list[str]:
        ranked = "SELECT id, row_number() OVER newest AS place, sum(size) OVER newest AS total FROM queries"
        beyond = (
            f"SELECT id FROM ({ranked} WINDOW newest AS (ORDER BY started_at DESC, id DESC))"  # noqa: S608
            " WHERE place > ? OR total > ?"
        )
        gone = [row[0] for row in self._connection.execute(beyond, [self._max_count, self._max_bytes])]
        with self._connection:
            self._connection.execute("BEGIN")
            self._connection.executemany("DELETE FROM queries WHERE id = ?", [(key,) for key in gone])
        return gone


def _tables(record: dict[str, Any]) -> str:
    receipt = (record["outcome"] or {}).get("receipt") or {}
    return "".join(f"\n{name.casefold()}\n" for name in receipt.get("tables", ()))


def _read(written: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(written)
    return record
