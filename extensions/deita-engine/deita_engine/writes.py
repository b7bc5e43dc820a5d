"""Statements that write: run in one transaction of the lake, as a new version of the table that they name.

The rows of CREATE TABLE … AS are computed before the lock is taken: in the reader, on its snapshot, into a Parquet
file that is registered under the lock, so that a long query keeps nobody from writing. INSERT, UPDATE, DELETE and
MERGE run under it.
"""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from .catalog import quoted
from .errors import from_duckdb
from .guard import Judged
from .lake_types import casts, held_type
from .queries import BIND, described, with_candidates
from .reader import Reader, literal
from .results import Spool
from .shapes import Column, Commit, EngineError, QuerySpec, Source
from .slots import Slots
from .writer import Change, Writer, add_files, table_exists

if TYPE_CHECKING:
    from .operations import Operation

COUNT = (Column("Count", "BIGINT"),)


class Writes:
    """Runs writing statements."""

    def __init__(self, reader: Reader, writer: Writer, spool: Spool, slots: Slots) -> None:
        self.reader, self.writer, self.spool, self.slots = reader, writer, spool, slots

    def run(self, operation: Operation, spec: QuerySpec, judged: Judged) -> None:
        """Run one judged statement; reports `accepted`, `running` and `done` with its commit."""
        started = time.perf_counter()
        if judged.action == "create" and judged.query:
            commit, count = self._create_as(operation, spec, judged)
        else:
            commit, count = self._run_in_lake(operation, spec, judged)
        self._report(operation, spec, commit, count, (time.perf_counter() - started) * 1000)

    def drop(self, operation: Operation, name: str, person: str, message: str) -> Commit | None:
        """Drop a table or view; its versions stay in the lake's history."""
        kind = self._kind(name)

        def body(cursor: duckdb.DuckDBPyConnection) -> Change:
            cursor.execute(f"DROP {kind} {quoted(name)}")
            return Change(name, "drop", person, message or f"Drop {name}")

        return self.writer.commit(operation, body)

    def rename(self, operation: Operation, name: str, new_name: str, person: str) -> Commit | None:
        """Give a table or view another name; raises EngineError table_exists, table_not_found."""
        kind = self._kind(name)
        if self.writer.catalog.has(new_name) and new_name.casefold() != name.casefold():
            raise table_exists(new_name)

        def body(cursor: duckdb.DuckDBPyConnection) -> Change:
            cursor.execute(f"ALTER {kind} {quoted(name)} RENAME TO {quoted(new_name)}")
            return Change(new_name, "rename", person, f"Rename {name} to {new_name}", previous_name=name)

        return self.writer.commit(operation, body)

    def _kind(self, name: str) -> str:
        snapshot = self.writer.catalog.snapshot()
        if any(view.name == name for view in snapshot.views):
            return "VIEW"
        self._missing(name, any(table.name == name for table in snapshot.tables), snapshot)
        return "TABLE"

    def _report(self, operation: Operation, spec: QuerySpec, commit: Commit | None, count: int, elapsed: float) -> None:
        batch = pa.record_batch([pa.array([count], pa.int64())], names=["Count"])
        reader = pa.RecordBatchReader.from_batches(batch.schema, [batch])
        rows, _, first = self.spool.write(spec.id, COUNT, reader, None, lambda size, rows: None)
        size = self.spool.path(spec.id).stat().st_size
        operation.report(
            "done",
            first,
            columns=COUNT,
            rows=rows,
            size=size,
            commit=commit,
            snapshot=commit.snapshot if commit else None,
            elapsed_ms=round(elapsed, 3),
        )

    def _accept(self, operation: Operation, judged: Judged) -> None:
        operation.report("accepted", columns=COUNT, statement_type=judged.type, tables=[])

    def _change(self, spec: QuerySpec, judged: Judged, action: str) -> Change:
        receipt: dict[str, Any] = {"query_id": spec.id, "sql": spec.sql, "params": spec.params}
        return Change(
            table=self.writer.catalog.actual_name(judged.target) or judged.target,
            operation=action,
            person=spec.person,
            message=" ".join(spec.sql.split())[:200],
            source=Source(receipt=receipt),
            query_id=spec.id,
            previous_name=next(iter(judged.options)) if judged.action == "rename" else None,
            labels={} if action in ("create", "replace") else None,
        )

    def _run_in_lake(self, operation: Operation, spec: QuerySpec, judged: Judged) -> tuple[Commit | None, int]:
        self._check_names(judged)
        counted = 0
        accepted = False

        def body(cursor: duckdb.DuckDBPyConnection) -> Change:
            nonlocal counted, accepted
            if not accepted:
                self._bind(cursor, spec, judged)
                self._accept(operation, judged)
                operation.report("running")
                accepted = True
            rows = cursor.execute(spec.sql, spec.params or None).fetchall()
            counted = int(rows[0][0]) if rows and described(cursor)[0].name == "Count" else 0
            if judged.action == "alter":
                self._rewrite(cursor, judged.target)
            action = {"view": "create", "rename": "rename", "drop": "drop", "create": "create"}.get(
                judged.action, "write"
            )
            return self._change(spec, judged, action)

        commit = self.writer.commit(operation, body)
        return commit, counted

    def _bind(self, cursor: duckdb.DuckDBPyConnection, spec: QuerySpec, judged: Judged) -> None:
        """Have DuckDB bind the statement without running it, so that what cannot be bound is refused and no query
        exists.
        """
        if judged.action in ("append", "write"):
            try:
                cursor.execute(f"EXPLAIN\n{spec.sql}", spec.params or None).fetchall()
            except duckdb.Error as error:
                raise from_duckdb(error, f"EXPLAIN\n{spec.sql}", lines_before=1) from error

    def _check_names(self, judged: Judged) -> None:
        """Refuse early, before a transaction, what names a table that is not there (or one that is)."""
        snapshot = self.reader.catalog.snapshot()
        names = {table.name.casefold() for table in snapshot.tables} | {view.name.casefold() for view in snapshot.views}
        there = judged.target.casefold() in names
        if judged.action in ("create", "view"):
            if there and not judged.options & {"replace", "if_not_exists"}:
                raise table_exists(judged.target)
        elif judged.action == "rename":
            (old,) = judged.options
            if there:
                raise table_exists(judged.target)
            self._missing(old, old.casefold() in names, snapshot)
        elif "if_exists" not in judged.options:
            self._missing(judged.target, there, snapshot)

    def _missing(self, name: str, there: bool, snapshot: Any) -> None:
        if not there:
            error = EngineError("table_not_found", "", details={"table": name})
            raise with_candidates(error, snapshot)

    def _rewrite(self, cursor: duckdb.DuckDBPyConnection, table: str) -> None:
        """Give every live file exactly the table's columns, which is what the reader relies on."""
        file = self.new_file(table)
        columns = (
            casts([(row[0], row[1]) for row in cursor.execute(f"DESCRIBE FROM {quoted(table)}").fetchall()]) or "*"
        )
        cursor.execute(f"COPY (SELECT {columns} FROM {quoted(table)}) TO {literal(file)} (FORMAT parquet)")  # noqa: S608
        cursor.execute(f"DELETE FROM {quoted(table)}")  # noqa: S608
        add_files(cursor, table, [file])

    def new_file(self, table: str) -> Path:
        """A path for a new data file of the table, in the folder that the lake keeps for it."""
        folder = self.writer.catalog.folder(table)
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"deita-{uuid.uuid4()}.parquet"

    def _create_as(self, operation: Operation, spec: QuerySpec, judged: Judged) -> tuple[Commit | None, int]:
        self._check_names(judged)
        assert judged.query is not None
        file = self.new_file(judged.target)
        try:
            columns, count = self._compute(operation, spec, judged, file)
            return self._register(operation, spec, judged, columns, file), count
        except BaseException:  # whatever ended it, what it left goes first
            self.writer.catalog.discard(file)
            raise

    def _compute(
        self, operation: Operation, spec: QuerySpec, judged: Judged, file: Path
    ) -> tuple[list[tuple[str, str]], int]:
        """Write the rows of a CREATE TABLE … AS into a file; returns its columns (name, type) and how many rows there
        are.
        """
        query = (judged.query or "").rstrip().rstrip(";")
        with self.reader.cursor() as (cursor, snapshot):
            operation.uses(cursor)
            try:
                bound = cursor.execute(BIND + query, spec.params or None).fetchall()
            except duckdb.Error as error:
                raise with_candidates(from_duckdb(error, BIND + query, lines_before=1), snapshot) from error
            self._accept(operation, judged)
            columns = [(row[0], row[1]) for row in bound]
            sql = f"COPY (SELECT {casts(columns) or '*'} FROM (\n{query}\n)) TO {literal(file)} (FORMAT parquet)"  # noqa: S608
            with self.slots.taken(operation):
                count = int(cursor.execute(sql, spec.params or None).fetchall()[0][0])
            operation.uses(None)
        return columns, count

    def _register(
        self, operation: Operation, spec: QuerySpec, judged: Judged, columns: list[tuple[str, str]], file: Path
    ) -> Commit | None:
        definition = ", ".join(f"{quoted(name)} {held_type(kind)}" for name, kind in columns)
        name = quoted(judged.target)

        def body(cursor: duckdb.DuckDBPyConnection) -> Change:
            there = self.writer.catalog.has(judged.target)
            if there and "replace" not in judged.options:
                raise table_exists(judged.target)
            if there:
                cursor.execute(f"DROP TABLE {name}")
            cursor.execute(f"CREATE TABLE {name} ({definition})")
            add_files(cursor, judged.target, [file])
            return self._change(spec, judged, "replace" if there else "create")

        return self.writer.commit(operation, body)
