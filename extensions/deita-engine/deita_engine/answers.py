"""Answers that can be given again: a statement that is still spooled, asked again over the very same rows.

What an answer depends on is its key: the statement (but for blanks), its parameters, its limit, the results that it
names, and of each table that it reads the data files and columns, of each view the SQL. A commit to one of them makes
another key, so no answer is ever stale; a commit to any other table changes nothing. Only statements that are the same
each time (`Stability`) and took a while are kept. The file is linked, not copied: each query has a result of its own,
which goes when that query's does.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from .catalog import Snapshot
from .guard import Judged
from .results import Spool
from .shapes import Column, Evidence, QuerySpec
from .stability import Stability

KEPT = 256
WORTH_MS = 50.0


@dataclass(frozen=True)
class Answer:
    """A finished query."""

    query_id: str
    columns: tuple[Column, ...]
    rows: int
    truncated: bool
    evidence: Evidence
    elapsed_ms: float
    tables: tuple[str, ...] = ()


class Answers:
    """Remembers the newest answers of this process."""

    def __init__(self, spool: Spool, stability: Stability) -> None:
        self.spool, self.stability = spool, stability
        self._kept: OrderedDict[str, Answer] = OrderedDict()
        self._lock = threading.Lock()

    def again(self, spec: QuerySpec, tables: Sequence[str], snapshot: Snapshot) -> Answer | None:
        """The answer to the same statement over the same rows, its file linked as that of this query."""
        with self._lock:
            if not any(answer.tables == tuple(tables) for answer in self._kept.values()):
                return None  # nothing is looked up for statements about other tables: short ones pay nothing
        key = _key(spec, tables, snapshot)
        with self._lock:
            answer = self._kept.get(key)
        if answer is None:
            return None
        path = self.spool.path(spec.id)
        try:
            os.link(self.spool.path(answer.query_id), path)
            os.utime(path)
        except OSError:  # swept meanwhile, or more links than the disk allows: it runs
            with self._lock, contextlib.suppress(KeyError):
                del self._kept[key]
            return None
        return answer

    def keep(self, spec: QuerySpec, judged: Judged, snapshot: Snapshot, answer: Answer) -> None:
        """Remember an answer that is worth it."""
        views = [view.sql for view in snapshot.views if view.name in answer.tables]
        if answer.elapsed_ms < WORTH_MS or not judged.serialisable or not self.stability.holds(spec.sql, *views):
            return
        key = _key(spec, answer.tables, snapshot)
        with self._lock:
            self._kept[key] = answer
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)


def _key(spec: QuerySpec, tables: Sequence[str], snapshot: Snapshot) -> str:
    params = sorted((name, _plain(value)) for name, value in spec.params.items())
    results = [list(result) for result in spec.results]
    parts = (_without_blanks(spec.sql), params, spec.limit, results, snapshot.held(tables))
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _plain(value: Any) -> str:
    return repr((value.object, str(value.type))) if isinstance(value, duckdb.Value) else repr(value)


def _without_blanks(sql: str) -> bytes:
    """The statement with one blank wherever blanks stand between its tokens; what holds a comment stays as it is."""
    data = sql.encode()
    starts = [start for start, _ in duckdb.tokenize(sql)]
    found = b""
    for start, end in zip(starts, [*starts[1:], len(data)], strict=True):
        text = data[start:end]
        bare = text.rstrip()
        if b"--" in text or b"/*" in text:
            found += text
        else:
            found += bare + b" " if bare != text else text
    return found.rstrip(b" ;")
