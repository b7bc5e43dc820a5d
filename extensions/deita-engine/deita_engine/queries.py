"""Reads: a statement is judged, bound on the newest snapshot, then run into the spool."""

from __future__ import annotations

import difflib
import time
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from .catalog import Snapshot, quoted
from .errors import from_duckdb
from .growing import Growing
from .guard import Judged, judge
from .reader import Reader
from .results import BATCH_ROWS, Spool
from .shapes import Column, EngineError, Page, QuerySpec, RowsSpec
from .slots import Slots
from .tokens import tokenize
from .values import rows_json

if TYPE_CHECKING:
    from .operations import Operation

BIND = "DESCRIBE\n"
SHOWING = frozenset({"DESCRIBE", "DESC", "SHOW", "SUMMARIZE"})
"""Statements that DESCRIBE takes only as a subquery."""
COMPARISONS = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


class Queries:
    """Runs reads."""

    def __init__(self, reader: Reader, spool: Spool, slots: Slots) -> None:
        self.reader, self.spool = reader, spool
        self.slots = slots
        self.growing: dict[str, Growing] = {}

    def run(self, operation: Operation, spec: QuerySpec) -> None:
        """Run one SELECT-like statement; reports `accepted`, `running`, `progress` and `done`."""
        with self.reader.cursor(spec.snapshot, spec.pins) as (cursor, snapshot):
            operation.uses(cursor)
            judged = judge(cursor, spec.sql, "read")
            bound = self._bind(cursor, judged, spec, snapshot)
            operation.report(
                "accepted",
                columns=bound or (),
                statement_type=judged.type,
                snapshot=snapshot.id,
                tables=used_tables(judged, snapshot),
            )
            growing = self.growing[spec.id] = Growing()
            size = None
            try:
                with self.slots.taken(operation):
                    size = self._spool(operation, cursor, spec, bound, growing)
            finally:
                del self.growing[spec.id]
                growing.end(size)
                operation.uses(None)

    def _spool(
        self,
        operation: Operation,
        cursor: duckdb.DuckDBPyConnection,
        spec: QuerySpec,
        bound: tuple[Column, ...] | None,
        growing: Growing,
    ) -> int:
        started = time.perf_counter()
        cursor.execute(spec.sql, spec.params or None)
        columns = bound or described(cursor)

        def report(size: int, rows: int) -> None:
            operation.check()
            growing.grow(size)
            operation.report("progress", size=size, rows=rows)

        with cursor.to_arrow_reader(BATCH_ROWS) as reader:
            rows, truncated, first = self.spool.write(spec.id, columns, reader, spec.limit, report)
        size = self.spool.path(spec.id).stat().st_size
        elapsed = (time.perf_counter() - started) * 1000
        operation.report(
            "done", first, columns=columns, rows=rows, truncated=truncated, size=size, elapsed_ms=round(elapsed, 3)
        )
        return size

    def _bind(
        self, cursor: duckdb.DuckDBPyConnection, judged: Judged, spec: QuerySpec, snapshot: Snapshot
    ) -> tuple[Column, ...] | None:
        """The result's columns without running the statement; None where only running it tells (EXPLAIN, PIVOT)."""
        if not judged.serialisable:
            return None
        sql = binding(spec.sql)
        try:
            rows = cursor.execute(sql, spec.params or None).fetchall()
        except duckdb.Error as error:
            raise with_candidates(from_duckdb(error, sql, lines_before=1), snapshot) from error
        return tuple(Column(row[0], row[1]) for row in rows)

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
            where, params = _where(spec, {column.name: column.type for column in columns})
            order = _order(spec, columns)
            name = quoted(table)
            counted = cursor.execute(f"SELECT count(*) FROM {name}{where}", params).fetchall()  # noqa: S608
            sql = f"SELECT * FROM {name}{where}{order} LIMIT {int(spec.limit)} OFFSET {int(spec.offset)}"  # noqa: S608
            batches: list[pa.RecordBatch] = list(cursor.execute(sql, params).to_arrow_reader(BATCH_ROWS))
            operation.uses(None)
            rows, count = rows_json(batches)
            return Page(columns, rows, count, int(counted[0][0]), snapshot.id)

    def _columns(self, cursor: duckdb.DuckDBPyConnection, table: str) -> tuple[Column, ...]:
        return tuple(Column(row[0], row[1]) for row in cursor.execute(f"DESCRIBE FROM {quoted(table)}").fetchall())


def binding(sql: str) -> str:
    """A statement that tells the columns of this one, whose text begins on the second line."""
    tokens = tokenize(sql)
    if tokens[0].word not in SHOWING:
        return BIND + sql
    end = next((token.start for token in tokens if token.text == ";"), None)
    return f"DESCRIBE FROM (\n{sql.encode()[:end].decode()}\n)"


def described(cursor: duckdb.DuckDBPyConnection) -> tuple[Column, ...]:
    """The columns of what the cursor just ran."""
    return tuple(Column(item[0], str(item[1])) for item in cursor.description or ())


def used_tables(judged: Judged, snapshot: Snapshot) -> list[str]:
    """Those tables of the snapshot that the statement names."""
    known = {table.name.casefold(): table.name for table in snapshot.tables}
    known |= {view.name.casefold(): view.name for view in snapshot.views}
    return [known[name.casefold()] for name in judged.tables if name.casefold() in known]


def with_candidates(error: EngineError, snapshot: Snapshot) -> EngineError:
    """The error with the workspace's own tables as candidates: DuckDB's may be of its system catalog."""
    if error.code != "table_not_found":
        return error
    names = [table.name for table in snapshot.tables] + [view.name for view in snapshot.views]
    close = difflib.get_close_matches(str(error.details["table"]), names, 3, 0.5)
    hint = (
        f"Did you mean {', '.join(close)}?"
        if close
        else (f"Tables: {', '.join(names[:20])}" if names else "There are no tables yet.")
    )
    details = {**error.details, "candidates": close}
    return EngineError(error.code, f"There is no table {error.details['table']}.", hint, details)


def _where(spec: RowsSpec, types: dict[str, str]) -> tuple[str, list[Any]]:
    parts: list[str] = []
    params: list[Any] = []
    for column, operator, value in spec.filters:
        if column not in types:
            raise EngineError("query_binding", f"There is no column {column}.", details={"candidates": list(types)})
        name = quoted(column)
        if operator in ("null", "notnull"):
            parts.append(f"{name} IS {'NOT ' if operator == 'notnull' else ''}NULL")
        elif operator == "in":
            values = (value or "").split(",")
            parts.append(f"{name} IN ({', '.join(f'CAST(? AS {types[column]})' for _ in values)})")
            params += values
        elif operator == "like":
            parts.append(f"CAST({name} AS VARCHAR) LIKE ?")
            params.append(value or "")
        else:
            parts.append(f"{name} {COMPARISONS[operator]} CAST(? AS {types[column]})")
            params.append(value)
    return (" WHERE " + " AND ".join(parts) if parts else ""), params


def _order(spec: RowsSpec, columns: tuple[Column, ...]) -> str:
    known = {column.name for column in columns}
    for column, _ in spec.order:
        if column not in known:
            raise EngineError("query_binding", f"There is no column {column}.", details={"candidates": sorted(known)})
    keys = [f"{quoted(column)} {'DESC NULLS LAST' if down else 'ASC NULLS LAST'}" for column, down in spec.order]
    return " ORDER BY " + ", ".join(keys) if keys else ""
