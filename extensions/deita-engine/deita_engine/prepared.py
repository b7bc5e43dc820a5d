"""What a statement is on a snapshot: judged, bound, and which tables it reads.

It is remembered by text, snapshot and the types of the parameters, and by the values of those behind LIMIT and OFFSET,
which are looked at when the statement is bound: an app asks the same again and again with other
values, and judging and binding take a third of a short statement's time in the engine.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from .binding import bound
from .catalog import Snapshot
from .dependencies import Dependencies
from .guard import Judged, judge
from .named_results import NamedResults
from .shapes import Column, QuerySpec

KEPT = 512
LONGEST = 20_000
"""Characters of a statement that is remembered."""
CUT = re.compile(r"\b(?:LIMIT|OFFSET|FETCH)\b.*", re.IGNORECASE | re.DOTALL)
NAMED = re.compile(r"\$(\w+)")
Key = tuple[str, str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True)
class Prepared:
    """A statement that reads; `columns` is None where only running it tells them, `tables` are those under views,
    too.
    """

    judged: Judged
    columns: tuple[Column, ...] | None
    tables: tuple[str, ...]


class Preparing:
    """Prepares statements."""

    def __init__(self) -> None:
        self.dependencies = Dependencies()
        self._kept: OrderedDict[Key, Prepared] = OrderedDict()
        self._lock = threading.Lock()

    def of(
        self, cursor: duckdb.DuckDBPyConnection, spec: QuerySpec, snapshot: Snapshot, results: NamedResults
    ) -> Prepared:
        """The statement on the snapshot that the cursor is set to; raises EngineError when it may not run."""
        types = _types(spec.params, _looked_at(spec.sql))
        if types is None or spec.results or len(spec.sql) > LONGEST:
            return self._made(cursor, spec, snapshot, results)
        key = (spec.sql, snapshot.schema, types)
        with self._lock:
            found = self._kept.pop(key, None)
        found = found or self._made(cursor, spec, snapshot, results)
        with self._lock:  # put last: the first is the one that was not asked for the longest time
            self._kept[key] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

    def _made(
        self, cursor: duckdb.DuckDBPyConnection, spec: QuerySpec, snapshot: Snapshot, results: NamedResults
    ) -> Prepared:
        judged = judge(cursor, spec.sql, "read")
        with results.known_to(cursor):
            columns = bound(cursor, judged, spec.params, snapshot)
        return Prepared(judged, columns, tuple(self.dependencies.of(cursor, results.without(judged.tables), snapshot)))


def _looked_at(sql: str) -> set[str]:
    """The parameters whose values matter when the statement is bound, case-folded."""
    cut = CUT.search(sql)
    return {name.casefold() for name in NAMED.findall(cut.group())} if cut else set()


def _types(params: Mapping[str, Any], looked_at: set[str]) -> tuple[tuple[str, str], ...] | None:
    """What DuckDB takes the parameters for, with the values of some; None where that is not as easily told."""
    found = [(name, _type(value), value) for name, value in sorted(params.items())]
    if any(not kind for _, kind, _ in found):
        return None
    return tuple((name, f"{kind} {value}" if name.casefold() in looked_at else kind) for name, kind, value in found)


def _type(value: object) -> str:
    if isinstance(value, duckdb.Value):
        return str(value.type)
    if value is None or isinstance(value, bool | float | str):
        return type(value).__name__
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return "INTEGER" if -(2**31) <= value < 2**31 else "BIGINT"
    return ""
