"""A result filtered and sorted, without running its statement again: pages, and the whole as a result of its own.

Where a page near the beginning is wanted, the first rows are looked for and no more (0.8 s of 10 M rows × 7 columns,
against 4 to 12 s for all of them); from `SHALLOW` rows on, and for exports, everything is written beside the result
once, in its own form, so that pages and exports come from there as those of any result do. Ties keep the order in
which the rows lie in the result, so that pages never overlap.
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Any

import duckdb

from .catalog import quoted
from .results import BATCH_ROWS, Spool
from .selecting import order_by, where
from .shapes import EngineError, Page, Selection
from .slots import Slots
from .spooled import RELATION, Rows, Spooled
from .values import rows_json

if TYPE_CHECKING:
    from .operations import Operation

SHALLOW = 10_000
KEPT_COUNTS = 256
TURNS = 16


class Arranging:
    """Arranges results."""

    def __init__(self, spool: Spool, spooled: Spooled, slots: Slots) -> None:
        self.spool, self.spooled, self.slots = spool, spooled, slots
        self._counts: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._lock = Lock()
        self._turns = [Slots(1) for _ in range(TURNS)]  # one at a time makes a selection; the next finds it made

    def page(self, operation: Operation, query_id: str, selection: Selection, offset: int, limit: int) -> Page:
        """A page of the selected rows; raises EngineError result_expired, query_binding, query_failed."""
        if selection.is_all:
            return self.spool.page(query_id, offset, limit)
        if offset + limit > SHALLOW or self._is_made(query_id, selection):
            return self.spool.page(self.made(operation, query_id, selection), offset, limit)
        with self.slots.taken(operation), self.spooled.opened(query_id) as (cursor, rows):
            operation.uses(cursor)
            count = self._count(cursor, rows, query_id, selection)
            sql, params = _selected(rows, selection)
            found = cursor.execute(f"{sql} LIMIT {int(limit)} OFFSET {int(offset)}", params)
            written, number = rows_json(list(found.to_arrow_reader(BATCH_ROWS)))
            operation.uses(None)
            return Page(rows.columns, written, number, count)

    def made(self, operation: Operation, query_id: str, selection: Selection) -> str:
        """Write the selected rows beside the result unless they are there; returns the name of what was written."""
        name = selection.name(query_id)
        if selection.is_all:
            return name
        with self._turns[hash(name) % TURNS].taken(operation):
            if not self.spool.path(name).exists():
                with self.slots.taken(operation):
                    self._make(operation, query_id, name, selection)
        return name

    def _make(self, operation: Operation, query_id: str, name: str, selection: Selection) -> None:
        part = f"{name}.part"
        with self.spooled.opened(query_id) as (cursor, rows):
            operation.uses(cursor)
            sql, params = _selected(rows, selection)
            with cursor.execute(sql, params).to_arrow_reader(BATCH_ROWS) as reader:
                self.spool.write(part, rows.columns, reader, None, lambda *_: operation.check())
            operation.uses(None)
        try:
            self.spool.path(part).replace(self.spool.path(name))
        except FileNotFoundError as error:  # swept away to make room
            raise EngineError("result_expired", "The result is no longer kept.", "Run the query again.") from error

    def _is_made(self, query_id: str, selection: Selection) -> bool:
        return self.spool.path(selection.name(query_id)).exists()

    def _count(self, cursor: duckdb.DuckDBPyConnection, rows: Rows, query_id: str, selection: Selection) -> int:
        """How many rows pass the filters; remembered, for results do not change."""
        key = (query_id, Selection(filters=selection.filters).key)
        with self._lock, contextlib.suppress(KeyError):
            self._counts.move_to_end(key)
            return self._counts[key]
        chosen, params = where(selection.filters, rows.types)
        count = int(cursor.execute(f"SELECT count(*) FROM {RELATION}{chosen}", params).fetchall()[0][0])  # noqa: S608
        with self._lock:
            self._counts[key] = count
            while len(self._counts) > KEPT_COUNTS:
                self._counts.popitem(last=False)
        return count


def _selected(rows: Rows, selection: Selection) -> tuple[str, list[Any]]:
    """The SELECT of the rows, and its values."""
    chosen, params = where(selection.filters, rows.types)
    listed = ", ".join(map(quoted, rows.names))
    if not selection.order:
        return f"SELECT {listed} FROM {RELATION}{chosen}", params  # noqa: S608
    numbered = f"(SELECT *, row_number() OVER () AS {rows.spare} FROM {RELATION})"  # noqa: S608
    order = order_by(selection.order, rows.types, last=rows.spare)
    return f"SELECT {listed} FROM {numbered}{chosen}{order}", params  # noqa: S608
