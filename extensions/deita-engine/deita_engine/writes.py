"""Statements that write: run in one transaction of the lake, as a new version of the table that they name.

All but CREATE TABLE … AS (see `creates`) run under the lock that every write takes.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from .binding import described
from .catalog import quoted
from .changes import NOTHING, Changes, row_changes
from .creates import Creates
from .definitions import Definitions, missing
from .errors import from_duckdb
from .guard import Judged
from .lake_types import casts
from .moments import added_rows
from .named_results import named
from .progress import Progress, reckon
from .provenance import COUNT, Provenance, accept
from .queries import evidence
from .reader import Reader, literal
from .results import Spool
from .shapes import Commit, Cost, EngineError, QuerySpec, TableOperation
from .slots import Slots
from .tokens import place_of, tokenize
from .writer import Change, Writer, add_files, table_exists

if TYPE_CHECKING:
    from .operations import Operation

ROWS = frozenset({"append", "write"})
"""Actions of statements that change rows; they may read results by name."""
OPERATIONS: dict[str, TableOperation] = {"view": "create", "rename": "rename", "drop": "drop", "create": "create"}
"""What the versions say of a statement's action; of others that the table was written to."""


@dataclass(frozen=True)
class Done:
    """What a statement did: its commit (None when nothing changed), DuckDB's count of rows, what it cost, and how many
    rows it inserted, updated and deleted.
    """

    commit: Commit | None = None
    count: int = 0
    cost: Cost = field(default_factory=Cost)
    changes: Changes = field(default_factory=lambda: NOTHING)


class Writes:
    """Runs writing statements."""

    def __init__(self, reader: Reader, writer: Writer, spool: Spool, slots: Slots, progress: Progress) -> None:
        self.reader, self.writer, self.spool, self.progress = reader, writer, spool, progress
        self.provenance = Provenance(reader.catalog)
        self.creates = Creates(reader, writer, spool, slots, progress, self.provenance)
        self.definitions = Definitions(reader)

    def run(self, operation: Operation, spec: QuerySpec, judged: Judged) -> None:
        """Run one judged statement; reports `accepted`, `running` and `done` with its commit."""
        started = time.perf_counter()
        self.check(judged, spec.results)
        if judged.action == "create" and judged.query:
            done = Done(*self.creates.run(operation, spec, judged))
            done = replace(done, changes={**NOTHING, "inserted": done.count})
        else:
            done = self._run_in_lake(operation, spec, judged)
        self._report(operation, spec, judged, done, (time.perf_counter() - started) * 1000)

    def check(self, judged: Judged, results: tuple[tuple[str, str], ...]) -> None:
        """Refuse what does not fit the tables that are there (see `definitions`), and a view that reads one of the
        results.
        """
        if judged.action == "view":
            _check_view(judged, (name for name, _ in results))
        self.definitions.check(judged)

    def drop(
        self, operation: Operation, name: str, person: str, message: str, since: int | None = None
    ) -> Commit | None:
        """Drop a table or view; its versions stay in the lake's history."""
        kind = self._kind(name)

        def body(cursor: duckdb.DuckDBPyConnection) -> Change:
            cursor.execute(f"DROP {kind} {quoted(name)}")
            return Change(name, "drop", person, message or f"Drop {name}")

        return self.writer.commit(operation, body, (name, since))

    def rename(
        self, operation: Operation, name: str, new_name: str, person: str, since: int | None = None
    ) -> Commit | None:
        """Give a table or view another name; raises EngineError table_exists, table_not_found."""
        kind = self._kind(name)
        if self.writer.catalog.has(new_name) and new_name.casefold() != name.casefold():
            raise table_exists(new_name)

        def body(cursor: duckdb.DuckDBPyConnection) -> Change:
            cursor.execute(f"ALTER {kind} {quoted(name)} RENAME TO {quoted(new_name)}")
            return Change(new_name, "rename", person, f"Rename {name} to {new_name}", previous_name=name)

        return self.writer.commit(operation, body, (name, since))

    def _kind(self, name: str) -> str:
        snapshot = self.writer.catalog.snapshot()
        if any(view.name == name for view in snapshot.views):
            return "VIEW"
        if not any(table.name == name for table in snapshot.tables):
            raise missing(name, snapshot)
        return "TABLE"

    def _report(self, operation: Operation, spec: QuerySpec, judged: Judged, done: Done, elapsed: float) -> None:
        batch = pa.record_batch([pa.array([done.count], pa.int64())], names=["Count"])
        reader = pa.RecordBatchReader.from_batches(batch.schema, [batch])
        written = self.spool.write(spec.id, COUNT, reader, None, lambda size, rows: None)
        size = self.spool.path(spec.id).stat().st_size
        commit = done.commit
        operation.report(
            "done",
            written.first_page(),
            columns=COUNT,
            rows=written.rows,
            evidence=evidence(spec.sql, COUNT, written, done.cost),
            size=size,
            commit=commit,
            snapshot=commit.snapshot if commit else None,
            wrote={"table": commit.table if commit else judged.target, **done.changes},
            elapsed_ms=round(elapsed, 3),
        )

    def _run_in_lake(self, operation: Operation, spec: QuerySpec, judged: Judged) -> Done:
        wanted = spec.results if judged.action in ROWS else ()
        done = Done()
        before = 0
        accepted = False

        def body(cursor: duckdb.DuckDBPyConnection) -> Change:
            nonlocal done, before, accepted
            with self.reader.parser() as parser:
                snapshot = self.reader.catalog.snapshot()
                results = named(self.spool, wanted, snapshot)
                of_lake = replace(judged, tables=results.without(judged.tables))
                reads = self.provenance.reads(parser, of_lake, snapshot)
            if results.rows:
                results.show_to(cursor)  # which is closed after the transaction
                reads = reads.beside(spec.behind)
            before = snapshot.rows(judged.target)
            if not accepted:
                bind(cursor, judged, spec.params)
                accept(operation, judged, reads)
                operation.report("running")
                accepted = True
            reckon(cursor)
            with self.progress.told(operation, cursor):
                rows = cursor.execute(judged.sql, spec.params or None).fetchall()
            done = Done(count=int(rows[0][0]) if rows and described(cursor)[0].name == "Count" else 0)
            if judged.action == "alter":
                self._rewrite(cursor, judged.target)
            extensions = {**self.reader.extensions, **self.writer.extensions}
            return self.provenance.change(spec, judged, OPERATIONS.get(judged.action, "write"), reads, extensions)

        def count(commit: Commit) -> None:
            nonlocal done
            if judged.action in ROWS:
                with self.writer.catalog.reading() as ask:
                    added = added_rows(ask, commit.snapshot) if ask else 0
                done = replace(done, changes=row_changes(judged, before, added, commit.rows))

        commit = self.writer.commit(operation, body, then=count)
        return replace(done, commit=commit)

    def _rewrite(self, cursor: duckdb.DuckDBPyConnection, table: str) -> None:
        """Give every live file exactly the table's columns, which is what the reader relies on."""
        file = self.writer.catalog.new_file(table)
        columns = [(row[0], row[1]) for row in cursor.execute(f"DESCRIBE FROM {quoted(table)}").fetchall()]
        rows = f"SELECT {casts(columns) or '*'} FROM {quoted(table)}"  # noqa: S608
        cursor.execute(f"COPY ({rows}) TO {literal(file.path)} {file.of_wide_rows.options(len(columns))}")
        self.writer.catalog.lake.publish(file)
        cursor.execute(f"DELETE FROM {quoted(table)}")  # noqa: S608
        add_files(cursor, table, [file])


def _check_view(judged: Judged, results: Iterable[str]) -> None:
    """Refuse a view that reads one of the results: it stays, and they go."""
    named = {table.casefold() for table in judged.tables}
    for name in results:
        if name.casefold() in named:
            message = f"A view cannot read the result {name}: a result is kept for a while, a view stays."
            raise EngineError("not_allowed", message, "CREATE TABLE … AS keeps its rows.", {"result": name})


def bind(cursor: duckdb.DuckDBPyConnection, judged: Judged, params: dict[str, Any]) -> None:
    """Have DuckDB bind a statement that changes rows without running it, so that what cannot be bound is refused and no
    query exists.
    """
    if judged.action in ROWS:
        _check_returning(judged)
        asked = f"EXPLAIN\n{judged.sql}"
        try:
            cursor.execute(asked, params or None).fetchall()
        except duckdb.Error as error:
            raise from_duckdb(error, asked, lines_before=1) from error


def _check_returning(judged: Judged) -> None:
    token = next((token for token in tokenize(judged.sql) if token.word == "RETURNING"), None)
    if token:
        hint, place = "Leave RETURNING out and SELECT the rows before or after.", place_of(judged.sql, token.start)
        raise EngineError("query_binding", "RETURNING is not supported here.", hint, dict(place))
