"""Reads: a statement is judged, bound on the newest snapshot, then run into the spool."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from .answers import Answer, Answers
from .binding import described
from .catalog import Snapshot, quoted
from .fingerprints import hashes_of
from .growing import Growing
from .guard import Judged
from .lanes import Lane, Unmeasured
from .named_results import NamedResults, named
from .ordering import is_ordered
from .pivots import execute
from .plans import without_files
from .prepared import Preparing
from .progress import Progress
from .reader import Reader
from .results import BATCH_ROWS, FIRST_PAGE_ROWS, Spool, Written
from .second_try import SecondTry
from .selecting import order_by, where
from .shapes import Column, Cost, EngineError, Evidence, Page, QuerySpec, RowsSpec
from .slots import Slots
from .values import rows_json

if TYPE_CHECKING:
    from .operations import Operation


class Queries:
    """Runs reads."""

    def __init__(
        self, reader: Reader, second: SecondTry, spool: Spool, answers: Answers, slots: Slots, progress: Progress
    ) -> None:
        self.reader, self.second, self.spool, self.answers = reader, second, spool, answers
        self.slots, self.progress = slots, progress
        self.preparing = Preparing()
        self.growing: dict[str, Growing] = {}

    def run(self, operation: Operation, spec: QuerySpec) -> None:
        """Run one SELECT-like statement; reports `accepted`, `running`, `progress` and `done`."""
        if spec.again:
            with self.second.reader(operation) as reader:
                self._run(operation, spec, reader, contextlib.nullcontext())
        else:
            self._run(operation, spec, self.reader, self.slots.taken(operation))

    def _run(
        self, operation: Operation, spec: QuerySpec, reader: Reader, turn: contextlib.AbstractContextManager[None]
    ) -> None:
        with reader.cursor(spec.snapshot, spec.pins) as (cursor, snapshot):
            operation.uses(cursor)
            results = named(self.spool, spec.results, snapshot)
            prepared = self.preparing.of(cursor, spec, snapshot, results)
            judged, columns, tables = prepared.judged, prepared.columns, prepared.tables
            answer = self.answers.again(spec, tables, snapshot) if spec.cache and not spec.again else None
            growing = Growing()
            if not answer:  # before anybody knows of the query and asks for its rows
                self.growing[spec.id] = growing
            size = None
            try:
                operation.report(
                    "accepted", columns=columns or (), statement_type=judged.type, snapshot=snapshot.id, tables=tables
                )
                if answer:
                    self._answer(operation, spec, answer)
                    return
                with turn, _lane(reader, cursor, judged, snapshot, results) as lane:
                    size, written, answer = self._spool(operation, lane, spec, judged, columns, growing)
            finally:
                self.growing.pop(spec.id, None)
                growing.end(size)
                operation.uses(None)
            self.answers.keep(spec, judged, snapshot, replace(answer, tables=tables))
            _report(operation, answer, written.first_page(), size, elapsed_ms=answer.elapsed_ms)

    def _answer(self, operation: Operation, spec: QuerySpec, answer: Answer) -> None:
        """Report a result that an earlier query found."""
        page, size = self.spool.page(spec.id, 0, FIRST_PAGE_ROWS), self.spool.path(spec.id).stat().st_size
        answer = replace(answer, evidence=replace(answer.evidence, cost=Cost()))
        _report(operation, answer, page.rows_json, size, from_cache=answer.query_id)

    def _spool(
        self,
        operation: Operation,
        lane: Lane | Unmeasured,
        spec: QuerySpec,
        judged: Judged,
        bound_to: tuple[Column, ...] | None,
        growing: Growing,
    ) -> tuple[int, Written, Answer]:
        started = time.perf_counter()

        def report(size: int, rows: int) -> None:
            operation.check()
            growing.grow(size)
            operation.report("progress", size=size, rows=rows)

        operation.uses(lane.connection)
        run = execute if judged.several else duckdb.DuckDBPyConnection.execute
        with self.progress.told(operation, lane.connection):
            run(lane.connection, judged.sql, spec.params or None)
            columns = bound_to or described(lane.connection)
            with lane.connection.to_arrow_reader(BATCH_ROWS) as reader:
                shown = without_files(reader) if judged.type == "EXPLAIN" else reader
                written = self.spool.write(spec.id, columns, shown, spec.limit, report)
        operation.uses(None)
        cost = lane.cost()
        size = self.spool.path(spec.id).stat().st_size
        elapsed = (time.perf_counter() - started) * 1000
        told = evidence(spec.sql, columns, written, cost)
        answer = Answer(spec.id, columns, written.rows, written.truncated, told, round(elapsed, 3))
        return size, written, answer

    def table_rows(self, operation: Operation, spec: RowsSpec) -> Page:
        """A page of a table as of a snapshot; raises EngineError table_not_found, query_binding."""
        table, at = spec.table, spec.snapshot
        if spec.version is not None:
            table, at = self.reader.catalog.commit(spec.version).table, spec.version
        with self.reader.cursor(at) as (cursor, snapshot):
            operation.uses(cursor)
            known = {table.name for table in snapshot.tables} | {view.name for view in snapshot.views}
            if table not in known:
                raise EngineError("table_not_found", f"There is no table {table}.", details={"table": table})
            columns = self._columns(cursor, table)
            types = {column.name: column.type for column in columns}
            chosen, params = where(spec.filters, types)
            order = order_by(spec.order, types)
            name = quoted(table)
            counted = cursor.execute(f"SELECT count(*) FROM {name}{chosen}", params).fetchall()  # noqa: S608
            sql = f"SELECT * FROM {name}{chosen}{order} LIMIT {int(spec.limit)} OFFSET {int(spec.offset)}"  # noqa: S608
            batches: list[pa.RecordBatch] = list(cursor.execute(sql, params).to_arrow_reader(BATCH_ROWS))
            operation.uses(None)
            rows, count = rows_json(batches)
            return Page(columns, rows, count, int(counted[0][0]), snapshot.id)

    def _columns(self, cursor: duckdb.DuckDBPyConnection, table: str) -> tuple[Column, ...]:
        return tuple(Column(row[0], row[1]) for row in cursor.execute(f"DESCRIBE FROM {quoted(table)}").fetchall())


def _report(operation: Operation, answer: Answer, page: bytes, size: int, **more: Any) -> None:
    operation.report(
        "done",
        page,
        columns=answer.columns,
        rows=answer.rows,
        truncated=answer.truncated,
        size=size,
        evidence=answer.evidence,
        **more,
    )


@contextlib.contextmanager
def _lane(
    reader: Reader, cursor: duckdb.DuckDBPyConnection, judged: Judged, snapshot: Snapshot, results: NamedResults
) -> Iterator[Lane | Unmeasured]:
    if judged.type == "EXPLAIN":
        with results.known_to(cursor):
            yield Unmeasured(cursor)
        return
    with reader.lanes.taken(snapshot.schema) as lane, results.known_to(lane.connection):
        yield lane


def evidence(sql: str, columns: tuple[Column, ...], written: Written, cost: Cost) -> Evidence:
    """What the receipt says of a result; the hashes of a long one are found when somebody asks for them."""
    ordered = is_ordered(sql)
    if not written.is_short:
        return Evidence(ordered, cost=cost)
    hashes = hashes_of(columns, written.head, ordered=ordered)
    return Evidence(ordered, hashes.result, hashes.loose, cost)
